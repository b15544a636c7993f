"""The smallest thing that writers take for an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.lazy.arrays import ArrayRecipe
from omio.metadata._coords import to_metadata
from omio.metadata.facts import Facts, PlaneTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.image import Image
    from omio.lazy.recipe import Recipe
    from omio.metadata.models import ImageMetadata


@dataclass(frozen=True, eq=False)
class SampleImage:
    """A recipe with facts."""

    recipe: Recipe
    facts: Facts

    @classmethod
    def of(cls, pixels: NDArray[Any], **facts: Any) -> SampleImage:
        return cls(ArrayRecipe(pixels), Facts.of(pixels.shape, **facts))

    @property
    def metadata(self) -> ImageMetadata:
        return to_metadata(self.facts, self.dtype)

    @property
    def sizes(self) -> Mapping[str, int]:
        return self.facts.sizes

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.recipe.dtype

    @property
    def levels(self) -> tuple[Image, ...]:
        return (self,)


def random_pixels(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> NDArray[Any]:
    """Return smooth noise over the whole range of the dtype."""
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return random.random(shape) > 0.5
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return random.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)
    values = random.normal(size=shape)
    return (values + 1j * random.normal(size=shape)).astype(kind) if kind.kind == "c" else values.astype(kind)


BINARY_FILE = {"@FileName": "a.txt", "@Size": "3", "External": {"@href": "a", "@SHA1": "0" * 40}}


def rich_facts() -> dict[str, Any]:
    """Return arguments of `Facts.of` for an image of 2 frames, 3 sections, 2 channels, with something of everything."""
    shape = (2, 3, 2)
    number = np.arange(12, dtype=np.float64).reshape(shape)
    label = np.array([f"plane {i}" for i in range(12)], dtype=object).reshape(shape)
    planes = {
        "delta_t": number / 10,
        "exposure": number + 0.1,
        "stage_x": -number,
        "stage_y": number * 1e5,
        "label": label,
    }
    return {
        "pixel_size": {"Z": 1.5, "Y": 0.1, "X": 0.1 + 0.2},
        "origin": {"X": -12.25},
        "time_increment": 2.5,
        "channels": [
            {"name": "DAPI & <b>", "color": "#0000FF", "excitation_nm": 405.0, "emission_nm": 461.5, "fluor": "DAPI"},
            {
                "name": "Grün µ",
                "color": "#FF8000",
                "acquisition_mode": "LaserScanningConfocalMicroscopy",
                "contrast_method": "my own",
                "illumination": "Epifluorescence",
                "pinhole_um": 31.7,
                "nd_filter": 0.5,
                "window": (10.0, 4000.0),
                "lut": "00FF00" * 256,
            },
        ],
        "planes": PlaneTable.of(planes),
        "name": "cells\n2",
        "description": "two\r\nlines\tand “signs” ]]>",
        "acquired": "2024-02-29T12:30:01.123456789+02:00",
        "objective": {"name": "Plan 20x", "magnification": 20.0, "na": 0.8, "immersion": "Air", "correction": "APO"},
        "stage_position": {"X": -1234.5, "Y": 0.25},
        "provenance": ({"action": "open", "file": "cells.czi"},),
        "annotations": (
            {"kind": "map", "value": [["a", "1"], ["a", " 2 "], ["", ""]], "namespace": "x:y", "id": "Annotation:0"},
            {"kind": "comment", "value": "text", "description": "of it"},
            {"kind": "comment", "value": " trailing "},
            {"kind": "xml", "value": '<a xmlns="q"><b c="1">t</b></a>', "id": "Annotation:0"},
            {"kind": "long", "value": -5, "id": "odd"},
            {"kind": "double", "value": 1e-300},
            {"kind": "double", "value": float("inf")},
            {"kind": "boolean", "value": True},
            {"kind": "tag", "value": "a\x00b"},
            {"kind": "term", "value": "GO:1"},
            {"kind": "timestamp", "value": "2024-01-01T00:00:00"},
            {"kind": "list", "value": ["Annotation:0"], "id": "Annotation:list"},
            {"kind": "file", "id": "Annotation:file", "value": {"@ID": "Annotation:file", "BinaryFile": BINARY_FILE}},
        ),
        "sources": {"pixel_size.X": "user"},
    }  # fmt: skip
