"""From what a user names (a file, a list, a folder) to the datasets that are meant; nothing but headers is read."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from numbers import Real
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from omio.backends.discovery import named, walk
from omio.collection import open_collection, open_folder
from omio.dataset.folders import is_plain_folder
from omio.dataset.opening import is_pattern
from omio.dataset.opening import open as open_dataset
from omio.errors import MetadataError, OmioError, OptionError
from omio.functional.voice import LOG, tell
from omio.naming import natural, spelled
from omio.policies.merge import MergePolicy, PaddedMerge, StrictMerge
from omio.units import to_um
from omio.writers.source import stamps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.collection import MicroscopyCollection
    from omio.dataset import MicroscopyDataset

type PathLike = str | os.PathLike[str]
type Paths = PathLike | Sequence[PathLike]
type OnError = Literal["raise", "warn", "skip"]


@dataclass(frozen=True)
class Found:
    """An image that was asked for.

    Attributes
    ----------
    image
        The dataset, nothing of it read.
    path
        The file it is named by; of merged ones the first.
    scene
        Key of the scene where the file has several.
    merged
        Whether it was made of several files.
    """

    image: MicroscopyDataset
    path: str
    scene: str | None = None
    merged: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """All files it is read from."""
        return tuple(stamp.path for stamp in stamps_of(self.image)) or (self.path,)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How images are found and opened; the fields are the arguments of `imread`, `options` those of `omio.open`."""

    on_error: OnError = "raise"
    recursive: bool = False
    folder_stacks: bool = False
    merge_folder_stacks: bool = False
    merge_files: bool = False
    merge_along_axis: str = "T"
    zeropadding: bool = True
    physicalsize_xyz: Sequence[float | None] | None = None
    pixelunit: str = "micron"
    collapse_sets: bool = True
    passed_over: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what has few values."""
        check_on_error(self.on_error)

    @property
    def policy(self) -> MergePolicy:
        """How images are merged."""
        return merge_policy(zeropadding=self.zeropadding)

    @contextmanager
    def forgiving(self) -> Iterator[None]:
        """Let an image that cannot be read stop the call, or leave it out, as ``on_error`` says."""
        try:
            yield
        except (OmioError, OSError) as error:
            if self.on_error == "raise":
                raise
            if self.on_error == "warn":
                tell(f"left out: {error}")
            LOG.info("left out: %s", error)

    def look(self, fname: Paths) -> Iterator[Found | None]:
        """Yield the images that are meant, in natural order; None for one that is left out."""
        for found in self._look(fname):
            yield found and replace(found, image=self._told(found.image))

    def _look(self, fname: Paths) -> Iterator[Found | None]:
        if isinstance(fname, Iterable) and not isinstance(fname, str | bytes):
            each = [found for path in fname for found in self._look(path)]
            files_only = self.merge_files and not any(is_plain_folder(os.fspath(path)) for path in fname)
            yield from self._merged(each) if files_only else each
        elif is_plain_folder(name := spelled(fname)):
            yield from self._in_folder(name)
        else:
            yield from self._in_file(name)

    def _in_file(self, path: str) -> list[Found | None]:
        with self.forgiving():
            if {"scene", "level"} & set(self.options) or is_pattern(path):
                return [Found(open_dataset(path, **self.options), path)]
            scenes = open_collection(path, **self.options)
            keys = list(scenes)
            if len(keys) > 1:
                tell(f"{Path(path).name} has {len(keys)} scenes: {', '.join(keys)}; scene= picks one")
            return [Found(scenes[key], path, key if len(keys) > 1 else None) for key in keys]
        return [None]

    def _in_folder(self, path: str) -> Iterator[Found | None]:
        if not self.collapse_sets:
            names = sorted(walk(Path(path), named(), enter=lambda _: self.recursive), key=natural)
            yield from (found for name in names for found in self._in_file(str(Path(path, name))))
            return
        stack = self.folder_stacks or self.merge_folder_stacks
        images = None
        with self.forgiving():
            images = open_folder(path, recursive=self.recursive, stack=stack, **self.options)
        if images is None:
            yield None
            return
        keys = [key for key in images if self.passed_over not in PurePosixPath(key).parts[:-1]]
        if scenes := [key for key in keys if not os.path.lexists(Path(images.path, key))]:
            tell(f"files with several scenes give one image each: {', '.join(scenes)}; scene= picks one of each file")
        if self.merge_folder_stacks:
            yield from self._merged(self._opened(images, keys))
        elif self.merge_files:
            for _, group in groupby(keys, key=lambda key: PurePosixPath(key).parent):
                yield from self._merged(self._opened(images, group))
        else:
            yield from self._opened(images, keys)

    def _opened(self, images: MicroscopyCollection, keys: Iterable[str]) -> Iterator[Found | None]:
        for key in keys:
            found = None
            with self.forgiving():
                image, whole = images[key], Path(images.path, key)
                found = Found(image, str(whole)) if whole.exists() else _scene_of(image, whole)
            yield found

    def _merged(self, found: Iterable[Found | None]) -> list[Found | None]:
        parts = [part for part in found if part is not None]
        if len(parts) < 2:
            return list(parts)
        first, *others = parts
        with self.forgiving():
            images = [part.image for part in others]
            merged = first.image.merge(*images, along=self.merge_along_axis, policy=self.policy)
            return [Found(merged, first.path, merged=True)]
        return [None]

    def _told(self, image: MicroscopyDataset) -> MicroscopyDataset:
        if self.physicalsize_xyz is None:
            return image
        return image.with_metadata(pixel_size=pixel_size(self.physicalsize_xyz, self.pixelunit))


def _scene_of(image: MicroscopyDataset, place: Path) -> Found:
    """Return the scene that a key such as ``a.czi#Tile #2`` names: both parts may hold the sign between them."""
    parts = str(place).split("#")
    splits = (("#".join(parts[:k]), "#".join(parts[k:])) for k in range(1, len(parts)))
    file, scene = next(split for split in splits if Path(split[0]).exists())
    return Found(image, file, scene)


def check_on_error(word: str) -> None:
    """Raise `OptionError` for a word that means nothing."""
    if word not in ("raise", "warn", "skip"):
        raise OptionError(f"on_error={word!r}", remedy='Use "raise", "warn" or "skip".')


def merge_policy(*, zeropadding: bool) -> MergePolicy:
    """Return how images are merged: padded and with a dtype that holds all values, or only where all agree."""
    return PaddedMerge(dtype="promote") if zeropadding else StrictMerge()


def pixel_size(xyz: Sequence[float | None], unit: str) -> dict[str, float]:
    """Return the µm of X, Y and Z as far as they are given.

    Raises
    ------
    MetadataError
        Where they are not three, or the unit is none of length.
    """
    if not isinstance(xyz, Sized) or len(xyz) != 3 or not all(isinstance(value, Real | None) for value in xyz):
        cause = f"physicalsize_xyz={xyz!r:.80} is not three numbers"
        raise MetadataError(cause, remedy="Give X, Y and Z; None leaves one.")
    known = {dim: float(value) for dim, value in zip("XYZ", xyz, strict=True) if value is not None}
    if not all(map(math.isfinite, known.values())):
        raise MetadataError(f"physicalsize_xyz={xyz!r:.80} is not finite", remedy="None leaves one as it is.")
    given = {dim: to_um(value, unit) for dim, value in known.items()}
    if None in given.values():
        raise MetadataError(f"pixelunit={unit!r} is no unit of length", remedy='Write for instance "micron" or "nm".')
    return {dim: value for dim, value in given.items() if value is not None}
