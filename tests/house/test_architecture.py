"""What `architecture.md` draws and names is the code: its parts, the path of a read and of a write, files, classes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from contextlib import contextmanager
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import omio
from omio.testing import makers
from tests.house.test_arrows import GROUPS, PACKAGE, RANK, walk
from tests.support.blocks import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

PAGE = next((ROOT / "docs").rglob("architecture.md"))
TEXT = PAGE.read_text(encoding="utf-8")
PARTS, PATHS = (block.body for block in blocks(TEXT, PAGE.name) if block.mark == "text")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CARRIED = {"openseadragon"}
"""What comes along with omio's own files."""


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def columns() -> dict[str, int]:
    """Return where each name of the drawing of the parts begins."""
    return {found[0]: found.start() for line in PARTS.splitlines() for found in re.finditer(r"\w+", line)}


def test_every_part_is_drawn() -> None:
    assert set(columns()) == set(RANK)


def test_parts_are_drawn_in_the_order_of_their_arrows() -> None:
    at = columns()
    for left, right in pairwise(GROUPS):
        assert max(at[name] for name in left) < min(at[name] for name in right), (left, right)


def stations() -> dict[str, list[str]]:
    """Return what is done -> the modules that its drawing leads through."""
    ways = re.findall(r"^(\w+)((?:.|\n )*)$", PATHS, re.MULTILINE)
    return {what: re.findall(r"[\w/]+", way) for what, way in ways}


@contextmanager
def entered() -> Iterator[list[str]]:
    """Note in which module each function lies that this thread enters."""
    names: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(PACKAGE):
            names.append(file.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__"))

    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)


def doings(folder: Path) -> dict[str, Callable[[], object]]:
    makers.project(folder)
    cells = omio.open(folder / "cells.ome.tif")
    later = cells.isel(T=slice(1, None))
    cropped = cells.isel(X=slice(1, None))
    return {
        "open": lambda: omio.open(folder / "cells.ome.tif"),
        "load": cells.load,
        "merge": lambda: cells.isel(T=0).merge(later, along="T"),
        "write": lambda: cropped.to_ometiff(folder / "copy.ome.tif", overwrite="replace"),
    }


@pytest.mark.parametrize("what", ["open", "load", "merge", "write"])
def test_the_way_that_is_drawn_is_taken(what: str, tmp_path: Path) -> None:
    do = doings(tmp_path)[what]
    do()  # bodies of classes and modules, run by the first import, are no stations
    with entered() as names:
        do()
    steps = iter(names)
    for station in stations()[what]:
        assert station in steps, f"{station} is not entered, or not at this place"


def test_every_way_that_is_drawn_is_walked(tmp_path: Path) -> None:
    assert set(stations()) == set(doings(tmp_path))


def test_files_that_are_named_exist() -> None:
    named = set(re.findall(r"`(omio/[\w./]+)`", TEXT))
    assert len(named) > 20
    assert not [name for name in named if not (ROOT / name).exists() and not (PACKAGE.parent / name).exists()]


def test_classes_that_are_named_exist() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    defined = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert set(re.findall(r"`([A-Z][a-z]+[A-Za-z]*)\b", TEXT)) <= defined


def distribution(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ]", requirement, maxsplit=1)[0].lower()


def declared() -> dict[str, set[str]]:
    """Return extra -> packages that are in no other one; those that omio always needs are under the empty name."""
    extras = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    found = {extra: {distribution(each) for each in packages} - {"omio"} for extra, packages in extras.items()}
    found["test"] -= set[str]().union(*(packages for extra, packages in found.items() if extra != "test"))
    return {extra: packages for extra, packages in found.items() if packages}


def test_what_it_stands_on_is_what_is_declared() -> None:
    told: dict[str, set[str]] = {}
    for row in re.findall(r"^\| (.+?) \| .+ \|$", section("What it stands on"), re.MULTILINE)[1:]:
        packages, _, extra = row.partition(" (extra ")
        told.setdefault(extra.strip("`)"), set()).update(name.split()[0].lower() for name in packages.split(", "))
    told[""] -= CARRIED
    assert told == declared()


def test_what_is_imported_is_declared() -> None:
    """A package that is only there because another one needs it may be gone with that one's next version."""
    owners = metadata.packages_distributions()
    known = set[str]().union(*declared().values())
    missing = set()
    for path in PACKAGE.rglob("*.py"):
        for module, _ in walk(ast.parse(path.read_text(encoding="utf-8"))):
            top = module.partition(".")[0]
            if (
                top not in {*sys.stdlib_module_names, "omio"}
                and not {top, *map(str.lower, owners.get(top, ()))} & known
            ):
                missing.add(f"{path.relative_to(PACKAGE)} imports {top}")
    assert not missing
