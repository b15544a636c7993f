"""What is around the image: scale bar, permalink, metadata, pictures, phones, and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.serve.browser.looker import Looker, pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    import omio
    from omio.serve.server import Server


PAGE = Path(__file__).parents[3] / "omio" / "serve" / "page"


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Looker]:
    """The page, for what needs no image of its own."""
    with Looker(browser, server.url) as looker:
        yield looker.open("image=cells.ome.tif")


@pytest.mark.parametrize("zoom", [0.7, 2.3, 17.0])
def test_the_scale_bar_is_as_long_as_it_says(looker: Looker, cells: omio.MicroscopyDataset, zoom: float) -> None:
    looker.open(f"image=cells.ome.tif&at=64,48,{zoom}")
    number, unit = looker.text("#scalebar-text").split()
    length = float(number) * {"nm": 1e-3, "µm": 1.0, "mm": 1e3}[unit]
    shown: float = looker.at("#scalebar-line").evaluate("line => line.getBoundingClientRect().width")
    spacing = cells.pixel_size["X"]
    assert spacing is not None
    now = float(looker.words["at"].split(",")[2])
    assert shown / now * spacing == pytest.approx(length, rel=1e-3)
    assert str(length).strip("0.")[0] in "125"
    assert 40 < shown <= 160


def test_an_unknown_pixel_size_has_no_scale(looker: Looker) -> None:
    looker.open("image=image")
    assert looker.text("#scalebar") == "pixel size unknown"
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    assert "pixel size unknown" in looker.text("#readout")


def test_lengths_are_easy_to_say_and_fit(page: Looker) -> None:
    found = page.page.evaluate("""async () => {
      const { niceLength } = await import(new URL("static/units.js", document.baseURI));
      const steps = Array.from({ length: 400 }, (_, at) => 10 ** (at / 50 - 5));
      return steps.map((step) => [step, niceLength(step, 150)]);
    }""")
    for step, bar in found:
        assert bar["pixels"] == pytest.approx(bar["length"] / step)
        assert 150 / 2.5 * 0.999 <= bar["pixels"] <= 150.001
        number, unit = bar["label"].split()
        assert float(number) * {"nm": 1e-3, "µm": 1, "mm": 1e3}[unit] == pytest.approx(bar["length"])
        assert f"{float(number):.0e}"[0] in "125"


def test_the_drawer_tells_and_finds_metadata(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    looker.page.keyboard.press("i")
    looker.page.wait_for_selector("#drawer-body", state="visible")
    assert "128 px" in looker.text("#drawer-body")
    assert "/0.5/0.ome.zarr" in looker.text("#drawer-body")
    looker.at("#drawer-filter").fill("pixel size")
    assert "128 px" not in looker.text("#drawer-body")
    assert "pixel size" in looker.text("#drawer-body")
    looker.page.keyboard.press("Escape")
    looker.page.wait_for_selector("#drawer", state="hidden")


def test_a_picture_is_saved_with_its_scale_bar(looker: Looker, tmp_path: Path) -> None:
    looker.open("image=cells.ome.tif&t=1&z=2&c0=on,000001,0,60000,1&c1=off,000001,0,60000,1")
    with looker.page.expect_download() as saving:
        looker.page.keyboard.press("s")
    assert saving.value.suggested_filename == "cells.ome_t2_z3.png"
    saving.value.save_as(tmp_path / "saved.png")
    saved = pixels((tmp_path / "saved.png").read_bytes())
    long: float = looker.at("#scalebar-line").evaluate("line => line.getBoundingClientRect().width")
    white = (saved == 255).all(-1).sum(1)
    assert white.max() == pytest.approx(long, abs=2)


def test_colours_and_gamma_go_into_the_picture(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&c0=on,00ff00,0,6000,1&c1=off,ff0000,0,4000,1")
    before = looker.picture()
    with looker.changing():
        looker.at(".channel .color").first.fill("#ff00ff")
    magenta = looker.picture()
    inside = magenta[..., 0] > 60
    assert inside.any()
    np.testing.assert_array_equal(magenta[inside][:, 0], before[inside][:, 1])
    with looker.changing():
        looker.at(".channel .gamma-range").first.fill("0.3")
    assert looker.words["c0"].endswith(",0.5")
    assert looker.picture()[..., 0].mean() > magenta[..., 0].mean()


def test_a_phone_has_all_of_it_and_scrolls_nowhere(phone: Looker) -> None:
    phone.open("image=cells.ome.tif")
    wide: int = phone.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    assert phone.at(".channel").first.is_hidden()
    phone.at("#sheet").tap()
    assert phone.at(".channel .high-number").first.is_visible()
    ends: list[float] = phone.page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter(part => part.checkVisibility())"
        ".map(part => part.getBoundingClientRect().right)"
    )
    inside = [end for end in ends if end <= 390]
    assert len(inside) >= len(ends) - 4  # those of the closed drawer lie outside
    before = phone.at("#stage").bounding_box()
    phone.page.touchscreen.tap(*phone.place(0.5, 0.5))
    phone.page.wait_for_selector("#readout .value")
    assert phone.at("#stage").bounding_box() == before
    for value in phone.at("#readout .value").all():
        box = value.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 280, "beside the choice of the zoom"


def test_fine_screens_are_given_fine_levels(browser: Browser, server: Server) -> None:
    levels = {}
    for density in (1, 2):
        with Looker(browser, server.url, density=density) as looker:
            looker.open("image=tissue.tif&at=640,480,0.45")
            levels[density] = max(url.split("/tile/")[1].split("/")[0] for url in looker.asked if "/tile/" in url)
            assert looker.text("#level") == f"Level {4 - int(levels[density])} of 4"
    assert levels == {1: "2", 2: "3"}


@pytest.mark.parametrize(
    ("seconds", "step", "told"),
    [
        (0, 1, "0 s"),
        (0.25, 0.25, "250 ms"),
        (90, 30, "1:30 min"),
        (90.25, 0.25, "1:30.3 min"),
        (119.97, 0.1, "2:00.0 min"),
        (3600, 1, "1:00:00 h"),
        (7384.5, 0.5, "2:03:04.5 h"),
        (-75, 5, "−1:15 min"),
    ],
)
def test_times_are_told_apart(page: Looker, seconds: float, step: float, told: str) -> None:
    found = page.page.evaluate(
        """async (words) => {
          const { timeText } = await import(new URL("static/units.js", document.baseURI));
          return timeText(...words);
        }""",
        [seconds, step],
    )
    assert found == told


def test_the_page_names_no_other_place() -> None:
    for path in PAGE.iterdir():
        if path.is_file():
            found = re.findall(r"(?:https?:)?//\w+\.[\w.]+", path.read_text(encoding="utf-8"))
            assert [name for name in found if "w3.org" not in name] == [], path.name


def test_what_is_not_ours_comes_with_its_licence() -> None:
    code = (PAGE / "vendor" / "openseadragon.min.js").read_text(encoding="utf-8")
    assert code.startswith("//! openseadragon 6.1.1")
    assert "Redistribution and use" in (PAGE / "vendor" / "openseadragon.LICENSE.txt").read_text(encoding="utf-8")
