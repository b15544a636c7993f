"""`Project`: a folder of many acquisitions, and the plan of what becomes of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio import writers
from omio.arguments import checked
from omio.backends.discovery import OUTPUT
from omio.batch.bids.files import write_dataset_files
from omio.batch.bids.output import BidsOut
from omio.batch.planning.destinations import mirrored
from omio.batch.planning.grouping import Grouping
from omio.batch.planning.jobs import Job, Merge
from omio.batch.planning.layouts import Layout
from omio.batch.planning.plan import Plan
from omio.batch.planning.units import Tree, units_of
from omio.errors import PolicyError, ProjectError
from omio.naming import listed
from omio.policies.merge import MergePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.batch.planning.grouping import MergeChoice
    from omio.batch.planning.units import Unit
    from omio.batch.reporting.report import RunReport
    from omio.lazy.cluster import ClientChoice


@checked
@dataclass(frozen=True, init=False)
class Project:
    """A folder of many acquisitions.

    Nothing is read before `plan`, and then headers only; nothing is written before `run`.

    Attributes
    ----------
    root
        Folder of the project.
    layout
        What its folders mean.
    output
        Folder for the outputs, below the root where it is relative.
    grouping
        Which images become one.
    merge
        How they do.
    options
        Of ``omio.open``.
    to_bids
        How outputs become a BIDS dataset; None for a mirrored tree.
    """

    root: Path
    layout: Layout
    output: Path
    grouping: Grouping
    merge: Merge
    options: Mapping[str, Any]
    to_bids: BidsOut | None

    def __init__(
        self,
        root: str | os.PathLike[str],
        layout: Layout | str | dict[str, Any] | None = None,
        *,
        output: str | os.PathLike[str] = OUTPUT,
        merge: MergeChoice = None,
        along: str = "T",
        merge_policy: MergePolicy | str | dict[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        to_bids: BidsOut | dict[str, Any] | None = None,
    ) -> None:
        """Check the choices; the folder is not looked at.

        Parameters
        ----------
        root
            Folder of the project.
        layout
            A `Layout`, its kind (``bids-like``, ``bids``, ``folder``, ``levels``, one of your own), or its fields.
        output
            Folder for the outputs, below the root where it is relative. The tree of the inputs is mirrored in it.
        merge
            ``"folder"`` makes all images of a folder one, ``"tags"`` all in the tag folders of an experiment,
            ``"stacks"`` all in sibling folders such as ``FOV_1`` and ``FOV_2``; several words may be given.
        along
            T, Z or C: the dim along which they are merged.
        merge_policy
            How; `StrictMerge` unless said otherwise.
        options
            Of ``omio.open``, such as ``{"axes": "TYX"}``.
        to_bids
            Name the outputs as a BIDS dataset, with its JSON and TSV files.

        Raises
        ------
        PolicyError
            For a choice that there is not.
        """
        chosen = Layout.resolve(layout)
        if along not in ("T", "Z", "C"):
            raise PolicyError(f"cannot merge along {along!r}", remedy="Merge along T, Z or C.")
        values = {
            "root": Path(root),
            "layout": chosen,
            "output": Path(root, output),
            "grouping": Grouping.of(merge, chosen),
            "merge": Merge(along, MergePolicy.resolve(merge_policy).describe()),
            "options": dict(options or {}),
            "to_bids": None if to_bids is None else BidsOut.resolve(to_bids),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def plan(self, writer: str = "ometiff") -> Plan:
        """List what a run would do: reads folders and headers, no pixel, and writes nothing.

        Raises
        ------
        FileMissingError, FileAccessError
            A folder that is not there, or may not be read.
        ProjectError
            No image lies where the layout looks, or BIDS names cannot be made or collide: all of them are listed.
        """
        if self.output.resolve() == self.root.resolve():
            raise ProjectError("outputs would lie among the images", path=self.root, remedy="Name an output folder.")
        tree = Tree.of(self.root, self.layout, {OUTPUT, os.path.realpath(self.output)})
        if not tree.places:
            raise self._nothing(tree)
        units = units_of(tree, self.grouping)
        ending = _ending(writer)
        if self.to_bids is not None:
            names, units = self.to_bids.destinations(units, ending)
        else:
            names = mirrored([unit.wish for unit in units], ending)
        return Plan(tuple(map(self._job, units, names)), tree.elsewhere)

    def jobs(self, writer: str = "ometiff") -> tuple[Job, ...]:
        """Return the jobs of the plan."""
        return self.plan(writer).jobs

    def run(
        self,
        writer: str = "ometiff",
        *,
        policy: Any = None,
        client: ClientChoice = None,
        workers: int | None = None,
        resume: bool = True,
        **options: Any,
    ) -> RunReport:
        """Carry the plan out; see `omio.batch.running.runner.run_jobs` for what can be chosen, and for the report.

        Raises
        ------
        ProjectError
            See `plan`; what goes wrong in a job stands in the report.
        """
        from omio.batch.running.runner import run_jobs

        jobs = self.jobs(writer)
        chosen = {"policy": policy, "client": client, "workers": workers, "resume": resume, **options}
        report = run_jobs(jobs, root=self.root, output=self.output, writer=writer, **chosen)
        if self.to_bids is not None:
            write_dataset_files(self.output, jobs, self.to_bids)
        return report

    def _nothing(self, tree: Tree) -> ProjectError:
        names = ", ".join(self.layout.patterns) or "names of image files"
        found = f"; {len(tree.elsewhere)} lie elsewhere, such as {tree.elsewhere[0]}" if tree.elsewhere else ""
        remedy = 'Name another layout; layout="folder" takes images from any folder.'
        return ProjectError(f"no image in {self.layout.sought()} ({names}){found}", path=self.root, remedy=remedy)

    def _job(self, unit: Unit, destination: str) -> Job:
        return Job(
            unit.inputs,
            destination,
            unit.wish.scene,
            self.merge if unit.is_merge else None,
            self.options,
            unit.labels,
            self.layout.reader,
            None if self.to_bids is None else self.to_bids.sidecar,
        )


def _ending(writer: str) -> str:
    if writer not in writers.registry:
        raise PolicyError(f"no writer {writer!r}", remedy=listed(writers.names(), writer))
    return writers.registry.spec(writer).extensions[0]
