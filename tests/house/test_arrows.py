"""Import arrows point only left; read with ast, so that imports inside functions count as well."""

from __future__ import annotations

import ast
import graphlib
from dataclasses import dataclass
from pathlib import Path

import omio

PACKAGE = Path(omio.__file__).parent

GROUPS = (
    ("errors", "arguments", "dims", "units", "indexing", "memory", "settings", "installed", "naming"),
    ("metadata", "remote"),
    ("image", "lazy", "ome", "policies", "registry"),
    ("backends", "writers", "store", "raster"),
    ("dataset",),
    ("collection",),
    ("batch", "viewing", "serve", "checks", "functional", "xarray_backend", "cli", "testing"),
)
"""Left to right. `omio/__init__.py` is the table of contents and `__main__` runs the command: both stand outside."""

RANK = {name: rank for rank, group in enumerate(GROUPS) for name in group}
OUTSIDE = {"__init__", "__main__"}

SIBLINGS = {
    ("arguments", "errors"),
    ("dims", "errors"),
    ("naming", "errors"),
    ("settings", "arguments"),
    ("settings", "errors"),
    ("settings", "memory"),
    ("image", "lazy"),
    ("policies", "image"),
    ("policies", "lazy"),
    ("writers", "store"),
    ("writers", "backends"),
    ("backends", "store"),
    ("raster", "store"),
    ("raster", "backends"),
    ("checks", "viewing"),
    ("cli", "batch"),
    ("cli", "checks"),
    ("cli", "serve"),
    ("cli", "testing"),
    ("cli", "viewing"),
    ("functional", "batch"),
    ("functional", "viewing"),
    ("viewing", "serve"),
    ("viewing", "testing"),
}
"""Neighbours in one group that may know each other."""

LATE: set[tuple[str, str]] = {
    ("metadata", "ome"),
    ("dataset", "serve"),
    ("dataset", "viewing"),
    ("collection", "viewing"),
}
"""Arrows to the right that are needed: only inside a function, or for types."""

LEAVES = {"registry": {"errors", "installed"}}
"""Components that may import nothing but these."""


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    module: str
    late: bool


def component(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "omio" and parts[1] != "__version__" else None


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def walk(node: ast.AST, *, late: bool = False) -> list[tuple[str, bool]]:
    found = [(name, late) for name in imported(node)]
    late = late or is_type_checking(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in ast.iter_child_nodes(node):
        found += walk(child, late=late)
    return found


def edges() -> list[Edge]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        source = relative.parts[0].removesuffix(".py")
        if source in OUTSIDE:
            continue
        for name, late in walk(ast.parse(path.read_text(encoding="utf-8"))):
            target = component(name)
            if target is not None and target != source:
                found.append(Edge(source, target, f"omio/{relative.as_posix()}", late))
    return found


def allowed(edge: Edge) -> bool:
    if edge.target not in RANK:  # `from omio import MicroscopyDataset`: the table of contents is for users
        return False
    if edge.source in LEAVES:
        return edge.target in LEAVES[edge.source]
    pair = (edge.source, edge.target)
    if RANK[edge.source] == RANK[edge.target]:
        return pair in SIBLINGS
    return RANK[edge.source] > RANK[edge.target] or (pair in LATE and edge.late)


def test_every_part_of_the_package_has_its_place() -> None:
    parts = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    parts -= {"__pycache__", "py.typed"}
    assert parts - OUTSIDE <= set(RANK)


def test_imports_point_left() -> None:
    wrong = sorted({f"{edge.module} imports omio.{edge.target}" for edge in edges() if not allowed(edge)})
    assert not wrong


def test_no_relative_imports() -> None:
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level], path


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def first_imports(paths: list[Path]) -> dict[str, set[str]]:
    """Return module -> modules that have to be complete before it is."""
    known = {module_of(path): path for path in paths}
    found = {module: walk(ast.parse(path.read_text(encoding="utf-8"))) for module, path in known.items()}
    return {
        module: {name if name in known else name.rpartition(".")[0] for name, late in names if not late} & set(known)
        for module, names in found.items()
    }


def test_no_circles_when_modules_are_imported() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    before = graphlib.TopologicalSorter(first_imports(paths)).static_order()  # a circle is a CycleError that shows it
    assert set(before) == set(map(module_of, paths))


def test_exceptions_are_used() -> None:
    """An exception that nothing needs any more is removed."""
    present = {(edge.source, edge.target) for edge in edges()}
    assert present >= SIBLINGS | LATE


def test_the_rule_itself_finds_a_wrong_arrow() -> None:
    late = walk(ast.parse("def f():\n    from omio.dataset import x"))
    assert late == [("omio.dataset.x", True)]
    assert not allowed(Edge("metadata", "dataset", "m", late=True))
    assert not allowed(Edge("dataset", "collection", "m", late=False))
    assert not allowed(Edge("registry", "metadata", "m", late=False))
    assert allowed(Edge("dataset", "metadata", "m", late=False))
