"""Write a large image whose pixels are computed, and print the highest memory in MB: run as a fresh process."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.indexing import positions
from omio.lazy.recipe import Recipe
from omio.metadata.facts import Facts
from omio.policies.write import WritePolicy
from omio.writers.ometiff import OmeTiffWriter
from tests.writers.images import SampleImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key


@dataclass(frozen=True, eq=False)
class Computed(Recipe):
    """Pixels that follow from their place."""

    shape: tuple[int, ...]
    unit: tuple[int, ...]
    dtype: np.dtype[Any] = np.dtype(np.uint16)  # noqa: RUF009

    @property
    def chunk(self) -> tuple[int, ...]:
        return self.unit

    def read(self, key: Key, out: NDArray[Any]) -> None:
        y, x = (positions(index).astype(np.uint16) for index in key[3:5])
        out[...] = (y[:, None] >> 3) + (x >> 3)

    def token(self) -> tuple[Any, ...]:
        return ("computed", self.shape)

    def parts(self) -> tuple[Recipe, ...]:
        return ()


def peak() -> float:
    """Return the highest memory of this process in MB (``ru_maxrss`` would count what the parent had)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    path, shape, unit, policy = sys.argv[1], *map(json.loads, sys.argv[2:5])
    image = SampleImage(Computed(tuple(shape), tuple(unit)), Facts.of(tuple(shape)))
    report = OmeTiffWriter().write(image, path, WritePolicy.resolve(policy))
    json.dump({"peak": peak(), "nbytes": report.nbytes, "seconds": report.seconds, **report.details}, sys.stdout)


if __name__ == "__main__":
    main()
