"""What to do where a file without a header holds another number of frames than its sidecar promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from omio.errors import AmbiguousShapeError
from omio.policies.base import Policy


@dataclass(frozen=True)
class FrameCount:
    """Frames in a file, and what its sidecar promises of them.

    Attributes
    ----------
    frames
        Whole frames in the file.
    points, planes, channels
        T, Z and C as promised.
    flyback
        Further frames of each channel at the end of each volume.
    """

    frames: int
    points: int
    planes: int
    channels: int
    flyback: int = 0

    @property
    def per_point(self) -> int:
        """Frames of a time point."""
        return (self.planes + self.flyback) * self.channels


class SizeMismatch(Policy):
    """Base of the policies: they look at numbers only and choose T and Z."""

    default_kind: ClassVar[str] = "error"

    def plan(self, count: FrameCount) -> tuple[int, int]:
        """Return T and Z, which may take fewer frames than the file has, never more.

        Raises
        ------
        AmbiguousShapeError
            Where this policy cannot say.
        """
        raise NotImplementedError


class RefuseMismatch(SizeMismatch):
    """Ask the user."""

    kind: ClassVar[str] = "error"

    def plan(self, count: FrameCount) -> tuple[int, int]:
        """Refuse."""
        promised = count.points * count.per_point
        raise AmbiguousShapeError(f"holds {count.frames} frames, its sidecar promises {promised}")


class TruncateT(SizeMismatch):
    """Keep the time points that are whole, at most as many as promised: an acquisition that was stopped."""

    kind: ClassVar[str] = "truncate_t"

    def plan(self, count: FrameCount) -> tuple[int, int]:
        """Count whole time points."""
        whole = min(count.points, count.frames // count.per_point)
        if not whole:
            raise AmbiguousShapeError(f"holds {count.frames} frames, a time point has {count.per_point}")
        return whole, count.planes


class InferT(SizeMismatch):
    """Take all time points that are whole, also more than promised."""

    kind: ClassVar[str] = "infer_t"

    def plan(self, count: FrameCount) -> tuple[int, int]:
        """Count whole time points."""
        whole = count.frames // count.per_point
        if not whole:
            raise AmbiguousShapeError(f"holds {count.frames} frames, a time point has {count.per_point}")
        return whole, count.planes


class InferZ(SizeMismatch):
    """Keep T and C as promised and take all frames: Z is what remains, and must be a whole number."""

    kind: ClassVar[str] = "infer_z"

    def plan(self, count: FrameCount) -> tuple[int, int]:
        """Divide."""
        planes, rest = divmod(count.frames, count.points * count.channels)
        planes -= count.flyback
        if rest or planes < 1:
            raise AmbiguousShapeError(
                f"its {count.frames} frames are no whole planes of T {count.points}, C {count.channels}"
            )
        return count.points, planes
