"""OME-TIFF whose OME-XML is valid and untrue, in one way at a time."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

from omio.checks import validate
from omio.testing import makers
from tests.checks.test_omexml import edited
from tests.support.real import real

SHAPE = (3, 2, 2, 96, 128)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cells.ome.tif"
    makers.ome_tiff(path, makers.cells(SHAPE))
    return path


def errors(path: Path) -> list[str]:
    return [str(problem) for problem in validate(path).errors]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('SizeT="3"', 'SizeT="4"', "16 planes"),
        ('SizeX="128"', 'SizeX="64"', "says 64 x 96 pixels, the TIFF has 128 x 96"),
        ('Type="uint16"', 'Type="float"', "says pixels are float32, the TIFF has uint16"),
        ('IFD="0"', 'IFD="7"', "more planes than its file"),
        ('PlaneCount="12"', 'PlaneCount="13"', "more planes than"),
        ('PlaneCount="12"', 'PlaneCount="11"', "1 of 12 planes lie in no page"),
        ('FirstT="0"', 'FirstT="3"', "planes that the image does not have"),
    ],
)
def test_untrue_numbers(path: Path, old: str, new: str, text: str) -> None:
    xml = tifffile.tiffcomment(path)
    assert isinstance(xml, str)
    if 'FirstT="' not in xml:
        edited(path, "<TiffData ", '<TiffData FirstT="0" ')

    edited(path, old, new)

    assert any(text in problem for problem in errors(path)), errors(path)


def test_an_ifd_that_is_not_there(path: Path) -> None:
    single = "".join(
        f'<TiffData IFD="{7 * (n == 5) + n}" FirstT="{n // 4}" FirstZ="{n // 2 % 2}" FirstC="{n % 2}"/>'
        for n in range(12)
    )
    edited(path, '<TiffData IFD="0" PlaneCount="12"', f'{single}<TiffData IFD="11" FirstT="2" FirstZ="1" FirstC="1"')

    found = errors(path)

    assert any("gives IFD 12 of cells.ome.tif, which has 12" in problem for problem in found), found


def test_pages_that_no_plane_needs_are_told(path: Path) -> None:
    edited(edited(path, 'SizeT="3"', 'SizeT="2"'), 'PlaneCount="12"', 'PlaneCount="8"')

    report = validate(path)

    assert report.ok
    assert [problem.text for problem in report.warnings] == [
        "4 of 12 pages hold no plane of any image, the first is page 8"
    ]


def test_a_page_of_another_size_or_type(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ome.tif"
    makers.ome_tiff(path, makers.cells((2, 1, 1, 96, 128)))
    xml = tifffile.tiffcomment(path)
    assert isinstance(xml, str)
    with tifffile.TiffWriter(path, ome=False) as tif:
        tif.write(np.zeros((96, 128), "u2"), description=xml.encode(), metadata=None)
        tif.write(np.zeros((96, 128), "u1"), metadata=None)

    found = errors(path)

    assert any("mixed.ome.tif: page 1" in problem and "uint8" in problem for problem in found), found


@pytest.fixture
def members(tmp_path: Path) -> list[Path]:
    """A set of three files that Bio-Formats wrote."""
    folder = real("gen/ometiff-multifile-z")
    return [Path(shutil.copy(file, tmp_path)) for file in sorted(folder.glob("*.ome.tif"))]


def test_a_whole_set_is_right_and_counts_once(members: list[Path], tmp_path: Path) -> None:
    for path in (members[1], tmp_path):
        assert validate(path).problems == ()


def test_a_member_that_is_missing(members: list[Path]) -> None:
    members[1].unlink()

    assert any(f"its file {members[1].name} is missing" in problem for problem in errors(members[0]))


def test_a_member_of_another_set(members: list[Path]) -> None:
    xml = tifffile.tiffcomment(members[1])
    assert isinstance(xml, str)
    own = xml.split('UUID="')[1].split('"')[0]
    tifffile.tiffcomment(members[1], xml.replace(own, f"urn:uuid:{'0' * 8}-0000-4000-8000-{'0' * 12}").encode())

    found = errors(members[0])

    assert any("has the UUID urn:uuid:00000000" in problem for problem in found), found


def test_a_member_that_was_renamed(members: list[Path]) -> None:
    members[1].rename(members[1].with_name("another.ome.tif"))

    report = validate(members[0])

    assert report.ok
    assert any("found by its UUID as another.ome.tif" in problem.text for problem in report.warnings)


def test_a_member_that_is_cut(members: list[Path]) -> None:
    members[2].write_bytes(members[2].read_bytes()[:-50])

    found = errors(members[0])

    assert any(problem.startswith(members[2].name) for problem in found), found
