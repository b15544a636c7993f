"""Writing, then reading, is identity but for what is told as lost; and a second round trip adds nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import omio
from omio.metadata.compare import differences
from omio.testing.strategies import datasets, indexers

if TYPE_CHECKING:
    from omio import MicroscopyDataset

SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


@given(datasets() | datasets(samples=True), st.sampled_from(["zlib", "none", "zstd", "lzw"]), st.data())
@SLOW
def test_any_dataset_comes_back(image: MicroscopyDataset, compression: str, data: st.DataObject) -> None:
    # a lone sample cannot be told from none: that is said in `lost`, and left out here
    dims = {dim: size for dim, size in image.sizes.items() if dim != "S"}
    chosen = image.isel(**data.draw(indexers(dims)))
    with tempfile.TemporaryDirectory() as folder:
        report = chosen.to_ometiff(Path(folder) / "a.ome.tif", compression=compression)
        again = omio.open(report.path)
        assert report.lost == ()
        assert differences(chosen.facts, again.facts) == ()
        assert again.identical(chosen)
        second = again.to_ometiff(Path(folder) / "b.ome.tif", compression=compression)
        assert second.lost == ()
        assert omio.open(second.path).identical(chosen)
        again.close()
