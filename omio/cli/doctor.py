"""``omio doctor``: what is wrong with files and what can be saved of them; without a file, with the environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli import _planes as planes
from omio.cli._opening import add_allowed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from omio.checks import Diagnosis, Problem
    from omio.checks.environment import Environment

CODES = {"whole": 0, "damaged": 1, "unreadable": 2}
"""Exit codes; of several files the worst."""
EXAMPLES = """PATH is a file, an image that is a folder, or a folder of images, at any depth. Every plane of
every scene is decoded. Without PATH: versions, extras, codecs, limits and the folder of copies.
The exit code is 0 where all is whole, 1 where something is damaged, 2 where a file cannot be read at all.

examples:
  omio doctor
  omio doctor cells.czi
  omio doctor old-disk/ --quick --json | jq 'select(.verdict != "whole") | .path'
  omio convert cells.czi -o saved.ome.tif --salvage"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("paths", nargs="*", metavar="PATH", help="what to look at (default: the environment)")
    parser.add_argument("--quick", action="store_true", help="look at the structure alone, decode no pixel")
    add_allowed(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each file")


def run(options: argparse.Namespace) -> int:
    """Look at each path, or around."""
    if not options.paths:
        return _environment(options)
    code = 0
    for found in _diagnoses(options):
        code = max(code, CODES[found.verdict])
        for line in [console.to_json(found.to_dict())] if options.json else _lines(found, options):
            console.out(line)
    return code


def _diagnoses(options: argparse.Namespace) -> Iterator[Diagnosis]:
    from omio.checks import diagnose

    def progress(path: str, fraction: float) -> None:
        console.progress(console.bar(fraction, path), quiet=options.quiet)

    for path in options.paths:
        found = diagnose(path, pixels=not options.quick, allow_outside=options.allow_outside, progress=progress)
        for diagnosis in found:
            console.progress("", quiet=options.quiet)
            yield diagnosis


def _lines(found: Diagnosis, options: argparse.Namespace) -> Iterator[str]:
    if options.quiet and found.verdict == "whole":
        return
    read_by = f" ({found.report.format})" if found.report.format else ""
    yield f"{console.bold(found.path)}{read_by}: {_verdict(found, options)}"
    for problem in found.report.problems:
        yield f"  {_problem(problem)}"
    for key, condition in found.scenes.items():
        if condition is not None:
            yield from planes.lines(condition.to_dict(), f"scene {key}" if len(found.scenes) > 1 else "planes")
    if found.verdict == "damaged":
        yield "  to save what is whole: omio convert --salvage"


def _verdict(found: Diagnosis, options: argparse.Namespace) -> str:
    word = console.severity(found.verdict, sys.stdout)
    return f"{word}, as far as its structure tells" if options.quick and found.verdict == "whole" else word


def _problem(problem: Problem) -> str:
    remedy = f". {problem.remedy}" if problem.remedy else ""
    return f"{console.severity(problem.severity, sys.stdout)}: {problem}{remedy}"


def _environment(options: argparse.Namespace) -> int:
    from omio.checks.environment import environment

    found = environment()
    for line in [console.to_json(found.to_dict())] if options.json else _environment_lines(found):
        console.out(line)
    return 0 if found.ok else console.FAILED


def _environment_lines(found: Environment) -> Iterator[str]:
    from omio.dataset.text import bytes_text

    yield from _table("versions", {name: version or "not installed" for name, version in found.versions.items()})
    said = {extra: "installed" if not missing else _missing(extra, missing) for extra, missing in found.extras.items()}
    yield from _table("extras", said)
    lacking = [name for name, there in found.codecs.items() if not there]
    yield from _table("codecs", {"there": ", ".join(name for name, there in found.codecs.items() if there)})
    yield from _table("", {"not there": ", ".join(lacking)} if lacking else {})
    limits = {name: "none" if value is None else str(value) for name, value in found.limits.items()}
    limits |= {name: bytes_text(value) for name in ("memory", "tiles") if (value := found.limits[name]) is not None}
    yield from _table("limits", {name.replace("_", " "): text for name, text in limits.items()})
    held = f"{found.cache['copies']} copies, {bytes_text(found.cache['nbytes'])}"
    yield from _table("cache", {found.cache["folder"]: held})
    yield from map(_problem, found.problems)


def _missing(extra: str, missing: tuple[str, ...]) -> str:
    return f'without {", ".join(missing)}: pip install "omio[{extra}]"'


def _table(label: str, rows: Mapping[str, Any]) -> Iterator[str]:
    if label:
        yield console.bold(label)
    width = max(map(len, rows), default=0)
    for name, text in rows.items():
        yield f"  {console.dim(name.ljust(width))}  {text}"
