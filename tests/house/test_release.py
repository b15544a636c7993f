"""What is released agrees with itself: the recipe for conda with the project, the archive with what its tests need."""

from __future__ import annotations

import os
import tomllib

import pytest
import yaml

import omio
from tests.support.blocks import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RECIPE = yaml.safe_load(next((ROOT / "docs").rglob("recipe.yaml")).read_text(encoding="utf-8"))
OTHER_NAMES = {"dask[array]": "dask-core"}
"""Requirements whose package has another name on conda-forge: numpy, all that the extra adds, is required anyway."""


def on_conda(requirement: str) -> str:
    name, _, least = requirement.partition(">=")
    return f"{OTHER_NAMES.get(name, name)} >={least}"


def test_the_recipe_needs_what_the_project_needs() -> None:
    project, requirements = PYPROJECT["project"], RECIPE["requirements"]
    python = f"python {project['requires-python']}"
    assert requirements["run"] == [python, *map(on_conda, project["dependencies"])]
    assert set(requirements["host"]) == {python, "pip", *PYPROJECT["build-system"]["requires"]}


def test_the_recipe_is_of_this_version() -> None:
    assert RECIPE["context"]["version"] == omio.__version__
    assert RECIPE["about"]["summary"] == PYPROJECT["project"]["description"]
    assert RECIPE["about"]["license"] == PYPROJECT["project"]["license"]
    assert RECIPE["build"]["python"]["entry_points"] == [
        f"{name} = {target}" for name, target in PYPROJECT["project"]["scripts"].items()
    ]


@pytest.mark.parametrize("script", ["run", "release"])
def test_scripts_are_executable(script: str) -> None:
    assert os.access(ROOT / ".ci" / script, os.X_OK)
