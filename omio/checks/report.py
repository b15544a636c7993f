"""What a check found."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from omio.errors import DamagedFileWarning, OmioError, PluginWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

type Severity = Literal["error", "warning"]

MOST = 50
"""So many problems of one kind of check are listed; the rest is counted."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    place
        Where in the file: a page, an element, an array, a scene; empty for all of it.
    severity
        ``"error"``: the file contradicts itself or its format, or cannot be read. ``"warning"``: it reads well, and
        something should be known of it.
    text
        What is wrong there.
    remedy
        What can be done, where that is known.
    """

    place: str
    severity: Severity
    text: str
    remedy: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text

    def to_dict(self) -> dict[str, str | None]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Report:
    """What was found in a file.

    Attributes
    ----------
    path
        As given.
    format
        Name of the backend that reads it; None where none does, and for a folder of images.
    problems
        In the order of the checks, none twice.
    """

    path: str
    format: str | None
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the file wrong."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.errors

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "path": self.path,
            "format": self.format,
            "ok": self.ok,
            "problems": [problem.to_dict() for problem in self.problems],
        }


@dataclass
class Findings:
    """Collects problems while a file is looked at.

    Attributes
    ----------
    path
        The file; left out of texts that begin with it.
    """

    path: str
    found: dict[Problem, None] = field(default_factory=dict)

    def error(self, place: str, text: str, remedy: str | None = None) -> None:
        """Note what makes the file wrong."""
        self._add(place, "error", text, remedy)

    def warning(self, place: str, text: str, remedy: str | None = None) -> None:
        """Note what should be known."""
        self._add(place, "warning", text, remedy)

    def errors(self, problems: list[tuple[str, str]]) -> None:
        """Note errors of one kind, of which there may be many: pairs of place and text."""
        for place, text in problems[:MOST]:
            self.error(place, text)
        if len(problems) > MOST:
            self.error("", f"and {len(problems) - MOST} more like the last")

    def _add(self, place: str, severity: Severity, text: str, remedy: str | None = None) -> None:
        self.found.setdefault(Problem(place, severity, " ".join(text.split()), remedy))

    @contextmanager
    def watched(self, place: str = "") -> Iterator[None]:
        """Note what is raised, which ends the block, and what is warned of: of damage as an error.

        That a plug-in is broken is no problem of the file: it is warned of again.
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield
            except (OmioError, OSError, MemoryError) as error:
                self._meet(error, place)
        for item in caught:
            if issubclass(item.category, PluginWarning):
                warnings.warn(item.message, stacklevel=3)
                continue
            tell = self.error if issubclass(item.category, DamagedFileWarning) else self.warning
            if not self._is_told(text := self._bare(str(item.message))):
                tell(place, text)

    def _meet(self, error: OmioError | OSError | MemoryError, place: str) -> None:
        if not isinstance(error, OmioError):
            self.error(place, str(error) or type(error).__name__)
            return
        # the file that is checked need not be named again, a member of a set must
        within = (self._bare(part or "") for part in (error.path, error.place))
        places = dict.fromkeys(part for part in (place, *within) if part)
        self.error(": ".join(places), error.cause, error.remedy)

    def _is_told(self, text: str) -> bool:
        """Whether a warning says with words before it what a check found."""
        return any(text.endswith(f": {problem}") for problem in self.found)

    def _bare(self, text: str) -> str:
        for name in (os.path.abspath(self.path), self.path, os.path.basename(self.path)):  # noqa: PTH119 - or a URL
            text = text.removeprefix(name).removeprefix(": ")
        return text
