"""TIFF series of ThorImageLS: a file a plane, described by ``Experiment.xml``; the folder is one dataset.

The names place the planes, the XML says how many there should be and all else. One file is opened; the others are held
to its size and dtype when they are read.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from omio.backends.base import Backend, Confidence, OpenOptions
from omio.backends.thorlabs.account import facts_of
from omio.backends.thorlabs.experiment import Experiment
from omio.backends.thorlabs.folder import EXPERIMENT, Acquisition, acquisition_at
from omio.backends.thorlabs.members import Grid, grids, is_like_member
from omio.backends.thorlabs.previews import preview_images
from omio.backends.thorlabs.readings import Reading, channels_of, stacks_of
from omio.backends.thorlabs.sizes import MISMATCH, policy_of, refuse_axes
from omio.backends.tiff.dialects import open_document
from omio.backends.tiff.plain import PlainTiffBackend
from omio.errors import FileMissingError, OmioError, OmioWarning, SceneError
from omio.lazy.blank import Blank
from omio.lazy.leaf import FileStamp
from omio.lazy.tree import concat
from omio.metadata.facts import PlaneTable
from omio.naming import missing_files
from omio.units import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.backends.thorlabs.members import Place
    from omio.backends.thorlabs.readings import Stack
    from omio.lazy.leaf import FileRecipe
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Columns, Facts

MOST_FILLED = 1_000_000
"""Planes that are filled at most; an XML that promises more says nothing true."""
_DELTA = re.compile(r'<Plane\b[^>]*\bDeltaT="([^"]{1,40})"')


class ThorTiffBackend(Backend):
    """Reads TIFF series by their folder or ``Experiment.xml``. Each well and tile is a scene, such as "0001_0001".

    ``on_size_mismatch`` is as for RAW files, for series that were stopped before all files were written.
    """

    name = "thorlabs-tiff"
    extensions = (EXPERIMENT,)
    option_names: ClassVar[tuple[str, ...]] = (MISMATCH,)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        refuse_axes(self.options, path)
        self._acquisition = Acquisition.of(path)
        found = self._acquisition.only(self._acquisition.named(EXPERIMENT), "XML files", path)
        if found is None:
            raise FileMissingError("no Experiment.xml lies here", path=path)
        self.stamp = FileStamp.of(found)
        self._experiment = Experiment.read(found)
        listed = [names for *_, names in channels_of(self._experiment) if names]
        self._found = grids(self._acquisition.names, listed)
        if not self._found:
            raise FileMissingError("no TIFF of a series lies here, such as ChanA_0001_0001_0001_0001.tif", path=path)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Take the folder or XML of a series; where there is a RAW file, that is the image."""
        acquisition = acquisition_at(path, head)
        if acquisition is None or acquisition.raws:
            return Confidence.NO
        return Confidence.CONTENT if any(is_like_member(name) for name in acquisition.names) else Confidence.NO

    def scenes(self) -> tuple[str, ...]:
        """Return one key a well and tile."""
        return tuple(self._found)

    def _files(self, scene: str) -> Grid:
        try:
            return self._found[scene]
        except KeyError:
            known = ", ".join(self._found)
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There are {known}.") from None

    @cached_property
    def _stacks(self) -> list[Stack]:
        stacks = list(stacks_of(self._experiment))
        self._experiment.check()
        return stacks

    @cached_property
    def _grids(self) -> dict[str, tuple[Grid, Mapping[str, Any]]]:
        """Grids as they are read, with the step of the provenance that says why; checked once for each scene."""
        return {}

    def _grid(self, scene: str) -> tuple[Grid, Mapping[str, Any]]:
        if scene not in self._grids:
            promised = self._promised(self._files(scene))
            policy = policy_of(self.options.extra)
            step: dict[str, Any] = {}
            grid = promised
            if policy and promised.missing_count:
                from omio.policies.size import FrameCount

                grid = promised.resized(*policy.plan(FrameCount(len(promised.files), *promised.sizes)))
                step = {"policy": policy.describe(), "promised": list(promised.sizes), "read": list(grid.sizes)}
            self._tell_missing(grid)
            self._grids[scene] = grid, step
        return self._grids[scene]

    def _promised(self, grid: Grid) -> Grid:
        """Return the grid that the XML promises; files beyond it extend it, for they are there."""
        points, planes, channels = grid.sizes
        planes = max([planes, *(stack.planes for stack in self._stacks[:1])])
        points = min((stack.points for stack in self._stacks if stack.points >= points), default=points)
        return replace(grid, sizes=(points, planes, channels))

    def _tell_missing(self, grid: Grid) -> None:
        count = grid.missing_count
        if not count:
            return
        cause = missing_files(count, map(grid.name_at, grid.missing()))
        if self.options.strict or count > MOST_FILLED:
            remedy = f'strict=False fills them with 0; {MISMATCH}="truncate_t" ends the series before them.'
            raise FileMissingError(cause, path=self._acquisition.folder, remedy=remedy)
        text = f"{self._acquisition.folder}: {cause}; they are filled with 0"
        warnings.warn(text, OmioWarning, stacklevel=4)

    def _member(self, name: str) -> FileStamp:
        return FileStamp.of(self._acquisition.path(name))

    @cached_property
    def _leaves(self) -> dict[str, FileRecipe]:
        """Scene -> recipe of its first file, which stands for all others."""
        return {}

    def _leaf(self, scene: str) -> FileRecipe:
        if scene not in self._leaves:
            first = next(iter(self._files(scene).files.values()))
            reader = PlainTiffBackend(self._acquisition.path(first), OpenOptions(strict=self.options.strict))
            self._leaves[scene] = cast("FileRecipe", reader.array(reader.scenes()[0]))
        return self._leaves[scene]

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a series, one leaf a file; no file but the first is opened."""
        del level
        grid, _ = self._grid(scene)
        leaf = self._leaf(scene)

        def plane(place: Place) -> Recipe:
            name = grid.files.get(place)
            return Blank(leaf.shape, leaf.dtype) if name is None else replace(leaf, stamp=self._member(name))

        t, z, c = (range(size) for size in grid.sizes)
        return concat(tuple(concat(tuple(concat(tuple(plane((i, j, k)) for k in c), 2) for j in z), 1) for i in t), 0)

    def metadata(self, scene: str) -> Facts:
        """Return what the XML says; times of planes are read from the OME-XML of the files when asked."""
        grid, step = self._grid(scene)
        leaf = self._leaf(scene)
        height, width = leaf.shape[3:5]
        stack = next((s for s in self._stacks if s.points == grid.sizes[0]), None)
        streamed, scans = (stack.streamed, stack.scans) if stack else (False, 1)
        names = grid.channels
        reading = Reading((*grid.sizes, height, width), leaf.dtype.str, 0, names, streamed=streamed, scans=scans)
        facts = facts_of(self._experiment, reading, self._times(scene, grid), leaf.shape[5:])
        return facts.with_step("size_mismatch", **step) if step else facts

    def _times(self, scene: str, grid: Grid) -> PlaneTable | None:
        first = self._member(next(iter(self._files(scene).files.values())))
        if _delta_t(first) is None:
            return None
        return PlaneTable(partial(_load_times, str(self._acquisition.folder), grid), grid.sizes)

    def associated(self) -> Mapping[str, tuple[Recipe, Facts]]:
        """Return the previews that lie beside the series, one a channel."""
        return preview_images(self._acquisition)

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how many files hold the scene."""
        return {"sidecar": self._experiment.name, "files": len(self._files(scene).files)}

    def files(self) -> tuple[str, ...]:
        """Return the XML, all files of the series, and the previews."""
        members = [name for grid in self._found.values() for name in grid.files.values()]
        beside = (*members, *self._acquisition.previews.values())
        return (self.stamp.path, *(self._acquisition.path(name) for name in beside))


def _delta_t(stamp: FileStamp) -> float | None:
    """Return the seconds at which a file says that its plane was taken."""
    with open_document(stamp) as document:
        match = _DELTA.search(document.first.description)
    return number(match[1]) if match else None


def _load_times(folder: str, grid: Grid) -> Columns:
    """Read the times of all planes; NaN where a file is missing or says none."""
    times = np.full(grid.sizes, np.nan)
    acquisition = Acquisition.of(folder)
    for place, name in grid.files.items():
        try:
            told = _delta_t(FileStamp.of(acquisition.path(name)))
        except OmioError:  # reading the plane says what is wrong with the file
            continue
        times[place] = np.nan if told is None else told
    return {"delta_t": times}
