"""What a viewer will show, told without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omio import MicroscopyDataset, errors
from omio.dataset.levels import Level
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.policies.view import ViewPolicy
from omio.viewing.arrays import SqueezedArray
from omio.viewing.layers import layer_specs, layers_of, measured

PIXELS = np.arange(3 * 4 * 2 * 6 * 8, dtype="u2").reshape(3, 4, 2, 6, 8)


def image(shape: tuple[int, ...] = PIXELS.shape, **known: Any) -> MicroscopyDataset:
    pixels = PIXELS[tuple(slice(size) for size in shape[:5])]
    recipe = ArrayRecipe(pixels if len(shape) == 5 else np.stack([pixels] * shape[5], -1))
    return MicroscopyDataset(recipe, Facts.of(recipe.shape, **known))


def test_a_layer_a_channel_with_scale_units_place_and_colour() -> None:
    channels = [{"name": "DAPI", "color": "#0000FF", "window": (5, 90)}, {"name": "GFP"}]
    sizes = {"Z": 2.0, "Y": 0.5, "X": 0.25}
    shown = image(pixel_size=sizes, origin={"X": 10.0}, time_increment=3.0, channels=channels)
    blue, other = layer_specs(shown, title="cells")
    assert (blue.name, other.name, blue.axes) == ("cells :: DAPI", "cells :: GFP", "TZYX")
    assert blue.scale == (3.0, 2.0, 0.5, 0.25)
    assert blue.units == ("second", "micrometer", "micrometer", "micrometer")
    assert blue.translate == (0, 0, 0, 10.0)
    assert blue.colors == ((0, 0, 0), (0, 0, 1))
    options = blue.options()
    assert (options["contrast_limits"], options["blending"], options["rgb"]) == ((5, 90), "additive", False)
    assert options["colormap"] == {"colors": [[0, 0, 0, 1], [0, 0, 1, 1]], "name": "#0000FF"}
    assert "contrast_limits" not in other.options()


def test_unknown_spacing_is_a_pixel_and_said() -> None:
    (spec,) = layer_specs(image((1, 4, 1, 6, 8), pixel_size={"Y": 0.5, "X": 0.5}))
    assert (spec.axes, spec.scale, spec.units) == ("ZYX", (1, 0.5, 0.5), ("pixel", "micrometer", "micrometer"))
    assert spec.unknown == ("Z",)


@pytest.mark.parametrize("pixels", ["memory", "lazy", "dask"])
def test_all_arrays_hold_the_same_pixels(pixels: Any) -> None:
    for shape in ((3, 4, 2, 6, 8), (1, 4, 2, 6, 8), (1, 1, 1, 6, 8)):
        for number, spec in enumerate(layer_specs(image(shape), pixels=pixels)):
            expected = PIXELS[: shape[0], : shape[1], number, :, :].squeeze()
            assert (spec.data.shape, spec.data.ndim, spec.data.dtype) == (expected.shape, expected.ndim, expected.dtype)
            np.testing.assert_array_equal(np.asarray(spec.data), expected)
            np.testing.assert_array_equal(np.asarray(spec.data[0]), expected[0])
            np.testing.assert_array_equal(np.asarray(spec.data[..., 1:3]), expected[..., 1:3])


def picture(samples: int, dtype: str) -> MicroscopyDataset:
    return MicroscopyDataset.from_array(np.arange(6 * 8 * samples, dtype=dtype).reshape(6, 8, samples), "YXS")


@pytest.mark.parametrize("samples", [3, 4])
def test_samples_of_eight_bits_are_colours(samples: int) -> None:
    (spec,) = layer_specs(picture(samples, "u1"))
    assert (spec.rgb, spec.axes, spec.data.shape) == (True, "YX", (6, 8, samples))
    assert spec.colors is None


@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_deeper_colours_are_layers_of_one_display_range(dtype: str) -> None:
    deep = picture(3, dtype)
    specs = measured(layer_specs(deep, title="slide"), deep, "minmax")
    assert [spec.name for spec in specs] == ["slide :: Red", "slide :: Green", "slide :: Blue"]
    assert [spec.colors[-1] for spec in specs if spec.colors] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert {spec.limits for spec in specs} == {spec.reach for spec in specs} == {(0, 143)}
    for number, spec in enumerate(specs):
        np.testing.assert_array_equal(np.asarray(spec.data), deep.load()[0, 0, 0, :, :, number])
    assert [spec.name for spec in layer_specs(deep, names="a")] == ["a :: Red", "a :: Green", "a :: Blue"]


def test_deeper_colours_keep_their_levels() -> None:
    recipes = [ArrayRecipe(np.full((1, 1, 1, size, size, 3), size, "u2")) for size in (2048, 1024)]
    deep = MicroscopyDataset(recipes[0], Facts.of(recipes[0].shape), (Level.of(recipes[1], recipes[0].shape),))
    for spec in layer_specs(deep):
        assert [level.shape for level in spec.pixels] == [(2048, 2048), (1024, 1024)]
        assert spec.pixels[1][5, 5] == 1024


def test_samples_that_are_no_colours_are_layers() -> None:
    inks = picture(5, "u1")
    specs = measured(layer_specs(inks), inks)
    assert [(spec.rgb, spec.data.shape) for spec in specs] == [(False, (6, 8))] * 5


@pytest.mark.parametrize(
    ("dtype", "window", "shown"),
    [("u2", (0, 65535), (1, 4)), ("u2", (0, 4095), (0, 4095)), ("u1", (0, 255), (0, 255)), ("f4", (0, 1), (0, 1))],
)
def test_a_display_range_that_nobody_chose_is_not_believed(dtype: str, window: Any, shown: Any) -> None:
    few = MicroscopyDataset.from_array(np.array([[1, 2], [3, 4]], dtype), channels=[{"window": window}])
    (spec,) = measured(layer_specs(few), few)
    assert spec.limits is not None
    np.testing.assert_allclose(spec.limits, shown, atol=0.02)


@pytest.mark.parametrize(("value", "shown"), [(0, (0, 1)), (7, (0, 7)), (-3, (-3, 0))])
def test_an_image_of_one_value_is_black_where_that_is_nothing(value: int, shown: Any) -> None:
    flat = MicroscopyDataset.from_array(np.full((4, 4), value, "i2"))
    (spec,) = measured(layer_specs(flat), flat)
    assert spec.limits == shown


def test_of_many_images_the_first_are_shown_and_the_others_told() -> None:
    images = {f"A{number}": image((1, 1, 1, 6, 8)) for number in range(1, 21)}
    with pytest.warns(errors.OmioWarning, match="16 of 20 images are shown, from 'A17' on none"):
        assert len(layers_of(images, ViewPolicy())) == 16
    assert len(layers_of(list(images.values()), ViewPolicy())) == 20, "who lists them wants them all"


def test_a_colour_table_is_kept() -> None:
    lut = "".join(f"{value:02X}0000" for value in range(256))
    (spec,) = layer_specs(image((1, 1, 1, 6, 8), channels=[{"lut": lut}]))
    assert spec.colors is not None
    assert (len(spec.colors), spec.colors[255]) == (256, (1, 0, 0))


class Unread(ArrayRecipe):
    def read(self, *_: Any) -> None:
        raise AssertionError("nothing is looked at yet")


@pytest.mark.parametrize("pixels", ["lazy", "dask"])
def test_no_pixel_is_read_before_it_is_looked_at(pixels: Any) -> None:
    lazy = MicroscopyDataset(Unread(PIXELS), Facts.of(PIXELS.shape))
    assert len(layer_specs(lazy, pixels=pixels)) == 2


def test_one_plane_reads_one_plane() -> None:
    asked: list[tuple[int, ...]] = []

    class Watched(ArrayRecipe):
        def read(self, key: Any, out: Any) -> None:
            asked.append(tuple(len(index) for index in key))
            super().read(key, out)

    SqueezedArray(Watched(PIXELS), (0, 1, 3, 4))[1, 2]
    assert asked == [(1, 1, 1, 6, 8)]


def test_names_are_one_a_layer() -> None:
    assert [spec.name for spec in layer_specs(image(), names=["a", "b"])] == ["a", "b"]
    assert [spec.name for spec in layer_specs(image(), title="t")] == ["t :: C0", "t :: C1"]
    with pytest.raises(errors.OptionError, match="1 layer names"):
        layer_specs(image(), names="a")
