"""Draw the pictures of these pages, from images that are drawn too; needs ``plot``, ``napari``, and Chromium.

``python docs/make_pictures.py`` draws all, ``python docs/make_pictures.py plot notebook`` some; that of napari needs a
display: ``xvfb-run -a python docs/make_pictures.py napari``.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import samples
from PIL import Image, ImageDraw, ImageFont

from omio.testing import makers
from omio.viewing.terminal import Screen, glance

DOCS = Path(__file__).parent
MOST_BYTES = 150_000
"""Of a picture."""
PHOTOGRAPHS = ("napari",)
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
    for name in sys.argv[1:] or PICTURES:
        save(name, PICTURES[name]())


def save(name: str, picture: Image.Image) -> None:
    """Write a picture in 256 colours, or one of many as WebP."""
    file = io.BytesIO()
    ending = "webp" if name in PHOTOGRAPHS else "png"
    if name in PHOTOGRAPHS:
        picture.convert("RGB").save(file, "WEBP", quality=85, method=6)
    else:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    if file.tell() > MOST_BYTES:
        raise SystemExit(f"{name}.{ending} would have {file.tell()} bytes")
    (DOCS / "pictures" / f"{name}.{ending}").write_bytes(file.getvalue())


def overview() -> Image.Image:
    """Draw what README.md begins with."""
    sheet = Sheet()
    pixels = makers.cells()
    draw_files(sheet, pixels)
    draw_dataset(sheet, pixels)
    draw_results(sheet)
    return sheet.image


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


def plot() -> Image.Image:
    """Draw channels and composite."""
    return figure(samples.cells().plot(), 52)


def orthogonal() -> Image.Image:
    """Draw three planes that meet in a pixel."""
    return figure(samples.cells().plot("orthogonal", z=7, y=218, x=250), 52)


def figure(drawn: Any, dpi: int) -> Image.Image:
    file = io.BytesIO()
    drawn.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    return Image.open(file)


def notebook() -> Image.Image:
    """Show a dataset as a notebook does, by day and by night."""
    html = samples.cells().isel(Z=slice(2, 14))._repr_html_().replace("<details>", "<details open>", 2)
    sides = (
        f'<div style="padding:1rem 1.5rem;background:{paper};color:{ink}">{html}</div>'
        for paper, ink in (("#ffffff", "#1f2328"), ("#181a1f", "#e2e4e9"))
    )
    return screenshot(f'<div style="display:grid;grid-template-columns:1fr 1fr">{"".join(sides)}</div>', 1280, 620)


def terminal() -> Image.Image:
    """Show an image as a terminal does."""
    lines = "\n".join(spans(line) for line in glance(samples.cells(), Screen(72, 36, "truecolor"), how="max"))
    style = "margin:0;padding:14px;background:#16181d;color:#d7dae0;font:12px/1.17 'DejaVu Sans Mono',monospace"
    return screenshot(f'<pre style="{style}">$ omio view U2OS-fixed-003.czi --project max\n{lines}</pre>', 560, 503)


def napari() -> Image.Image:
    """Show three channels in napari."""
    from napari import Viewer
    from qtpy.QtCore import QEventLoop, QTimer

    viewer = Viewer()
    viewer.window.resize(1180, 720)
    samples.cells().with_metadata(name="U2OS").view(viewer, blocking=False)
    viewer.reset_view()
    drawing = QEventLoop()
    QTimer.singleShot(1500, drawing.quit)
    drawing.exec()
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    viewer.close()
    return Image.fromarray(pixels)


def spans(line: str) -> str:
    """Turn the colours of a line for terminals into HTML."""
    html = []
    for code, words in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", line):
        front, back = (re.findall(rf"{layer};2;(\d+);(\d+);(\d+)", code) for layer in (38, 48))
        style = "".join(
            f"{name}:rgb({','.join(found[0])});" for name, found in (("color", front), ("background", back)) if found
        )
        html.append(f'<span style="{style}">{escape(words)}</span>')
    return "".join(html)


def screenshot(body: str, width: int, height: int) -> Image.Image:
    """Let Chromium draw a page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("this picture needs Chromium")
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder, "page.html"), Path(folder, "page.png")
        page.write_text(f'<meta charset="utf-8"><body style="margin:0">{body}</body>', encoding="utf-8")
        words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]
        command = [browser, *words, f"--screenshot={picture}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        return Image.open(picture).convert("RGB")


PICTURES = {
    "overview": overview,
    "plot": plot,
    "orthogonal": orthogonal,
    "notebook": notebook,
    "terminal": terminal,
    "napari": napari,
}

if __name__ == "__main__":
    main()
