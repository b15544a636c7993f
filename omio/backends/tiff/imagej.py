"""ImageJ stacks and hyperstacks."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.axes import name_axes
from omio.backends.tiff import ijmeta
from omio.backends.tiff.axes import choose_pages
from omio.backends.tiff.base import TiffBackend, orientation_of
from omio.backends.tiff.dialects import open_document
from omio.backends.tiff.faults import FILLING
from omio.backends.tiff.orientation import NAMES
from omio.backends.tiff.tags import acquired, palette
from omio.backends.tiff.where import stack_of
from omio.dims import FileDims
from omio.errors import DamagedFileError, DamagedFileWarning, SceneError
from omio.metadata.axes import Regular
from omio.metadata.facts import Facts, PlaneTable
from omio.metadata.original import Original

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.base import OpenOptions
    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.series import Numbers
    from omio.dims import Outer
    from omio.lazy.leaf import FileStamp
    from omio.lazy.recipe import Recipe

SCENE = "0"


@dataclass(frozen=True)
class Stack:
    """How the planes of an ImageJ file lie.

    Attributes
    ----------
    count
        Number of planes.
    outer
        Dims along which they follow each other, slowest first.
    run
        0 where all planes lie one after another behind the first page, else None.
    notes
        What the file says that cannot be.
    """

    count: int
    outer: Outer
    run: int | None
    notes: tuple[str, ...] = ()


class ImageJBackend(TiffBackend):
    """Reads what ImageJ, Fiji and tifffile's ``imagej=True`` write."""

    name = "imagej"
    extensions = (".tif", ".tiff")
    dialects = ("imagej",)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        with self.document() as document:
            self._stack = document.memo(stack_in)
            problem = document.memo(shortfall) if self._stack.run is not None else None
            if self._stack.run is None:
                document.check_chain(strict=self.options.strict)
            notes = (*self._stack.notes, *document.memo(metadata_notes))
        if problem and self.options.strict:
            raise DamagedFileError(problem, path=path, place="planes", remedy=FILLING)
        for note in notes:
            warnings.warn(f"{path}: {note}", DamagedFileWarning, stacklevel=2)

    @cached_property
    def _pages(self) -> tuple[Numbers, FileDims]:
        numbers, outer = choose_pages(self.options, self._stack.outer, self._stack.count, self.path)
        with self.document() as document:
            samples = document.layout().samples > 1
        return numbers, FileDims(outer, samples, self.name, self.path)

    @cached_property
    def _chosen(self) -> tuple[Numbers, Outer]:
        numbers, dims = self._pages
        return numbers, name_axes(dims, self.options.axes)

    def file_dims(self, scene: str) -> FileDims:
        """Return the dims that the description names; pages of a hyperstack that were picked have no name."""
        del scene
        return self._pages[1]

    def scenes(self) -> tuple[str, ...]:
        """Return the one key: an ImageJ file holds one image."""
        return (SCENE,)

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of the stack."""
        self._check(scene, level)
        numbers, axes = self._chosen
        sizes, order = dict(axes), "".join(name for name, _ in axes)
        return self.recipe(sizes, stack_of(numbers, order, sizes), run=self._stack.run)

    def _check(self, scene: str, level: int = 0) -> None:
        if scene != SCENE or level:
            raise SceneError(f"no scene {scene!r} of level {level}", path=self.path, remedy=f"There is {SCENE!r}.")

    def metadata(self, scene: str) -> Facts:
        """Return calibration, labels, colours and display ranges; all else lies in ``original``."""
        shape = self.array(scene).shape
        with self.document() as document:
            page = document.first
            entries = entries_of(document)
            known = ijmeta.calibration(entries, page)
            extras = ijmeta.read_extras(page)
            orientation = orientation_of(document, 0)
            rows = ijmeta.channel_rows(entries, extras, shape[2]) if self._keeps("C") else []
            lut = palette(page)
            if lut and not any(rows):
                rows = [{"lut": lut}] * shape[2]
            date = acquired(page)
            labels = len(ijmeta.as_list(extras.get("Labels"))) == self._stack.count
        facts = Facts.of(
            shape,
            pixel_size={dim: size for dim, size in known.pixel_size.items() if dim != "Z" or self._keeps("Z")},
            time_increment=known.interval if self.options.pages is None or self._keeps("T") else None,
            channels=rows,
            planes=self._labels(shape) if labels else None,
            acquired=date,
            original=Original(partial(load_original, self.stamp, labels=not labels)),
            sources=known.sources,
        )
        facts = facts if self.options.pages is None else self._picked(facts)
        return facts.with_step("upright", orientation=NAMES[orientation]) if orientation > 1 else facts

    def _picked(self, facts: Facts) -> Facts:
        """Give the pages that were picked of a stack the positions that they have in it."""
        numbers = self._chosen[0]
        index = numbers if isinstance(numbers, range) else np.array(numbers)
        known = {dim: facts.axes[dim].spacing for dim, _ in self._pages[1].outer if dim in facts.axes}
        axes = {dim: Regular(0.0, step, self._stack.count).take(index) for dim, step in known.items() if step}
        return replace(facts, axes={**facts.axes, **axes})

    def _keeps(self, dim: str) -> bool:
        """Whether a dim is still the one that the file means."""
        said, now = dict(self._pages[1].outer), dict(self._chosen[1])
        return said.get(dim, 1) == now.get(dim, 1)

    def _labels(self, shape: tuple[int, ...]) -> PlaneTable:
        loader = partial(load_labels, self.stamp, *self._chosen)
        return PlaneTable(loader, (shape[0], shape[1], shape[2]))


def entries_of(document: TiffDocument) -> dict[str, str]:
    """Return the description's entries."""
    return ijmeta.parse_description(document.first.imagej_description or "")


def stack_in(document: TiffDocument) -> Stack:
    """Find how many planes there are, where they lie and along which dims.

    ImageJ's rule (`FileOpener`): channels x slices x frames counts where it is the number of planes, else the planes
    are slices.
    """
    entries, layout = entries_of(document), document.layout()
    sizes = {dim: ijmeta.whole(entries, key) for dim, key in (("T", "frames"), ("Z", "slices"), ("C", "channels"))}
    # Bio-Formats and SCIFIO call the samples of RGB channels
    if layout.samples > 1 and sizes["C"] == layout.samples:
        sizes["C"] = max(1, ijmeta.whole(entries, "images") // (sizes["T"] * sizes["Z"]))
        sizes["C"] = 1 if sizes["C"] == layout.samples else sizes["C"]
    product = math.prod(sizes.values())
    stated = ijmeta.whole(entries, "images", product)
    count, run = _planes(document, stated)
    order = ijmeta.ORDERS.get(entries.get("order", "czt").lower(), "TZC")
    if product == count:
        return Stack(count, tuple((dim, sizes[dim]) for dim in order), run)
    notes: tuple[str, ...] = ()
    if product > 1:
        said = ", ".join(f"{dim} {size}" for dim, size in sizes.items())
        notes = (f"the description says {said}, the file has {count} planes; they are taken for slices",)
    return Stack(count, (("Z", count),), run, notes)


def _planes(document: TiffDocument, stated: int) -> tuple[int, int | None]:
    if stated > 1 and document.memo(run_start) is not None and _is_run(document, stated):
        return stated, 0
    table = document.ifds()
    alike = table.kinds == table.kinds[0]
    if not alike.all():
        frame = document.layout().frame
        reps = {int(kind): page for page, kind in reversed(list(enumerate(table.kinds)))}
        fits = {kind for kind, page in reps.items() if kind >= 0 and document.layout(page).frame == frame}
        alike = np.isin(table.kinds, list(fits))
    stop = len(table) if alike.all() else int(np.argmin(alike))
    return stop, None


def run_start(document: TiffDocument) -> int | None:
    """Return where the pixels of the first page begin, if planes can follow them: uncompressed, in one piece."""
    layout, page = document.layout(), document.first
    if not layout.is_raw or layout.is_tiled or layout.is_planar or not len(page.dataoffsets):
        return None
    starts = np.asarray(page.dataoffsets, dtype=np.int64)
    sizes = layout.rows * layout.width * layout.bands * layout.dtype.itemsize
    follow = bool((np.diff(starts) == sizes).all())
    return int(starts[0]) if follow and starts[0] >= 8 else None


def _is_run(document: TiffDocument, count: int) -> bool:
    """Whether planes follow the first page without IFDs of their own, or in the order of their IFDs anyway."""
    start, size = document.memo(run_start) or 0, document.layout().plane_bytes
    after = document.second_offset()
    if after == 0:
        return True
    if not (after >= start + count * size or after < start):
        return False
    starts, _ = document.segments_at(after)
    return len(starts) > 0 and int(starts[0]) == start + size


def shortfall(document: TiffDocument) -> str | None:
    """Say how many planes of a run the file is too short for; None where all are there."""
    count, start = document.memo(stack_in).count, document.memo(run_start) or 0
    size = document.layout().plane_bytes
    there = max(0, document.file.size - start) // size
    return f"the file ends after {there} of {count} planes" if there < count else None


def metadata_notes(document: TiffDocument) -> tuple[str, ...]:
    """Say what the metadata holds that cannot be."""
    page = document.first
    known = ijmeta.calibration(entries_of(document), page)
    notes = [f"{name} {value} cannot be; it is taken for unknown" for name, value in known.refused.items()]
    value = page.tags.valueof(ijmeta.IJ_METADATA)
    if value is not None and not isinstance(value, dict):
        notes.append("its IJMetadata (labels, LUTs, ranges, info) cannot be read")
    return tuple(notes)


def load_original(stamp: FileStamp, *, labels: bool) -> dict[str, Any]:
    """Read what no field holds."""
    with open_document(stamp) as document:
        entries = entries_of(document)
        refused = ijmeta.calibration(entries, document.first).refused
        return ijmeta.original(document.first, entries, refused, labels=labels)


def load_labels(stamp: FileStamp, numbers: Numbers, axes: Outer) -> dict[str, NDArray[Any]]:
    """Read the labels of planes as a (T, Z, C) column."""
    with open_document(stamp) as document:
        labels = ijmeta.as_list(ijmeta.read_extras(document.first).get("Labels"))
        sizes, order = dict(axes), "".join(name for name, _ in axes)
        t, z, c = (range(sizes.get(dim, 1)) for dim in "TZC")
        places = stack_of(numbers, order, sizes).pages(document, t, z, c)
    return {"label": np.array(labels, dtype=np.str_)[places]}
