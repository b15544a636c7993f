"""`Result`: what became of a job; one line of the report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from omio.batch.running.fingerprint import Stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

type Status = Literal["processed", "skipped", "failed"]


@dataclass(frozen=True)
class Failure:
    """Why a job failed.

    Attributes
    ----------
    kind
        Class of the error.
    message
        Its text; files are named relative to the project.
    remedy
        What a user can do, where the error says so; also the end of the message.
    traceback
        Where in the code; no folders of this machine.
    """

    kind: str
    message: str
    remedy: str | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Picture:
    """What was written, in short.

    Attributes
    ----------
    sizes
        Dim -> length.
    dtype
        Of the pixels.
    pixel_size
        µm of Z, Y, X, as far as known.
    time_increment
        Seconds, or None.
    channels
        Names; "" where there is none.
    thumbnail
        PNG file relative to the output folder, or None.
    """

    sizes: Mapping[str, int]
    dtype: str
    pixel_size: Mapping[str, float | None]
    time_increment: float | None = None
    channels: tuple[str, ...] = ()
    thumbnail: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of a job.

    Attributes
    ----------
    destination
        Of the job: its identity, relative to the output folder.
    status
        ``processed`` in this run, ``skipped`` because it was done before, or ``failed``.
    inputs
        Relative to the project's root.
    written
        Files that were written, the image first, relative to the output folder.
    seconds, nbytes
        Time and size of the image.
    lost
        What the format could not hold.
    warnings
        Raised meanwhile.
    failure
        Of a failed job.
    fingerprint
        Of the inputs when the job began.
    how
        Writer, policy, merge, options and hooks.
    stamp
        State of the image when it was written.
    members
        Further files that the image was read from, with their states.
    picture
        What was written.
    labels
        Of the job.
    ended
        UTC, ISO 8601.
    """

    destination: str
    status: Status
    inputs: tuple[str, ...]
    written: tuple[str, ...] = ()
    seconds: float = 0.0
    nbytes: int = 0
    lost: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    fingerprint: str | None = None
    how: Mapping[str, Any] = field(default_factory=dict)
    stamp: Stamp | None = None
    members: tuple[tuple[str, int, int], ...] = ()
    picture: Picture | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    ended: str = ""

    def describe(self) -> dict[str, Any]:
        """Return JSON that `of` turns back into this result."""
        return asdict(self)

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Self:
        """Make the result that `describe` told of; fields of later versions are passed over."""
        known = {name: description[name] for name in cls.__dataclass_fields__ if name in description}
        for name, kind in (("failure", Failure), ("stamp", Stamp), ("picture", Picture)):
            if known.get(name) is not None:
                known[name] = _known(kind, known[name])
        for name in ("inputs", "written", "lost", "warnings"):
            known[name] = tuple(known.get(name, ()))
        known["members"] = tuple(map(tuple, known.get("members", ())))
        return cls(**known)

    def cause(self) -> str:
        """Return kind and message of a failure in one line; empty where there is none."""
        return "" if self.failure is None else f"{self.failure.kind}: {' '.join(self.failure.message.split())}"

    def as_skipped(self) -> Self:
        """Return what a later run says of it."""
        return replace(self, status="skipped")


def _known[T](kind: type[T], description: Mapping[str, Any]) -> T:
    fields: dict[str, Any] = getattr(kind, "__dataclass_fields__")  # noqa: B009 - mypy knows it of instances only
    values = {name: value for name, value in description.items() if name in fields}
    if "channels" in values:
        values["channels"] = tuple(values["channels"])
    return kind(**values)
