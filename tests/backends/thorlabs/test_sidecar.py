"""Which file describes a RAW file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from tests.backends.thorlabs import made

if TYPE_CHECKING:
    from pathlib import Path

BY_HAND = "T: 2\nZ: 2\nC: 2\nY: 5\nX: 6\nbits: 16\n"


def test_no_other_xml_of_the_folder_is_taken(tmp_path: Path) -> None:
    made.raw(tmp_path)
    (tmp_path / "Experiment.xml").rename(tmp_path / "Other.xml")

    with pytest.raises(FileNotFoundError, match=r"no Experiment\.xml and no YAML.*omio thorlabs template"):
        omio.open(tmp_path / "Image_0001_0001.raw")


def test_the_xml_of_the_same_stem_comes_first(tmp_path: Path) -> None:
    made.raw(tmp_path)
    own = made.changed(made.STREAMED, LSM={"pixelSizeUM": 0.25})
    (tmp_path / "Image_0001_0001.xml").write_text(made.xml(own))

    assert omio.open(tmp_path / "Image_0001_0001.raw").metadata.pixel_size["X"] == 0.25


def test_several_xml_files_are_named(tmp_path: Path) -> None:
    made.raw(tmp_path)
    (tmp_path / "experiment.xml").write_text(made.xml(made.STREAMED))
    if len(list(tmp_path.glob("*.xml"))) < 2:
        pytest.skip("names differ by more than case here")

    with pytest.raises(omio.errors.UnsupportedFormatError, match=r"Experiment\.xml, experiment\.xml"):
        omio.open(tmp_path / "Image_0001_0001.raw")


def test_several_yaml_files_are_named(tmp_path: Path) -> None:
    made.raw(tmp_path)
    for ending in ("yaml", "yml"):
        (tmp_path / f"Image_0001_0001.{ending}").write_text(BY_HAND)

    with pytest.raises(omio.errors.UnsupportedFormatError, match=r"0001\.yaml, Image_0001_0001\.yml"):
        omio.open(tmp_path)


@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_yaml_stands_in_where_there_is_no_xml(tmp_path: Path, ending: str) -> None:
    stored = made.raw(tmp_path)
    (tmp_path / "Experiment.xml").unlink()
    (tmp_path / f"Image_0001_0001.{ending}").write_text(BY_HAND)

    image = omio.open(tmp_path / "Image_0001_0001.raw")

    np.testing.assert_array_equal(image.load(), stored.reshape(2, 2, 2, 5, 6))


@pytest.mark.parametrize("beside", ["Image_0001_0002.raw", "other.yaml"])
def test_a_yaml_file_of_another_stem_is_not_taken_where_it_could_be_anothers(tmp_path: Path, beside: str) -> None:
    made.raw(tmp_path)
    (tmp_path / "Experiment.xml").unlink()
    (tmp_path / "meta.yaml").write_text(BY_HAND)
    (tmp_path / beside).write_text(BY_HAND)

    with pytest.raises(FileNotFoundError):
        omio.open(tmp_path / "Image_0001_0001.raw")


def test_the_one_yaml_file_beside_the_one_raw_file_describes_it(tmp_path: Path) -> None:
    stored = made.raw(tmp_path)
    (tmp_path / "Experiment.xml").unlink()
    (tmp_path / "meta.yaml").write_text(BY_HAND)

    image = omio.open(tmp_path / "Image_0001_0001.raw")

    np.testing.assert_array_equal(image.load(), stored.reshape(2, 2, 2, 5, 6))


def test_xml_that_fits_is_preferred_to_yaml(tmp_path: Path) -> None:
    made.raw(tmp_path)
    (tmp_path / "Image_0001_0001.yaml").write_text(BY_HAND)

    assert omio.open(tmp_path).shape == (4, 1, 2, 5, 6)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<ThorImageExperiment>", "not well-formed"),
        ("<Other/>", "root is 'Other'"),
        (made.xml(made.changed(made.STREAMED, LSM=None, Camera=None)), "size of a frame"),
        (made.xml(made.changed(made.STREAMED, LSM={"pixelX": 7})), "does not fit the size"),
    ],
)
def test_xml_that_cannot_be_used_gives_way_to_yaml_with_a_warning(tmp_path: Path, text: str, why: str) -> None:
    made.raw(tmp_path)
    (tmp_path / "Experiment.xml").write_text(text)
    path = tmp_path / "Image_0001_0001.raw"
    with pytest.raises(omio.OmioError, match=r"Experiment\.xml|Image_0001_0001\.raw"):
        omio.open(path)
    (tmp_path / "Image_0001_0001.yaml").write_text(BY_HAND)

    with pytest.warns(omio.OmioWarning, match=rf"{why}.*Image_0001_0001\.yaml is used"):
        image = omio.open(path)

    assert image.shape == (2, 2, 2, 5, 6)
