"""Real OME-TIFF files, judged by what Bio-Formats read of them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from omio.backends.tiff.ometiff import OmeTiffBackend
from tests.support.facts import facts, pixels_of, series_of
from tests.support.real import real

NAMES = sorted(name for name in facts() if "ometiff" in name or "companion" in name)


@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_those_of_bioformats(name: str) -> None:
    reader = OmeTiffBackend(str(real(name)))
    keys = reader.scenes()
    assert len(keys) == len(series_of(name))
    pixels = np.ascontiguousarray(reader.array(keys[0]).load())
    assert list(pixels.shape) == pixels_of(name)["shape"]
    stored = pixels.astype(pixels.dtype.newbyteorder("<"))
    assert hashlib.sha256(stored.tobytes()).hexdigest() == pixels_of(name)["sha256"]


@pytest.mark.parametrize("name", NAMES)
def test_metadata_are_those_of_bioformats(name: str) -> None:
    reader = OmeTiffBackend(str(real(name)))
    for key, series in zip(reader.scenes(), series_of(name), strict=True):
        found = reader.metadata(key)
        assert found.static.name == series["name"]
        assert found.static.acquired == series["AcquisitionDate"]
        assert reader.level_count(key) == series["resolutions"]
        for dim in "ZYX":
            told = series[f"PhysicalSize{dim}"]
            axis = found.axes.get(dim)
            assert (axis and axis.spacing) == (told and told["value"])
        unknown = (None,) * found.sizes["C"]
        for index, channel in enumerate(series["channels"]):
            color = None if channel["color"] is None else f"#{channel['color'] >> 8:06X}"
            assert found.channels.get("color", unknown)[index] == color
            assert found.channels.get("name", unknown)[index] == channel["name"]
            for field, told in (("emission_nm", channel["em"]), ("excitation_nm", channel["ex"])):
                assert found.channels.get(field, unknown)[index] == (told and told["value"])


@pytest.mark.parametrize("number", range(1, 6))
def test_every_member_of_the_companion_set_opens_it(number: int) -> None:
    reader = OmeTiffBackend(str(real(f"companion-multifile/multifile-Z{number}.ome.tiff")))
    assert reader.array("multifile").shape == (1, 5, 1, 24, 18)
    assert len(reader.files()) == 6
