"""The arithmetic of pictures, against the same in plain numbers."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.errors import PolicyError
from omio.policies.style import Style
from omio.raster.colors import ramp_of
from omio.raster.render import render
from tests.support.clock import within

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTEGERS = [np.bool_, np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int64]
DTYPES = [*INTEGERS, np.float16, np.float32, np.float64]


def one(pixels: Any, **fields: Any) -> NDArray[Any]:
    """Render a single row of a single channel."""
    row: NDArray[Any] = render({0: np.atleast_2d(pixels)}, [{}], Style(**fields))[0]
    return row


def expected(value: float, low: float, high: float, gamma: float, ramp: tuple[tuple[int, int, int], ...]) -> list[int]:
    """Return the colour of a value by the documented steps, one number at a time."""
    share = min(1.0, max(0.0, (value - low) / (high - low))) ** gamma * (len(ramp) - 1)
    first = min(int(share), len(ramp) - 2)
    return [math.floor(round(a + (share - first) * (b - a), 4)) for a, b in zip(*ramp[first : first + 2], strict=True)]


@given(
    st.sampled_from(DTYPES),
    st.integers(0, 60),
    st.integers(61, 120),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.sampled_from(["#f80", "viridis", ("#000", "#f00", "#fff")]),
)
def test_every_dtype_has_the_documented_colours(
    dtype: Any, low: int, high: int, gamma: float, palette: str | tuple[str, ...]
) -> None:
    values = np.array([0, 1] if dtype is np.bool_ else [0, 1, 59, 60, 61, 100, 120, 127], dtype)
    picture = one(values, clim=(low, high), gamma=gamma, palette=palette)
    ramp = ramp_of(palette)
    assert picture.tolist() == [expected(float(value), low, high, gamma, ramp) for value in values]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_gamma_below_one_shows_what_is_faint(dtype: Any) -> None:
    faint = np.array([10], dtype)
    dark, bright = (one(faint, clim=(0, 100), gamma=gamma)[0, 0] for gamma in (1.0, 0.5))
    assert (dark, bright) == (25, 80)


def test_inverted_bright_is_dark() -> None:
    assert one(np.array([0, 25, 100], np.uint8), clim=(0, 100), invert=True)[:, 0].tolist() == [255, 191, 0]


def test_steps_of_a_palette_are_even() -> None:
    colors = one(
        np.arange(100, dtype=np.uint8), clim=(0, 100), palette=("red", "green", "blue", "white"), discrete=True
    )
    _, counts = np.unique(colors, axis=0, return_counts=True)
    assert counts.tolist() == [25, 25, 25, 25]


LAYERS = {0: np.array([[0, 100, 200, 255]], np.uint8), 1: np.array([[10, 100, 100, 255]], np.uint8)}


@pytest.mark.parametrize(
    ("blend", "gray"),
    [
        ("max", [10, 100, 200, 255]),
        ("add", [10, 200, 255, 255]),
        ("multiply", [0, 39, 78, 255]),
        ("screen", [10, 160, 221, 255]),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.float32])
def test_channels_are_blended(blend: Any, gray: list[int], dtype: Any) -> None:
    planes = {c: pixels.astype(dtype) for c, pixels in LAYERS.items()}
    picture = render(planes, [{}, {}], Style(clim=(0, 255), palette="gray", blend=blend))
    assert picture[0, :, 0].tolist() == gray
    assert picture.shape[2] == 3


@given(st.permutations(range(3)), st.sampled_from(["max", "add", "multiply", "screen"]))
def test_the_order_of_channels_does_not_count(order: list[int], blend: Any) -> None:
    planes = {c: np.random.default_rng(c).integers(0, 4096, (5, 6), np.uint16) for c in range(3)}
    colors = {0: "#f00", 1: "#0f0", 2: "#88f"}
    styles = [Style(channels={c: colors[c] for c in some}, clim=(0, 4095), blend=blend) for some in (range(3), order)]
    a, b = (render(planes, [{}] * 3, style).astype(int) for style in styles)
    assert np.abs(a - b).max() <= (0 if blend == "max" else 1)


def test_floats_are_the_same_before_rounding() -> None:
    planes = {0: np.arange(4096, dtype=np.uint16).reshape(64, 64)}
    style = Style(clim=(100, 3000), palette="magma")
    precise = render(planes, [{}], style, dtype="float32")
    assert precise.dtype == np.float32
    assert precise.min() >= 0
    assert precise.max() <= 1
    np.testing.assert_array_equal(np.floor(precise * 255 + 1e-4), render(planes, [{}], style))


def test_nodata_is_transparent_where_no_channel_has_anything() -> None:
    planes = {0: np.array([[7, 7, 200]], np.uint8), 1: np.array([[7, 100, 7]], np.uint8)}
    for blend in ("max", "add", "multiply", "screen"):
        picture = render(planes, [{}, {}], Style(clim=(0, 255), palette="gray", nodata=7, blend=blend))
        assert picture[0].tolist() == [[0, 0, 0, 0], [100, 100, 100, 255], [200, 200, 200, 255]], blend


def test_nodata_of_a_float_is_met_in_its_own_precision() -> None:
    values = np.array([-3.4e38, 0.5], np.float32)
    assert one(values, nodata=-3.4e38, clim=(0, 1))[:, 3].tolist() == [0, 255]


def test_nan_is_black_and_infinity_an_end() -> None:
    values = np.array([np.nan, -np.inf, np.inf, 0.5], np.float32)
    assert one(values, clim=(0, 1))[:, 1].tolist() == [0, 0, 255, 127]
    assert one(values, clim=(0, 1), blend="multiply")[:, 1].tolist() == [0, 0, 255, 127]
    assert one(values, clim=(0, 1), nodata=math.nan)[:, 3].tolist() == [0, 255, 255, 255]


def test_what_lies_beyond_the_limits_can_be_left_out() -> None:
    assert one(np.arange(4, dtype=np.uint8), clim=(1, 2), clip=False).tolist() == [
        [0, 0, 0, 0],
        [0, 0, 0, 255],
        [255, 255, 255, 255],
        [0, 0, 0, 0],
    ]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_constant_image_is_dark(dtype: Any) -> None:
    pixels = np.full((3, 3), 1, dtype)
    shown = render({0: pixels}, [{}], Style(clim="minmax"))
    assert (shown == (255 if dtype is np.bool_ else 0)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_empty_plane_is_an_empty_picture(dtype: Any) -> None:
    assert render({0: np.zeros((0, 5), dtype)}, [{}], Style()).shape == (0, 5, 3)


def test_no_channel_is_no_picture() -> None:
    with pytest.raises(PolicyError, match="no channel"):
        render({}, [], Style())


@given(st.sampled_from([np.uint8, np.uint16, np.float32]), st.sampled_from([0.5, 1.0]))
def test_samples_of_rgb_are_scaled_alike(dtype: Any, gamma: float) -> None:
    pixels = np.array([[[0, 50, 100], [200, 25, 7]]], dtype)
    picture = render({0: pixels}, [{}], Style(clim=(0, 100), gamma=gamma))
    ramp = ((0, 0, 0), (255, 255, 255))
    assert picture[0].tolist() == [[expected(float(v), 0, 100, gamma, ramp)[0] for v in pixel] for pixel in pixels[0]]


def test_rgb_of_16_bits_is_shown_from_end_to_end() -> None:
    pixels = np.array([[[0, 257, 65535]]], np.uint16)
    assert render({0: pixels}, [{}], Style())[0, 0].tolist() == [0, 1, 255]


def test_rgb_of_nodata_is_transparent() -> None:
    pixels = np.array([[[9, 9, 9], [9, 9, 8]]], np.uint8)
    assert render({0: pixels}, [{}], Style(nodata=9))[0, :, 3].tolist() == [0, 255]


def test_big_endian_pixels_have_the_same_colours() -> None:
    pixels = np.array([[0, 300, 4095]], np.uint16)
    style = Style(clim=(0, 4095))
    swapped = render({0: pixels.astype(">u2")}, [{}], style)
    np.testing.assert_array_equal(swapped, render({0: pixels}, [{}], style))


def test_planes_in_any_memory_order_are_painted() -> None:
    pixels = np.arange(64, dtype=np.int16).reshape(8, 8)
    style = Style(clim=(0, 63))
    np.testing.assert_array_equal(render({0: pixels.T}, [{}], style), render({0: pixels}, [{}], style).swapaxes(0, 1))


def test_a_tile_of_four_channels_takes_milliseconds() -> None:
    planes = {c: np.random.default_rng(c).integers(0, 65536, (512, 512), np.uint16) for c in range(4)}
    limits = dict.fromkeys(planes, (0.0, 4095.0))

    render(planes, [{}] * 4, Style(), limits=limits)
    with within(0.5):  # 30 ms on an idle core
        for _ in range(10):
            render(planes, [{}] * 4, Style(), limits=limits)


def test_every_pair_of_palette_ends_is_reached() -> None:
    for first, last in itertools.permutations(("#f00", "#0f0", "#00f"), 2):
        ends = one(np.array([0, 255], np.uint8), clim=(0, 255), palette=(first, last))
        assert [tuple(color) for color in ends.tolist()] == list(ramp_of((first, last)))
