"""Sizes of functions and files, and what no module may contain."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

import omio

PACKAGE = Path(omio.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, NEARLY_ALL, MEDIAN = 500, 80, 45, 10


def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in MODULES]


def functions() -> list[tuple[int, str]]:
    """Return the lines of each function, its docstring apart."""
    nodes = [node for tree in trees() for node in ast.walk(tree)]
    return [(length(node), node.name) for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    whole = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return whole
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1)


def test_functions_are_short() -> None:
    lengths = sorted(functions())
    assert lengths[-1][0] <= LONGEST_FUNCTION, lengths[-1]
    assert statistics.median(lines for lines, _ in lengths) <= MEDIAN
    assert lengths[len(lengths) * 95 // 100][0] <= NEARLY_ALL


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_files_are_short(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= LONGEST_FILE


def test_no_module_prints_or_catches_everything() -> None:
    for path, tree in zip(MODULES, trees(), strict=True):
        if "testing" in path.parts:  # a suite catches whatever a plug-in raises, to judge it
            continue
        for node in ast.walk(tree):
            assert not is_print(node), f"{path}:{getattr(node, 'lineno', 0)} prints"
            kept = is_broad(node) and path not in FOREIGN
            assert not kept, f"{path}:{getattr(node, 'lineno', 0)} catches everything and keeps it"


FOREIGN = {
    PACKAGE / "backends" / "__init__.py",
    PACKAGE / "remote" / "trouble.py",
    PACKAGE / "viewing" / "thumbnails.py",
}
"""Where other people's plug-ins and network clients run: what they raise is theirs to choose, and is judged there.

Showing an image in a notebook runs their readers and functions, and tells of what they raise in the place of a picture.
"""


def is_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def is_broad(node: ast.AST) -> bool:
    """Whether a handler takes any exception and does not raise it again."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
    return broad and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
