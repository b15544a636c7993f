"""Axes that TIFF files leave open, opened by policies."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.errors import AxesError
from tests.backends.tiff.made import noise, write
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path


def opening(image: omio.MicroscopyDataset) -> dict[str, Any]:
    """Return the step of provenance that tells how a file was opened."""
    return next(dict(step) for step in image.facts.static.provenance if step["action"] == "open")


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("TYX", (6, 1, 1)),
        ("time", (6, 1, 1)),
        (omio.AsDepth(), (1, 6, 1)),
        ({"kind": "channels"}, (1, 1, 6)),
        ("imagej", (1, 6, 1)),
        (omio.Assume("ZCYX", sizes={"C": 2}), (1, 3, 2)),
        ({"kind": "assume", "axes": "CTYX", "sizes": {"C": 2}}, (3, 1, 2)),
    ],
)
def test_pages_get_the_names_of_the_policy(tmp_path: Path, axes: Any, shape: tuple[int, int, int]) -> None:
    pixels = noise(6, 20, 30)
    path = write(tmp_path / "a.tif", pixels)
    image = omio.open(path, axes=axes)
    assert image.shape == (*shape, 20, 30)
    order = "CTZ" if isinstance(axes, dict) and "axes" in axes else "TZC"
    sizes = dict(zip("TZC", shape, strict=True))
    dealt = pixels.reshape(*(sizes[dim] for dim in order), 20, 30)
    np.testing.assert_array_equal(image.load(), dealt.transpose(*(order.index(dim) for dim in "TZC"), 3, 4))


@pytest.mark.parametrize("axes", ["ZYX", "depth", omio.LikeImageJ(), omio.Assume("TZYX", sizes={"Z": 3})])
def test_provenance_tells_the_choice_and_opens_the_same_again(tmp_path: Path, axes: Any) -> None:
    path = write(tmp_path / "a.tif", noise(6, 20, 30))
    image = omio.open(path, axes=axes)
    step = json.loads(json.dumps(opening(image)))
    assert step["file_axes"] == "?YX"
    assert step["named"] == ("TZYX" if isinstance(axes, omio.Assume) else "ZYX")
    assert omio.open(path, axes=step["axes"]).identical(image)
    assert opening(pickle.loads(pickle.dumps(image))) == opening(image)  # noqa: S301 - our own bytes
    image.to_ometiff(tmp_path / "a.ome.tif")
    assert opening(omio.open(tmp_path / "a.ome.tif"))["axes"] == step["axes"]


def test_nothing_is_recorded_where_nothing_was_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(20, 30))
    assert set(opening(omio.open(path))) == {"action", "source", "backend", "scene"}


def test_letters_that_mean_nothing_go_through_the_policy(tmp_path: Path) -> None:
    pixels = noise(2, 3, 20, 30)
    path = write(tmp_path / "a.tif", pixels, metadata={"axes": "QIYX"})
    with pytest.raises(AxesError, match=r"2 x 3 pages.*calls its axes QIYX.*TZYX"):
        omio.open(path)
    image = omio.open(path, axes="TCYX")
    assert opening(image)["file_axes"] == "QIYX"
    np.testing.assert_array_equal(image.load()[:, 0], pixels)


def test_axes_that_the_description_names_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(2, 3, 20, 30), metadata={"axes": "TQYX"})
    image = omio.open(path, axes="channels")
    assert image.shape == (2, 1, 3, 20, 30)
    assert (opening(image)["file_axes"], opening(image)["named"]) == ("TQYX", "TCYX")
    named = write(tmp_path / "b.tif", noise(2, 3, 20, 30), metadata={"axes": "CZYX"})
    for axes in ("time", "imagej", "require", None):
        assert omio.open(named, axes=axes).shape == (1, 3, 2, 20, 30)


def test_samples_stay_samples(tmp_path: Path) -> None:
    pixels = noise(4, 20, 30, 3, dtype="uint8")
    path = write(tmp_path / "a.tif", pixels, photometric="rgb")
    image = omio.open(path, axes="imagej")
    assert image.shape == (1, 4, 1, 20, 30, 3)
    assert opening(image)["named"] == "ZYXS"
    np.testing.assert_array_equal(image.load()[0, :, 0], pixels)


def test_one_policy_opens_files_of_all_kinds(tmp_path: Path) -> None:
    write(tmp_path / "single.tif", noise(20, 30))
    write(tmp_path / "stack.tif", noise(5, 20, 30))
    write(tmp_path / "named.ome.tif", noise(3, 2, 20, 30), ome=True, metadata={"axes": "ZCYX"})
    write(tmp_path / "fiji.tif", noise(3, 20, 30), imagej=True, metadata={"axes": "ZYX"})
    found = {path.name: omio.open(path, axes="time").shape[:3] for path in tmp_path.iterdir()}
    assert found == {
        "single.tif": (1, 1, 1),
        "stack.tif": (5, 1, 1),
        "named.ome.tif": (1, 3, 2),
        "fiji.tif": (1, 3, 1),
    }


def test_picked_pages_of_a_hyperstack_need_a_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", noise(2, 3, 20, 30), imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(AxesError, match="3 pages"):
        omio.open(path, pages=slice(3))
    assert omio.open(path, pages=slice(3), axes="depth").shape == (1, 3, 1, 20, 30)


def test_picked_pages_of_a_stack_lie_where_they_did(tmp_path: Path) -> None:
    metadata = {"axes": "ZYX", "unit": "um", "spacing": 0.5, "finterval": 2.0}
    path = write(tmp_path / "a.tif", noise(6, 20, 30), imagej=True, metadata=metadata)
    whole = omio.open(path)
    for pages in (slice(1, None, 2), slice(2, 4), [0, 1, 5], [4]):
        depths = omio.open(path, pages=pages).facts.axes["Z"]
        assert depths.agrees(whole.isel(Z=pages).facts.axes["Z"])
    assert omio.open(path, axes="TYX").facts.axes["T"].spacing == 2.0
    assert "T" not in omio.open(path, axes="TYX", pages=slice(0, 6, 2)).facts.axes
    frames = write(tmp_path / "b.tif", noise(6, 20, 30), imagej=True, metadata={**metadata, "axes": "TYX"})
    assert omio.open(frames, pages=slice(0, 6, 2)).facts.axes["T"].spacing == 4.0


def test_depths_of_a_hyperstack_are_not_those_of_pages_picked_across_it(tmp_path: Path) -> None:
    metadata = {"axes": "TZYX", "unit": "um", "spacing": 0.5}
    path = write(tmp_path / "a.tif", noise(2, 3, 20, 30), imagej=True, metadata=metadata)
    assert omio.open(path).metadata.pixel_size["Z"] == 0.5
    assert omio.open(path, pages=slice(0, 6, 2), axes="depth").metadata.pixel_size["Z"] is None


def test_the_pages_of_every_scene_and_level_are_named(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for size in (64, 48):
            tiff.write(noise(3, size, size), metadata=None, photometric="minisblack")
    scenes = omio.open_collection(tmp_path / "a.tif", axes="time")
    assert [image.shape for image in scenes.values()] == [(3, 1, 1, 64, 64), (3, 1, 1, 48, 48)]


def test_files_of_a_sequence_get_their_names(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"t{number}.tif", noise(4, 20, 30, seed=number))
    image = omio.open(str(tmp_path / "t{T}.tif"), axes="depth")
    assert image.shape == (3, 4, 1, 20, 30)
    np.testing.assert_array_equal(image.load()[2, :, 0], noise(4, 20, 30, seed=2))


def test_other_names_for_a_format_that_has_its_own_are_refused() -> None:
    path = real("czi-cd-t3c2z5.czi")
    own = omio.open(path)
    assert omio.open(path, axes="time").identical(own)
    assert omio.open(path, axes="TZCYX").identical(own)
    with pytest.raises(AxesError, match="the file names its axes"):
        omio.open(path, axes="ZYX")


@pytest.mark.parametrize(
    ("name", "count", "samples"), [("tiff-pims-stuck.tif", 5, ()), ("tiff-skimage-multipage-rgb.tif", 2, (3,))]
)
def test_real_stacks(name: str, count: int, samples: tuple[int, ...]) -> None:
    path = real(name)
    pixels = tifffile.imread(path)
    pixels = np.moveaxis(pixels, 1, -1) if samples else pixels  # these samples lie apart
    assert pixels.shape[0] == count
    with pytest.raises(AxesError, match=rf"{count} pages"):
        omio.open(path)
    for axes, place in {"imagej": 1, "time": 0, "depth": 1, "channels": 2}.items():
        image = omio.open(path, axes=axes)
        assert image.shape[place] == count
        assert image.shape[5:] == samples
        np.testing.assert_array_equal(image.load().reshape(pixels.shape), pixels)


def test_xarray_takes_a_policy_as_json(tmp_path: Path) -> None:
    import xarray as xr

    path = write(tmp_path / "a.tif", noise(6, 20, 30))
    for axes in ("time", {"kind": "assume", "axes": "TZYX", "sizes": {"Z": 2}}):
        assert xr.open_dataset(path, engine="omio", axes=axes).image.dims == ("T", "Z", "C", "Y", "X")
    assert xr.open_datatree(path, engine="omio", axes="depth")["0"]["level_0"].image.sizes["Z"] == 6
