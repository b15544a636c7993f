from __future__ import annotations

import numpy as np
import pytest

from omio.errors import MetadataError
from omio.metadata._coords import to_metadata
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from tests.writers.images import rich_facts

SHAPE = (2, 3, 2, 7, 5)


def test_an_image_as_objects_of_ome_types() -> None:
    metadata = to_metadata(Facts.of(SHAPE, **rich_facts()), np.dtype(np.float32))
    ome = metadata.to_ome()
    (image,) = ome.images
    pixels = image.pixels
    assert (pixels.size_t, pixels.size_z, pixels.size_c, pixels.size_y, pixels.size_x) == SHAPE
    assert (pixels.physical_size_z, pixels.type.value) == (1.5, "float")
    assert [channel.name for channel in pixels.channels] == ["DAPI & <b>", "Grün µ"]
    assert ome.instruments[0].objectives[0].lens_na == 0.8
    assert pixels.metadata_only is not None


def test_ome_needs_a_dtype() -> None:
    with pytest.raises(MetadataError, match="dtype"):
        to_metadata(Facts.of(SHAPE)).to_ome()


def test_flat_metadata_have_omes_names() -> None:
    facts = Facts.of(
        (*SHAPE, 3), pixel_size={"X": 0.5, "Y": 0.25}, name="cells", original=Original({"Gain": np.float32(2)}.copy)
    )
    flat = to_metadata(facts, np.dtype(np.uint8)).to_flat()
    assert flat["axes"] == "TZCYXS"
    assert flat["shape"] == (*SHAPE, 3)
    assert [flat[f"Size{dim}"] for dim in "TZCYXS"] == [*SHAPE, 3]
    assert (flat["PhysicalSizeX"], flat["PhysicalSizeXUnit"], flat["PhysicalSizeY"]) == (0.5, "µm", 0.25)
    assert (flat["PhysicalSizeZ"], flat["PhysicalSizeZUnit"]) == (None, None)
    assert (flat["TimeIncrement"], flat["TimeIncrementUnit"]) == (None, None)
    assert (flat["Channel_Count"], flat["unit"]) == (2, "micron")
    assert flat["Annotations"] == {"name": "cells", "dtype": "uint8", "channels": [{}, {}], "original_Gain": 2.0}


def test_flat_metadata_of_an_image_without_sizes_have_no_unit() -> None:
    assert to_metadata(Facts.of(SHAPE)).to_flat()["unit"] is None
