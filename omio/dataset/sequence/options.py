"""What users say of a sequence besides what they say of its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

from omio.dims import DIMS
from omio.errors import AxesError, OptionError

if TYPE_CHECKING:
    from omio.dataset.sequence.fields import AxesOrder
    from omio.dataset.sequence.grid import Categories
    from omio.policies.base import Choice
    from omio.policies.merge import MergePolicy


@dataclass(frozen=True)
class SequenceOptions:
    """The keywords of `open_sequence` that ``omio.open`` takes for sequences only; see there."""

    pattern: str | None = None
    along: str | None = None
    categories: Categories = field(default_factory=dict)
    axes_order: AxesOrder = None
    reader: Callable[[str], Any] | None = None
    fill_value: float = 0
    on_missing: str = "raise"
    validate_shapes: bool | None = None
    policy: Choice[MergePolicy] | None = None

    def __post_init__(self) -> None:
        """Refuse what means nothing, before any file is looked at."""
        if self.on_missing not in ("raise", "fill"):
            raise OptionError(f"on_missing={self.on_missing!r}", remedy='It is "raise" or "fill".')
        if not isinstance(self.fill_value, Real):
            raise OptionError(f"fill_value={self.fill_value!r}", remedy="Give a number.")
        if not isinstance(self.axes_order, str | Sequence | None):
            raise OptionError(f"axes_order={self.axes_order!r}", remedy='Name or number the fields: "TC", or [1, 0].')
        if self.along is not None and self.along not in DIMS:
            raise AxesError(f"along={self.along!r} is no dim", remedy="Files stand along T, Z, C, Y or X.")
        if self.along is not None and self.pattern is not None:
            raise OptionError("along= and pattern= both say where files stand", remedy="Give one of them.")
        if self.along is not None and self.categories:
            raise OptionError("categories= order what names say, which along= does not look at")
        if self.reader is not None and self.validate_shapes:
            remedy = "Leave validate_shapes= out: each file is checked when it is read."
            raise OptionError("a reader has no headers to check at opening", remedy=remedy)
