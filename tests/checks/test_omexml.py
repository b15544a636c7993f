"""OME-XML that is wrong in one way, and what Bio-Formats' validator says of the same files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import tifffile

from omio.checks import validate
from omio.testing import makers
from tests.support import bioformats
from tests.support.real import REAL, real

if TYPE_CHECKING:
    from pathlib import Path

WRONG = {
    "unknown unit": ('PhysicalSizeXUnit="µm"', 'PhysicalSizeXUnit="furlong"'),
    "negative size": ('PhysicalSizeX="0.325"', 'PhysicalSizeX="-1"'),
    "size in words": ('PhysicalSizeX="0.325"', 'PhysicalSizeX="small"'),
    "unknown attribute": ('ID="Pixels:0"', 'ID="Pixels:0" Mood="good"'),
    "required attribute absent": ('DimensionOrder="XYCZT" ', ""),
    "unknown order": ('DimensionOrder="XYCZT"', 'DimensionOrder="TYCZX"'),
    "unknown type": ('Type="uint16"', 'Type="uint17"'),
    "one ID twice": ('ID="Channel:0:1"', 'ID="Channel:0:0"'),
    "unknown element": ("<Pixels ", "<Mood/><Pixels "),
}

LENIENT = ("unknown attribute", "unknown element")
"""What the schema forbids and Bio-Formats lets pass."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cells.ome.tif"
    makers.ome_tiff(path)
    return path


def edited(path: Path, old: str, new: str) -> Path:
    """Replace text of the OME-XML once."""
    xml = tifffile.tiffcomment(path)
    assert isinstance(xml, str)
    assert old in xml, xml[:2000]
    tifffile.tiffcomment(path, xml.replace(old, new, 1).encode())
    return path


def test_a_good_document_has_no_problem(path: Path) -> None:
    assert validate(path).problems == ()


@pytest.mark.parametrize("what", WRONG)
def test_what_bioformats_finds_wrong_is_wrong(path: Path, what: str) -> None:
    edited(path, *WRONG[what])

    found = validate(path).errors

    assert any(re.match(r"OME-XML, line \d+", problem.place) for problem in found), found
    assert "{http://" not in "".join(problem.text for problem in found)
    assert bool(bioformats.validation_errors(path)) == (what not in LENIENT)


@pytest.mark.parametrize("path", sorted(REAL.rglob("*.ome.tif*")), ids=lambda path: path.name)
def test_bioformats_agrees_on_real_documents(path: Path) -> None:
    problems = [problem for problem in validate(path).problems if problem.place.startswith("OME-XML")]
    wrong = [problem for problem in problems if problem.place.startswith("OME-XML, line")]
    older = any("is of the schema" in problem.text for problem in problems)

    assert older or bool(wrong) == bool(bioformats.validation_errors(path))


def test_older_schemas_are_told_and_not_compared() -> None:
    report = validate(real("ometiff-2010-06-18x24.ome.tiff"))

    assert report.ok
    assert any("schema 2010-06" in problem.text for problem in report.warnings)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("</OME>", "", "not well-formed"),
        ("http://www.openmicroscopy.org/Schemas/OME/2016-06", "urn:other", "namespace"),
        ("<OME ", '<!DOCTYPE OME [<!ENTITY a "b">]><OME ', "document type"),
        ("<Pixels ", "\x01<Pixels ", "characters that XML forbids"),
    ],
    ids=["cut", "namespace", "document type", "control character"],
)
def test_text_that_is_no_ome_xml(path: Path, old: str, new: str, text: str) -> None:
    xml = tifffile.tiffcomment(path)
    assert isinstance(xml, str)
    tifffile.tiffcomment(path, xml.replace(old, new).encode())

    assert any(text in problem.text for problem in validate(path).errors)


def test_metadata_without_pixels_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.ome"
    path.write_text('<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"/>')

    report = validate(path)

    assert report.ok
    assert [problem.text for problem in report.warnings] == ["holds metadata only, and no pixels"]
