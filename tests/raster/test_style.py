"""Styles: against the values of large_image, and what they refuse."""

from __future__ import annotations

import hashlib
import json
import pickle
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest

import omio
from omio.errors import OptionError, PolicyError, SelectionError, TileRangeError
from omio.policies.style import Style
from tests.support.real import SHARED

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = SHARED / "contract" / "golden" / "li_golden.json"
NAMES = ["DAPI", "CY5", "A594", "CY3", "AF488"]
EDGES = (80, 4016)
"""Edges of the bins of 16 values within which 2 % of the pixels lie: what "min:0.02" and "max:0.02" mean there."""


def fluo() -> NDArray[np.uint16]:
    y, x = np.mgrid[0:512, 0:512]
    return np.stack([(x * (c + 1) * 8 + y) % 4096 for c in range(5)]).astype(np.uint16)


def dataset(pixels: NDArray[Any] | None = None, axes: str = "CYX") -> omio.MicroscopyDataset:
    pixels = fluo() if pixels is None else pixels
    names = NAMES[: pixels.shape[axes.index("C")]] if "C" in axes else []
    return omio.MicroscopyDataset.from_array(pixels, axes, channels=names)


SPELLED: list[dict[str, Any]] = [
    {"channels": ["DAPI"], "clim": "minmax"},
    {"channels": ["DAPI"], "clim": (0, 4095)},
    {"channels": ["DAPI"], "clim": (1000, 2000)},
    {"channels": {"DAPI": "#f00"}, "clim": (0, 4095)},
    {"channels": ["DAPI"], "clim": "dtype"},
    {"channels": ["DAPI"], "clim": "auto"},
    {"channels": ["DAPI"], "clim": EDGES},
    {"channels": ["DAPI"], "clim": (0, 4095), "palette": ("#000", "#f00", "#ff0", "#fff"), "discrete": True},
    {"channels": ["DAPI"], "clim": (0, 4095), "nodata": 8},
    {"channels": ["DAPI"], "clim": (1000, 2000), "clip": False},
    {"channels": {"DAPI": "#f00", "CY3": "#0f0", "AF488": "#00f"}, "clim": "minmax"},
    {"channels": {"DAPI": "#f80", "CY5": "#08f"}, "clim": (0, 4095)},
    {"channels": {"DAPI": "#fff", "CY5": "#fff"}, "clim": (0, 4095), "blend": "multiply"},
]
"""How the styles of the golden file are said here, in their order."""


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"golden values not here: {GOLDEN}")
@pytest.mark.parametrize("number", range(len(SPELLED)))
def test_colours_equal_those_of_large_image(number: int) -> None:
    golden = json.loads(GOLDEN.read_text())["styles"][number]
    fields = {"palette": "gray", **SPELLED[number]}
    styled = dataset().style(**fields)
    picture = styled.render()
    count = golden["png"]["shape"][2] if len(golden["png"]["shape"]) == 3 else 1
    plain = colors_of(picture, count)
    assert hashlib.md5(plain.tobytes(), usedforsecurity=False).hexdigest() == golden["png"]["md5"]
    precise = colors_of(styled.render(dtype="float32") * 255, golden["shape"][2])
    for y, x, values in golden["samples"]:
        expected = np.clip(values, 0, 255)
        np.testing.assert_allclose(precise[y, x].ravel(), expected, atol=1e-3)


def colors_of(picture: NDArray[Any], count: int) -> NDArray[Any]:
    """Return one gray sample, or four with alpha."""
    if count == 1:
        np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
        return np.ascontiguousarray(picture[..., 0])
    alpha = np.full((*picture.shape[:2], 1), 255, picture.dtype)
    return np.concatenate([picture[..., :3], alpha], axis=-1)


def test_unknown_fields_are_errors() -> None:
    with pytest.raises(PolicyError, match="gama"):
        dataset().style(gama=2)


@pytest.mark.parametrize(
    "fields",
    [
        {"clim": "brightest"},
        {"clim": "p98-2"},
        {"clim": (5, 5)},
        {"clim": (0, float("nan"))},
        {"gamma": 0},
        {"blend": "mix"},
        {"channels": {"DAPI": "#ff"}},
        {"palette": "no such palette"},
        {"palette": ("red",)},
        {"per": "pixel"},
    ],
)
def test_values_that_mean_nothing_are_errors_before_anything_is_read(fields: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        dataset().style(**fields)


@pytest.mark.parametrize("fields", [{"channels": ["GFP"]}, {"clim": {"GFP": (0, 1)}}, {"gamma": {5: 2.0}}])
def test_channels_that_are_not_there_are_named_with_those_that_are(fields: dict[str, Any]) -> None:
    with pytest.raises(SelectionError, match="DAPI"):
        dataset().style(**fields)


def test_there_is_a_channel_to_show() -> None:
    for nothing in (dataset().isel(C=[]), dataset()):
        with pytest.raises(PolicyError, match="no channel to show"):
            nothing.style(channels=[])
    with pytest.raises(PolicyError, match="no channel to show"):
        dataset().isel(C=[]).style()


def test_what_is_wrong_is_said_in_plain_words() -> None:
    with pytest.raises(PolicyError, match=r"^Style: clim: the first limit is below the second; invert=True[^;]*$"):
        dataset().style(clim=(5, 5))
    with pytest.raises(PolicyError, match=r"^Style: clim: 'p9-1' is no range: use [^;]*$"):
        dataset().style(clim="p9-1")


def test_a_style_goes_through_json() -> None:
    style = Style(channels={"DAPI": "#00f", 3: ("#000", "#fff")}, clim={3: (0, 4095)}, nodata=float("nan"))
    back = Style.resolve(json.loads(json.dumps(style.describe())))
    np.testing.assert_array_equal(dataset().style(back).render(), dataset().style(style).render())


def test_channels_are_meant_by_name_or_number_and_shown_alone() -> None:
    by_name = dataset().style(channels=["CY5"], clim=(0, 4095))
    assert list(by_name.looks) == [1]
    np.testing.assert_array_equal(by_name.render(), dataset().style(channels=[1], clim=(0, 4095)).render())


def test_a_mapping_leaves_other_channels_as_they_are() -> None:
    styled = dataset().style(clim={"DAPI": (0, 10)}, gamma={"DAPI": 2.0})
    assert styled.limits[0] == (0, 10)
    assert styled.limits[1] == dataset().style().limits[1]
    assert [look.gamma for look in styled.looks.values()] == [2, 1, 1, 1, 1]


def test_a_tile_and_a_region_have_the_limits_of_the_whole() -> None:
    styled = dataset().style()
    whole = styled.render()
    np.testing.assert_array_equal(styled.tile(0, 1, 1, size=256), whole[256:, 256:])
    np.testing.assert_array_equal(styled.render(x=(100, 200), y=(30, 90)), whole[30:90, 100:200])


def test_limits_of_a_region_are_found_in_what_is_rendered() -> None:
    pixels = np.zeros((1, 64, 64), np.uint16)
    pixels[0, 10, 10:14] = (100, 200, 300, 400)
    part = dataset(pixels).style(clim="minmax", per="region").render(x=(10, 14), y=(10, 11))
    assert part[0, :, 0].tolist() == [0, 85, 170, 255]


def test_a_picture_of_16_bits_has_finer_steps_of_the_same_colours() -> None:
    styled = dataset().style(clim=(0, 4095), gamma=0.8, blend="add")
    coarse, fine = styled.render(), styled.render(dtype="uint16")
    assert fine.dtype == np.uint16
    assert fine.max() == 65535
    assert np.array_equal(fine // 257, coarse)
    assert np.array_equal(imagecodecs.png_decode(styled.encode("png", dtype="uint16")), fine)
    for options in ({}, {"level": 0}):
        with pytest.raises(OptionError, match="uint8, uint16, float32"):
            styled.render(dtype="float64", **options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="float64"):
        styled.tile(0, 0, 0, dtype="float64")  # type: ignore[arg-type]


def test_a_level_has_the_size_of_its_tiles() -> None:
    styled = dataset(np.tile(fluo(), (1, 3, 2))).style(clim="dtype")
    half = styled.render(level=1)
    assert half.shape == (768, 512, 3)
    np.testing.assert_array_equal(half[256:512, :256], styled.tile(1, 0, 1))
    with pytest.raises(TileRangeError, match="levels 0 to 3"):
        styled.render(level=4)
    with pytest.raises(TileRangeError, match="z=1"):
        styled.render(z=1)


def test_pictures_larger_than_a_band_are_painted_whole() -> None:
    pixels = np.random.default_rng(0).integers(0, 4096, (1, 1100, 700), np.uint16)
    styled = dataset(pixels).style(clim=(0, 4095))
    np.testing.assert_array_equal(styled.render()[..., 1], pixels[0].astype(np.uint32) * 255 // 4095)


def test_nothing_is_read_before_something_is_rendered() -> None:
    class Untouchable:
        shape, dtype, ndim = (2, 8, 8), np.dtype(np.uint8), 3

        def __getitem__(self, key: object) -> Any:
            raise AssertionError("read")

    ds = omio.MicroscopyDataset.from_array(Untouchable(), "CYX")
    styled = ds.style(clim="dtype")
    assert styled.limits == {0: (0, 255), 1: (0, 255)}
    with pytest.raises(AssertionError, match="read"):
        styled.render()


def test_a_function_changes_pixels_and_their_limits_alike() -> None:
    ds = dataset(np.exp(fluo() / 1000).astype(np.float32))
    styled = ds.style(channels=["DAPI"], clim="minmax", function=np.log)
    assert styled.limits[0] == pytest.approx((0, 4.095), abs=1e-3)
    plain = dataset().style(channels=["DAPI"], clim="minmax").render()
    assert np.abs(styled.render().astype(int) - plain).max() <= 1


def test_a_function_that_changes_the_size_is_refused() -> None:
    with pytest.raises(PolicyError, match="of shape"):
        dataset().style(clim=(0, 1), function=lambda pixels: pixels[::2]).render()


def test_complex_pixels_are_refused() -> None:
    with pytest.raises(PolicyError, match="order of brightness"):
        dataset(fluo().astype(np.complex64)).style()


def test_rgb_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    ds = dataset(pixels, "YXS")
    np.testing.assert_array_equal(ds.style().render(), pixels)
    with pytest.raises(PolicyError, match="split_samples"):
        ds.style(palette="red")


def test_alpha_of_a_picture_is_kept() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 4), np.uint8)
    np.testing.assert_array_equal(dataset(pixels, "YXS").style().render(), pixels)


def test_samples_that_are_no_colours_are_refused() -> None:
    with pytest.raises(PolicyError, match="2 samples"):
        dataset(np.zeros((4, 4, 2), np.uint8), "YXS").style().render()


def test_an_empty_region_is_an_empty_picture() -> None:
    with pytest.warns(omio.OmioWarning):
        empty = dataset().style().render(x=(5, 5), y=(5, 5))
    assert empty.shape == (0, 0, 3)
    assert empty.dtype == np.uint8


def test_a_styled_image_can_be_pickled() -> None:
    styled = dataset().style(clim="minmax")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(styled)).render(), styled.render())  # noqa: S301


def test_pictures_beyond_the_memory_limit_are_refused() -> None:
    with omio.config(memory="1MB"), pytest.raises(omio.errors.MemoryLimitError, match="max_width"):
        dataset().style(clim="dtype").render()


def test_a_notebook_shows_a_picture_of_bounded_size() -> None:
    assert dataset(np.zeros((1, 30, 2000), np.uint8)).style(clim="dtype")._repr_png_().startswith(b"\x89PNG")
