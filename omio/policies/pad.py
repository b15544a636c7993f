"""Pad policies: what stands in pixels that are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING, ClassVar, Literal, SupportsIndex

from omio.errors import PolicyError
from omio.policies.base import Policy

if TYPE_CHECKING:
    from omio.lazy.tree import PadMode

type Align = Literal["start", "center", "end"]
type Width = int | tuple[int, int]


@dataclass(frozen=True)
class PadPlan:
    """Pixels to add, before and after, dim by dim, and what stands in them."""

    widths: Mapping[str, tuple[int, int]]
    mode: PadMode = "constant"
    fill: float = 0


class PadPolicy(Policy):
    """Base of pad policies.

    Attributes
    ----------
    align
        Where the image lies when it is padded to a size: at the start (pixels are added after it), in the center,
        or at the end.
    """

    default_kind: ClassVar[str] = "zero"

    align: Align = "start"

    def plan(self, sizes: Mapping[str, int], widths: Mapping[str, Width], to: Mapping[str, int]) -> PadPlan:
        """Plan the padding of an image of `sizes` by `widths`, or up to the sizes in `to`."""
        if twice := set(widths) & set(to):
            raise PolicyError(f"{', '.join(sorted(twice))} is given both as widths and as a size")
        found = {dim: _pair(dim, width) for dim, width in widths.items()}
        for dim, size in to.items():
            if not isinstance(size, SupportsIndex):
                raise PolicyError(f"to={{{dim!r}: {size!r:.80}}}", remedy='Give pixels by dim: {"Y": 512}.')
            found[dim] = self._around(dim, size - sizes.get(dim, 0))
        if unknown := set(found) - set(sizes):
            raise PolicyError(f"cannot pad {', '.join(sorted(map(str, unknown)))}: the image has {' '.join(sizes)}")
        if negative := [dim for dim, width in found.items() if min(width) < 0]:
            raise PolicyError(f"padding of {', '.join(negative)} is negative", remedy="Crop with isel or sel.")
        if self.mode() != "constant" and (empty := [dim for dim in found if not sizes[dim]]):
            raise PolicyError(f"{', '.join(empty)} has no pixels to repeat")
        return PadPlan(found, self.mode(), self.fill_value())

    def _around(self, dim: str, missing: int) -> tuple[int, int]:
        if missing < 0:
            raise PolicyError(f"{dim} is {-missing} pixels longer than asked", remedy="Crop with isel or sel.")
        before = pixels_before(self.align, missing)
        return before, missing - before

    def mode(self) -> PadMode:
        """Return how the added pixels get their values."""
        return "constant"

    def fill_value(self) -> float:
        """Return the value of constant padding."""
        return 0


def pixels_before(align: Align, difference: int) -> int:
    """Return how many of the pixels that a larger image has more lie before the smaller one."""
    return {"start": 0, "center": difference // 2, "end": difference}[align]


def _pair(dim: str, width: Width) -> tuple[int, int]:
    pair = (width, width) if isinstance(width, SupportsIndex) else width
    if not isinstance(pair, Sequence) or len(pair) != 2 or not all(isinstance(side, SupportsIndex) for side in pair):
        raise PolicyError(f"the padding of {dim} is {width!r}", remedy="Give pixels, or (before, after) in pixels.")
    return index(pair[0]), index(pair[1])


class ZeroPad(PadPolicy):
    """Zeros."""

    kind: ClassVar[str] = "zero"


class ConstantPad(PadPolicy):
    """One value.

    Attributes
    ----------
    value
        What stands in the added pixels; the image's dtype must hold it.
    align
        See `PadPolicy`.
    """

    kind: ClassVar[str] = "constant"

    value: float = 0

    def fill_value(self) -> float:
        """Return the value."""
        return self.value


class EdgePad(PadPolicy):
    """The nearest pixel, repeated."""

    kind: ClassVar[str] = "edge"

    def mode(self) -> PadMode:
        """Repeat the edge."""
        return "edge"


class ReflectPad(PadPolicy):
    """The image mirrored at its edge, the edge itself not repeated."""

    kind: ClassVar[str] = "reflect"

    def mode(self) -> PadMode:
        """Mirror."""
        return "reflect"
