"""Files of microscopes in the browser: their sizes, values, colours and lengths are those of the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from tests.support.real import REAL, real

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.serve.server import Server
    from tests.serve.browser.looker import Looker

NAMES = (
    "svs-cmu1-small.svs",
    "czi-tileregion.czi",
    "czi-well-s2.czi",
    "czi-cd-t3c2z5.czi",
    "czi-newczi-compressed.czi",
    "czi-rgb8.czi",
    "lsm-032113-18.lsm",
    "ometiff-art-time-series.ome.tif",
    "thor-raw-mouse-kidney/2p/Untitled_001/Image_0001_0001.raw",
    "zarr-v04-cardiomyocyte-mip.zarr",
    "odd-gradient-1c-64b-float.tiff",
)
UNITS = {"nm": 1e-3, "µm": 1.0, "mm": 1e3}
LAST_WORDS = "found => found.map(value => value.lastChild.textContent)"
GROUND = 12
"""Brighter than the ground of the stage."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    from omio.serve.server import Server

    with Server([REAL / name for name in NAMES if (REAL / name).exists()]) as running:
        yield running


def first_scene(name: str) -> omio.MicroscopyDataset:
    return next(iter(omio.open_collection(real(name)).values()))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_shown_as_it_is(looker: Looker, name: str) -> None:
    ds = first_scene(name)
    looker.open(f"image={name.rpartition('/')[2]}")
    assert looker.text("#sizes").startswith(f"{ds.sizes['X']} × {ds.sizes['Y']}")
    picture = looker.picture().max(-1)
    assert picture.max() > 150, "the first picture has contrast"
    scale = float(looker.words["at"].split(",")[2])
    size = ds.pixel_size["X"]
    if size is None:
        assert looker.text("#scalebar") == "pixel size unknown"
    else:
        assert bar_of(looker) / scale == pytest.approx(length_of(looker) / size, rel=2e-3)
    assert_values_are_told(looker, ds)


def assert_values_are_told(looker: Looker, ds: omio.MicroscopyDataset) -> None:
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    words = looker.text("#readout").split()
    plane = ds.isel(T=0, Z=ds.sizes["Z"] // 2, Y=int(words[3]), X=int(words[1]))
    told = [float(word) for word in looker.at("#readout .value").evaluate_all(LAST_WORDS)]
    np.testing.assert_allclose(told, plane.load().reshape(-1), rtol=1e-11)


def bar_of(looker: Looker) -> float:
    """Return how long the scale bar is, in pixels of the screen."""
    found: float = looker.at("#scalebar-line").evaluate("line => line.getBoundingClientRect().width")
    return found


def length_of(looker: Looker) -> float:
    """Return how long it says that it is, in µm."""
    number, unit = looker.text("#scalebar-text").split()
    return float(number) * UNITS[unit]


@pytest.mark.parametrize("name", ["svs-cmu1-small.svs", "czi-well-s2.czi"])
def test_the_scale_bar_fits_the_image_as_measured_on_the_screen(looker: Looker, name: str) -> None:
    ds = first_scene(name)
    looker.open(f"image={name}")
    columns = (looker.picture().max(-1) > GROUND).any(0).nonzero()[0]
    spacing = ds.pixel_size["X"]
    assert spacing is not None
    a_pixel = ds.sizes["X"] * spacing / (columns[-1] - columns[0] + 1)
    assert bar_of(looker) * a_pixel == pytest.approx(length_of(looker), rel=0.01)


@pytest.mark.parametrize("name", ["czi-cd-t3c2z5.czi", "lsm-032113-18.lsm", "zarr-v04-cardiomyocyte-mip.zarr"])
def test_channels_have_the_colours_that_the_file_says(looker: Looker, name: str) -> None:
    channels = first_scene(name).metadata.channels
    looker.open(f"image={name}")
    for c, channel in enumerate(channels):
        assert channel.color is not None
        with looker.changing():
            looker.page.keyboard.press(f"Shift+{c + 1}")
        brightest = hue(looker.picture())
        wanted = [int(channel.color[at : at + 2], 16) for at in (1, 3, 5)]
        np.testing.assert_allclose(brightest, wanted, atol=16, err_msg=channel.color)  # a photograph


def hue(picture: NDArray[np.uint8]) -> Any:
    """Return the colour of the brightest pixel."""
    return picture.reshape(-1, 3)[picture.sum(-1, dtype=int).argmax()]


def test_each_scene_is_shown(looker: Looker) -> None:
    scenes = omio.open_collection(real("czi-well-s2.czi"))
    looker.open("image=czi-well-s2.czi")
    assert looker.at("#scene option").all_inner_texts() == [str(key) for key in scenes]
    for number, ds in enumerate(scenes.values()):
        looker.open(f"image=czi-well-s2.czi&scene={number}")
        assert looker.text("#sizes").startswith(f"{ds.sizes['X']} × {ds.sizes['Y']}")
        assert_values_are_told(looker, ds)


def test_values_follow_depth_and_time(looker: Looker) -> None:
    ds = first_scene("czi-cd-t3c2z5.czi")
    looker.open("image=czi-cd-t3c2z5.czi&t=0&z=2&at=120,85,32")
    looker.point(0.5, 0.5)
    looker.page.wait_for_selector("#readout .value")
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight"):
        with looker.changing():
            looker.page.keyboard.press(key)
        told = [int(word) for word in looker.at("#readout .value").evaluate_all(LAST_WORDS)]
        t, z, x, y = (int(word) for word in (looker.words["t"], looker.words["z"], "120", "85"))
        assert looker.text("#readout").split()[1:4:2] == [str(x), str(y)]
        assert told == ds.isel(T=t, Z=z, Y=y, X=x).load().reshape(-1).tolist()
    assert (looker.words["t"], looker.words["z"]) == ("2", "4")
