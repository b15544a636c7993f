"""Every real file opens with the facts that independent tools record of it."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import tifffile

import omio
from tests.real.compare import digest, same
from tests.real.expected import Expected, expected
from tests.real.items import AXES, TILED, in_scope
from tests.support import bioformats
from tests.support.facts import pixels_of
from tests.support.real import real

ITEMS = in_scope()


def observed(dataset: omio.MicroscopyDataset) -> Expected:
    metadata = dataset.metadata
    channels = metadata.channels
    return Expected(
        shape=dataset.shape,
        dtype=str(dataset.dtype),
        sha256=digest(dataset),
        pixel_size={dim: metadata.pixel_size.get(dim) for dim in "ZYX"},
        time_increment=metadata.time_increment,
        names=[channel.name for channel in channels],
        colors=[channel.color for channel in channels],
        emission=[channel.emission_nm for channel in channels],
        excitation=[channel.excitation_nm for channel in channels],
    )


def wrong(found: Expected, truth: Expected) -> dict[str, tuple[Any, Any]]:
    """Return field -> what was found and what is right, where they differ; a digest of None is checked elsewhere."""
    pairs = {entry.name: (getattr(found, entry.name), getattr(truth, entry.name)) for entry in fields(Expected)}
    if truth.sha256 is None:
        del pairs["sha256"]
    return {name: pair for name, pair in pairs.items() if not same(*pair)}


@pytest.mark.parametrize("item", [item for item in ITEMS if item not in TILED])
def test_facts(item: str) -> None:
    truth = expected(item)

    found = [observed(dataset) for dataset in omio.open_collection(real(item), axes=AXES.get(item)).values()]

    assert len(found) == len(truth)
    assert list(map(wrong, found, truth)) == [{}] * len(truth)


@pytest.mark.parametrize("item", sorted(AXES))
def test_unnamed_axes_must_be_named(item: str) -> None:
    with pytest.raises(omio.errors.AxesError, match="axes="):
        omio.open(real(item))


@pytest.mark.parametrize("item", TILED)
def test_places_of_an_exploration_are_scenes(item: str) -> None:
    record, places = pixels_of(item), omio.open_collection(real(item))

    planes = [np.asarray(dataset) for dataset in places.values()]

    assert all(set(re.findall("[a-z]+", key)) == {"row", "column"} for key in places)
    assert list(np.concatenate(planes).shape) == record["shape"]
    assert digest(np.concatenate(planes)) == record["sha256"]


@pytest.mark.parametrize("item", ["czi-well-s2.czi", "gen/ometiff-bigtiff-2scenes.ome.tif"])
def test_pixels_of_every_scene(item: str) -> None:
    witnessed = [series.sha256 for series in bioformats.describe(real(item))]

    assert [digest(dataset) for dataset in omio.open_collection(real(item)).values()] == witnessed


def test_orientation_is_turned_upright() -> None:
    path = real("tiff-orient6.tif")
    stored = tifffile.imread(path)

    # orientation 6: the first row is the right side of the scene, the first column its top
    upright = np.rot90(stored, -1)

    assert np.array_equal(np.asarray(omio.open(path)).squeeze(), upright)


@pytest.mark.parametrize(
    "folder", ["companion-multifile", "gen/ometiff-multifile-z"], ids=["companion", "names and UUIDs"]
)
def test_any_member_opens_the_whole_set(folder: str) -> None:
    members = sorted(real(folder).iterdir())

    found = {digest(omio.open(member)) for member in members}

    assert len(members) > 4
    assert found == {bioformats.describe(members[0])[0].sha256}


def test_slide_has_label_and_macro() -> None:
    path = real("svs-cmu1-small.svs")
    _, label, macro = bioformats.describe(path)

    associated = omio.open(path).associated

    assert digest(associated["label"]) == label.sha256
    assert digest(associated["macro"]) == macro.sha256
