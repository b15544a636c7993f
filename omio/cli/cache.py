"""``omio cache``: copies of images on disk, listed, checked and removed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.errors import FileMissingError, OmioError
from omio.store.cache.entries import FOLDER

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from omio.store.cache.entries import Entry

EXAMPLES = """Copies are made by cached() and by imread(zarr_store="disk"), in folders named
.omio_cache. PATH is an image, a folder, or a copy; without PATH those in the
current folder and in the user's cache folder are meant.

examples:
  omio cache ls
  omio cache verify data/
  omio cache rm cells.czi
  omio cache rm --stale
  omio cache rm --keep 20GB"""
HEADINGS = ("size", "used", "state", "source", "copy")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "action",
        choices=("ls", "rm", "verify"),
        help="list copies; remove them; read them whole and compare checksums, exit code 1 on damage",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", type=Path, help="images, folders or copies")
    which = parser.add_argument_group("what rm removes, of the copies of PATH").add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all, also without PATH")
    which.add_argument("--stale", action="store_true", help="those that would not be used again")
    which.add_argument("--older", type=_days, metavar="DAYS", help="those that were not used for so long")
    which.add_argument("--keep", type=_size, metavar="SIZE", help="the least recently used, until SIZE is left")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each copy")
    parser.set_defaults(refuse=parser.error)


def _days(text: str) -> float:
    import argparse

    if not text.replace(".", "", 1).isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days")
    return float(text)


def _size(text: str) -> int:
    import argparse

    from omio.settings import parse_bytes

    try:
        return parse_bytes(text)
    except OmioError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: argparse.Namespace) -> int:
    """List, remove or check."""
    is_limited = options.stale or options.older is not None or options.keep is not None
    if options.action != "rm" and (options.all or is_limited):
        options.refuse("--all, --stale, --older and --keep belong to rm")
    if options.action == "rm" and not (options.paths or options.all or is_limited):
        options.refuse("rm needs PATH, --all, --stale, --older or --keep")
    return {"ls": _list, "rm": _remove, "verify": _verify}[options.action](options)


def _found(options: argparse.Namespace) -> list[Entry]:
    """Return the copies that are meant, each once.

    Raises
    ------
    FileMissingError
        Nothing lies at a path, and no copy was made of it.
    """
    from omio.store.cache.finding import copies_at

    found: dict[Path, Entry] = {}
    for path in _paths(options):
        copies = copies_at(path)
        if not copies and not path.exists():
            raise FileMissingError("no such file, and no copy of one", path=path)
        found |= {entry.path: entry for entry in copies}
    return list(found.values())


def _paths(options: argparse.Namespace) -> list[Path]:
    from omio.store.cache.making import user_folder

    places = [folder for folder in (Path(FOLDER), user_folder()) if folder.is_dir()]
    return options.paths or places


def _list(options: argparse.Namespace) -> int:
    """Show what is there."""
    found = _found(options)
    if options.json:
        for entry in found:
            console.out(console.to_json(_described(entry)))
        return 0
    rows = [_row(entry) for entry in found]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    for row in (HEADINGS, *rows) if rows else ():
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        console.out(console.dim(line) if row is HEADINGS else line)
    if not rows and not options.quiet:
        console.note("no copies")
    return 0


def _row(entry: Entry) -> tuple[str, ...]:
    from omio.dataset.text import bytes_text

    first, *others = [Path(path).name for path, _ in entry.sources()] or ["no file"]
    scenes = entry.manifest.get("scenes", ())
    more = f" and {len(others)} more" if others else f" {scenes[0]}" if len(scenes) == 1 else ""
    return bytes_text(entry.nbytes), _age(time.time() - entry.used), entry.state(), first + more, str(entry.path)


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "path": str(entry.path),
        "sources": [path for path, _ in entry.sources()],
        "scenes": entry.manifest.get("scenes", []),
        "nbytes": entry.nbytes,
        "used": entry.used,
        "state": entry.state(),
    }


def _remove(options: argparse.Namespace) -> int:
    """Remove copies; one that cannot be removed does not stop the others."""
    from omio.store.cache.finding import folders_of, tidy

    failed = 0
    for entry in list(_chosen(_found(options), options)):
        try:
            entry.remove()
        except OmioError as error:
            console.fail(error, traces=options.verbose > 1)
            failed += 1
            continue
        path = str(entry.path)
        console.out(console.to_json({"path": path, "nbytes": entry.nbytes}) if options.json else path)
    tidy({folder for path in _paths(options) for folder in folders_of(path)})
    return console.FAILED if failed else 0


def _chosen(found: list[Entry], options: argparse.Namespace) -> Iterator[Entry]:
    kept = 0
    for entry in sorted(found, key=lambda entry: entry.used, reverse=True):
        kept += entry.nbytes
        if (
            (options.stale and entry.state() == "whole")
            or (options.older is not None and time.time() - entry.used < options.older * 86400)
            or (options.keep is not None and kept <= options.keep)
        ):
            continue
        yield entry


def _verify(options: argparse.Namespace) -> int:
    """Read copies whole and tell what is wrong; 1 where something is."""
    checked = damaged = 0
    for path, problems in _checked(options):
        checked += 1
        damaged += bool(problems)
        if options.json:
            console.out(console.to_json({"path": str(path), "ok": not problems, "problems": problems}))
            continue
        for problem in problems:
            console.out(f"{path}: {problem}")
    if not options.json and not options.quiet:
        console.out(f"{checked} checked, {damaged} damaged")
    return console.FAILED if damaged else 0


def _checked(options: argparse.Namespace) -> Iterator[tuple[Path, list[str]]]:
    from omio.store.cache.finding import unreadable_at

    for entry in _found(options):
        console.progress(f"checking {entry.path}", quiet=options.quiet)
        problems = list(entry.damage())
        console.progress("", quiet=options.quiet)
        yield entry.path, problems
    for path in _paths(options):
        yield from ((found, ["its manifest cannot be read"]) for found in unreadable_at(path))
