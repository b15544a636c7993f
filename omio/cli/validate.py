"""``omio validate``: whether files are what they say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omio.cli import _console as console
from omio.cli._opening import add_allowed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from omio.checks import Problem, Report

EXAMPLES = """PATH is a file, an image that is a folder, or a folder of images, at any depth.
An error is what contradicts itself or its format, or cannot be read; a warning is what should be known.
The exit code is 1 where there is an error.

examples:
  omio validate cells.ome.tif
  omio validate plate.ome.zarr --pixels
  omio validate project/ --json | jq 'select(.ok | not) | .path'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("paths", nargs="+", metavar="PATH", help="what to check")
    parser.add_argument("--pixels", action="store_true", help="read all pixels as well, of all scenes and levels")
    add_allowed(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each file")


def run(options: argparse.Namespace) -> int:
    """Check each path; 1 where there is an error."""
    good, counts = 0, {"error": 0, "warning": 0}
    checked = 0
    for report in _reports(options):
        checked += 1
        good += report.ok
        for problem in report.problems:
            counts[problem.severity] += 1
        _tell(report, options)
    if not options.json and not options.quiet:
        told = ", ".join(_plural(count, noun) for noun, count in counts.items())
        console.out(f"{_plural(checked, 'file')} checked, {good} ok: {told}")
    return console.FAILED if counts["error"] else 0


def _reports(options: argparse.Namespace) -> Iterator[Report]:
    from omio.checks import each

    for path in options.paths:
        console.progress(f"checking {path}", quiet=options.quiet)
        for report in each(path, pixels=options.pixels, allow_outside=options.allow_outside):
            console.progress("", quiet=options.quiet)
            yield report
            console.progress(f"checked {report.path}", quiet=options.quiet)
    console.progress("", quiet=options.quiet)


def _tell(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        console.out(console.to_json(report.to_dict()))
        return
    for problem in report.problems:
        console.out(_line(report.path, problem))


def _line(path: str, problem: Problem) -> str:
    severity = console.severity(problem.severity, sys.stdout)
    return f"{severity}: {path}: {problem}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
