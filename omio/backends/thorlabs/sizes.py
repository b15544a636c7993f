"""The one reading that the size of a RAW file bears out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from omio.backends.axes import user_names
from omio.errors import AmbiguousShapeError, AxesError, DamagedFileError, OmioWarning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.backends.base import OpenOptions
    from omio.backends.thorlabs.readings import Reading
    from omio.lazy.leaf import FileStamp
    from omio.policies.size import SizeMismatch

REMEDY = 'on_size_mismatch="truncate_t", "infer_t" or "infer_z" reads it, or describe it by a YAML file beside it.'
MISMATCH = "on_size_mismatch"
"""The option that names the policy."""


def policy_of(options: Mapping[str, Any]) -> SizeMismatch | None:
    """Return the policy that the caller chose, None where there is none."""
    choice = options.get(MISMATCH)
    if choice is None:
        return None
    from omio.policies.size import SizeMismatch

    return SizeMismatch.resolve(choice)


def refuse_axes(options: OpenOptions, path: str) -> None:
    """Raise `AxesError` where the caller names axes or pages: the sidecar does. Policies name only what has no name."""
    if user_names(options.axes) is not None or options.pages is not None:
        remedy = "Leave axes= and pages= out; a YAML sidecar may give other sizes."
        raise AxesError("its sidecar names the axes", path=path, remedy=remedy)


@dataclass(frozen=True)
class Chosen:
    """A reading, and the step of the provenance that tells of what was decided."""

    reading: Reading
    step: Mapping[str, Any] = field(default_factory=dict)


def fitting(readings: Sequence[Reading], size: int) -> list[Reading]:
    """Return the readings of lowest rank that take exactly `size` bytes."""
    exact = [reading for reading in readings if reading.nbytes == size]
    best = min((reading.rank for reading in exact), default=0)
    return [reading for reading in exact if reading.rank == best]


def choose(
    readings: Sequence[Reading], stamp: FileStamp, policy: SizeMismatch | None = None, *, strict: bool = True
) -> Chosen:
    """Return the reading of a file.

    Raises
    ------
    DamagedFileError
        It does not hold a whole number of frames; with ``strict=False`` one warning, and what is missing reads as 0.
    AmbiguousShapeError
        It holds another number of frames than promised, and no policy says what to do; or two readings fit.
    """
    found = fitting(readings, stamp.size)
    if len(found) == 1:
        return Chosen(found[0])
    if found:
        told = "; or ".join(map(str, found))
        raise AmbiguousShapeError(f"can be read as {told}", path=stamp.path, remedy=REMEDY)
    promised = readings[0]
    frames, rest = divmod(stamp.size, promised.frame_bytes)
    if not frames:
        cause = f"has {stamp.size} bytes, one frame of {promised} has {promised.frame_bytes}"
        raise DamagedFileError(cause, path=stamp.path)
    if rest:
        missing = promised.frames - frames
        then = "the rest is left out" if policy or missing <= 0 else f"the {missing} others read as 0"
        _tell_cut(stamp, promised, f"{frames} frames and {rest} bytes", None if strict else then)
    elif policy is None:
        raise AmbiguousShapeError(_mismatch(readings, frames), path=stamp.path, remedy=REMEDY)
    return Chosen(promised) if policy is None else _decide(promised, frames, policy, stamp)


def _mismatch(readings: Sequence[Reading], frames: int) -> str:
    told = "; or ".join(f"{reading.frames} frames ({reading})" for reading in readings[:6])
    return f"holds {frames} frames, its sidecar promises {told}"


def _tell_cut(stamp: FileStamp, promised: Reading, held: str, then: str | None) -> None:
    """Raise, or warn of what is done then."""
    cause = f"holds {held} of the next of {promised.frame_bytes}; {promised.frames} frames are promised ({promised})"
    if then is None:
        raise DamagedFileError(cause, path=stamp.path, remedy="strict=False reads the whole frames.")
    warnings.warn(f"{stamp.path}: {cause}; {then}", OmioWarning, stacklevel=5)


def _decide(promised: Reading, frames: int, policy: SizeMismatch, stamp: FileStamp) -> Chosen:
    from omio.policies.size import FrameCount

    t, z, c, y, x = promised.sizes
    try:
        points, planes = policy.plan(FrameCount(frames, t, z, c, promised.flyback))
    except AmbiguousShapeError as error:
        raise AmbiguousShapeError(error.cause, path=stamp.path, place=error.place, remedy=error.remedy) from None
    reading = replace(promised, sizes=(points, planes, c, y, x))
    detail = {"frames": frames, "promised": list(promised.sizes), "read": list(reading.sizes)}
    return Chosen(reading, {"policy": policy.describe(), **detail, "dropped": frames - reading.frames})
