"""Draw the pictures of how-to/browser.md: the viewer on synthetic images, in headless Chromium (needs Playwright)."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from PIL import Image

import omio
from omio.serve.server import Server

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
DESKTOP, PHONE = (1280, 800), (390, 844)
TIMES, EDGE = 4, 128


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        files = images(Path(folder))
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program)
        with Server(files) as server:
            draw(browser, server.url, "browser-timelapse.webp", "image=timelapse.ome.tif&t=2&z=4", DESKTOP)
            draw(browser, server.url, "browser-mosaic.webp", "image=mosaic.czi", DESKTOP, keys="i")
            draw(browser, server.url, "browser-slide.webp", "image=slide.tif&at=300,262,1.4", DESKTOP)
            draw(browser, server.url, "browser-phone.webp", "image=timelapse.ome.tif&t=2&z=4", PHONE, click="#sheet")
        browser.close()


def images(folder: Path) -> list[Path]:
    """Write a time-lapse of five dims, a mosaic as CZI with one tile missing, and a slide of RGB."""
    from docs.samples import CHANNELS, cells

    still = cells()
    frames = [np.roll(still.isel(Z=slice(2, 9)).load()[0], 3 * t, axis=-1) for t in range(TIMES)]
    time_lapse = folder / "timelapse.ome.tif"
    omio.MicroscopyDataset.from_array(
        np.stack(frames), "TZCYX", pixel_size=still.pixel_size, channels=CHANNELS, time_increment=30.0
    ).to_ometiff(time_lapse)
    slide = folder / "slide.tif"
    tags: dict[str, Any] = {"photometric": "rgb", "resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(slide, stained(still.load()[0].max(0)), tile=(256, 256), metadata=None, **tags)
    return [time_lapse, mosaic(folder / "mosaic.czi", frames[0][:, 1].max(0)), slide]


def stained(planes: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Show C Y X as dyes that take light away, haematoxylin and eosin, and mirror the result to both sides: Y X S."""
    dyes = np.array(((0.65, 0.70, 0.29), (0.07, 0.99, 0.11)))
    amounts = np.clip(planes[:2] / np.percentile(planes[:2], 99, axis=(1, 2), keepdims=True) - 0.08, 0, 1.4)
    light = np.exp(-np.einsum("cyx,cs->yxs", amounts * np.array((1.5, 0.7))[:, None, None], dyes))
    picture = (245 * light).astype(np.uint8)
    return np.pad(picture, ((0, len(picture)), (0, len(picture)), (0, 0)), mode="symmetric")


def mosaic(path: Path, plane: NDArray[np.uint16]) -> Path:
    from tests.support.czi import Tile, document, write_czi

    corners = [(y, x) for y in range(0, 512, EDGE) for x in range(0, 512, EDGE) if (y, x) != (256, 128)]
    tiles = [
        Tile(plane[y : y + EDGE, x : x + EDGE].copy(), {"C": 0, "Y": y, "X": x, "M": number})
        for number, (y, x) in enumerate(corners)
    ]
    return write_czi(path, tiles, document(CHANNEL, SCALING))


CHANNEL = (
    '<Dimensions><Channels><Channel Id="Channel:0" Name="EGFP"><ExcitationWavelength>488</ExcitationWavelength>'
    "<EmissionWavelength>509</EmissionWavelength><Fluor>EGFP</Fluor></Channel></Channels></Dimensions>"
)
SCALING = "".join(f'<Distance Id="{dim}"><Value>3.25e-7</Value></Distance>' for dim in "XY")


def draw(
    browser: Browser, url: str, name: str, words: str, size: tuple[int, int], *, keys: str = "", click: str = ""
) -> None:
    """Take a picture of the page."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    page.goto(f"{url}#{words}")
    page.wait_for_selector("#stage[data-shown]:not([data-shown=''])")
    if click:
        page.click(click)
    for key in keys:
        page.keyboard.press(key)
    page.mouse.move(size[0] * 0.31, size[1] * 0.4)
    page.wait_for_timeout(1500)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(HERE / "pictures" / name, quality=88, method=6)
    page.close()


if __name__ == "__main__":
    main()
