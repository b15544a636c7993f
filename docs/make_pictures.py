"""Draw docs/overview.png, the picture of README.md, from the images of `omio.testing.makers`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from omio.testing import makers

PAGE = Path(__file__).with_name("overview.png")
WIDTH, HEIGHT, SCALE = 1000, 430, 2
PAPER, INK, PALE, CARD, LINE = "#ffffff", "#1f2933", "#66727f", "#f4f6f8", "#c5ccd3"
GREEN, RED, BLUE = "#1b9e4b", "#d33c3c", "#2b6cb0"


class Sheet:
    """A drawing in points, twice as fine in pixels."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, words: str, size: float = 14, color: str = INK, anchor: str = "ls") -> None:
        font = ImageFont.load_default(size * SCALE)
        before, micro, after = words.partition("µ")
        self.draw.text((x * SCALE, y * SCALE), before, color, font, anchor)
        if micro:
            x += font.getlength(before) / SCALE
            self.micro(x, y, size, color)
            self.text(x + font.getlength("u") / SCALE, y, after, size, color)

    def micro(self, x: float, y: float, size: float, color: str) -> None:
        """Draw µ, which Pillow's font lacks: u with a tail."""
        font = ImageFont.load_default(size * SCALE)
        self.draw.text((x * SCALE, y * SCALE), "u", color, font, "ls")
        left, _, _, bottom = self.draw.textbbox((x * SCALE, y * SCALE), "u", font, "ls")
        self.draw.rectangle(
            [left, bottom - 0.2 * size * SCALE, left + 0.07 * size * SCALE, bottom + 0.2 * size * SCALE], color
        )

    def card(self, x: float, y: float, width: float, height: float, border: str = LINE) -> None:
        box = tuple(value * SCALE for value in (x, y, x + width, y + height))
        self.draw.rounded_rectangle(box, 8 * SCALE, CARD, border, 2 if border == LINE else 2 * SCALE)

    def arrow(self, x0: float, y0: float, x1: float, y1: float) -> None:
        start, end = np.array((x0, y0)) * SCALE, np.array((x1, y1)) * SCALE
        along = (end - start) / np.linalg.norm(end - start)
        across = np.array((-along[1], along[0]))
        neck = end - 10 * SCALE * along
        self.draw.line([*start, *neck], PALE, 2 * SCALE)
        head = (end, neck + 5 * SCALE * across, neck - 5 * SCALE * across)
        self.draw.polygon([tuple(point) for point in head], PALE)

    def picture(self, x: float, y: float, pixels: Any, width: float) -> None:
        image = Image.fromarray(pixels)
        size = (round(width * SCALE), round(width * SCALE * image.height / image.width))
        self.image.paste(image.resize(size, Image.Resampling.BICUBIC), (round(x * SCALE), round(y * SCALE)))


def main() -> None:
    sheet = Sheet()
    pixels = makers.cells()
    draw_files(sheet, pixels)
    draw_dataset(sheet, pixels)
    draw_results(sheet)
    sheet.image.quantize(128, dither=Image.Dither.NONE).save(PAGE, optimize=True)


def draw_files(sheet: Sheet, pixels: Any) -> None:
    sheet.text(24, 34, "files as they are", 15, PALE)
    names = (
        ("cells.ome.tif", "OME-TIFF", merged(pixels[0, 2])),
        ("hyperstack.tif", "ImageJ, um, sec", merged(pixels[1, 2])),
        ("t000.ome.tif … t002", "one file a frame", merged(pixels[2, 2])),
        ("histology.tif", "RGB, pixels per cm", makers.stained()),
    )
    for row, (name, kind, picture) in enumerate(names):
        top = 52 + row * 90
        sheet.card(24, top, 262, 78)
        sheet.picture(32, top + 8, picture, 82)
        sheet.text(126, top + 34, name, 13.5)
        sheet.text(126, top + 54, kind, 12.5, PALE)
        sheet.arrow(292, top + 39, 358, 225 + (row - 1.5) * 26)


def draw_dataset(sheet: Sheet, pixels: Any) -> None:
    sheet.text(366, 34, "one lazy, true object", 15, PALE)
    sheet.card(366, 52, 300, 348, BLUE)
    sheet.text(384, 84, "MicroscopyDataset", 19, BLUE)
    for step in range(4, -1, -1):
        sheet.picture(388 + 12 * step, 152 - 12 * step, framed(merged(pixels[1, step])), 140)
    sheet.text(620, 176, "T Z C Y X", 14, INK, "ms")
    sheet.text(620, 196, "S for RGB", 12.5, PALE, "ms")
    rows = (
        ("X, Y", "0.325 µm", INK),
        ("Z", "1.5 µm", INK),
        ("T", "2.5 s", INK),
        ("C", "EGFP   509 nm", GREEN),
        ("", "mCherry   610 nm", RED),
    )
    for row, (name, value, color) in enumerate(rows):
        sheet.text(388, 300 + row * 21, name, 13.5, PALE)
        sheet.text(434, 300 + row * 21, value, 13.5, color)


def draw_results(sheet: Sheet) -> None:
    sheet.text(746, 34, "what you do with it", 15, PALE)
    results = (
        ('.sel(C="EGFP", Z=slice(2, 8))', "by name and by µm, nothing is read"),
        ('.merge(other, along="T")', "thousands of files as one"),
        (".data", "xarray over dask"),
        (".load()   .as_zarr()", "numpy, zarr"),
        ('.to_ometiff("new.ome.tif")', "whole or absent; says what is lost"),
    )
    for row, (call, meaning) in enumerate(results):
        top = 52 + row * 71
        sheet.card(746, top, 238, 60)
        sheet.text(758, top + 26, call, 13)
        sheet.text(758, top + 46, meaning, 12, PALE)
        sheet.arrow(672, 225 + (row - 2) * 22, 740, top + 30)


def merged(planes: Any) -> Any:
    """Show C Y X as colours: the first channel green, the second red."""
    shown = np.clip((planes.astype(float) - 330) / 4800, 0, 1)
    color = np.stack([shown[1], shown[0], 0.25 * shown[1]], -1)
    return (255 * np.sqrt(color)).astype(np.uint8)


def framed(picture: Any) -> Any:
    """Set a picture off from the one behind it."""
    return np.pad(picture, ((1, 1), (1, 1), (0, 0)), constant_values=244)


if __name__ == "__main__":
    main()
