"""Micro-Manager: NDTiff datasets (also of Pycro-Manager), and multi-page TIFF files without OME-XML.

NDTiff: opening the folder, its ``NDTiff.index`` or any of its TIFF files opens the whole dataset. Of a dataset with
folders ``Full resolution`` and ``Downsampled_x2`` …, opening the folder above opens full resolution. The others are
opened by their own paths: their tiles join parts of several full tiles, so they are no levels of any one of them.
What their metadata says of the pixel size is that of full resolution.
"""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omio.backends.base import Confidence
from omio.backends.tiff.base import TiffBackend
from omio.backends.tiff.mmfacts import scene_facts
from omio.backends.tiff.mmindex import INDEX_NAME, InScene, Scene
from omio.backends.tiff.mmpages import (
    check_index,
    images_in,
    load_columns,
    load_original,
    notes_in,
    scene_pages,
    scenes_in,
    settings_of,
)
from omio.backends.tiff.where import Table, Where
from omio.errors import DamagedFileError, FileMissingError, OmioWarning, SceneError
from omio.lazy.leaf import FileRecipe, FileStamp, lease
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.layout import Layout
    from omio.backends.tiff.mmset import NdTiffSet
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts

FULL = "Full resolution"


def index_of(path: Path) -> Path | None:
    """Return the index of the NDTiff dataset that a path means, None where it means none."""
    if path.name == INDEX_NAME:
        return path
    folders = (path, path / FULL) if path.is_dir() else (path.parent,)
    return next((folder / INDEX_NAME for folder in folders if (folder / INDEX_NAME).is_file()), None)


class _SceneBackend(TiffBackend):
    """What both forms share: a scene of their own for each position, row, column or other axis."""

    _known: Mapping[str, Scene]

    def _scene(self, scene: str, level: int = 0) -> Scene:
        known = self._known
        if scene in known and not level:
            return known[scene]
        listed = ", ".join(known)
        raise SceneError(f"no scene {scene!r} of level {level}", path=self.path, remedy=f"There are {listed}.")

    def _complete(self, scene: str, level: int) -> Scene:
        """Return a scene, after saying that planes are missing."""
        found = self._scene(scene, level)
        missing = found.missing()
        if missing and self.options.strict:
            remedy = "strict=False fills them with 0."
            raise DamagedFileError(missing, path=self.path, place=f"scene {scene}", remedy=remedy)
        if missing:
            text = f"{self.path}: scene {scene}: {missing}; they are filled with 0"
            warnings.warn(text, OmioWarning, stacklevel=3)
        return found

    def scenes(self) -> tuple[str, ...]:
        """Return "0", or one key a position, such as "position3", "row1_column2" or a position's name."""
        return tuple(self._known)


class NdTiffBackend(_SceneBackend):
    """Reads NDTiff datasets of Micro-Manager and Pycro-Manager."""

    name = "ndtiff"
    extensions = (".tif", ".tiff", INDEX_NAME.lower())
    dialects = ("ndtiff",)
    reads_urls = False  # the folder is listed

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        index = index_of(Path(path))
        if index is None:
            raise DamagedFileError(
                f"there is no {INDEX_NAME} beside it", path=path, remedy='Use backend="micromanager".'
            )
        self._index = FileStamp.of(index)
        with self._set() as dataset:
            if self.options.strict:
                dataset.check_members()
            self._known = dataset.scenes
            stamps = dataset.stamps()
        if not stamps:
            raise FileMissingError("none of the files that its index names can be read", path=path)
        self.stamp = stamps[0]

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Take folders with an index, indexes, and TIFF files of Micro-Manager beside one."""
        if path.is_dir() or path.name == INDEX_NAME:
            return Confidence.CONTENT if index_of(path) is not None else Confidence.NO
        return super().can_read(path, head)

    @property
    def _opener(self) -> Callable[..., NdTiffSet]:
        from omio.backends.tiff.mmset import NdTiffSet

        return NdTiffSet if self.options.strict else NdTiffSet.lenient

    def _set(self) -> AbstractContextManager[NdTiffSet]:
        return lease(self._opener, self._index, self.options.allow_outside)

    def _layout(self, scene: Scene) -> Layout:
        """Return how the images of a scene are stored, all alike."""
        with self._set() as dataset:
            images = [dataset.images[number] for number in scene.planes[scene.planes >= 0]]
            stamps = (dataset.member_of(image).stamp for image in images)
            stamp = next((stamp for stamp in stamps if stamp is not None), None)
        forms = sorted({image.form for image in images})
        if len(forms) > 1:
            sizes = ", ".join(f"{height} x {width} of type {kind}" for height, width, kind in forms)
            raise DamagedFileError(f"the images of a scene differ: {sizes}", path=self.path)
        with self.document(stamp) as document:
            return document.layout()

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a scene."""
        found = self._complete(scene, level)
        layout = self._layout(found)
        where = Where(InScene(scene), layout.frame, strict=self.options.strict)
        arguments = (self.options.allow_outside,)
        unit = _canonical((1, 1, 1), layout.chunk, layout.samples)
        return FileRecipe(
            self._opener, self._index, arguments, where, _shape(found, layout), layout.dtype, unit, self.name
        )

    def metadata(self, scene: str) -> Facts:
        """Return sizes, steps, channels, times and stage positions; all else lies in ``original``."""
        from omio.backends.tiff.mmset import display_settings, load_set_columns, load_set_original

        found = self._scene(scene)
        shape = _shape(found, self._layout(found))
        with self._set() as dataset:
            notes = dataset.notes(found.leading())
        arguments = (self._opener, self._index, self.options.allow_outside, scene)
        context = {
            "summary": settings_of(self.stamp)["Summary"],
            "display": display_settings(self._index.path),
            "original": Original(partial(load_set_original, self.stamp, *arguments)),
        }
        return scene_facts(found, shape, notes, context, partial(load_set_columns, *arguments))

    def files(self) -> tuple[str, ...]:
        """Return the index, its TIFF files, and the display settings."""
        with self._set() as dataset:
            return dataset.files()


class MicroManagerBackend(_SceneBackend):
    """Reads a multi-page TIFF of Micro-Manager that has no OME-XML, or one file of an NDTiff without its index."""

    name = "micromanager"
    extensions = (".tif", ".tiff")
    dialects = ("micromanager",)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        with self.document() as document:
            if self.options.strict:
                document.check_chain()
            check_index(document, strict=self.options.strict)
            self._known = document.memo(scenes_in)

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a scene."""
        found = self._complete(scene, level)
        t, z, c = found.planes.shape
        planes = Table(scene_pages, (scene,))
        with self.document() as document:
            first = document.memo(images_in)[found.first].place
        return self.recipe({"T": t, "Z": z, "C": c}, planes, page=first, upright=False)

    def metadata(self, scene: str) -> Facts:
        """Return sizes, steps, channels, times and stage positions; all else lies in ``original``."""
        found = self._scene(scene)
        with self.document() as document:
            layout = document.layout(document.memo(images_in)[found.first].place)
            notes = notes_in(document, found.leading())
        context = {
            "summary": settings_of(self.stamp)["Summary"],
            "display": {},
            "original": Original(partial(load_original, self.stamp, scene)),
        }
        loader = partial(load_columns, self.stamp, scene)
        return scene_facts(found, _shape(found, layout), notes, context, loader)


def _canonical(outer: tuple[int, ...], frame: tuple[int, ...], samples: int) -> tuple[int, ...]:
    return (*outer, *frame, *((samples,) if samples > 1 else ()))


def _shape(scene: Scene, layout: Layout) -> tuple[int, ...]:
    return _canonical(scene.planes.shape, (layout.height, layout.width), layout.samples)
