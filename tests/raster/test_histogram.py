"""Histograms are those of numpy, read once and in bounded memory."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import omio
from omio.errors import OptionError, PolicyError
from tests.support.real import SHARED

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = SHARED / "contract" / "golden" / "li_golden.json"
DTYPES = [np.bool_, np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.int64, np.float32, np.float64]
RANGES = st.none() | st.tuples(st.integers(-50, 40), st.integers(41, 200))


def arrays() -> st.SearchStrategy[NDArray[Any]]:
    return st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, (2, 2, 5, 6), elements=st.integers(0, 1 if dtype is np.bool_ else 120))
    )


@given(pixels=arrays(), bins=st.integers(1, 40), limits=RANGES, density=st.booleans())
def test_bins_are_those_of_numpy(
    *, pixels: NDArray[Any], bins: int, limits: tuple[int, int] | None, density: bool
) -> None:
    found = omio.MicroscopyDataset.from_array(pixels, "ZCYX").histogram(bins, range=limits, density=density)
    for c in range(2):
        values = pixels[:, c].astype(np.uint8) if pixels.dtype == bool else pixels[:, c]
        counts, edges = np.histogram(values, bins, limits)
        np.testing.assert_array_equal(found.bin_edges[c], edges)
        if density:
            shares = counts / np.diff(edges) / max(1, counts.sum())
            np.testing.assert_allclose(found.hist[c], shares, rtol=1e-12)
        else:
            np.testing.assert_array_equal(found.hist[c], counts)


ROUNDED = {
    (3, 5, 7): (5, 4.0, 8.0),
    (3, 5, 256): (5, 4.0, 8.0),
    (10, 100, 7): (7, 24.285714285714285, 110.0),
    (10, 100, 16): (15, 17.0, 115.0),
    (10, 100, 256): (100, 11.0, 110.0),
    (0, 256, 7): (7, 36.57142857142857, 256.0),
    (0, 256, 16): (16, 16.0, 256.0),
    (0, 256, 256): (256, 1.0, 256.0),
    (100, 694, 16): (16, 143.375, 794.0),
    (100, 694, 256): (232, 103.0, 796.0),
    (7, 2559, 256): (256, 17.0, 2567.0),
    (7, 2560, 256): (256, 17.0, 2567.0),
    (7, 6000, 256): (256, 30.4375, 6007.0),
    (0, 300, 256): (150, 2.0, 300.0),
}
"""Smallest value, how many values, bins asked for -> bins, second and last edge, as large_image 1.35.6 answered."""


@pytest.mark.parametrize("asked", ROUNDED, ids=str)
def test_round_ranges_are_those_of_large_image(asked: tuple[int, int, int]) -> None:
    least, count, bins = asked
    values = np.arange(least, least + count, dtype=np.uint16)[None]
    for dtype in ("uint16", "int32"):
        found = omio.MicroscopyDataset.from_array(values.astype(dtype), "YX").histogram(bins, range="round").isel(C=0)
        edges = found.bin_edges.values
        assert (len(found.hist), edges[1], edges[-1]) == ROUNDED[asked]
        np.testing.assert_array_equal(found.hist, np.histogram(values, edges)[0])


@given(
    hnp.arrays(np.uint16, (3, 4, 5), elements=st.integers(0, 3000)) | hnp.arrays(np.int32, (3, 4, 5)),
    st.integers(1, 300),
)
def test_a_round_range_counts_all_values_in_bins_that_are_alike(pixels: NDArray[Any], bins: int) -> None:
    found = omio.MicroscopyDataset.from_array(pixels, "CYX").histogram(bins, range="round")
    assert found.sizes["bin"] <= bins
    for c in range(3):
        edges, span = found.bin_edges.values[c], int(pixels[c].max()) - int(pixels[c].min()) + 1
        assert found.hist[c].sum() == pixels[c].size
        assert edges[0] == pixels[c].min()
        np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0], rtol=1e-6)
        assert span >= 10 * bins or (edges == edges.round()).all()


@pytest.mark.parametrize(
    "pixels", [np.linspace(0, 1, 12, dtype=np.float32), np.arange(12) % 2 == 0], ids=["floats", "booleans"]
)
def test_a_round_range_of_what_has_no_whole_steps_is_the_usual_one(pixels: NDArray[Any]) -> None:
    ds = omio.MicroscopyDataset.from_array(pixels.reshape(3, 4), "YX")
    assert ds.histogram(7, range="round").identical(ds.histogram(7))


def test_a_range_may_be_a_list_but_no_other_word() -> None:
    ds = omio.MicroscopyDataset.from_array(np.arange(12, dtype=np.uint32).reshape(3, 4), "YX")
    assert ds.histogram(4, range=[0, 8]).identical(ds.histogram(4, range=(0, 8)))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="round"):
        ds.histogram(range="square")  # type: ignore[arg-type]


@given(arrays())
def test_statistics_are_those_of_numpy(pixels: NDArray[Any]) -> None:
    found = omio.MicroscopyDataset.from_array(pixels, "ZCYX").histogram()
    for c in range(2):
        values = pixels[:, c]
        assert found["samples"][c] == values.size
        assert (found["min"][c], found["max"][c]) == (values.min(), values.max())
        np.testing.assert_allclose(found["mean"][c], values.mean(dtype=np.float64), rtol=1e-12)
        np.testing.assert_allclose(found["std"][c], values.std(dtype=np.float64), rtol=1e-9, atol=1e-9)


def test_blocks_join_to_the_whole() -> None:
    pixels = np.random.default_rng(0).normal(1e6, 1, (3, 2100, 2100)).astype(np.float32)
    found = omio.MicroscopyDataset.from_array(pixels, "ZYX").histogram(50)
    counts, edges = np.histogram(pixels, 50)
    np.testing.assert_array_equal(found.hist[0], counts)
    np.testing.assert_array_equal(found.bin_edges[0], edges)
    np.testing.assert_allclose(found["std"][0], pixels.std(dtype=np.float64), rtol=1e-9)


def test_memory_is_bounded_by_blocks() -> None:
    class Endless:
        shape, dtype, ndim, chunks = (64, 1024, 1024), np.dtype(np.uint16), 3, (1, 1024, 1024)

        def __getitem__(self, key: Any) -> NDArray[Any]:
            sizes = [len(range(*part.indices(size))) for part, size in zip(key, self.shape, strict=True)]
            return np.ones(sizes, self.dtype)

    ds = omio.MicroscopyDataset.from_array(Endless(), "ZYX")
    ds.isel(Z=0).histogram()
    tracemalloc.start()
    found = ds.histogram()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["samples"].item() == ds.nbytes // 2
    assert most < ds.nbytes


def test_what_is_no_number_does_not_count() -> None:
    pixels = np.array([[np.nan, np.inf, 1, 3]])
    found = omio.MicroscopyDataset.from_array(pixels).histogram(2)
    assert found.hist[0].values.tolist() == [1, 1]
    assert (found["samples"].item(), found["mean"].item(), found["std"].item()) == (2, 2, 1)


@pytest.mark.parametrize("pixels", [np.full((2, 2), np.nan), np.zeros((0, 4), np.uint8), np.zeros((0, 4), np.float32)])
def test_without_values_all_is_zero_or_unknown(pixels: NDArray[Any]) -> None:
    found = omio.MicroscopyDataset.from_array(pixels).histogram(3)
    assert found.hist[0].values.tolist() == [0, 0, 0]
    assert np.isnan(found["mean"].item())
    assert found["samples"].item() == 0


def test_channels_are_named_and_samples_have_their_own() -> None:
    ds = omio.MicroscopyDataset.from_array(np.zeros((2, 4, 4), np.uint8), "CYX", channels=["DAPI", "GFP"])
    assert ds.histogram().sel(C="GFP").hist.sum() == 16
    rgb = omio.MicroscopyDataset.from_array(np.zeros((4, 4, 3), np.uint8), "YXS").histogram(8)
    assert rgb.hist.dims == ("C", "S", "bin")
    assert rgb.hist.shape == (1, 3, 8)


@pytest.mark.parametrize("options", [{"bins": 0}, {"bins": 2.5}, {"range": (3, 3)}, {"range": (0, np.inf)}])
def test_bins_that_mean_nothing_are_errors(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        omio.MicroscopyDataset.from_array(np.zeros((4, 4))).histogram(**options)


def test_complex_has_no_histogram() -> None:
    with pytest.raises(PolicyError, match="complex"):
        omio.MicroscopyDataset.from_array(np.zeros((4, 4), np.complex64)).histogram()


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"golden values not here: {GOLDEN}")
@pytest.mark.parametrize(("height", "width"), [(1237, 2051), (600, 800), (256, 256), (100, 3000)])
def test_counts_equal_those_of_large_image(height: int, width: int) -> None:
    golden = json.loads(GOLDEN.read_text())["images"][f"{height}x{width}@256"]
    y, x = np.mgrid[0:height, 0:width]
    board = (x // 64 + y // 64) % 2 * 200 + 20
    pixels = np.stack([x * 255 // (width - 1), y * 255 // (height - 1), board], -1).astype(np.uint8)
    assert hashlib.md5(pixels.tobytes(), usedforsecurity=False).hexdigest() == golden["md5"]
    found = omio.MicroscopyDataset.from_array(pixels, "YXS").histogram(16, range=(0, 256))
    np.testing.assert_array_equal(found.hist[0], golden["hist"])


def test_bands_are_channels_or_samples() -> None:
    rgb = omio.MicroscopyDataset.from_array(np.zeros((4, 4, 4), np.uint8), "YXS").band_info()
    assert [band["interpretation"] for band in rgb.values()] == ["red", "green", "blue", "alpha"]
    ds = omio.MicroscopyDataset.from_array(np.arange(32.0).reshape(2, 4, 4), "CYX", channels=["DAPI", "GFP"])
    bands = ds.band_info(statistics=True)
    assert {number: (band["name"], band["max"]) for number, band in bands.items()} == {1: ("DAPI", 15), 2: ("GFP", 31)}
    assert json.loads(json.dumps(bands))["2"]["mean"] == 23.5


def test_bands_of_samples_that_nobody_explains_are_not_known() -> None:
    ds = omio.MicroscopyDataset.from_array(np.zeros((4, 4, 5), np.uint8), "YXS")
    assert {band["interpretation"] for band in ds.band_info().values()} == {None}
    assert ds.isel(Y=[]).band_info(statistics=True)[1]["samples"] == 0
