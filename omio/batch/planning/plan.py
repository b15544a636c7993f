"""`Plan`: the jobs of a project, to look at before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.batch.planning.jobs import Job

SHOWN = 5
"""Images that lie elsewhere and are named."""


@dataclass(frozen=True)
class Plan:
    """What a project's run will do; its text is a table.

    Attributes
    ----------
    jobs
        In natural order of their inputs.
    elsewhere
        Images below the root that lie in no place of the layout, and are not taken.
    """

    jobs: tuple[Job, ...]
    elsewhere: tuple[str, ...]

    def __str__(self) -> str:
        """List destinations and what each is made of."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        width = max((len(job.destination) for job in self.jobs), default=0)
        for job in self.jobs:
            yield f"{job.destination:{width}}  <-  {_source(job)}"
        yield f"{_count(len(self.jobs), 'output')} of {_count(len(self._inputs()), 'image')}"
        if self.elsewhere:
            named = ", ".join(self.elsewhere[:SHOWN]) + (", …" if len(self.elsewhere) > SHOWN else "")
            yield f"{_count(len(self.elsewhere), 'image')} elsewhere, not taken: {named}"

    def _inputs(self) -> set[str]:
        return {name for job in self.jobs for name in job.inputs}


def _source(job: Job) -> str:
    scene = "" if job.scene is None else f"  scene {job.scene}"
    if job.merge is None:
        return job.inputs[0] + scene
    how = f"{len(job.inputs)} merged along {job.merge.along} ({job.merge.policy['kind']})"
    return f"{how}: {', '.join(job.inputs)}{scene}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
