from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.errors import DamagedFileError
from omio.ome import columns
from omio.ome.pixels import Pixels
from omio.ome.tiffdata import FileReference, PlaneMap, first_element, missing, plane_map
from tests.ome.support import document, only


def mapped(inside: str, sizes: str = "TZCYX=2,3,2,4,6", pages: int = 12, order: str = "XYCZT") -> PlaneMap:
    image = only(document(inside, sizes=sizes).replace(b"XYCZT", order.encode()))
    pixels = Pixels.of(image)
    return plane_map(image, pixels.order, pixels.sizes, lambda _: pages)


@pytest.mark.parametrize(
    "inside", ["", "<TiffData/>", '<TiffData IFD="0" PlaneCount="12"/>', '<TiffData PlaneCount="12"/>']
)
@pytest.mark.parametrize("order", ["XYZCT", "XYZTC", "XYCZT", "XYCTZ", "XYTZC", "XYTCZ"])
def test_the_whole_file_follows_the_order_of_dimensions(inside: str, order: str) -> None:
    found = mapped(inside, order=order)
    lengths = {"T": 2, "Z": 3, "C": 2}
    expected = np.arange(12).reshape([lengths[dim] for dim in order[:1:-1]])
    expected = expected.transpose([order[:1:-1].index(dim) for dim in "TZC"])
    np.testing.assert_array_equal(found.page, expected)


def test_an_ifd_alone_is_one_plane() -> None:
    found = mapped('<TiffData IFD="3" FirstC="1"/>')
    assert found.page[0, 0, 1] == 3
    assert (found.page >= 0).sum() == 1
    assert missing(found.page, 2) == ["T0 Z0 C0", "T0 Z1 C0"]


def test_planes_follow_from_the_first() -> None:
    found = mapped('<TiffData IFD="5" FirstZ="1" FirstT="1" PlaneCount="3"/>')
    assert found.page[1].tolist() == [[-1, -1], [5, 6], [7, -1]]


def test_indices_that_count_from_one_are_seen() -> None:
    rows = "".join(f'<TiffData IFD="{z}" FirstZ="{z + 1}"/>' for z in range(3))
    assert mapped(rows, sizes="TZCYX=1,3,1,4,6").page.ravel().tolist() == [0, 1, 2]


def test_samples_counted_as_channels_are_seen() -> None:
    image = only(document('<TiffData IFD="0" FirstC="0"/><TiffData IFD="1" FirstC="3"/>', sizes="TZCYX=1,1,6,4,6"))
    found = plane_map(image, "TZC", {"T": 1, "Z": 1, "C": 2}, lambda _: 2, samples=3)
    assert found.page.ravel().tolist() == [0, 1]


@pytest.mark.parametrize(
    "inside", ['<TiffData IFD="-1"/>', '<TiffData IFD="x"/>', '<TiffData IFD="0"/><TiffData IFD="-2"/>']
)
def test_an_ifd_that_cannot_be_is_damage(inside: str) -> None:
    with pytest.raises(DamagedFileError, match="count from 0"):
        mapped(inside)


def test_a_claim_of_more_planes_than_there_are_is_cut_and_told() -> None:
    found = mapped('<TiffData IFD="0" PlaneCount="2000000000"/>')
    assert found.page.max() == 11
    assert found.problems == ("has a TiffData with more planes than its file",)


def test_planes_outside_of_the_image_are_told() -> None:
    assert "planes that the image does not have" in mapped('<TiffData IFD="0" FirstZ="7"/>').problems[0]


def test_planes_given_twice_are_told() -> None:
    assert "several times" in mapped('<TiffData IFD="0"/><TiffData IFD="1"/>').problems[0]


def test_elements_that_all_claim_everything_are_damage() -> None:
    with pytest.raises(DamagedFileError, match="12 planes"):
        mapped('<TiffData IFD="0" PlaneCount="12"/>' * 500)


def test_an_image_of_countless_planes_is_damage() -> None:
    with pytest.raises(DamagedFileError, match="give 1"):
        mapped('<TiffData IFD="0"/>', sizes="TZCYX=2147483647,1,1,4,6")


def test_files_are_told_apart() -> None:
    rows = "".join(
        f'<TiffData IFD="0" FirstZ="{z}"><UUID FileName="a&amp;{z}.tif">urn:{z}</UUID></TiffData>' for z in range(3)
    )
    found = mapped(rows, sizes="TZCYX=1,3,1,4,6")
    assert found.files == tuple(FileReference(f"urn:{z}", f"a&{z}.tif") for z in range(3))
    assert found.file.ravel().tolist() == [0, 1, 2]
    first = first_element(only(document(rows)))
    assert (first.count, first.reference, first.ifd, first.is_alone) == (2, found.files[0], 0, False)


@pytest.mark.parametrize(
    ("second", "is_alone"),
    [
        ('<UUID FileName="a">u</UUID>', True),
        ('<UUID FileName="b">u</UUID>', False),
        ('<UUID FileName="a">v</UUID>', False),
        ("", False),
    ],
)
def test_whether_all_name_one_file(second: str, is_alone: bool) -> None:  # noqa: FBT001
    inside = f'<TiffData IFD="0"><UUID FileName="a">u</UUID></TiffData><TiffData IFD="1">{second}</TiffData>'
    assert first_element(only(document(inside))).is_alone is is_alone


names = st.sampled_from(["FirstZ", "IFD", "PlaneCount", "Other"])
values = st.text(st.characters(codec="ascii", exclude_characters="<>&\"'", categories=("L", "N", "Zs")), max_size=5)
rows = st.lists(st.dictionaries(names, values, max_size=4), max_size=6)


@given(rows, st.sampled_from(['"', "'"]), st.sampled_from(["/>", "></TiffData>", "> </TiffData>"]))
def test_columns_hold_what_the_elements_say(table: list[dict[str, str]], quote: str, end: str) -> None:
    texts = (" ".join(f"{name}={quote}{value}{quote}" for name, value in row.items()) for row in table)
    run = "\n".join(f"<TiffData {text}{end}" for text in texts).encode()
    count, found = columns.read(run, b"TiffData")
    assert count == len(table)
    for name in {name for row in table for name in row}:
        assert [None if value is None else value.decode() for value in found[name]] == [row.get(name) for row in table]
