"""What is seen is the image: its pixels, its planes, its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Route

    import omio
    from tests.serve.browser.looker import Looker

ONE_GREEN = "c0=on,00ff00,0,4000,1&c1=off,ff0000,0,1000,1"


def test_a_pixel_is_shown_as_it_is_in_the_file(looker: Looker, cells: omio.MicroscopyDataset) -> None:
    looker.open(f"image=cells.ome.tif&t=1&z=3&at=40.5,30.5,32&{ONE_GREEN}")
    picture = looker.picture()
    value = int(cells.isel(T=1, Z=3, C=0, Y=30, X=40).load().item())
    red, green, blue = picture[picture.shape[0] // 2, picture.shape[1] // 2].tolist()
    assert (red, blue) == (0, 0)
    assert green == pytest.approx(255 * min(value, 4000) / 4000, abs=1)


def test_a_channel_that_is_switched_off_is_gone(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&c0=on,00ff00,0,4000,1&c1=on,ff0000,0,4000,1")
    both = looker.picture()
    with looker.changing():
        looker.at(".channel .visible").nth(1).uncheck(force=True)
    one = looker.picture()
    assert both[..., 0].max() > 100
    assert one[..., 0].max() <= 6  # the ground of the stage is not quite black
    assert one[..., 1].max() > 100
    looker.at(".channel .visible").nth(0).uncheck(force=True)
    looker.page.wait_for_selector("#empty:not([hidden])")
    assert looker.picture().max() <= 10


def test_keys_show_one_channel_alone_and_all_again(looker: Looker) -> None:
    looker.open("image=cells.ome.tif")
    with looker.changing():
        looker.page.keyboard.press("Shift+2")
    assert [box.is_checked() for box in looker.at(".channel .visible").all()] == [False, True]
    with looker.changing():
        looker.page.keyboard.press("1")
    assert [box.is_checked() for box in looker.at(".channel .visible").all()] == [True, True]


def test_contrast_changes_the_picture(looker: Looker) -> None:
    looker.open(f"image=cells.ome.tif&{ONE_GREEN}")
    before = looker.picture()
    with looker.changing():
        looker.at(".channel .high-number").first.fill("2000")
        looker.at(".channel .high-number").first.press("Enter")
    brighter = looker.picture()
    assert brighter[..., 1].mean() > 1.3 * before[..., 1].mean()
    assert looker.at(".channel .high").first.input_value() == "2000"
    with looker.changing():
        looker.at(".channel .low").first.focus()
        for _ in range(5):
            looker.page.keyboard.press("PageUp")
    assert looker.picture()[..., 1].mean() < brighter[..., 1].mean()
    assert float(looker.at(".channel .low-number").first.input_value()) > 0


def test_handles_do_not_pass_each_other(looker: Looker) -> None:
    looker.open(f"image=cells.ome.tif&{ONE_GREEN}")
    with looker.changing():
        looker.at(".channel .low").first.focus()
        looker.page.keyboard.press("End")
    low, high = (float(looker.at(f".channel .{end}-number").first.input_value()) for end in ("low", "high"))
    assert (low, high) == (3999, 4000)


def handle(looker: Looker, end: str) -> tuple[float, float]:
    """Return where the knob of a handle is, as fractions of the window."""
    slider = looker.at(f".channel .{end}").first
    box: Any = slider.bounding_box()
    least, most, value = (
        float(slider.get_attribute(name) or 0) if name != "value" else float(slider.input_value())
        for name in ("min", "max", "value")
    )
    knob = looker.knob
    return box["x"] + knob / 2 + (box["width"] - knob) * (value - least) / (most - least), box["y"] + box["height"] / 2


def test_a_handle_stays_under_the_mouse(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&c0=on,00ff00,0,60000,1")
    x, y = handle(looker, "high")
    looker.page.mouse.move(x, y)
    looker.page.mouse.down()
    for step in range(1, 9):
        looker.page.mouse.move(x - 5 * step, y)
    now, _ = handle(looker, "high")
    assert now == pytest.approx(x - 40, abs=2)
    looker.page.mouse.up()
    assert 45_000 < float(looker.at(".channel .high-number").first.input_value()) < 55_000


@pytest.mark.parametrize("place", ["low", "high"])
def test_handles_that_meet_can_be_parted(looker: Looker, place: str) -> None:
    both = {"low": "0,1", "high": "59999,60000"}[place]
    other = {"low": "high", "high": "low"}[place]
    looker.open(f"image=cells.ome.tif&c0=on,00ff00,{both},1&c1=off,ff0000,0,1000,1")
    before = float(looker.at(f".channel .{other}").first.input_value())
    x, y = handle(looker, other)
    looker.page.mouse.move(x, y)
    looker.page.mouse.down()
    looker.page.mouse.move(x + (40 if place == "low" else -40), y, steps=4)
    looker.page.mouse.up()
    assert abs(float(looker.at(f".channel .{other}").first.input_value()) - before) > 500


def test_a_finger_drags_a_handle(phone: Looker) -> None:
    phone.open("image=cells.ome.tif&c0=on,00ff00,0,60000,1")
    phone.at("#sheet").tap()
    x, y = handle(phone, "high")
    with phone.changing():
        phone.drag((x, y), (x - 80, y))
    assert 35_000 < float(phone.at(".channel .high-number").first.input_value()) < 55_000


def test_auto_contrast_leaves_out_the_ends_of_this_plane(looker: Looker, cells: omio.MicroscopyDataset) -> None:
    looker.open("image=cells.ome.tif&t=0&z=2&c0=on,00ff00,0,60000,1")
    with looker.changing():
        looker.at(".channel .auto").first.click()
    plane = cells.isel(T=0, Z=2, C=0).load()
    bin_width = (float(plane.max()) - float(plane.min())) / 256 + 1
    low, high = (float(looker.at(f".channel .{end}-number").first.input_value()) for end in ("low", "high"))
    assert low == pytest.approx(np.percentile(plane, 0.5), abs=bin_width)
    assert high == pytest.approx(np.percentile(plane, 99.8), abs=bin_width)


def test_keys_and_sliders_go_through_the_planes(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&t=0&z=0")
    first = looker.picture()
    with looker.changing():
        looker.page.keyboard.press("ArrowUp")
    assert looker.text(".plane:nth-child(1) output").startswith("2 / 5")
    assert (looker.picture() != first).any()
    with looker.changing():
        looker.page.keyboard.press("ArrowRight")
    assert looker.text(".plane:nth-child(2) output").startswith("2 / 3")
    with looker.changing():
        looker.at(".plane input").first.fill("4")
    assert (looker.words["z"], looker.words["t"]) == ("4", "1")


def test_playing_goes_through_time_and_stops(looker: Looker) -> None:
    looker.open("image=cells.ome.tif&t=0")
    with looker.changing():
        looker.page.keyboard.press("Space")
    looker.page.wait_for_selector(".plane:nth-child(2) output:has-text('3 / 3')")
    looker.page.keyboard.press("Space")
    assert looker.at(".play[aria-pressed=true]").count() == 0
    looker.rest()
    stopped = looker.shown
    looker.page.wait_for_timeout(400)
    assert looker.shown == stopped


def test_the_read_out_is_the_pixel_of_the_file(looker: Looker, cells: omio.MicroscopyDataset) -> None:
    looker.open("image=cells.ome.tif&t=2&z=1&at=64,48,8")
    looker.point(0.4, 0.6)
    looker.page.wait_for_selector("#readout .value")
    told = looker.text("#readout").split()
    x, y = int(told[1]), int(told[3])
    values = cells.isel(T=2, Z=1, Y=y, X=x).load().reshape(-1)
    assert [int(word) for word in looker.at("#readout .value").evaluate_all(LAST_WORDS)] == values.tolist()
    position = [float(word.strip(",")) for word in told[4:6]]
    spacing = cells.pixel_size
    assert spacing["X"] is not None
    assert spacing["Y"] is not None
    assert position == pytest.approx([x * spacing["X"], y * spacing["Y"]], abs=0.06)


LAST_WORDS = "found => found.map(value => value.lastChild.textContent)"


def test_rgb_has_no_panel_and_its_own_colours(looker: Looker, tissue: omio.MicroscopyDataset) -> None:
    looker.open("image=tissue.tif&at=640.5,480.5,32")
    assert looker.at("#panel").is_hidden()
    assert looker.at("#planes").is_hidden()
    picture = looker.picture()
    shown = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    stored = tissue.isel(Y=480, X=640).load().reshape(-1)
    np.testing.assert_allclose(shown, stored, atol=16)  # a photograph at quality 90
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    assert [int(word) for word in looker.at("#readout .value").evaluate_all(LAST_WORDS)] == stored.tolist()


def test_only_tiles_that_are_seen_are_asked_for(looker: Looker) -> None:
    looker.open("image=tissue.tif&at=100,100,8")
    asked = {url.split("/tile/")[1].split(".")[0] for url in looker.asked if "/tile/" in url}
    finest = max(int(tile.split("/")[0]) for tile in asked)
    assert finest == 3
    assert {tile for tile in asked if tile.startswith(f"{finest}/")} == {f"{finest}/0/0"}


def test_the_picture_stays_until_the_next_is_there(looker: Looker) -> None:
    looker.open(f"image=cells.ome.tif&{ONE_GREEN}")
    before = looker.picture()
    held: list[Route] = []
    looker.page.route("**/tile/**", lambda route: held.append(route))
    with looker.changing():
        looker.page.keyboard.press("ArrowUp")
        looker.page.wait_for_selector("#busy", state="visible")
        np.testing.assert_array_equal(looker.picture(), before)
        assert held
        for route in held:
            route.continue_()
    assert (looker.picture() != before).any()
