"""Merge policies: whether and how images may stand one after another. They return plans and read no pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator

from omio.errors import MergeError
from omio.metadata.axes import same_step
from omio.metadata.combine import pad_facts
from omio.metadata.compare import axis_differences, channel_differences, objective_differences
from omio.metadata.joining import date_conflict, restarts
from omio.policies.base import Policy
from omio.policies.pad import PadPlan, PadPolicy, ZeroPad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omio.image import Image
    from omio.metadata.facts import Facts
    from omio.metadata.joining import Times


@dataclass(frozen=True)
class MergePlan:
    """What a merge will do.

    Attributes
    ----------
    along
        The dim that grows.
    pads
        For each part the padding it gets first.
    dtype
        Of the result.
    times
        How the time axes join.
    """

    along: str
    pads: tuple[PadPlan, ...]
    dtype: np.dtype[Any]
    times: Times


class MergePolicy(Policy):
    """Base of merge policies.

    Attributes
    ----------
    dtype
        ``require`` equal dtypes, or ``promote`` to one that holds all values: never wraps, never rounds.
    times
        Along T: ``continue`` the first part's interval, ``restart`` with each part's own seconds, or go by
        acquisition ``stamps``.
    """

    default_kind: ClassVar[str] = "strict"

    dtype: Literal["require", "promote"] = "require"
    times: Literal["continue", "restart", "stamps"] = "continue"

    def plan(self, parts: Sequence[Image], along: str) -> MergePlan:
        """Compare the parts and plan the merge.

        Raises
        ------
        MergeError
            Listing every conflict, of every part.
        """
        if along not in ("T", "Z", "C"):
            raise MergeError(f"cannot merge along {along!r}", remedy="Merge along T, Z or C.")
        if not parts:
            raise MergeError("nothing to merge")
        pads = self.pads(parts, along)
        dtype = np.result_type(*(part.dtype for part in parts))
        conflicts = tuple(f"part {number}: {reason}" for number, reason in self._conflicts(parts, along, pads, dtype))
        if conflicts:
            listed = "\n  ".join(conflicts)
            count = "1 conflict" if len(conflicts) == 1 else f"{len(conflicts)} conflicts"
            error = MergeError(f"{count}:\n  {listed}", remedy=self.remedy())
            error.conflicts = conflicts
            raise error
        return MergePlan(along, pads, dtype, self.times)

    def _conflicts(
        self, parts: Sequence[Image], along: str, pads: Sequence[PadPlan], dtype: np.dtype[Any]
    ) -> Iterator[tuple[int, str]]:
        first = parts[0]
        for number, (part, plan) in enumerate(zip(parts, pads, strict=True), start=1):
            if self.dtype == "require" and first.dtype != part.dtype:
                yield number, f"dtype: {first.dtype} and {part.dtype}"
            elif self.dtype == "promote" and not _holds(dtype, part.dtype):
                yield number, f"dtype: {dtype} does not hold all values of {part.dtype}"
            if part.facts is not first.facts:
                between = self._between(first.facts, part.facts, along, (pads[0], plan))
                yield from ((number, reason) for reason in between)
        if along == "T" and self.times == "continue":
            for number, reason in restarts([part.facts for part in parts], along):
                yield number, f'{reason}; times="restart" keeps them'

    def _between(self, first: Facts, part: Facts, along: str, plans: tuple[PadPlan, PadPlan]) -> Iterator[str]:
        yield from self._places(first, part, along, plans)
        yield from _along(first, part, along)
        if along == "T" and self.times == "stamps" and (reason := date_conflict(first, part)) is not None:
            yield reason
        if along != "C":
            yield from channel_differences(first, part)
        yield from objective_differences(first, part)

    def _places(self, first: Facts, part: Facts, along: str, plans: tuple[PadPlan, PadPlan]) -> Sequence[str]:
        found = list(axis_differences(first, part, skip=along, lengths=self.forgiven()))
        if not found or not any(plan.widths for plan in plans):
            return found
        # padded around its center, a crop from the center lies where it did
        a, b = (pad_facts(facts, plan.widths) for facts, plan in zip((first, part), plans, strict=True))
        return found if any(axis_differences(a, b, skip=along)) else []

    def pads(self, parts: Sequence[Image], along: str) -> tuple[PadPlan, ...]:
        """Return the padding of each part; none by default."""
        return (PadPlan({}),) * len(parts)

    def forgiven(self) -> str:
        """Return the dims whose sizes need not agree; spacing and origin must."""
        return ""

    def remedy(self) -> str:
        """Say what a user can do about conflicts."""
        return "Choose another policy, or make the parts agree (sel, pad, with_metadata)."


class StrictMerge(MergePolicy):
    """Everything but the merged dim must agree: sizes, spacing and origin in real units, dtype, channels, objective."""

    kind: ClassVar[str] = "strict"


class PaddedMerge(MergePolicy):
    """Smaller parts are padded to the largest; all else must agree as for `StrictMerge`.

    Attributes
    ----------
    pad
        What stands in the added pixels: a pad policy, its kind, or its fields.
    """

    kind: ClassVar[str] = "padded"

    pad: Annotated[PadPolicy, BeforeValidator(PadPolicy.resolve)] = ZeroPad()

    def pads(self, parts: Sequence[Image], along: str) -> tuple[PadPlan, ...]:
        """Pad every part to the largest size of each dim."""
        dims = [dim for dim in parts[0].sizes if dim not in (along, "C", "S")]
        largest: Mapping[str, int] = {dim: max(part.sizes[dim] for part in parts) for dim in dims}
        return tuple(self.pad.plan(part.sizes, {}, largest) for part in parts)

    def forgiven(self) -> str:
        """Sizes of T, Z, Y, X may differ."""
        return "TZYX"


def _along(first: Facts, part: Facts, along: str) -> list[str]:
    a, b = first.axes.get(along), part.axes.get(along)
    if (a is None) != (b is None):
        return [f"{along}: only one of them knows its positions"]
    if a is None or b is None or a.spacing is None or b.spacing is None or same_step(a, b):
        return []
    return [f"spacing of {along}: {a.spacing:g} and {b.spacing:g}"]


def _holds(target: np.dtype[Any], source: np.dtype[Any]) -> bool:
    """Whether every value of a dtype is one of another's (numpy calls 64 bit integers in float64 safe)."""
    if source.kind in "iu" and target.kind in "fc":
        return np.iinfo(source).bits - (source.kind == "i") <= np.finfo(target).nmant + 1
    return np.can_cast(source, target, "safe")
