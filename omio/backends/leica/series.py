"""The backend of exported series: their XML opens all files as one image."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.base import Backend, Confidence
from omio.backends.leica.document import describe, read_image
from omio.backends.leica.facts import facts_of
from omio.backends.leica.names import (
    PROPERTIES,
    describing,
    folder_of,
    is_for_people,
    names_in,
    scenes_of,
    series_name,
)
from omio.backends.tiff.dialects import open_document
from omio.backends.tiff.plain import PlainTiffBackend
from omio.backends.tiff.tags import palette
from omio.errors import DamagedFileError, FileMissingError, OmioWarning, SceneError
from omio.lazy.files import AlikeFiles
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.naming import missing_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.base import OpenOptions
    from omio.backends.leica.names import Planes
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts

MOST = 1_000_000
"""Planes of a series that are filled where files are missing; more is an error of the XML or a name."""
_OPENING = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<Data>\s*<Image\b|<Image\b.*<(ImageDescription|Dimensions)\b)", re.DOTALL)


class LeicaSeriesBackend(Backend):
    """Reads what LAS AF and LAS X export as TIFF, by ``MetaData/<Series>.xml`` or ``<Series>_Properties.xml``.

    The names of the files place the planes; the XML says how many there are, and all else. One file is opened; the
    others are held to its size and dtype when they are read. Stage positions are scenes.
    """

    name = "leica-tiff"
    extensions = (f"{PROPERTIES}.xml",)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        place = Path(self.stamp.path)
        self._folder = folder_of(place)
        self._said = describe(read_image(self.stamp.path))
        self._scenes = scenes_of(names_in(self._folder), series_name(place), self.path)
        if not self._scenes:
            cause = f"no file of this series lies in {self._folder.name}, such as {series_name(place)}_z000_ch00.tif"
            raise FileMissingError(cause, path=path)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Ask the content: an image as LAS describes it."""
        encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        opening = _OPENING.match(head.decode(encoding, "replace"))
        return Confidence.NO if opening is None else Confidence.CONTENT

    def scenes(self) -> tuple[str, ...]:
        """Return one key a stage position, such as "s00", else "0"."""
        return tuple(self._scenes)

    @cached_property
    def _known(self) -> dict[str, Planes]:
        """Scenes whose files were compared with what the XML promises."""
        return {}

    def _planes(self, scene: str) -> Planes:
        if scene not in self._scenes:
            known = ", ".join(self._scenes)
            raise SceneError(f"no scene {scene!r}", path=self.path, remedy=f"There are {known}.")
        if scene not in self._known:
            found, said = self._scenes[scene], self._said.sizes
            channels = said.get("C", 1) if len(self._leaf(scene).shape) == 5 else 1  # of RGB, samples are described
            planes = found.at_least((said.get("T", 1), said.get("Z", 1), channels))
            self._tell_missing(planes)
            self._known[scene] = planes
        return self._known[scene]

    def _tell_missing(self, planes: Planes) -> None:
        missing = planes.count - len(planes.files)
        if not missing:
            return
        cause = missing_files(missing, ("T={} Z={} C={}".format(*place) for place in planes.missing()), "; ")
        if self.options.strict or planes.count > MOST:
            raise FileMissingError(cause, path=self.path, remedy="strict=False fills them with 0.")
        warnings.warn(f"{self.path}: {cause}; they are filled with 0", OmioWarning, stacklevel=4)

    def _member(self, name: str) -> FileStamp:
        return FileStamp.of(self._folder / name)

    @cached_property
    def _leaves(self) -> dict[str, FileRecipe]:
        """Scene -> recipe of its first file, which stands for all others."""
        return {}

    def _leaf(self, scene: str) -> FileRecipe:
        if scene not in self._leaves:
            self._leaves[scene] = self._first(scene)
        return self._leaves[scene]

    def _first(self, scene: str) -> FileRecipe:
        path = str(self._folder / next(iter(self._scenes[scene].files.values())))
        reader = PlainTiffBackend(path, replace(self.options, axes=None, pages=None))
        recipe = reader.array(reader.scenes()[0])
        if not isinstance(recipe, FileRecipe) or recipe.shape[:3] != (1, 1, 1):
            raise DamagedFileError("holds more than one plane", path=path)
        said, real = (self._said.sizes.get("Y"), self._said.sizes.get("X")), recipe.shape[3:5]
        if said != real:
            cause = f"describes planes of {said[0]} x {said[1]} pixels, the files have {real[0]} x {real[1]}"
            raise DamagedFileError(cause, path=self.path, remedy="Open them by a pattern, which needs no XML.")
        return recipe

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a series; no file but the first is opened."""
        del level
        leaf, planes = self._leaf(scene), self._planes(scene)
        names = tuple(planes.files.get(place) for place in np.ndindex(*planes.sizes))
        stamps = np.array([self._seen(name) for name in names], dtype=np.int64)
        counts = (*planes.sizes, *(1 for _ in leaf.shape[3:]))
        return AlikeFiles(counts, 0, leaf, str(self._folder), names, stamps)

    def _seen(self, name: str | None) -> tuple[int, int]:
        """Return size and time of a file."""
        if name is None:
            return 0, 0
        stamp = self._member(name)
        return stamp.size, stamp.mtime_ns

    def metadata(self, scene: str) -> Facts:
        """Return what the XML says."""
        shape = (*self._planes(scene).sizes, *self._leaf(scene).shape[3:])
        facts = facts_of(self.stamp.path, self._said, shape)
        if any(luts := self._luts(self._planes(scene))):
            facts = replace(facts, channels={**facts.channels, "lut": luts})
        return facts.with_static(name=series_name(Path(self.stamp.path)))

    def _luts(self, planes: Planes) -> tuple[str | None, ...]:
        """Return the colour table of each channel's first file."""
        first = {place[2]: name for place, name in sorted(planes.files.items(), reverse=True)}
        return tuple(_lut(self._member(first[c])) if c in first else None for c in range(planes.sizes[2]))

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how many files hold the scene."""
        return {"files": len(self._scenes[scene].files)}

    def files(self) -> tuple[str, ...]:
        """Return the XML, the `_Properties.xml` that says the same for people, and all files of the series."""
        members = [name for planes in self._scenes.values() for name in planes.files.values()]
        return (self.stamp.path, *self._for_people(members), *(str(self._folder / name) for name in members))

    def _for_people(self, members: list[str]) -> list[str]:
        own = Path(self.stamp.path)
        if is_for_people(own.name):
            return []
        folders = dict.fromkeys((own.parent, self._folder))
        found = [(folder, describing(filter(is_for_people, names_in(folder)), members)) for folder in folders]
        return [str(folder / name) for folder, names in found for name in names]


def _lut(stamp: FileStamp) -> str | None:
    with open_document(stamp) as document:
        return palette(document.first)
