"""STK: MetaMorph stacks, whose planes lie one after another behind one page.

Format: Molecular Devices, "Meta Imaging Series stack (STK) image file format", by way of tifffile's reading of it.
The tags UIC1 to UIC4 describe each plane. None of them names the dim that the planes follow, but they tell: planes at
distances from each other are a Z stack, planes of several wavelengths channels, planes of several times a series.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.axes import name_axes
from omio.backends.tiff.axes import choose_pages
from omio.backends.tiff.base import TiffBackend
from omio.backends.tiff.dialects import open_document
from omio.backends.tiff.stkinfo import axis_of, stk_facts
from omio.backends.tiff.tags import describe_tags
from omio.backends.tiff.where import stack_of
from omio.dims import PLANE_DIMS, UNKNOWN, FileDims
from omio.errors import DamagedFileError, SceneError, UnsupportedFormatError
from omio.metadata.original import Original

if TYPE_CHECKING:
    from omio.backends.base import OpenOptions
    from omio.backends.tiff.document import TiffDocument
    from omio.backends.tiff.series import Numbers
    from omio.dims import Outer
    from omio.lazy.leaf import FileStamp
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts

UIC2 = 33629
SCENE = "0"


class StkBackend(TiffBackend):
    """Reads MetaMorph stacks."""

    name = "stk"
    extensions = (".stk",)
    dialects = ("stk",)

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        super().__init__(path, options)
        with self.document() as document:
            self._count, self._run = document.memo(planes_in)
            # of planes that have pages of their own, the first page's tags describe the first
            self._info = {**stk_info(document), "NumberPlanes": self._count}
            samples = document.layout().samples > 1
        known = axis_of(self._info, self._count)
        numbers, outer = choose_pages(self.options, ((known or UNKNOWN, self._count),), self._count, path)
        self._numbers: Numbers = numbers
        self._dims = FileDims(outer, samples, self.name, path)
        self._known = known

    def scenes(self) -> tuple[str, ...]:
        """Return the one key."""
        return (SCENE,)

    def file_dims(self, scene: str) -> FileDims:
        """Return the dim that the tags tell, else one without a name."""
        del scene
        return self._dims

    def _axes(self) -> Outer:
        return name_axes(self._dims, self.options.axes)

    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of the stack.

        Raises
        ------
        AxesError
            Where the tags do not tell what the planes follow, unless ``axes=`` names it.
        """
        if scene != SCENE or level:
            raise SceneError(f"no scene {scene!r} of level {level}", path=self.path, remedy=f"There is {SCENE!r}.")
        axes = self._axes()
        sizes, order = dict(axes), "".join(name for name, _ in axes)
        return self.recipe(sizes, stack_of(self._numbers, order, sizes), run=self._run)

    def metadata(self, scene: str) -> Facts:
        """Return calibration, times, positions and name; all else lies in ``original``."""
        shape = self.array(scene).shape
        axes = dict(self._axes())
        long = [name for name, size in axes.items() if size > 1]
        follows = long[0] if len(long) == 1 else None
        order = sorted(axes, key=PLANE_DIMS.index)
        planes = np.reshape(self._numbers, list(axes.values())).transpose([list(axes).index(dim) for dim in order])
        original = Original(partial(load_original, self.stamp))
        return stk_facts(self._info, shape, follows, planes.reshape(shape[:3]), original)


def planes_in(document: TiffDocument) -> tuple[int, int | None]:
    """Return how many planes there are, and 0 where they lie behind the first page, None where each has a page.

    Raises
    ------
    DamagedFileError
        Where the file is too short for its planes, or has none.
    UnsupportedFormatError
        For compressed planes behind one page: nothing says where each begins.
    """
    table = document.ifds()
    if not len(table.groups):
        raise DamagedFileError("no page can be read", path=document.path)
    count = table.groups[table.group_of[0]].kind_of(UIC2)[1] if table.has(0, UIC2) else 1
    if count <= 1:
        return len(table), None
    layout = document.layout()
    if not layout.is_raw:
        raise UnsupportedFormatError(f"a stack of {count} compressed planes behind one page", path=document.path)
    starts = document.segments(np.array([0]))[0]
    start = int(starts[0, 0]) if starts.size else document.file.size
    room = max(0, document.file.size - start) // layout.plane_bytes
    if room < count:
        cause = f"it describes {count} planes, and has room for {room}"
        raise DamagedFileError(cause, path=document.path, place=f"tag {UIC2} (UIC2)")
    return count, 0


def stk_info(document: TiffDocument) -> dict[str, Any]:
    """Return what tifffile reads of the UIC tags; empty where it can read none."""
    try:
        with np.errstate(
            divide="ignore", invalid="ignore"
        ):  # fractions of 0: what they give is checked where it is used
            return document.tiff.stk_metadata or {}
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise DamagedFileError(f"its UIC tags cannot be read: {error}", path=document.path) from error


def load_original(stamp: FileStamp) -> dict[str, Any]:
    """Read all tags, those of MetaMorph by name."""
    with open_document(stamp) as document:
        found = {name: value for name, value in describe_tags(document.first).items() if not name.startswith("UIC")}
        return found | {"MetaMorph": stk_info(document)}
