"""Which planes of an image are whole: every chunk is decoded, and what a reader fills is heard of."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from omio.errors import ChangedFileError, DamagedFileWarning, OmioError
from omio.lazy.blocks import blocks, walk
from omio.lazy.filled import Fill, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omio.indexing import Key
    from omio.lazy.recipe import Recipe

type State = Literal["damaged", "missing"]
type Progress = Callable[[float], None]
type Place = tuple[int, ...]


@dataclass(frozen=True)
class BrokenPlane:
    """A plane that is not whole.

    Attributes
    ----------
    t, z, c
        Which one it is.
    state
        ``"missing"``: the file holds nothing of it. ``"damaged"``: some of it, or all, is there and cannot be read.
    place, cause
        Where in the file, and why; of the first of several.
    """

    t: int
    z: int
    c: int
    state: State
    place: str
    cause: str

    @property
    def name(self) -> str:
        """Such as ``T3 Z0 C1``."""
        return f"T{self.t} Z{self.z} C{self.c}"


@dataclass(frozen=True)
class Condition:
    """What can be read of an image.

    Attributes
    ----------
    shape
        T Z C Y X [S].
    broken
        Planes that are not whole, in the order of T Z C.
    unreadable
        Chunks that not even a lenient reader fills, by number along each dim.
    nothing
        Whether not one chunk could be read.
    remarks
        What was warned of besides.
    """

    shape: tuple[int, ...]
    broken: tuple[BrokenPlane, ...] = ()
    unreadable: tuple[Place, ...] = ()
    nothing: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def planes(self) -> int:
        """How many planes there are."""
        return math.prod(self.shape[:3])

    @property
    def whole(self) -> int:
        """How many planes are whole."""
        return self.planes - len(self.broken)

    def of(self, state: State) -> tuple[BrokenPlane, ...]:
        """Return the planes in one state."""
        return tuple(plane for plane in self.broken if plane.state == state)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "planes": self.planes,
            "whole": self.whole,
            **{
                state: [{"plane": one.name, "place": one.place, "cause": one.cause} for one in self.of(state)]
                for state in ("damaged", "missing")
            },
            "warnings": list(self.remarks),
        }


@dataclass
class _Plane:
    """What was met in a plane: how many chunks the file does not hold, and the first thing that was filled."""

    first: Fill
    absent: int = 0


@dataclass
class _Look:
    recipe: Recipe
    met: dict[tuple[int, int, int], _Plane] = field(default_factory=dict)
    unreadable: list[Place] = field(default_factory=list)
    remarks: dict[str, None] = field(default_factory=dict)
    good: int = 0

    def look(self, key: Key) -> None:
        """Read a block; where anything of it was filled, each of its chunks alone."""
        if not self._fills(key)[0]:
            self.good += 1
            return
        for chunk in chunks_of(self.recipe, key):
            fills, failed = self._fills(chunk)
            if not fills:
                self.good += 1
                continue
            absent = all(fill.absent for fill in fills)
            self.good += not absent and not failed
            if failed:
                self.unreadable.append(_number(self.recipe, chunk))
            for t, z, c in product(*chunk[:3]):
                self.met.setdefault((t, z, c), _Plane(fills[0])).absent += absent

    def _fills(self, key: Key) -> tuple[list[Fill], bool]:
        """Read; return what was filled, and whether the reader gave up."""
        failed = False
        with listening() as heard, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self.recipe.load(key)
            except ChangedFileError:
                raise
            except (OmioError, OSError, MemoryError) as error:
                failed = True
                heard.append(_fill_of(error))
        told = [str(item.message) for item in caught if issubclass(item.category, DamagedFileWarning)]
        self.remarks.update(dict.fromkeys(told if not heard else ()))
        return heard, failed

    def condition(self) -> Condition:
        """Say what was found."""
        lengths = zip(self.recipe.shape[3:], self.recipe.chunk[3:], strict=True)
        a_plane = math.prod(-(-size // unit) for size, unit in lengths)
        broken = (
            BrokenPlane(t, z, c, "missing" if met.absent == a_plane else "damaged", met.first.place, met.first.cause)
            for (t, z, c), met in sorted(self.met.items())
        )
        return Condition(self.recipe.shape, tuple(broken), tuple(self.unreadable), not self.good, tuple(self.remarks))


def look_through(recipe: Recipe, progress: Progress | None = None) -> Condition:
    """Read all pixels, a block at a time, and say which planes are whole.

    Parameters
    ----------
    recipe
        Of an image that was opened with ``strict=False``: a strict reader gives up where a lenient one saves a part.
    progress
        Called with the fraction that is done.

    Raises
    ------
    ChangedFileError
        The file changed meanwhile.
    """
    looking, done = _Look(recipe), 0
    for key in walk(recipe.shape, recipe.chunk, recipe.dtype.itemsize):
        looking.look(key)
        done += math.prod(map(len, key))
        if progress is not None:
            progress(done / recipe.size)
    return looking.condition()


def _fill_of(error: OmioError | OSError | MemoryError) -> Fill:
    if isinstance(error, OmioError):
        return Fill(error.place or "", error.cause, absent=False)
    return Fill("", str(error) or type(error).__name__, absent=False)


def chunks_of(recipe: Recipe, key: Key) -> Iterator[Key]:
    """Cut a block into the chunks that are read alone."""
    starts = [run[0] for run in key]
    for part in blocks(tuple(map(len, key)), recipe.chunk):
        yield tuple(range(run[0] + start, run[-1] + 1 + start) for run, start in zip(part, starts, strict=True))


def _number(recipe: Recipe, chunk: Key) -> Place:
    return tuple(run[0] // unit for run, unit in zip(chunk, recipe.chunk, strict=True))
