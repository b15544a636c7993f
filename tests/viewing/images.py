"""Images that the tests of this folder show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from omio import MicroscopyDataset
from omio.errors import DamagedFileError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.testing import makers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key

CHANNELS = (
    {"name": "EGFP", "color": "#00FF00", "emission_nm": 509.0},
    {"name": "mCherry", "color": "#FF0000", "emission_nm": 610.0},
)


def cells(shape: tuple[int, int, int, int, int] = (3, 5, 2, 60, 80), **facts: Any) -> MicroscopyDataset:
    known = {"pixel_size": {"Z": 1.5, "Y": 0.5, "X": 0.5}, "time_increment": 2.5, "channels": CHANNELS[: shape[2]]}
    return MicroscopyDataset.from_array(makers.cells(shape), "TZCYX", **{**known, **facts})


@dataclass(frozen=True, eq=False)
class Watched(ArrayRecipe):
    """Remembers the bytes of each reading."""

    read_bytes: list[int] = field(default_factory=list)
    unit: tuple[int, ...] | None = None

    @property
    def chunk(self) -> tuple[int, ...]:
        return self.unit or super().chunk

    def read(self, key: Key, out: NDArray[Any]) -> None:
        self.read_bytes.append(out.nbytes)
        super().read(key, out)


class Broken(ArrayRecipe):
    """Cannot be read."""

    def read(self, key: Key, out: NDArray[Any]) -> None:
        raise DamagedFileError("the strip ends early", path="/home/somebody/secret.tif", remedy="Copy it again.")


def inks() -> MicroscopyDataset:
    """Five samples, which are no red, green and blue."""
    pixels = np.random.default_rng(0).integers(0, 255, (12, 16, 5), np.uint8)
    return MicroscopyDataset.from_array(pixels, "YXS")


def over(recipe: ArrayRecipe) -> MicroscopyDataset:
    return MicroscopyDataset(recipe, Facts.of(recipe.shape))


def zeros(*shape: int, dtype: Any = np.uint16) -> NDArray[Any]:
    """Return an array that takes no memory."""
    return np.broadcast_to(np.zeros((), dtype), shape)
