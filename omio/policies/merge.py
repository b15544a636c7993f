"""Merge policies: whether and how images may stand one after another. They return plans and read no pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from omio.errors import MergeError
from omio.metadata.compare import axis_differences, channel_differences
from omio.policies.base import Policy
from omio.policies.pad import PadPlan, PadPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.image import Image
    from omio.metadata.combine import Times


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
        ``require`` equal dtypes, or ``promote`` to one that holds all values (never wraps).
    times
        Along T: ``continue`` the first part's interval, ``restart`` with each part's own seconds, or go by
        acquisition ``stamps``.
    """

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
        conflicts = tuple(self._conflicts(parts, along))
        if conflicts:
            listed = "\n  ".join(conflicts)
            error = MergeError(f"{len(conflicts)} conflicts:\n  {listed}", remedy=self.remedy())
            error.conflicts = conflicts
            raise error
        dtype = np.result_type(*(part.dtype for part in parts))
        return MergePlan(along, self.pads(parts, along), dtype, self.times)

    def _conflicts(self, parts: Sequence[Image], along: str) -> list[str]:
        first, found = parts[0], []
        for number, part in enumerate(parts[1:], start=2):
            if part.facts is first.facts and part.dtype == first.dtype:
                continue
            reasons = list(axis_differences(first.facts, part.facts, skip=along + self.forgiven()))
            reasons += self._along(first, part, along)
            if along != "C":
                reasons += channel_differences(first.facts, part.facts)
            if self.dtype == "require" and first.dtype != part.dtype:
                reasons.append(f"dtype: {first.dtype} and {part.dtype}")
            found += [f"part {number}: {reason}" for reason in reasons]
        return found

    def _along(self, first: Image, part: Image, along: str) -> list[str]:
        a, b = first.facts.axes.get(along), part.facts.axes.get(along)
        if (a is None) != (b is None):
            return [f"{along}: only one of them knows its positions"]
        if a is None or b is None or a.spacing is None or b.spacing is None:
            return []
        same = abs(a.spacing - b.spacing) <= 1e-6 * abs(a.spacing)
        return [] if same else [f"spacing of {along}: {a.spacing:g} and {b.spacing:g}"]

    def pads(self, parts: Sequence[Image], along: str) -> tuple[PadPlan, ...]:
        """Return the padding of each part; none by default."""
        return (PadPlan({}),) * len(parts)

    def forgiven(self) -> str:
        """Return the dims whose sizes need not agree."""
        return ""

    def remedy(self) -> str:
        """Say what a user can do about conflicts."""
        return "Choose another policy, or make the parts agree (sel, pad, with_metadata)."


class StrictMerge(MergePolicy):
    """Everything but the merged dim must agree: sizes, spacing and origin in real units, dtype, channels."""

    kind: ClassVar[str] = "strict"


class PaddedMerge(MergePolicy):
    """Smaller parts are padded to the largest; spacing, dtype and channels must agree."""

    kind: ClassVar[str] = "padded"

    pad: Any = "zero"

    def pads(self, parts: Sequence[Image], along: str) -> tuple[PadPlan, ...]:
        """Pad every part to the largest size of each dim."""
        policy = PadPolicy.resolve(self.pad)
        dims = [dim for dim in parts[0].sizes if dim not in (along, "C", "S")]
        largest: Mapping[str, int] = {dim: max(part.sizes[dim] for part in parts) for dim in dims}
        return tuple(policy.plan(part.sizes, {}, largest) for part in parts)

    def forgiven(self) -> str:
        """Sizes of T, Z, Y, X may differ."""
        return "TZYX"
