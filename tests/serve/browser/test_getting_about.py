"""Getting about: links, the history of the browser, images and scenes, the keyboard, windows of other sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.serve.browser.looker import Looker


def test_a_link_shows_the_same_again(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&scene=0&t=2&z=4&at=50,40,9&c0=on,ff8800,100,3000,0.8&c1=off,0000ff,5,900,1")
    link, words, seen = looker.page.url, looker.words, looker.picture()
    assert words["c0"] == "on,ff8800,100,3000,0.8"
    assert words["c1"] == "off,0000ff,5,900,1"
    looker.open("image=tissue.tif")
    looker.open(link.partition("#")[2])
    assert looker.words == words
    np.testing.assert_array_equal(looker.picture(), seen)


def test_a_link_follows_what_is_done(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&t=0&z=0")
    with looker.changing():
        looker.page.keyboard.press("ArrowUp")
    looker.page.mouse.move(*looker.place(0.5, 0.5))
    looker.page.mouse.wheel(0, -400)
    looker.rest()
    words, seen = looker.words, looker.picture()
    assert words["z"] == "1"
    looker.page.reload()
    looker.page.wait_for_selector("#scalebar:not([hidden])")
    looker.rest()
    assert looker.words == words
    np.testing.assert_array_equal(looker.picture(), seen)


def test_another_image_is_chosen_in_the_gallery(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    with looker.changing():
        looker.page.keyboard.press("g")
        looker.at("#gallery-list button[title='tissue.tif']").click()
    assert looker.text("#name") == "tissue.tif"
    assert looker.words["image"] == "tissue.tif"


def test_another_scene_is_chosen(looker: Looker) -> None:
    looker.open("image=scenes.ome.tif")
    assert looker.text("#sizes").startswith("128 × 96")
    with looker.changing():
        looker.at("#scene").select_option(index=1)
    assert looker.text("#sizes").startswith("64 × 48")
    assert looker.words["scene"] == "1"
    looker.page.reload()
    looker.page.wait_for_selector("#scalebar:not([hidden])")
    assert looker.text("#sizes").startswith("64 × 48")


def test_every_control_has_a_name(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    nameless: list[str] = looker.page.evaluate(
        "[...document.querySelectorAll('button, input, select, dialog, aside')].filter(part => !(part.ariaLabel"
        " || part.textContent.trim() || part.labels?.[0]?.textContent.trim() || part.getAttribute('aria-labelledby')))"
        ".map(part => part.outerHTML)"
    )
    assert nameless == []


def test_going_back_shows_what_was_looked_at_before(looker: Looker) -> None:
    looker.open("image=scenes.ome.tif&at=40,30,8&c0=on,ff8800,100,3000,0.8")
    before, seen = looker.words, looker.picture()
    with looker.changing():
        looker.at("#scene").select_option(index=1)
    with looker.changing():
        looker.page.keyboard.press("g")
        looker.at("#gallery-list button[title='tissue.tif']").click()
    with looker.changing():
        looker.page.go_back()
    assert looker.words["scene"] == "1"
    with looker.changing():
        looker.page.go_back()
    assert looker.words == before
    np.testing.assert_array_equal(looker.picture(), seen)
    with looker.changing():
        looker.page.go_forward()
    assert looker.text("#sizes").startswith("64 × 48")


def test_only_keys_draw_a_ring_around_the_image(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    ring = "getComputedStyle(document.querySelector('.openseadragon-canvas')).outlineStyle"
    looker.page.mouse.click(*looker.place(0.5, 0.5))
    assert looker.page.evaluate(ring) == "none"
    looker.at("#theme").focus()
    looker.at("#skip").focus()
    looker.page.keyboard.press("Enter")
    assert looker.page.evaluate(ring) == "solid"


def test_skipping_to_the_image_changes_nothing(looker: Looker) -> None:
    looker.open("image=tissue.tif")
    looker.page.keyboard.press("Tab")
    assert looker.page.evaluate("document.activeElement.id") == "skip"
    looker.page.keyboard.press("Enter")
    looker.rest()
    assert looker.text("#name") == "tissue.tif"
    assert looker.page.evaluate("document.activeElement.getAttribute('role')") == "application"


def test_everything_is_reached_by_the_keyboard(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&at=64,48,32")
    wanted: set[str] = set(looker.page.evaluate(f"({REACHABLE}).map((part, at) => (part.dataset.part = String(at)))"))
    found = set()
    for _ in range(len(wanted) + 6):
        looker.page.keyboard.press("Tab")
        found.add(looker.page.evaluate("document.activeElement.dataset.part"))
    assert len(wanted) > 20
    assert wanted <= found


REACHABLE = """[...document.querySelectorAll('button, input, select')]
  .filter((part) => part.checkVisibility({ visibilityProperty: true }) && !part.disabled && part.id !== 'minimap')"""


def test_the_whole_image_stays_whole_in_another_window(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    for width, height in ((1400, 500), (390, 844), (844, 390)):
        looker.page.set_viewport_size({"width": width, "height": height})
        looker.rest()
        stage = looker.at("#stage").bounding_box()
        assert stage is not None
        zoom = float(looker.words["at"].split(",")[2])
        fills = max(128 * zoom / stage["width"], 96 * zoom / stage["height"])
        assert fills == pytest.approx(1 / 1.04, rel=0.01)
        assert stage["height"] > 0.45 * height


def test_dark_first_and_light_for_good(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    assert looker.at("html").get_attribute("data-theme") == "dark"
    looker.page.keyboard.press("d")
    looker.open("image=cells.ome.tif")
    assert looker.at("html").get_attribute("data-theme") == "light"
