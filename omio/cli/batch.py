"""``omio batch``: plan, run and report the conversion of a project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli._target import policy_of, writer_of
from omio.cli._writing import add_writing, on_cluster
from omio.errors import PolicyError

if TYPE_CHECKING:
    import argparse

    from omio.batch.planning.plan import Plan
    from omio.batch.project import Project
    from omio.batch.reporting.report import RunReport

EXAMPLES = """plan says what would be done and touches nothing; run does it, and goes on where an
earlier run ended; report tells of the last run of an output folder.

With --sub, --exp or --tag, folders of subjects hold folders of experiments, which
hold images or tag folders of images; without, every image below PATH is taken.

examples:
  omio batch plan project/ --sub sub- --exp TP
  omio batch run project/ --sub sub- --exp TP --tag TAG_ --merge tags --along Z
  omio batch run project/ --output /data/converted --compression zstd:3 --workers 4
  omio batch report project/omio_converted"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("action", choices=("plan", "run", "report"), help="what to do")
    parser.add_argument("path", metavar="PATH", help="folder of the project; for report, its output folder")
    add = parser.add_argument_group("plan and run").add_argument
    add("--layout", metavar="NAME", help="bids-like, folder, bids, or one of your own")
    add("--sub", metavar="TEXT", help="what the names of subject folders start with")
    add("--exp", metavar="WORD", help="the word that folders of experiments meet")
    add("--tag", metavar="WORD", help="the word that tag folders meet")
    add("--match", choices=("token", "startswith", "exact", "regex"), help="how they meet it (default token)")
    add("--pattern", action="append", metavar="GLOB", help="names of images, such as *.czi; may be repeated")
    add("--exclude", action="append", metavar="TEXT", help="not in the name of an image; may be repeated")
    add("--merge", action="append", choices=("folder", "tags", "stacks"), help="which images become one")
    add("--along", choices=("T", "Z", "C"), default="T", help="the dim along which they do (default T)")
    add("--merge-policy", metavar="NAME", help="strict (default), padded, cropped, or one of your own")
    add("--axes", metavar="NAMES", help="what the files' own axes are, in order, such as TYX")
    add("--output", metavar="DST", help="folder for the outputs (default omio_converted in the project)")
    add("--writer", metavar="NAME", help="format of the outputs (default ometiff)")
    how = parser.add_argument_group("run")
    how.add_argument("--workers", type=int, metavar="N", help="processes (default: as many as suit this machine)")
    how.add_argument("--no-resume", action="store_true", help="do again what is done")
    how.add_argument("--stop", action="store_true", help="begin no further image after one has failed")
    add_writing(parser.add_argument_group("how images are written"))
    told = parser.add_argument_group("report")
    told.add_argument("--html", metavar="FILE", help="write the page for people there")


def run(options: argparse.Namespace) -> int:
    """Plan, run or report."""
    if options.action == "report":
        return _report(options)
    project = _project(options)
    writer = writer_of(options.writer or "ometiff", options)
    if options.action == "plan" or options.dry_run:
        return _plan(project.plan(writer), options)
    return _run(project, writer, options)


def _project(options: argparse.Namespace) -> Project:
    from omio.batch.project import Project

    output = options.output and os.path.abspath(options.output)  # as the shell means it, not below the project
    chosen = {"output": output, "merge": options.merge, "merge_policy": options.merge_policy}
    given = {name: value for name, value in chosen.items() if value is not None}
    given["options"] = {"axes": options.axes} if options.axes else {}
    return Project(options.path, _layout(options), along=options.along, **given)


def _layout(options: argparse.Namespace) -> dict[str, Any]:
    words = {"sub": options.sub, "exp": options.exp, "tag": options.tag, "match": options.match}
    lists = {"patterns": options.pattern, "exclude": options.exclude}
    fields = {name: value for name, value in (words | lists).items() if value is not None}
    folders = fields.keys() & words.keys()
    return {"kind": options.layout or ("bids-like" if folders else "folder"), **fields}


def _plan(plan: Plan, options: argparse.Namespace) -> int:
    if options.json:
        for job in plan.jobs:
            console.out(console.to_json(job.describe()))
    else:
        console.out(str(plan))
    return 0


def _run(project: Project, writer: str, options: argparse.Namespace) -> int:
    from omio.batch.running.progress import silent

    if options.workers is not None and options.workers < 1:
        raise PolicyError(f"--workers {options.workers}: there must be one at least")
    policy = policy_of(writer, options).model_dump(exclude_defaults=True)
    with on_cluster(options) as client:
        report = project.run(
            writer,
            policy=policy,
            client=client,
            workers=options.workers,
            resume=not options.no_resume,
            continue_on_error=not options.stop,
            progress=silent if options.quiet else None,
        )
    _tell(report, options)
    return report.exit_code


def _report(options: argparse.Namespace) -> int:
    from pathlib import Path

    from omio.batch.reporting.report import RunReport

    report = RunReport.read(options.path)
    if options.html is not None:
        report.write_html(Path(options.html))
    _tell(report, options)
    return report.exit_code


def _tell(report: RunReport, options: argparse.Namespace) -> None:
    if options.json:
        for result in (*report.failed, *report.processed, *report.skipped):
            console.out(console.to_json(result.describe()))
    elif not options.quiet:
        console.out(report.text())
    else:
        for result in report.failed:
            console.problem(result.cause())
