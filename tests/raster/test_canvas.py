"""The tile canvas: what is put on it is read back, from threads and processes, grown or declared, and written."""

from __future__ import annotations

import gc
import io
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import omio
from omio.errors import (
    AxesError,
    DestinationExistsError,
    LayoutError,
    OptionError,
    RegionError,
    SceneError,
    UnwritableError,
    WriteError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def tile(value: int = 1, shape: tuple[int, ...] = (30, 40), dtype: str = "uint16") -> NDArray[Any]:
    return np.full(shape, value, dtype)


def plane(canvas: omio.TileCanvas, **place: Any) -> NDArray[Any]:
    found: NDArray[Any] = canvas.to_dataset(**place).load()[0, 0, 0]
    return found


tiles = st.tuples(
    st.integers(-40, 60),
    st.integers(-40, 60),
    st.integers(1, 50),
    st.integers(1, 50),
    st.sampled_from(["replace", "keep", "max", "min"]),
)


@settings(max_examples=40)
@given(st.lists(tiles, min_size=1, max_size=5), st.integers(0, 2**16))
def test_a_growing_canvas_holds_what_an_array_would(placed: list[tuple[int, int, int, int, str]], seed: int) -> None:
    """Compare with an array that is large enough from the start."""
    random = np.random.default_rng(seed)
    whole, seen = np.zeros((200, 200), np.int16), np.zeros((200, 200), bool)
    with omio.TileCanvas(chunk=32) as canvas:
        for x, y, width, height, blend in placed:
            pixels = random.integers(-9, 9, (height, width)).astype(np.int16)
            canvas.add_tile(pixels, x, y, blend=blend)  # type: ignore[arg-type]
            part = slice(50 + y, 50 + y + height), slice(50 + x, 50 + x + width)
            choose: Any = {
                "replace": lambda _, new: new,
                "keep": lambda old, _: old,
                "max": np.maximum,
                "min": np.minimum,
            }
            whole[part] = np.where(seen[part], choose[blend](whole[part], pixels), pixels)
            seen[part] = True
        left, top = min(0, *(p[0] for p in placed)), min(0, *(p[1] for p in placed))
        right, bottom = max(p[0] + p[2] for p in placed), max(p[1] + p[3] for p in placed)
        expected = whole[50 + top : 50 + bottom, 50 + left : 50 + right]
        assert np.array_equal(plane(canvas), expected)


def test_means_are_those_of_all_tiles() -> None:
    values = np.random.default_rng(1).integers(0, 1000, (5, 20, 20)).astype(np.uint16)
    with omio.TileCanvas(chunk=16) as canvas:
        for pixels in values:
            canvas.add_tile(pixels, blend="mean")
        assert np.array_equal(plane(canvas), np.rint(values.mean(0)).astype(np.uint16))
        canvas.add_tile(tile(10, (20, 20)))
        canvas.add_tile(tile(20, (20, 20)), blend="mean")
        assert (plane(canvas) == 15).all()


def test_masks_let_parts_of_a_tile_count() -> None:
    mask = np.zeros((30, 40), bool)
    mask[:10] = True
    with omio.TileCanvas(fill=7) as canvas:
        canvas.add_tile(tile(3), mask=mask)
        found = plane(canvas)
        assert (found[:10] == 3).all()
        assert (found[10:] == 7).all()
        with pytest.raises(LayoutError, match="mask"):
            canvas.add_tile(tile(), mask=mask[1:])


def test_planes_and_samples() -> None:
    stack = np.arange(2 * 3 * 8 * 9, dtype=np.uint8).reshape(2, 3, 8, 9)
    with omio.TileCanvas() as canvas:
        canvas.add_tile(stack, 1, 2, t=1, axes="ZCYX")
        ds = canvas.to_dataset()
        assert ds.shape == (2, 2, 3, 10, 10)
        assert np.array_equal(ds.load()[1, :, :, 2:, 1:], stack)
        assert not ds.load()[0].any()
    with omio.TileCanvas() as canvas:
        canvas.add_tile(np.zeros((8, 9, 4), np.uint8))
        assert canvas.to_dataset().sizes["S"] == 4
        with pytest.raises(UnwritableError, match="samples"):
            canvas.add_tile(np.zeros((8, 9, 3), np.uint8))


def test_selections_read_what_they_select() -> None:
    pixels = np.arange(100 * 90 * 3, dtype=np.uint16).reshape(100, 90, 3)
    with omio.TileCanvas(chunk=32) as canvas:
        canvas.add_tile(pixels, -20, -10)
        ds = canvas.to_dataset()
        assert np.array_equal(ds.isel(Y=slice(90, 10, -3), X=[80, 3, 40], S=[2, 0]).load()[0, 0, 0],
                              pixels[90:10:-3][:, [80, 3, 40]][..., [2, 0]])  # fmt: skip
        assert np.array_equal(canvas.to_dataset(x=(-5, 30), y=(0, 200)).load()[0, 0, 0], pixels[10:, 15:50])


def test_values_are_never_cast() -> None:
    with omio.TileCanvas() as canvas:
        canvas.add_tile(tile(3000, dtype="uint16"))
        with pytest.raises(UnwritableError, match=r'astype\("uint16"\)'):
            canvas.add_tile(tile(1, dtype="float32"))
    with omio.TileCanvas(dtype="uint8") as canvas, pytest.raises(UnwritableError):
        canvas.add_tile(tile(3000, dtype="uint16"))


def test_the_byte_order_of_a_tile_is_no_dtype() -> None:
    with omio.TileCanvas(dtype="uint16") as canvas:
        canvas.add_tile(tile(3000, dtype=">u2"))
        assert (plane(canvas) == 3000).all()


def test_a_declared_canvas_has_its_shape_and_refuses_what_lies_outside() -> None:
    with omio.TileCanvas("CYX", "uint8", (2, 50, 60)) as canvas:
        assert not canvas.to_dataset().load().any()
        canvas.add_tile(tile(5, dtype="uint8"), 20, 20, c=1)
        assert canvas.to_dataset().shape == (1, 1, 2, 50, 60)
        for x, y, c in ((21, 0, 0), (0, -1, 0), (0, 0, 2)):
            with pytest.raises(RegionError, match="canvas of"):
                canvas.add_tile(tile(5, dtype="uint8"), x, y, c=c)
    with pytest.raises(OptionError, match="dtype"):
        omio.TileCanvas("YX", shape=(5, 5))


def test_wrong_tiles_are_refused() -> None:
    with omio.TileCanvas() as canvas:
        with pytest.raises(OptionError, match="blend"):
            canvas.add_tile(tile(), blend="add")  # type: ignore[arg-type]
        with pytest.raises(AxesError, match="4 dims"):
            canvas.add_tile(np.zeros((2, 2, 2, 2)))
        with pytest.raises(RegionError, match="begin at 0"):
            canvas.add_tile(tile(), t=-1)
        for place in ({"x": 1.5}, {"c": 0.0}, {"y": "3"}):
            with pytest.raises(OptionError, match="Give a whole number"):
                canvas.add_tile(tile(), **place)
        with pytest.raises(SceneError, match="no tile"):
            canvas.to_dataset()


def test_numbers_of_numpy_are_places() -> None:
    with omio.TileCanvas() as canvas:
        for y, x in np.argwhere(np.eye(3, dtype=bool)):
            canvas.add_tile(tile(1, (1, 1)), x, y, c=x - y)
        assert np.array_equal(plane(canvas), np.eye(3))


def test_what_is_known_stays_with_every_crop() -> None:
    canvas = omio.TileCanvas(
        name="scan", pixel_size={"Y": 0.5, "X": 0.25}, channels=[{"name": "DAPI", "color": "#0000FF"}, "EGFP"]
    )
    with canvas:
        canvas.add_tile(tile(), -8, -4)
        whole, crop = canvas.to_dataset(), canvas.to_dataset(x=(0, 10), y=(0, 10))
        assert whole.sizes["C"] == 2
        for ds in (whole, crop, whole.isel(X=slice(3, 9))):
            assert ds.pixel_size == {"Z": None, "Y": 0.5, "X": 0.25}
            assert [(row.name, row.color) for row in ds.metadata.channels] == [("DAPI", "#0000FF"), ("EGFP", None)]
        assert [axis.origin for axis in whole.metadata.axes[3:5]] == [-2.0, -2.0]
        assert [axis.origin for axis in crop.metadata.axes[3:5]] == [0.0, 0.0]


def test_tiles_added_later_are_seen() -> None:
    with omio.TileCanvas() as canvas:
        canvas.add_tile(tile(1))
        ds = canvas.to_dataset()
        assert (ds.load() == 1).all()
        canvas.add_tile(tile(2))
        assert (ds.load() == 2).all()


def test_further_axes_make_a_collection() -> None:
    with omio.TileCanvas(pixel_size={"X": 0.5}) as canvas:
        for number in (0, 2, 10):
            canvas.add_tile(tile(number), p1=3, time=number)
        assert canvas.keys() == ("p1=3,time=0", "p1=3,time=2", "p1=3,time=10")
        with pytest.raises(SceneError, match="3 images"):
            canvas.to_dataset()
        images = canvas.to_collection()
        assert {key: int(image.load().max()) for key, image in images.items()} == {
            "p1=3,time=0": 0, "p1=3,time=2": 2, "p1=3,time=10": 10,
        }  # fmt: skip
        assert images[-1].pixel_size["X"] == 0.5
        assert images["p1=3,time=2"].identical(canvas.to_dataset("p1=3,time=2"))
        with pytest.raises(SceneError):
            images["p1=4"]


@pytest.mark.parametrize("declared", [True, False])
def test_threads_put_overlapping_tiles(declared: bool) -> None:  # noqa: FBT001
    shape = (300, 300) if declared else None
    with omio.TileCanvas("YX", "uint16", shape, chunk=64) as canvas:
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda n: canvas.add_tile(tile(n, (100, 100)), 20 * (n % 11), 20 * (n // 11), blend="max"),
                    range(121),
                )
            )
        assert np.array_equal(plane(canvas), overlapping(121))


def overlapping(count: int) -> NDArray[np.uint16]:
    expected = np.zeros((300, 300), np.uint16)
    for number in range(count):
        part = expected[20 * (number // 11) :, 20 * (number % 11) :][:100, :100]
        np.maximum(part, number, out=part)
    return expected


def put(job: tuple[omio.TileCanvas, int]) -> None:
    canvas, number = job
    canvas.add_tile(tile(number, (100, 100)), 20 * (number % 11), 20 * (number // 11), blend="max")


@pytest.mark.parametrize("declared", [True, False])
def test_processes_put_overlapping_tiles(declared: bool) -> None:  # noqa: FBT001
    shape = (300, 300) if declared else None
    with omio.TileCanvas("YX", "uint16", shape, chunk=64) as canvas:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            pool.map(put, [(canvas, number) for number in range(121)], chunksize=10)
        assert np.array_equal(plane(canvas), overlapping(121))


def test_the_pixels_are_deleted_with_the_canvas(tmp_path: Path) -> None:
    canvas = omio.TileCanvas(folder=tmp_path)
    canvas.add_tile(tile())
    ds = canvas.to_dataset()
    copy = pickle.loads(pickle.dumps(canvas))  # noqa: S301
    del canvas, copy
    gc.collect()
    assert (ds.load() == 1).all()
    del ds
    gc.collect()
    assert not list(tmp_path.iterdir())


KILLED = """
import os, signal, sys
import numpy as np
import omio
canvas = omio.TileCanvas(folder=sys.argv[1])
canvas.add_tile(np.ones((9, 9), np.uint8))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_what_a_killed_process_left_goes_with_the_next_canvas(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    with omio.TileCanvas(folder=tmp_path) as living, omio.TileCanvas(folder=tmp_path) as other:
        assert left not in set(tmp_path.iterdir())
        assert len(list(tmp_path.iterdir())) == 2
        for canvas in (living, other):
            canvas.add_tile(tile())
            assert (plane(canvas) == 1).all()


@pytest.mark.skipif(os.name != "posix", reason="the system has no modes of folders")
def test_nobody_else_looks_into_the_pixels(tmp_path: Path) -> None:
    with omio.TileCanvas(folder=tmp_path):
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"nowhere.*No such file"):
        omio.TileCanvas(folder=tmp_path / "nowhere")


def test_written_files_are_read_by_others(tmp_path: Path) -> None:
    canvas = omio.TileCanvas(pixel_size={"Y": 0.5, "X": 0.5}, channels=["DAPI"])
    with canvas:
        values = np.arange(600 * 700, dtype=np.float32).reshape(600, 700)
        canvas.add_tile(values)
        canvas.write(tmp_path / "a.ome.tiff")
        canvas.write(tmp_path / "b.ome.zarr")
        canvas.write(tmp_path / "c.ome.zarr", x=(100, 200), y=(0, 50))
        canvas.write(tmp_path / "d.tif")
        for name in ("a.ome.tiff", "d.tif"):
            assert np.array_equal(tifffile.imread(tmp_path / name), values)
        group = zarr.open_group(tmp_path / "c.ome.zarr", mode="r")
        assert np.array_equal(np.asarray(group["0"])[0, 0, 0], values[:50, 100:200])
        assert omio.open(tmp_path / "c.ome.zarr").pixel_size["X"] == 0.5
        assert omio.open(tmp_path / "a.ome.tiff").metadata.channels[0].name == "DAPI"
        with pytest.raises(DestinationExistsError):
            canvas.write(tmp_path / "a.ome.tiff")


def test_levels_of_a_second_file_are_as_fresh_as_the_first(tmp_path: Path) -> None:
    with omio.TileCanvas() as canvas:
        for number in (1, 2):
            canvas.add_tile(tile(number, (600, 600)))
            canvas.write(tmp_path / f"{number}.ome.zarr", downsampling="nearest", levels=2)
            assert (omio.open(tmp_path / f"{number}.ome.zarr").levels[1].load() == number).all()


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.svs", "x"])
def test_an_unknown_ending_is_an_error(tmp_path: Path, name: str) -> None:
    with omio.TileCanvas() as canvas:
        canvas.add_tile(tile())
        with pytest.raises(UnwritableError, match="ending"):
            canvas.write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_several_images_go_into_one_hierarchy(tmp_path: Path) -> None:
    with omio.TileCanvas() as canvas:
        canvas.add_tile(tile(1), p1=0)
        canvas.add_tile(tile(2), p1=1)
        canvas.write(tmp_path / "set.ome.zarr")
        canvas.write(tmp_path / "one.ome.tif", key="p1=1")
        with pytest.raises(SceneError):
            canvas.write(tmp_path / "both.ome.tif")
    images = omio.open_collection(tmp_path / "set.ome.zarr")
    assert sorted(int(image.load().max()) for image in images.values()) == [1, 2]
    assert (tifffile.imread(tmp_path / "one.ome.tif") == 2).all()


def test_associated_pictures_go_with_the_dataset() -> None:
    with omio.TileCanvas() as canvas:
        canvas.add_tile(tile())
        canvas.associated["label"] = np.zeros((5, 6, 3), np.uint8)
        assert canvas.to_dataset().associated["label"].sizes["S"] == 3


def test_encoded_tiles_are_decoded() -> None:
    from PIL import Image

    pixels = np.arange(12 * 10 * 3, dtype=np.uint8).reshape(12, 10, 3)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    with omio.TileCanvas() as canvas:
        canvas.add_tile(file.getvalue())
        canvas.add_tile(Image.fromarray(pixels), 10)
        assert np.array_equal(plane(canvas), np.concatenate([pixels, pixels], 1))
