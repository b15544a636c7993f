"""Draw what policies do, by omio itself, on images so small that each pixel shows its number; needs ``plot``.

``python docs/make_policy_pictures.py`` draws all, ``python docs/make_policy_pictures.py pad`` one.
"""

from __future__ import annotations

import io
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import tifffile
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

import omio
from omio import MicroscopyDataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("policies")
DPI = 130
INK, PALE, LINE, RED = "#1f2933", "#66727f", "#c5ccd3", "#c0392b"
PARTS = ("#2b6cb0", "#d9822b", "#1b9e4b", "#8e44ad")
"""Colour of the image that a pixel is from: its hundreds."""
MADE = "#e9ecef"
"""Colour of pixels that no image has."""
SECOND = 0.68
"""Width of a second on the axis of time."""


def image(hundreds: int, height: int, width: int, **known: Any) -> MicroscopyDataset:
    """Return one plane whose pixels are numbered from 11, row by row, in its own hundred."""
    numbers = 100 * hundreds + 10 * np.arange(1, height + 1)[:, None] + np.arange(1, width + 1)
    return MicroscopyDataset.from_array(numbers.astype("uint16"), pixel_size={"Y": 1.0, "X": 1.0}, **known)


def draw_plane(ax: Axes, plane: NDArray[Any], at: tuple[float, float]) -> None:
    """Draw the pixels of a plane as numbered squares, the upper left corner at x, y."""
    for (row, column), value in np.ndenumerate(plane):
        place = at[0] + column, at[1] + row
        ax.add_patch(Rectangle(place, 1, 1, facecolor=colour(int(value)), edgecolor="white", linewidth=0.8))
        ink = PALE if value < 10 else "white"
        ax.text(place[0] + 0.5, place[1] + 0.52, str(value), ha="center", va="center", color=ink, fontsize=6.5)


def colour(value: int) -> Any:
    """Return the colour of the image that a number is from, darker further down."""
    if value < 10:
        return MADE
    base = np.array(to_rgb(PARTS[value // 100]))
    return tuple(np.clip(base * (1.12 - 0.09 * (value % 100 // 10)), 0, 1))


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a drawing of so many pixels' width and height, rows running down."""
    figure = Figure(figsize=(width * 0.24, height * 0.24), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.set_axis_off()
    return figure, ax


def say(ax: Axes, at: tuple[float, float], words: str, *, size: float = 8, color: str = INK) -> None:
    ax.text(*at, words, fontsize=size, color=color, va="center", ha="left")


def code(ax: Axes, at: tuple[float, float], words: str) -> None:
    ax.text(*at, words, fontsize=7.5, color=INK, va="center", ha="left", family="monospace")


def merge() -> Figure:
    """Draw what becomes of two frames of which the second is smaller."""
    parts = image(0, 5, 6), image(1, 3, 4)
    figure, ax = sheet(31, 34)
    say(ax, (1, 1.2), "two images")
    for part, x in zip(parts, (1, 8), strict=True):
        draw_plane(ax, part.load()[0, 0, 0], (x, 2.2))
    code(ax, (16.5, 1.2), "StrictMerge()")
    for number, line in enumerate(refusal(parts)):
        say(ax, (16.5, 2.7 + 1.1 * number), line, size=7, color=RED)
    policies = {
        "PaddedMerge()": omio.PaddedMerge(),
        'PaddedMerge(pad={"align": "center"})': omio.PaddedMerge(pad={"align": "center"}),
        'PaddedMerge(pad="edge")': omio.PaddedMerge(pad="edge"),
        "CroppedMerge()": omio.CroppedMerge(),
        'CroppedMerge(align="center")': omio.CroppedMerge(align="center"),
        'CroppedMerge(align="end")': omio.CroppedMerge(align="end"),
    }
    for number, (words, policy) in enumerate(policies.items()):
        left, top = 1 + 15.5 * (number % 2), 10 + 9 * (number // 2)
        code(ax, (left, top - 0.9), words)
        draw_frames(ax, quietly(parts, policy), (left, top))
    return figure


def refusal(parts: tuple[MicroscopyDataset, ...]) -> list[str]:
    """Return the lines of the error of a strict merge."""
    try:
        omio.merge(parts)
    except omio.errors.MergeError as error:
        return ["MergeError", *error.conflicts]
    raise SystemExit("the parts fit")


def quietly(parts: tuple[MicroscopyDataset, ...], policy: omio.MergePolicy) -> MicroscopyDataset:
    with warnings.catch_warnings(action="ignore"):
        return omio.merge(parts, policy=policy)


def draw_frames(ax: Axes, merged: MicroscopyDataset, at: tuple[float, float]) -> None:
    pixels = merged.load()
    for t in range(len(pixels)):
        x = at[0] + t * (pixels.shape[-1] + 1)
        draw_plane(ax, pixels[t, 0, 0], (x, at[1]))
        say(ax, (x, at[1] + pixels.shape[-2] + 0.7), f"T {t}", size=6.5, color=PALE)


def pad() -> Figure:
    """Draw what stands in pixels that are added."""
    small = image(0, 3, 4)
    figure, ax = sheet(24, 34)
    policies = {
        "ZeroPad()": omio.ZeroPad(),
        "ConstantPad(value=7)": omio.ConstantPad(value=7),
        "EdgePad()": omio.EdgePad(),
        "ReflectPad()": omio.ReflectPad(),
    }
    code(ax, (1, 1.2), 'pad({"Y": 2, "X": 2}, policy=...)')
    for number, (words, policy) in enumerate(policies.items()):
        left, top = 1 + 12 * (number % 2), 4 + 10 * (number // 2)
        added = small.pad({"Y": 2, "X": 2}, policy=policy)
        draw_padded(ax, added, (left, top), words)
        outline(ax, (left + 2, top + 2), small)
    code(ax, (1, 24), 'pad(to={"Y": 5, "X": 6}, policy=ZeroPad(align=...))')
    aligns: tuple[Any, ...] = ("start", "center", "end")
    for number, align in enumerate(aligns):
        added = small.pad(to={"Y": 5, "X": 6}, policy=omio.ZeroPad(align=align))
        draw_padded(ax, added, (1 + 8 * number, 27), f'"{align}"')
    return figure


def draw_padded(ax: Axes, added: MicroscopyDataset, at: tuple[float, float], words: str) -> None:
    code(ax, (at[0], at[1] - 1), words)
    draw_plane(ax, added.load()[0, 0, 0], at)
    origin = added.metadata.axis("X").origin
    say(ax, (at[0], at[1] + added.sizes["Y"] + 0.7), f"X origin {origin:g} µm", size=6.5, color=PALE)


def outline(ax: Axes, at: tuple[float, float], part: MicroscopyDataset) -> None:
    """Draw a line around the image among the pixels that were added."""
    height, width = part.shape[3:]
    ax.add_patch(Rectangle(at, width, height, fill=False, edgecolor=INK, linewidth=1.2))


def axes() -> Figure:
    """Draw what becomes of six pages that nothing names."""
    figure, ax = sheet(31, 26.5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pages.tif")
        tifffile.imwrite(path, np.full((6, 2, 2), np.arange(11, 17)[:, None, None], "uint8"), metadata=None)
        say(ax, (1, 1.2), "six pages of a TIFF")
        draw_pages(ax, np.arange(11, 17)[None], (1, 2.2))
        choices: dict[str, Any] = {
            'axes="TYX"  or  "time"': "TYX",
            'axes="ZYX", "depth", "imagej"': "imagej",
            'axes="CYX"  or  "channels"': "channels",
            'Assume("TZYX", sizes={"Z": 3})': omio.Assume("TZYX", sizes={"Z": 3}),
            'Assume("TCYX", sizes={"C": 2})': omio.Assume("TCYX", sizes={"C": 2}),
            'Assume("CTYX", sizes={"C": 2})': omio.Assume("CTYX", sizes={"C": 2}),
        }
        for number, (words, choice) in enumerate(choices.items()):
            x, y = 1 + 15.5 * (number % 2), 6.5 + (0, 5, 11.5)[number // 2]
            code(ax, (x, y), words)
            draw_named(ax, omio.open(path, axes=choice), (x + 1, y + 1.6))
        refused = str(refused_axes(path)).partition(": ")[2].partition(". ")[0]
        code(ax, (16.5, 1.2), "axes=None")
        for line, part in enumerate(refused.replace(", and", ",\nand").splitlines()):
            say(ax, (16.5, 2.7 + 1.1 * line), part, size=7, color=RED)
    return figure


def refused_axes(path: Path) -> omio.errors.AxesError:
    try:
        omio.open(path)
    except omio.errors.AxesError as error:
        return error
    raise SystemExit("the pages have a name")


def draw_named(ax: Axes, opened: MicroscopyDataset, at: tuple[float, float]) -> None:
    """Draw the first pixel of each plane: the slower dim down, the faster to the right."""
    numbers = opened.load()[..., 0, 0]
    long = [dim for dim in "TZC" if opened.sizes[dim] > 1]
    table = numbers.reshape([opened.sizes[dim] for dim in long])
    draw_pages(ax, table if table.ndim == 2 else table[None], at)
    say(ax, (at[0], at[1] - 0.6), f"{long[-1]} →", size=6.5, color=PALE)
    if len(long) == 2:
        say(ax, (at[0] - 0.9, at[1] + 0.6), f"{long[0]}\n↓", size=6.5, color=PALE)


def draw_pages(ax: Axes, table: NDArray[Any], at: tuple[float, float]) -> None:
    for (row, column), number in np.ndenumerate(table):
        place = at[0] + 1.7 * column, at[1] + 2 * row
        page = int(number) - 11
        ax.add_patch(Rectangle(place, 1.4, 1.6, facecolor=mpl.colormaps["viridis"](page / 6.5), edgecolor="white"))
        ink = "white" if page < 4 else INK
        ax.text(place[0] + 0.7, place[1] + 0.85, str(page), ha="center", va="center", color=ink, fontsize=8)


def times() -> Figure:
    """Draw when the frames of two movies are, which begin 20 s apart."""
    figure, ax = sheet(31, 12.5)
    first, second = (
        MicroscopyDataset.from_array(np.zeros((4, 2, 2), "uint8"), "TYX", time_increment=2.5).with_metadata(
            acquired=f"2026-03-14T10:00:{seconds:02}"
        )
        for seconds in (0, 20)
    )
    words: tuple[Any, ...] = ("continue", "restart", "stamps")
    draw_ruler(ax, 11)
    say(ax, (1, 1.2), "two movies of four frames, 2.5 s apart; the second was begun 20 s after the first")
    for number, word in enumerate(words):
        y = 4 + 2.6 * number
        code(ax, (1, y), f'times="{word}"')
        merged = omio.merge((first, second), times=word)
        seconds = merged.data.coords["T" if "T" in merged.data.coords else "time"].values
        ax.plot([9, 30], [y, y], color=LINE, linewidth=1, zorder=0)
        for frame, second_ in enumerate(seconds):
            part = frame // 4
            height = y + (0.55 if word == "restart" and part else 0)
            ax.plot(9 + SECOND * second_, height, "o", color=PARTS[part], markersize=7)
    return figure


def draw_ruler(ax: Axes, y: float) -> None:
    for seconds in range(0, 31, 5):
        ax.plot([9 + SECOND * seconds] * 2, [2.6, y], color=LINE, linewidth=0.6, zorder=0)
        ax.text(9 + SECOND * seconds, y + 0.7, f"{seconds} s", ha="center", va="center", color=PALE, fontsize=7)


def mosaic() -> Figure:
    """Draw where tiles lie that overlap, by the position of the stage."""
    places = ((0, 0), (0, 3), (2, 0), (3, 4))
    tiles = [
        image(number, 3, 4).with_metadata(stage_position={"Y": float(y), "X": float(x)})
        for number, (y, x) in enumerate(places)
    ]
    figure, ax = sheet(34, 12.5)
    say(ax, (1, 1.2), "four tiles, and where the stage stood")
    for number, (tile, (y, x)) in enumerate(zip(tiles, places, strict=True)):
        corner = 1 + 5.5 * (number % 2), 2.2 + 5 * (number // 2)
        draw_plane(ax, tile.load()[0, 0, 0], corner)
        say(ax, (corner[0], corner[1] + 3.7), f"X {x} µm, Y {y} µm", size=6.5, color=PALE)
    orders: tuple[Any, ...] = ("last", "first")
    for number, overlap in enumerate(orders):
        left = 14 + 11 * number
        code(ax, (left, 1.2), f'MosaicMerge(overlap="{overlap}")')
        merged = omio.merge(tiles, along="M", policy=omio.MosaicMerge(overlap=overlap))
        draw_plane(ax, merged.load()[0, 0, 0], (left, 2.2))
    return figure


PICTURES = {"merge": merge, "pad": pad, "axes": axes, "times": times, "mosaic": mosaic}


def main() -> None:
    for name in sys.argv[1:] or PICTURES:
        file = io.BytesIO()
        PICTURES[name]().savefig(file, format="png", facecolor="white")
        picture = Image.open(file).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        picture.save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
