"""What reading back lacks is what was said to be lost, for dtypes that OME-XML knows and for those that it does not."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import omio
from omio.metadata.compare import differences
from omio.testing.strategies import datasets, indexers
from tests.writers.zarr.images import rich

if TYPE_CHECKING:
    from omio import MicroscopyDataset

SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
BEYOND = ("int64", "uint64", "float16")
WAYS = st.sampled_from(
    [{"version": "0.4"}, {"shards": True, "levels": 2}, {"compression": "gzip", "chunks": (4, 4)}, {"levels": "auto"}]
)


def kinds(texts: tuple[str, ...]) -> set[str]:
    """Return which facts differ, as `lost` names them."""
    found = set()
    for text in texts:
        if match := re.match(r"channel (\w+):", text):
            found.add(f"channels.{match[1]}")
        elif match := re.match(r"(\w) (origin|spacing|positions):", text):
            found.add(f"axes.{match[1]}")
        else:
            found.add("planes" if "planes" in text else text.partition(" differs")[0])
    return found


@given(datasets() | datasets(samples=True), st.sampled_from(["", *BEYOND]), WAYS, st.data())
@SLOW
def test_what_differs_is_what_was_lost(
    image: MicroscopyDataset, dtype: str, way: dict[str, Any], data: st.DataObject
) -> None:
    dims = {dim: size for dim, size in image.sizes.items() if dim != "S"}
    chosen = image.isel(**data.draw(indexers(dims)))
    if dtype:
        chosen = chosen.map(lambda pixels: pixels.astype(dtype))
    with tempfile.TemporaryDirectory() as folder:
        report = chosen.to_omezarr(Path(folder) / "a.ome.zarr", **way)
        again = omio.open(report.path)
        np.testing.assert_array_equal(again.load(), chosen.load())
        assert again.dtype == chosen.dtype
        assert kinds(differences(chosen.facts, again.facts)) == set(report.lost) - {"provenance"}
        second = again.to_omezarr(Path(folder) / "b.zarr.zip", **way)
        assert omio.open(second.path).identical(again)
        again.close()


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float16", "bool", "float32", "complex64", "uint16"])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_of_everything_what_differs_is_what_was_lost(tmp_path: Path, dtype: str, version: str) -> None:
    image = rich().map(lambda pixels: (pixels // 100).astype(dtype))

    report = image.to_omezarr(tmp_path / "a.ome.zarr", version=version, levels=2)

    again = omio.open(report.path)
    np.testing.assert_array_equal(again.load(), image.load())
    assert kinds(differences(image.facts, again.facts)) == set(report.lost) - {"provenance"}
    assert (report.lost == ()) == (dtype not in BEYOND)
