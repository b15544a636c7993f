"""`Setup`: what all jobs of a run share, and `Task`: one job as a worker gets it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from omio.errors import PolicyError
from omio.lazy.tokens import stable
from omio.metadata.original import jsonable
from omio.naming import listed
from omio.writers import registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from omio.batch.planning.jobs import Job
    from omio.policies.write import OutputPolicy
    from omio.writers.base import Writer

HIDDEN = ".omio"
"""Folder in the output for what is no image: thumbnails, and what a ``save`` is writing."""
_IDLE_FIELDS = ("overwrite", "verify")
"""Fields of a policy that change nothing in what is written."""

type Load = Callable[..., Any]
type Process = Callable[[Any], Any]
type Save = Callable[[Any, Path], object]


@dataclass(frozen=True)
class Setup:
    """What all jobs of a run share; picklable.

    Attributes
    ----------
    root, output
        Absolute folders of inputs and destinations.
    writer
        Class of the writer.
    policy
        How it writes; its ``overwrite`` says what becomes of files that are not this project's.
    load, process, save
        What the user puts in the place of opening, between, and in the place of writing; or None.
    """

    root: Path
    output: Path
    writer: type[Writer[Any]]
    policy: OutputPolicy
    load: Load | None = None
    process: Process | None = None
    save: Save | None = None

    @classmethod
    def of(
        cls, root: str | os.PathLike[str], output: str | os.PathLike[str], writer: str, policy: Any, **hooks: Any
    ) -> Self:
        """Resolve paths, writer and policy.

        Raises
        ------
        PolicyError
            No such writer, a policy of another, or ``overwrite="increment"``: a job is known by its destination.
        """
        if writer not in registry:
            raise PolicyError(f"no writer {writer!r}", remedy=listed(registry.names(), writer))
        kind = registry.load(writer)
        chosen = kind.policies.resolve(policy)
        if chosen.overwrite == "increment":
            raise PolicyError('overwrite="increment" does not fit a batch', remedy='Use "error" or "replace".')
        return cls(Path(os.path.abspath(root)), Path(os.path.abspath(output)), kind, chosen, **hooks)

    def how(self, job: Job) -> dict[str, Any]:
        """Return as JSON all that decides what a job makes of its inputs."""
        policy = {name: value for name, value in self.policy.describe().items() if name not in _IDLE_FIELDS}
        merge = None if job.merge is None else {"along": job.merge.along, "policy": dict(job.merge.policy)}
        hooks = {name: repr(stable(hook)) for name in ("load", "process", "save") if (hook := getattr(self, name))}
        told: dict[str, Any] = jsonable(
            {
                "writer": self.writer.name,
                "policy": policy,
                "merge": merge,
                "scene": job.scene,
                "options": job.options,
                "reader": job.reader,
                "sidecar": job.sidecar,
                "hooks": hooks,
            }
        )
        return told

    def tidy(self, text: str) -> str:
        """Name files relative to the project, and modules relative to where they are installed."""
        folders = {str(self.root), str(self.output), os.path.realpath(self.root), os.path.realpath(self.output)}
        for folder in sorted(folders | {entry for entry in sys.path if entry}, key=len, reverse=True):
            text = text.replace(folder.rstrip(os.sep) + os.sep, "")
        return text


@dataclass(frozen=True)
class Task:
    """A job with all that a worker needs; picklable.

    Attributes
    ----------
    job, setup
        What and how.
    how
        As `Setup.how` tells it.
    fingerprint
        Of the inputs, taken before they are opened.
    replace
        Whether the destination is the project's own and may be replaced.
    run
        Key of the run.
    """

    job: Job
    setup: Setup
    how: dict[str, Any]
    fingerprint: str
    replace: bool
    run: str


def relative(path: str | os.PathLike[str], folder: Path) -> str:
    """Name a file relative to a folder, with forward slashes; by its name alone where it lies on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return Path(path).name
