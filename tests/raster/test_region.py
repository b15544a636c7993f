"""Regions: their pixels, their positions, and what is read for them."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import omio
from omio.errors import OmioWarning, RegionError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.recipe import Derived
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts
from omio.raster.resampled import Resampled
from omio.raster.scaling import resize
from omio.testing.strategies import datasets
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.raster.scaling import Resampling

RANDOM = np.random.default_rng(11)
UM = {"Y": 0.5, "X": 0.25}


@dataclass(frozen=True, eq=False)
class Watched(Derived):
    """Counts how many pixels of the base are read, and in which calls."""

    boxes: list[tuple[int, int]] = field(default_factory=list)
    unit: tuple[int, ...] = (1, 1, 1, 64, 64)

    @property
    def chunk(self) -> tuple[int, ...]:
        return (*self.unit, *self.shape[5:])

    def read(self, key: Key, out: NDArray[Any]) -> None:
        self.boxes.append((len(key[3]), len(key[4])))
        self.base.read(key, out)

    def token(self) -> tuple[Any, ...]:
        return ("watched", self.base.token())

    @property
    def pixels(self) -> int:
        return sum(rows * columns for rows, columns in self.boxes)


def plain(pixels: NDArray[Any], axes: str | None = None, **facts: Any) -> omio.MicroscopyDataset:
    return omio.MicroscopyDataset.from_array(pixels, axes, **({"pixel_size": UM} | facts))


def pyramid(folder: Path, dtype: str = "u2") -> tuple[omio.MicroscopyDataset, list[NDArray[Any]]]:
    """Return an image of three levels, each of which holds other values, so that it shows which one was read."""
    levels = [
        np.full((400 >> k, 600 >> k), 100 * (k + 1), dtype) + RANDOM.integers(0, 9, (1, 1), dtype) for k in range(3)
    ]
    path = folder / "levels.tif"
    with tifffile.TiffWriter(path) as writer:
        for number, level in enumerate(levels):
            writer.write(level, subifds=0 if number else 2, subfiletype=bool(number), tile=(64, 64))
    return omio.open(path).with_metadata(pixel_size=UM), levels


def edges(image: omio.MicroscopyDataset, dim: str) -> tuple[float, float]:
    """Return where the first pixel begins and the last ends."""
    axis = image.facts.axes[dim]
    assert isinstance(axis, Regular)
    return axis.origin - axis.spacing / 2, axis.origin + (axis.size - 0.5) * axis.spacing


@given(st.data(), datasets() | datasets(samples=True))
@settings(max_examples=60)
def test_a_region_at_full_size_is_a_numpy_slice(data: st.DataObject, image: omio.MicroscopyDataset) -> None:
    sides = {}
    for dim in "YX":
        first = data.draw(st.integers(0, image.sizes[dim] - 1))
        sides[dim] = first, data.draw(st.integers(first + 1, image.sizes[dim]))
    part = image.region(x=sides["X"], y=sides["Y"])
    picked = image.isel(Y=slice(*sides["Y"]), X=slice(*sides["X"]))
    np.testing.assert_array_equal(part.load(), image.load()[:, :, :, slice(*sides["Y"]), slice(*sides["X"])])
    assert part.identical(picked)


class TestSizes:
    image = plain(RANDOM.integers(0, 65536, (2, 3, 50, 80), np.uint16), "TCYX", channels=["a", "b", "c"])

    def test_all_planes_are_resampled_and_the_dtype_is_kept(self) -> None:
        part = self.image.region(x=(10, 60), max_width=20)
        assert part.shape == (2, 1, 3, 20, 20)
        assert part.dtype == np.uint16
        full = self.image.load()
        for t in range(2):
            for c in range(3):
                expected = resize(full[t, 0, c, :, 10:60], (20, 20))
                np.testing.assert_array_equal(part.isel(T=t, C=c).load()[0, 0, 0], expected)

    @pytest.mark.parametrize("dtype", ["u2", "f4"])
    def test_samples_of_more_bits_are_not_made_8_bits(self, dtype: str) -> None:
        pixels = (RANDOM.random((50, 80, 3)) * (60000 if dtype == "u2" else 1)).astype(dtype)
        found = plain(pixels, "YXS").region(max_width=40).load()
        assert found.dtype == pixels.dtype
        assert len(np.unique(found)) > 2000
        np.testing.assert_array_equal(found[0, 0, 0], resize(pixels, (25, 40)))

    def test_numbers_of_numpy_are_numbers(self) -> None:
        numbers: dict[str, Any] = {"max_width": np.int64(25), "magnification": np.float32(20)}
        part = self.image.region(x=(np.float64(10), np.float64(60)), **numbers)
        assert part.shape[3:] == (25, 25)

    def test_pixels_have_the_size_that_they_became(self) -> None:
        part = self.image.region(x=(10, 60), y=(20, 50), max_width=20)
        axes = part.metadata
        assert (axes.axis("X").spacing, axes.axis("Y").spacing) == (0.25 * 50 / 20, 0.5 * 30 / 12)
        # the first center lies half a new pixel from the edge, which lies half an old pixel before pixel 10
        assert axes.axis("X").origin == pytest.approx(10 * 0.25 - 0.125 + 0.625 / 2)
        assert axes.axis("Y").origin == pytest.approx(20 * 0.5 - 0.25 + 1.25 / 2)
        assert [channel.name for channel in axes.channels] == ["a", "b", "c"]

    def test_the_field_of_view_stays_where_it_is(self) -> None:
        asked: list[dict[str, Any]] = [{"max_width": 33}, {"magnification": 13}, {"pixel_size": (1.0, 0.6)}]
        for options in asked:
            part = self.image.region(**options)
            for dim in "YX":
                (left, right), (first, last) = edges(part, dim), edges(self.image, dim)
                assert (left, right) == pytest.approx((first, last))

    def test_pixels_may_be_made_square(self) -> None:
        part = self.image.region(pixel_size=0.5)
        assert part.shape[3:] == (50, 40)
        assert part.pixel_size == {"Z": None, "Y": 0.5, "X": 0.5}

    def test_listed_positions_are_interpolated(self) -> None:
        uneven = self.image.isel(X=[0, 1, 3, 7, 20, 40, 41, 60])
        assert uneven.region(max_width=4).metadata.axis("X").size == 4
        found = uneven.region(max_width=4).data.coords["X"].values
        np.testing.assert_allclose(found, uneven.data.coords["X"].values.reshape(4, 2).mean(axis=1))

    def test_what_was_done_is_in_the_provenance(self) -> None:
        step = self.image.region(x=(10, 60), max_width=25, resample="area").metadata.provenance[-1]
        said = step.model_dump()
        assert (said["action"], said["x"], said["y"], said["size"]) == ("region", [10, 60], [0, 50], [25, 25])
        assert (said["resample"], said["level"], said["factor"]) == ("area", 0, 2.0)

    def test_only_one_size_of_pixels_can_be_asked_for(self) -> None:
        with pytest.raises(RegionError, match="Give one"):
            self.image.region(magnification=10, pixel_size=1)

    def test_a_level_may_have_to_be_exact(self) -> None:
        assert self.image.region(magnification=20, exact=True).shape[-1] == 40
        with pytest.raises(RegionError, match="exactly magnification 15"):
            self.image.region(magnification=15, exact=True)

    @pytest.mark.parametrize("size", [{"Y": 1.0}, (1.0,), 0, -1.0, "1"])
    def test_pixel_sizes_are_numbers_above_0(self, size: Any) -> None:
        with pytest.raises(RegionError, match="pixel_size="):
            self.image.region(pixel_size=size)


class TestEmpty:
    @pytest.mark.parametrize("side", [{"x": (90, 95)}, {"x": (20, 10)}, {"y": (3, 3)}, {"x": (90, 95), "max_width": 4}])
    def test_a_region_without_pixels_keeps_dims_and_dtype(self, side: dict[str, Any]) -> None:
        image = plain(np.ones((2, 50, 80), np.float32), "CYX")
        with pytest.warns(OmioWarning, match="holds no pixel"):
            part = image.region(**side)
        assert part.shape == (1, 1, 2, 0, 0)
        assert part.load().dtype == np.float32


class TestLevels:
    def test_the_coarsest_level_that_is_fine_enough_is_read(self, tmp_path: Path) -> None:
        image, levels = pyramid(tmp_path)
        for width, number in ((600, 0), (599, 0), (301, 0), (300, 1), (200, 1), (150, 2), (20, 2), (1200, 0)):
            found = image.region(max_width=width).load()
            assert found.min() == found.max() == levels[number][0, 0], width

    def test_a_level_itself_is_given_as_it_is_stored(self, tmp_path: Path) -> None:
        image, levels = pyramid(tmp_path)
        half = image.region(max_width=300)
        np.testing.assert_array_equal(half.load()[0, 0, 0], levels[1])
        assert not isinstance(half.recipe, Resampled)
        assert half.pixel_size == {"Z": None, "Y": 1.0, "X": 0.5}
        np.testing.assert_array_equal(
            image.region(x=(100, 300), pixel_size=(1.0, 0.5)).load()[0, 0, 0], levels[1][:, 50:150]
        )

    def test_a_plain_region_keeps_its_levels(self, tmp_path: Path) -> None:
        image, _ = pyramid(tmp_path)
        assert [level.shape[3:] for level in image.region(x=(0, 200), y=(0, 100)).levels] == [
            (100, 200),
            (50, 100),
            (25, 50),
        ]


class TestReading:
    def watched(self, pixels: NDArray[Any]) -> tuple[omio.MicroscopyDataset, Watched]:
        recipe = Watched(ArrayRecipe(pixels.reshape(1, 1, 1, *pixels.shape)))
        return omio.MicroscopyDataset(recipe, Facts.of(recipe.shape)), recipe

    def test_planning_reads_nothing(self) -> None:
        image, seen = self.watched(np.zeros((400, 600), np.uint16))
        part = image.region(x=(10, 500), max_width=50, fill=3, max_height=50)
        assert part.metadata
        assert part.recipe.digest
        assert not seen.boxes

    def test_only_pixels_that_count_are_read(self) -> None:
        image, seen = self.watched(RANDOM.integers(0, 99, (4000, 4000)).astype("u2"))
        image.region(x=(1000, 1100), y=(2000, 2100), max_width=50).load()
        assert seen.pixels == 100 * 100
        seen.boxes.clear()
        image.region(max_width=1000).isel(Y=slice(500, 510), X=slice(500, 520)).load()
        assert seen.pixels <= (10 * 4 + 28) * (20 * 4 + 28)

    def test_each_pixel_is_read_once_however_small_the_result(self) -> None:
        image, seen = self.watched(np.zeros((4000, 3000), np.uint16))
        image.region(max_width=30).load()
        assert seen.pixels == 4000 * 3000

    def test_slabs_stay_small(self) -> None:
        image, seen = self.watched(np.zeros((3000, 3000), np.float64))
        image.region(max_width=300).load()
        assert max(rows * columns * 8 for rows, columns in seen.boxes) <= 64 * 3000 * 8

    def test_nearest_pixels_are_picked_without_any_other(self) -> None:
        image, seen = self.watched(RANDOM.integers(0, 9, (400, 600)).astype("u4"))
        part = image.region(max_width=30, resample="nearest")
        expected = np.asarray(
            Image.fromarray(image.load()[0, 0, 0].astype("i4")).resize((30, 20), Image.Resampling.NEAREST)
        )
        seen.boxes.clear()
        np.testing.assert_array_equal(part.load()[0, 0, 0], expected)
        assert seen.pixels == 20 * 30


@given(st.data())
@settings(max_examples=60)
def test_a_part_of_a_resampled_region_is_that_part_of_the_whole(data: st.DataObject) -> None:
    height, width = (data.draw(st.integers(1, 300)) for _ in "YX")
    dtype = data.draw(st.sampled_from(["u1", "u2", "f4", "f8"]))
    samples = data.draw(st.sampled_from([(), (3,)]))
    pixels = (np.random.default_rng(3).random((height, width, *samples)) * 255).astype(dtype)
    image = plain(pixels, "YXS" if samples else "YX")
    extent = tuple(data.draw(st.integers(1, 60)) for _ in "YX")
    how: Resampling = data.draw(st.sampled_from(["lanczos", "bicubic", "area"]))
    recipe = Resampled(image.recipe, (extent[0], extent[1]), how)
    whole = recipe.load()
    tolerance = {"u1": 0, "u2": 1, "f4": 1e-3, "f8": 1e-9}[dtype]
    np.testing.assert_allclose(whole[0, 0, 0], resize(pixels, (extent[0], extent[1]), how), atol=tolerance)
    key = [slice(*sorted(data.draw(st.lists(st.integers(0, size), min_size=2, max_size=2)))) for size in extent]
    key[0] = slice(*key[0].indices(extent[0])[:2], data.draw(st.integers(1, 3)))
    part, expected = recipe[:, :, :, key[0], key[1]], whole[:, :, :, key[0], key[1]]
    np.testing.assert_allclose(
        part.astype(float), expected.astype(float), atol=max(tolerance, 1 if dtype == "u1" else 0)
    )


class TestGround:
    picture = RANDOM.integers(0, 256, (60, 80, 3), np.uint8)

    @pytest.mark.parametrize(("anchor", "corner"), [("center", (5, 0)), ("corner", (0, 0))])
    def test_a_colour_fills_the_box(self, anchor: Any, corner: tuple[int, int]) -> None:
        part = plain(self.picture, "YXS").region(max_width=40, max_height=40, fill="#ff0080", anchor=anchor)
        expected = np.full((40, 40, 3), (255, 0, 128), np.uint8)
        expected[corner[0] : corner[0] + 30] = resize(self.picture, (30, 40))
        np.testing.assert_array_equal(part.load()[0, 0, 0], expected)
        np.testing.assert_array_equal(
            part.isel(S=[2, 0], Y=[39, 0, 7]).load()[0, 0, 0], expected[[39, 0, 7]][..., [2, 0]]
        )

    def test_positions_stay_true_around(self) -> None:
        image = plain(self.picture, "YXS")
        bare, filled = (image.region(max_width=40, max_height=40, fill=fill) for fill in (None, "white"))
        (top, bottom), spacing = edges(bare, "Y"), bare.pixel_size["Y"]
        assert spacing is not None
        assert edges(filled, "Y") == pytest.approx((top - 5 * spacing, bottom + 5 * spacing))

    @pytest.mark.parametrize(("dtype", "white"), [("u2", 65535), ("f4", 1.0), ("i2", 32767)])
    def test_white_is_as_bright_as_the_dtype_can_be(self, dtype: str, white: float) -> None:
        image = plain(np.zeros((20, 40), dtype))
        assert image.region(max_width=40, max_height=40, fill="white").load()[0, 0, 0, 0, 0] == white

    @pytest.mark.parametrize(
        ("fill", "says"),
        [("red", "is a colour, the pixels are not"), ("rot", "no colour"), (300, "no value"), ((1, 2), "2 values")],
    )
    def test_what_no_pixel_can_have_is_refused(self, fill: Any, says: str) -> None:
        with pytest.raises(RegionError, match=says):
            plain(np.zeros((20, 40), np.uint8)).region(max_width=40, max_height=40, fill=fill)

    def test_a_box_must_be_given(self) -> None:
        with pytest.raises(RegionError, match="needs max_width= and max_height="):
            plain(self.picture, "YXS").region(fill=0)
        with pytest.raises(RegionError, match="anchor"):
            plain(self.picture, "YXS").region(max_width=4, max_height=4, fill=0, anchor="left")  # type: ignore[arg-type]


class TestRecipes:
    """Regions are datasets like all others."""

    image = plain(RANDOM.integers(0, 60000, (3, 64, 64), np.uint16), "TYX", time_increment=1.0)

    def test_they_pickle(self) -> None:
        part = self.image.region(max_width=20)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(part)).load(), part.load())  # noqa: S301

    def test_recipes_of_files_are_small(self, tmp_path: Path) -> None:
        image, _ = pyramid(tmp_path)
        assert len(pickle.dumps(image.region(max_width=77).recipe)) < 3000

    def test_dask_computes_them(self) -> None:
        part = self.image.region(max_width=20)
        np.testing.assert_array_equal(part.data.mean("T").values, part.load().mean(axis=0))

    def test_they_merge(self) -> None:
        parts = [self.image.isel(T=t).region(max_width=20) for t in range(3)]
        np.testing.assert_array_equal(parts[0].merge(*parts[1:]).load(), self.image.region(max_width=20).load())

    def test_equal_regions_have_equal_digests(self) -> None:
        assert self.image.region(max_width=20).recipe.digest == self.image.region(max_width=20).recipe.digest
        assert self.image.region(max_width=20).recipe.digest != self.image.region(max_width=21).recipe.digest

    def test_they_end_with_their_dataset(self) -> None:
        whole = plain(np.zeros((9, 9)))
        part = whole.region(max_width=3)
        whole.close()
        with pytest.raises(omio.errors.ClosedError):
            part.load()

    def test_they_are_written(self, tmp_path: Path) -> None:
        part = self.image.region(max_width=20)
        part.to_ometiff(tmp_path / "part.ome.tif")
        again = omio.open(tmp_path / "part.ome.tif")
        assert again.pixel_size["X"] == pytest.approx(0.8)
        np.testing.assert_array_equal(again.load(), part.load())


def test_a_slide_is_cut_as_tifffile_reads_it() -> None:
    path = real("svs-cmu1-small.svs")
    slide = omio.open(path)
    spacing = slide.pixel_size["X"]
    assert spacing is not None
    first, last = round(100 / spacing), round(200 / spacing)
    part = slide.region(x=(0.1, 0.2), y=(0.1, 0.2), units="mm")
    full = tifffile.imread(path, key=0)
    np.testing.assert_array_equal(part.load()[0, 0, 0], full[first:last, first:last])
