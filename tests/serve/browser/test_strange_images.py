"""Images that are strange are shown as they are, or it is told why they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from tests.serve.browser.looker import Looker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import Browser

    from omio.serve.server import Server

Y, X = np.mgrid[:64, :96]
EVIL = ("<img src=x onerror=alert(1)>", '"><script>alert(2)</script>', "a" * 300)
LAST_WORDS = "found => found.map(value => value.lastChild.textContent)"


def arrays() -> dict[str, tuple[NDArray[Any], str]]:
    far_from_zero = 1e6 + X / 96 + 0 * Y
    holes = np.where(X > 48, np.nan, X).astype("f4")
    channels = np.arange(100, dtype="u2")[:, None, None] + (X + Y).astype("u2")
    return {
        "transparent": (np.dstack([X, Y, 0 * X, 255 * (X > 48)]).astype("u1"), "YXS"),
        "transparent-of-16-bits": (np.dstack([X, Y, 0 * X, 255 * (X > 48)]).astype("u2"), "YXS"),
        "twelve-bits": (np.dstack([40 * X, 40 * X, 40 * X]).astype("u2"), "YXS"),
        "two-samples": (np.dstack([X, Y]).astype("u1"), "YXS"),
        "complex": ((X + 1j * Y).astype("c8"), "YX"),
        "bool": (X > 48, "YX"),
        "large": ((X.astype("u8") << 54) + Y.astype("u8"), "YX"),
        "far-from-zero": (far_from_zero, "YX"),
        "holes": (holes, "YX"),
        "one-pixel": (np.full((1, 1), 7, "u2"), "YX"),
        "wide": (np.broadcast_to((np.arange(100_000) % 4096).astype("u2"), (300, 100_000)), "YX"),
        "many": (channels, "CYX"),
    }


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    from omio.serve.server import Server

    images = [
        omio.MicroscopyDataset.from_array(pixels, axes, name=name, pixel_size={"X": 0.5, "Y": 0.5})
        for name, (pixels, axes) in arrays().items()
    ]
    evil = omio.MicroscopyDataset.from_array(
        np.stack([X, Y, X]).astype("u2"), "CYX", channels=EVIL, name="<b onmouseover=alert(3)>evil</b>"
    )
    with Server([*images, evil]) as running:
        yield running


@pytest.mark.parametrize("name", ["transparent", "transparent-of-16-bits"])
def test_transparency_lets_the_ground_through(looker: Looker, name: str) -> None:
    looker.open(f"image={name}&at=48,32,5")
    assert "RGBA" in looker.text("#sizes")
    picture = looker.picture()
    middle = picture.shape[1] // 2
    assert picture[:, : middle - 20].max() < 20
    assert picture[:, middle + 60, 0].max() > 40


def test_colours_of_twelve_bits_are_as_bright_as_they_are(looker: Looker) -> None:
    looker.open("image=twelve-bits&at=90.5,32.5,32")
    assert "RGB uint16" in looker.text("#sizes")
    picture = looker.picture()
    shown = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    np.testing.assert_allclose(shown, 255 * 40 * 90 / 4095, atol=3)


@pytest.mark.parametrize(("name", "reason"), [("complex", "no order of brightness"), ("two-samples", "are no colours")])
def test_why_pixels_are_no_picture_stays_in_its_place(looker: Looker, name: str, reason: str) -> None:
    looker.page.goto(f"{looker.url}#image={name}")
    looker.page.wait_for_selector("#empty:not([hidden])")
    assert reason in looker.text("#empty")
    assert all("400" in told or "Tile" in told for told in looker.strange)
    looker.strange.clear()


@pytest.mark.parametrize(
    ("name", "x", "told"),
    [
        ("bool", 60, "true"),
        ("holes", 60, "nan"),
        ("holes", 10, "10"),
        ("large", 60, str((60 << 54) + 32)),
        ("far-from-zero", 60, "1000000.625"),
    ],
)
def test_values_are_told_in_full(looker: Looker, name: str, x: int, told: str) -> None:
    looker.open(f"image={name}&at={x}.5,32.5,16")
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    assert looker.at("#readout .value").evaluate_all(LAST_WORDS) == [told]
    assert looker.text("#readout").split()[1:4:2] == [str(x), "32"]


def test_small_differences_far_from_zero_are_seen(looker: Looker) -> None:
    looker.open("image=far-from-zero&at=48,32,8")
    picture = looker.picture()
    row = picture[picture.shape[0] // 2, :, 1]
    assert row.max() > 240
    assert row.min() < 15
    assert len(set(row.tolist())) > 60
    low, high = (float(looker.at(f".channel .{end}-number").input_value()) for end in ("low", "high"))
    assert (low, high) == pytest.approx((1e6, 1e6 + 1), abs=0.02)
    with looker.changing():
        looker.at(".channel .high").focus()
        looker.page.keyboard.press("PageDown")
    assert low < float(looker.at(".channel .high-number").input_value()) < high


def test_one_pixel_is_an_image(looker: Looker) -> None:
    looker.open("image=one-pixel")
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    assert looker.at("#readout .value").evaluate_all(LAST_WORDS) == ["7"]
    assert looker.text("#sizes").startswith("1 × 1")


def test_a_very_wide_image_is_shown_from_end_to_end(looker: Looker) -> None:
    looker.open("image=wide")
    assert {url.split("/tile/")[1].split("/")[0] for url in looker.asked if "/tile/" in url} <= {"0", "1", "2"}
    looker.open("image=wide&at=99999.5,150.5,32")
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    assert looker.at("#readout .value").evaluate_all(LAST_WORDS) == [str(99_999 % 4096)]
    picture = looker.picture()
    middle = picture.shape[1] // 2
    assert picture[:, middle + 24 :].max() < 10, "beyond the end"
    assert picture[:, middle].max() > 40


def test_of_many_channels_only_those_that_are_shown_are_counted(looker: Looker) -> None:
    looker.open("image=many")
    assert looker.at(".channel").count() == 100
    assert looker.at(".channel .visible:checked").count() == 6
    counted = [url for url in looker.asked if "/histogram?" in url]
    assert [url.rpartition("c=")[2] for url in counted] == ["0,1,2,3,4,5"]
    with looker.changing():
        looker.at(".channel .visible").nth(80).check(force=True)
    counted = [url for url in looker.asked if "/histogram?" in url]
    assert [url.rpartition("c=")[2] for url in counted[1:]] == ["80"]
    assert looker.at(".channel .auto").nth(81).is_disabled()


def test_as_many_channels_are_shown_as_the_server_puts_together(looker: Looker) -> None:
    looker.open("image=many")
    for _ in range(2):
        with looker.changing():
            looker.page.keyboard.press("Shift+1")
    assert looker.at(".channel .visible:checked").count() == 64
    assert looker.picture().max() > 100
    assert not looker.at("#toast.open").count()


def test_names_are_text_whatever_they_say(browser: Browser, server: Server) -> None:
    with Looker(browser, server.url) as looker:
        looker.page.on("dialog", lambda dialog: looker.strange.append(dialog.message))
        looker.open("image=%3Cb%20onmouseover%3Dalert(3)%3Eevil%3C%2Fb%3E")
        looker.page.keyboard.press("i")
        looker.point(0.3, 0.5)
        looker.page.wait_for_selector("#readout .value")
        assert looker.at(".channel-name").all_inner_texts() == list(EVIL)
        assert EVIL[0] in looker.text("#drawer-body")
        assert EVIL[1] in looker.text("#readout")
        looker.page.keyboard.press("g")
        assert looker.text("#name") == "<b onmouseover=alert(3)>evil</b>"
        assert looker.at("img[src=x], b[onmouseover], body script").count() == 0
        assert looker.strange == []
