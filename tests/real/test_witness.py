"""The Bio-Formats witness says of real files what was recorded of them, and finds what is wrong with OME-XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import bioformats
from tests.support.facts import pixels_of, series_of
from tests.support.real import real
from tests.support.schema import ome_xml_of, schema_errors

if TYPE_CHECKING:
    from pathlib import Path

VALID = "ometiff-ometypes.ome.tiff"


@pytest.mark.parametrize(
    "name",
    [
        "czi-well-s2.czi",
        "gen/ij-rgb-zstack-mm.tif",
        "gen/ometiff-pyramid-tzc.ome.tif",
        "odd-bigtiffmotorola.tif",
        "odd-gradient-1c-64b-float.tiff",
    ],
)
def test_witness_repeats_the_record(name: str) -> None:
    recorded, pixels = series_of(name), pixels_of(name)

    series = bioformats.describe(real(name))

    assert len(series) == len(recorded)
    assert series[0].sha256 == pixels["sha256"]
    assert list(series[0].shape) == pixels["shape"]
    assert series[0].dtype == pixels["dtype"]
    assert [channel["name"] for channel in series[0].channels] == [entry["name"] for entry in recorded[0]["channels"]]
    assert [entry.resolutions for entry in series] == [entry["resolutions"] for entry in recorded]


def test_validators_pass_a_valid_file_and_name_what_is_wrong(tmp_path: Path) -> None:
    good = real(VALID)
    bad = tmp_path / "bad.ome.tiff"
    bad.write_bytes(good.read_bytes().replace(b"SizeC=", b"SizeQ="))

    assert bioformats.validation_errors(good) == []
    assert schema_errors(ome_xml_of(good)) == []
    assert any("SizeC" in error for error in bioformats.validation_errors(bad))
    assert any("SizeQ" in error for error in schema_errors(ome_xml_of(bad)))
