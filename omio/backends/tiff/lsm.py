"""LSM: stacks, series, line scans, positions and tiles of Zeiss confocals.

Format: Zeiss, "LSM image file format 510 to 880", by way of tifffile's reading of it. All lengths are in metres, times
in seconds. Every second page is a thumbnail of the one before it and is passed over; the channels of a plane lie one
after another in one page.
"""

from __future__ import annotations

import itertools
import math
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.tiff.base import TiffBackend
from omio.backends.tiff.where import Table
from omio.errors import DamagedFileError, OmioWarning, SceneError
from omio.lazy.leaf import lease
from omio.lazy.recipe import Derived, Recipe
from omio.lazy.tree import SplitSamples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.document import TiffDocument
    from omio.indexing import Key
    from omio.lazy.leaf import FileStamp
    from omio.metadata.facts import Facts


class LsmBackend(TiffBackend):
    """Reads LSM files. Positions and tiles are scenes; rows of line scans are frames or planes of height 1."""

    name = "lsm"
    extensions = (".lsm",)
    dialects = ("lsm",)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        from omio.backends.tiff.lsmdocument import main_pages, scan_of

        super().__init__(path, options)
        with self.document() as document:
            self._scan = document.memo(scan_of)
            if self.options.strict:
                document.check_chain()
            self._check_pages(math.prod(self._scan.pages), len(document.memo(main_pages)))
        sizes = self._scan.sizes
        pairs = itertools.product(range(sizes["M"]), range(sizes["P"]))
        self._scenes = {self._key(tile, position): (tile, position) for tile, position in pairs}

    def _key(self, tile: int, position: int) -> str:
        sizes = self._scan.sizes
        parts = [f"position{position}"] if sizes["P"] > 1 else []
        parts += [f"tile{tile}"] if sizes["M"] > 1 else []
        return "_".join(parts) or "0"

    def _check_pages(self, wanted: int, found: int) -> None:
        if wanted == found:
            return
        cause = f"it holds {found} images, its dimensions make {wanted}"
        if self.options.strict:
            remedy = "strict=False takes what is there and fills the rest with 0."
            raise DamagedFileError(cause, path=self.path, place="CZ_LSMINFO", remedy=remedy)
        warnings.warn(f"{self.path}: {cause}; what is missing is filled with 0", OmioWarning, stacklevel=2)

    @contextmanager
    def document(self, stamp: FileStamp | None = None) -> Iterator[TiffDocument]:
        """Hold the file open, with the offsets that it means."""
        from omio.backends.tiff.lsmdocument import LsmDocument

        with lease(LsmDocument, stamp or self.stamp) as document:
            yield document

    def scenes(self) -> tuple[str, ...]:
        """Return "0", or one key a position and tile, such as "position0_tile2"."""
        return tuple(self._scenes)

    def _places(self, scene: str) -> tuple[int, int]:
        try:
            return self._scenes[scene]
        except KeyError:
            known = ", ".join(self._scenes)
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There are {known}.") from None

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a position and tile."""
        from omio.backends.tiff.lsmdocument import scene_pages

        t, z, c = self._scan.pages[2:]
        planes = Table(scene_pages, self._places(scene))
        recipe: Recipe = self.recipe({"T": t, "Z": z, "C": c}, planes, upright=False)
        if self._scan.samples > 1:
            recipe = SplitSamples(recipe)
        return recipe if self._scan.rows == "Y" else RowsAsPlanes(recipe, "TZ".index(self._scan.rows))

    def metadata(self, scene: str) -> Facts:
        """Return calibration, times, channels, objective and date; all else lies in ``original``."""
        from omio.backends.tiff.lsmdocument import lsm_info
        from omio.backends.tiff.lsminfo import lsm_facts

        tile, position = self._places(scene)
        shape = self.array(scene).shape
        with self.document() as document:
            info = document.memo(lsm_info)
        several = len(self._scenes) > 1
        return lsm_facts(info, shape, (tile, position) if several else None, self.original())


@dataclass(frozen=True, eq=False)
class RowsAsPlanes(Derived):
    """The rows of each plane as frames (``axis`` 0) or planes (1) of height 1: scans that have no Y."""

    axis: int

    def _moved(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Put what belongs to the rows where `axis` is, and what belonged there in the place of Y."""
        moved = list(values)
        moved[self.axis], moved[3] = values[3], values[self.axis]
        return tuple(moved)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape with Y of length 1."""
        return self._moved(self.base.shape)

    @property
    def chunk(self) -> tuple[int, ...]:
        """Rows that lie together."""
        return self._moved(self.base.chunk)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read through a view of `out`."""
        self.base.read(self._moved(key), np.swapaxes(out, self.axis, 3))

    def token(self) -> tuple[Any, ...]:
        """Return the base's token, marked."""
        return ("rows", self.base.token(), self.axis)
