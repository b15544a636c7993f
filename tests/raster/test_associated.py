"""Pictures beside a slide."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

import omio
from tests.support.real import real


def test_pictures_beside_a_slide_are_those_that_tifffile_reads() -> None:
    path = real("svs-cmu1-small.svs")
    ds = omio.open(path)
    assert set(ds.associated) == {"thumbnail", "label", "macro"}
    with tifffile.TiffFile(path) as file:
        for series in file.series[1:]:
            found = ds.associated[series.name.lower()]
            assert np.array_equal(found.load()[0, 0, 0], series.asarray())
    with pytest.raises(KeyError):
        ds.associated["barcode"]
