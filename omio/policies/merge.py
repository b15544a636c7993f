"""Merge policies: whether and how images may stand one after another. They return plans and read no pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator

from omio.errors import MergeError
from omio.indexing import full_key, is_full
from omio.lazy.leaf import first_stamp
from omio.metadata.axes import same_step
from omio.metadata.channelnames import clashes
from omio.metadata.combine import pad_facts
from omio.metadata.compare import lengths, position_differences, size_differences
from omio.metadata.joining import restarts, undated
from omio.metadata.sharing import disagreements
from omio.policies.base import Policy
from omio.policies.metadata import MetadataPolicy
from omio.policies.pad import Align, PadPlan, PadPolicy, ZeroPad, pixels_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.image import Image
    from omio.metadata.channelnames import Names
    from omio.metadata.facts import Facts
    from omio.metadata.joining import Times
    from omio.metadata.sharing import Sharing

type Conflict = tuple[int, str]
"""Number of a part, from 1, and what is wrong with it."""


@dataclass(frozen=True)
class Fit:
    """How a part is brought to the common size: pixels are taken away, then added.

    Attributes
    ----------
    crop
        Dim -> the pixels that stay.
    pad
        What is added.
    """

    crop: Mapping[str, range] = field(default_factory=dict)
    pad: PadPlan = field(default_factory=lambda: PadPlan({}))

    def facts(self, facts: Facts) -> Facts:
        """Describe the fitted part; positions stay true."""
        if self.crop:
            whole = dict(zip(facts.sizes, full_key(facts.shape), strict=True))
            facts = facts.take(tuple({**whole, **self.crop}.values()))
        return pad_facts(facts, self.pad.widths) if self.pad.widths else facts

    def changes(self, sizes: Mapping[str, int]) -> dict[str, dict[str, list[int]]]:
        """Return what really happens to a part of `sizes`: the pixels kept, and those added before and after."""
        kept = {dim: [run.start, run.stop] for dim, run in self.crop.items() if not is_full(run, sizes[dim])}
        added = {dim: list(width) for dim, width in self.pad.widths.items() if any(width)}
        return {name: dims for name, dims in (("cropped", kept), ("padded", added)) if dims}


@dataclass(frozen=True)
class MergePlan:
    """What a merge will do.

    Attributes
    ----------
    along
        The dim that grows.
    fits
        How each part is brought to the common size first.
    dtype
        Of the result.
    times
        How the time axes join.
    names
        What becomes of channel names that several parts have.
    words
        Fact -> whose word counts.
    """

    along: str
    fits: tuple[Fit, ...]
    dtype: np.dtype[Any]
    times: Times
    names: Names
    words: Mapping[str, Sharing]


class MergePolicy(Policy):
    """Base of merge policies.

    Attributes
    ----------
    dtype
        ``require`` equal dtypes, or ``promote`` to one that holds all values: never wraps, never rounds.
    times
        Along T: ``continue`` the first part's interval, ``restart`` with each part's own seconds, or go by
        acquisition ``stamps`` (`delta_t` of the planes follows). Elsewhere `delta_t` stays as each part measured it.
    names
        Along C, of a channel whose name an earlier part has: ``keep`` both names, ``require`` that there is none,
        ``number`` it ("DAPI 2"), or name its ``source`` ("DAPI (b.tif)"). Names are kept by default: they are what
        the files say, and a selection by a repeated name gives all channels of that name.
    metadata
        What the merged image says where its parts differ, fact by fact; see `MetadataPolicy`.
    """

    default_kind: ClassVar[str] = "strict"
    homes: ClassVar[Mapping[str, str]] = {"mosaic": "omio.policies.mosaic"}

    dtype: Literal["require", "promote"] = "require"
    times: Literal["continue", "restart", "stamps"] = "continue"
    names: Literal["keep", "require", "number", "source"] = "keep"
    metadata: Annotated[MetadataPolicy, BeforeValidator(MetadataPolicy.resolve)] = MetadataPolicy()

    def plan(self, parts: Sequence[Image], along: str) -> MergePlan:
        """Compare the parts and plan the merge.

        Raises
        ------
        MergeError
            Listing every conflict, of every part.
        """
        if along not in ("T", "Z", "C"):
            remedy = "Merge along T, Z or C, or M (mosaic by stage positions)."
            raise MergeError(f"{type(self).__name__} does not merge along {along!r}", remedy=remedy)
        if not parts:
            raise MergeError("nothing to merge")
        fits = self.fits(parts, along)
        dtype = np.result_type(*{part.dtype for part in parts})
        found = [*self._of_pixels(parts, dtype), *self._of_facts([part.facts for part in parts], along, fits)]
        found += self._of_names(parts) if along == "C" else ()
        if found:
            raise refused(sorted(found, key=lambda conflict: conflict[0]), parts, self.remedy())
        return MergePlan(along, fits, dtype, self.times, self.names, self.metadata.words(along))

    def _of_pixels(self, parts: Sequence[Image], dtype: np.dtype[Any]) -> Iterator[Conflict]:
        first = parts[0].dtype
        for number, part in enumerate(parts, start=1):
            if self.dtype == "require" and first != part.dtype:
                yield number, f"dtype: {first} and {part.dtype}"
            elif self.dtype == "promote" and not _holds(dtype, part.dtype):
                yield number, f"dtype: {dtype} does not hold all values of {part.dtype}"

    def _of_facts(self, facts: Sequence[Facts], along: str, fits: Sequence[Fit]) -> Iterator[Conflict]:
        stamped = along == "T" and self.times == "stamps"
        first, fitted = facts[0], fits[0].facts(facts[0])
        distinct = [(1, first)]
        for number, (part, fit) in enumerate(zip(facts, fits, strict=True), start=1):
            if part is not first:
                distinct.append((number, part))
                between = _places((first, part), (fitted, fit.facts(part)), along)
                yield from ((number, reason) for reason in (*between, *_along(first, part, along, stamped=stamped)))
            if stamped:
                yield from ((number, reason) for reason in undated(first, part))
        yield from disagreements(distinct, self.metadata.words(along))
        if along == "T" and self.times == "continue":
            yield from ((number, f'{reason}; times="restart" keeps them') for number, reason in restarts(facts, along))

    def _of_names(self, parts: Sequence[Image]) -> Iterator[Conflict]:
        for number, name in clashes([part.facts for part in parts]):
            if self.names == "require":
                yield number, f"channel name: {name!r} is that of an earlier part"
            elif self.names == "source" and first_stamp(parts[number - 1].recipe) is None:
                yield number, f"channel name: {name!r} is that of an earlier part, and no file names this one"

    def fits(self, parts: Sequence[Image], along: str) -> tuple[Fit, ...]:
        """Return how each part is brought to the common size; by default not at all."""
        return (Fit(),) * len(parts)

    def remedy(self) -> str:
        """Say what a user can do about conflicts."""
        return "Choose another policy, or make the parts agree (sel, pad, with_metadata)."


class StrictMerge(MergePolicy):
    """Everything but the merged dim must agree: sizes, spacing and origin in real units, dtype, channels, objective."""

    kind: ClassVar[str] = "strict"


class PaddedMerge(MergePolicy):
    """Smaller parts are padded to the largest, and a warning tells which; all else must agree as for `StrictMerge`.

    Attributes
    ----------
    pad
        What stands in the added pixels, and where the part lies among them: a pad policy, its kind, or its fields.
    """

    kind: ClassVar[str] = "padded"

    pad: Annotated[PadPolicy, BeforeValidator(PadPolicy.resolve)] = ZeroPad()

    def fits(self, parts: Sequence[Image], along: str) -> tuple[Fit, ...]:
        """Pad every part to the largest size of each dim."""
        largest = {dim: max(sizes) for dim, sizes in _fitted_dims(parts, along).items()}
        return tuple(Fit(pad=self.pad.plan(part.sizes, {}, largest)) for part in parts)


class CroppedMerge(MergePolicy):
    """Larger parts are cropped to the smallest, and a warning tells which; all else must agree as for `StrictMerge`.

    Attributes
    ----------
    align
        Which part of a larger image stays: its start, its center, or its end. Origins move with the crop.
    """

    kind: ClassVar[str] = "cropped"

    align: Align = "start"

    def fits(self, parts: Sequence[Image], along: str) -> tuple[Fit, ...]:
        """Crop every part to the smallest size of each dim."""
        smallest = {dim: min(sizes) for dim, sizes in _fitted_dims(parts, along).items()}
        return tuple(Fit(self._crop(part.sizes, smallest)) for part in parts)

    def _crop(self, sizes: Mapping[str, int], to: Mapping[str, int]) -> dict[str, range]:
        starts = {dim: pixels_before(self.align, sizes[dim] - size) for dim, size in to.items()}
        return {dim: range(start, start + to[dim]) for dim, start in starts.items()}


def _fitted_dims(parts: Sequence[Image], along: str) -> dict[str, list[int]]:
    """Return the sizes of all parts along the dims whose lengths a policy may change."""
    return {dim: [part.sizes[dim] for part in parts] for dim in "TZYX" if dim != along}


def refused(conflicts: Sequence[Conflict], parts: Sequence[Image], remedy: str) -> MergeError:
    """Return the error that lists all conflicts."""
    told = tuple(f"{name_part(number, parts[number - 1])}: {reason}" for number, reason in conflicts)
    count = "1 conflict" if len(told) == 1 else f"{len(told)} conflicts"
    listed = "\n  ".join(told)
    error = MergeError(f"{count}:\n  {listed}", remedy=remedy)
    error.conflicts = told
    return error


def name_part(number: int, part: Image) -> str:
    """Name a part of a merge by its number, from 1, and its file where it has one."""
    stamp = first_stamp(part.recipe)
    return f"part {number}" if stamp is None else f"part {number} ({stamp.name})"


def _places(raw: tuple[Facts, Facts], fitted: tuple[Facts, Facts], along: str) -> Iterator[str]:
    for dim in dict.fromkeys((*raw[0].sizes, *raw[1].sizes)):
        if dim != along:
            yield from size_differences(dim, *fitted)
            found = list(position_differences(dim, *raw))
            # padded around its center, a crop from the center lies where it did; files that all begin at 0 say nothing
            if found and any(position_differences(dim, *fitted)):
                yield from found


def _along(first: Facts, part: Facts, along: str, *, stamped: bool) -> list[str]:
    a, b = first.axes.get(along), part.axes.get(along)
    if not stamped and (a is None) != (b is None):
        return [f"{along} positions: only one of them knows any"]
    if a is None or b is None or a.spacing is None or b.spacing is None or same_step(a, b):
        return []
    return [f"{along} spacing: {lengths(along, a.spacing, b.spacing)}"]


def _holds(target: np.dtype[Any], source: np.dtype[Any]) -> bool:
    """Whether every value of a dtype is one of another's (numpy calls 64 bit integers in float64 safe)."""
    if source.kind in "iu" and target.kind in "fc":
        return np.iinfo(source).bits - (source.kind == "i") <= np.finfo(target).nmant + 1
    return np.can_cast(source, target, "safe")
