"""Importing omio costs nothing, and every public name is really there."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

import omio

HEAVY = (
    "dask",
    "xarray",
    "zarr",
    "tifffile",
    "czifile",
    "imagecodecs",
    "ome_types",
    "matplotlib",
    "napari",
    "pydantic",
    "numpy",
    "rich",
)
REPORT = "; import sys, json; json.dump(sorted(sys.modules), sys.stderr)"
NOT_FOR_A_LOOK = (
    "omio.backends.plate",
    "omio.cli._spelling",
    "omio.lazy.arrays",
    "omio.lazy.grid",
    "omio.lazy.tree",
    "omio.lazy.urlstamp",
    "omio.metadata.models",
    "omio.settings",
)
"""What only some files and calls need, and `omio info` of a TIFF does not."""
MOST_FOR_A_LOOK = 80
"""Modules of omio that `omio info` of a TIFF may load; they were 75 when this was written."""


def loaded_by(code: str) -> set[str]:
    """Return the modules, with their packages, that are loaded after some code."""
    result = subprocess.run(
        [sys.executable, "-c", code + REPORT], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return set(json.loads(result.stderr))


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "omio"}


def command(*arguments: str) -> str:
    return f"import omio.cli, contextlib\nwith contextlib.suppress(SystemExit): omio.cli.main({list(arguments)!r})\n0"


@pytest.mark.parametrize(
    "code",
    [
        "import omio",
        command("--help"),
        command("--version"),
        command("info", "--help"),
        command("convert", "--help"),
        command("demo", "--help"),
        command("batch", "--help"),
    ],
    ids=["import", "help", "version", "info-help", "convert-help", "demo-help", "batch-help"],
)
def test_loads_nothing_heavy(code: str) -> None:
    assert not loaded_by(code) & set(HEAVY)


def test_the_probe_sees_what_is_loaded() -> None:
    assert {"numpy", "omio.indexing"} <= loaded_by("import omio.indexing")


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import omio", {"omio"}),
        (command("--help"), {"omio", "omio.cli", "omio.cli._arguments"}),
        (
            command("info", "--help"),
            {
                "omio",
                "omio.cli",
                "omio.cli._arguments",
                "omio.cli._console",
                "omio.cli._opening",
                "omio.cli.info",
                "omio.dims",
                "omio.errors",
            },
        ),
    ],
    ids=["import", "help", "info-help"],
)
def test_help_loads_these_modules_alone(code: str, loaded: set[str]) -> None:
    assert own(loaded_by(code)) == loaded


def test_a_look_at_a_tiff_loads_few_modules(tmp_path: Path) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((3, 8, 8), "uint16"), imagej=True, metadata={"axes": "TYX"})
    loaded = loaded_by(command("info", str(path)))
    assert "omio.backends.tiff.imagej" in loaded
    assert loaded & set(HEAVY) == {"imagecodecs", "numpy", "tifffile"}
    assert not loaded & set(NOT_FOR_A_LOOK)
    assert len(own(loaded)) <= MOST_FOR_A_LOOK


@pytest.mark.parametrize("name", omio.__all__)
def test_public_name_resolves(name: str) -> None:
    assert getattr(omio, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        _ = omio.opne


def typed_names() -> dict[str, str]:
    """Return public name -> module, as the type checker sees them."""
    tree = ast.parse(Path(omio.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    found = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        assert node.module is not None
        for alias in node.names:
            if alias.asname is not None:  # `x as x` re-exports
                found[alias.asname] = node.module
    return found


def test_types_homes_and_all_agree() -> None:
    homes = {name: module for module, names in omio._HOMES.items() for name in names}
    modules = dict.fromkeys(omio._MODULES, "omio")
    assert typed_names() == homes | modules
    assert set(omio.__all__) == {"__version__", *homes, *modules}
    assert len(omio.__all__) == len(set(omio.__all__))
    assert dir(omio) == sorted(omio.__all__)


@pytest.mark.parametrize(("name", "home"), sorted(omio._HOME_OF.items()))
def test_home_defines_the_name(name: str, home: str) -> None:
    assert getattr(importlib.import_module(home), name) is getattr(omio, name)
