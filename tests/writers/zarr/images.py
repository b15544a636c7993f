"""Datasets in memory for tests of the OME-Zarr writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from omio import MicroscopyDataset
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from tests.writers.images import random_pixels, rich_facts

if TYPE_CHECKING:
    from omio.indexing import Key

SHAPE = (2, 3, 2, 70, 90)


def dataset(shape: tuple[int, ...] = SHAPE, dtype: Any = "uint16", **facts: Any) -> MicroscopyDataset:
    pixels = random_pixels(shape, dtype)
    return MicroscopyDataset(ArrayRecipe(pixels), Facts.of(shape, **facts))


def rich() -> MicroscopyDataset:
    """Return an image with something of every fact."""
    facts = rich_facts()
    notes = tuple(note for note in facts["annotations"] if note["kind"] != "double")  # an infinite one is read as text
    return dataset(SHAPE, **{**facts, "annotations": notes})


def nuclei(shape: tuple[int, ...] = (1, 3, 1, 70, 90)) -> MicroscopyDataset:
    """Return label images of squares, each of one number."""
    numbers = np.add.outer(np.arange(shape[3]) // 7, np.arange(shape[4]) // 9)
    return MicroscopyDataset(ArrayRecipe(np.broadcast_to(numbers.astype("int32"), shape)), Facts.of(shape))


@dataclass(frozen=True, eq=False, kw_only=True)
class Counted(ArrayRecipe):
    """Pixels that are read frame by frame, and fail from a frame on."""

    broken: int = 1 << 30
    asked: list[int] = field(default_factory=list)

    @property
    def chunk(self) -> tuple[int, ...]:
        return (1, *self.shape[1:])

    def read(self, key: Key, out: np.ndarray[Any, Any]) -> None:
        self.asked.append(int(key[0][0]))
        if key[0][-1] >= self.broken:
            raise OSError(5, "the disk went away")
        super().read(key, out)
