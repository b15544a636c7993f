"""The OME model's own sample files of schemas 2008-09 to 2016-06, judged by lxml."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from omio.ome.document import document_of
from omio.ome.facts import facts_of
from omio.ome.pixels import Pixels
from tests.ome.support import File
from tests.support.real import REAL

if TYPE_CHECKING:
    from pathlib import Path

    from omio.metadata.facts import Facts

SAMPLES = sorted((REAL / "omexml-schema-samples").glob("*/*.xml"))
COUNT = 181


def select(element: Any, path: str) -> list[Any]:
    """Return what an XPath finds."""
    found: list[Any] = element.xpath(path)
    return found


@pytest.mark.skipif(not SAMPLES, reason="real data not here")
def test_all_samples_are_here() -> None:
    assert len(SAMPLES) == COUNT


@pytest.mark.parametrize("path", SAMPLES, ids=[f"{path.parent.name}-{path.name.split('.')[0]}" for path in SAMPLES])
def test_images_sizes_and_names_are_those_of_the_xml(path: Path) -> None:
    source = File(str(path))
    images = document_of(source).images
    expected = select(etree.parse(str(path)), "/*/*[local-name()='Image']/*[local-name()='Pixels']")
    assert len(images) == len(expected) > 0
    for image, pixels in zip(images, expected, strict=True):
        found = Pixels.of(image)
        assert found.sizes == {dim: int(pixels.get(f"Size{dim}")) for dim in "TZCYX"}
        assert found.dtype is not None
        facts, _ = facts_of(image, source, found.shape())
        assert facts.static.name == pixels.getparent().get("Name")
        _compare(facts, pixels)
        json.dumps(dict(facts.static.original))


def _compare(facts: Facts, pixels: Any) -> None:
    unknown = (None,) * facts.sizes["C"]
    for index, channel in enumerate(select(pixels, "*[local-name()='Channel']")):
        assert facts.channels.get("name", unknown)[index] == channel.get("Name")
        assert facts.channels.get("fluor", unknown)[index] == channel.get("Fluor")
    for plane in select(pixels, "*[local-name()='Plane'][@ExposureTime]"):
        place = tuple(int(plane.get(f"The{dim}")) for dim in "TZC")
        assert facts.planes is not None
        assert facts.planes.columns["exposure"][place] == float(plane.get("ExposureTime"))


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.parent.name >= "2013"], ids=lambda path: path.stem)
def test_annotations_are_those_of_the_xml(path: Path) -> None:
    source = File(str(path))
    images = document_of(source).images
    notes = {
        str(note.get("id"))
        for image in images
        for note in facts_of(image, source, Pixels.of(image).shape())[0].static.annotations
    }
    expected = select(etree.parse(str(path)), "//*[local-name()='StructuredAnnotations']/*/@ID")
    assert notes == {str(name) for name in expected}
