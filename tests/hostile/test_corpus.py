"""Hostile and damaged files cost an exception that names file and cause, never a hang, a crash or wrong pixels.

The corpus lies beside the repository (``../shared/hostile``); its manifest says for each file what outcomes are right.
Here are the TIFF family, CZI and Zarr; Thorlabs RAW is tried elsewhere. Left out, because omio does not yet do what
the manifest asks:

- ``czi_is_tiff``: a TIFF named .czi is read as the TIFF that it is; the manifest wants an error.
- ``tif_big_legit_bomb``: 1.5 MB that decode to gigabytes are decoded when all pixels are asked for and memory is free.
"""

from __future__ import annotations

import atexit
import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hostile.probe import SECONDS, digest
from tests.support.real import SHARED

HOSTILE = SHARED / "hostile"
REPOSITORY = Path(__file__).resolve().parents[2]
FORMATS = ("tiff", "czi", "zarr")
LEFT_OUT = ("czi_is_tiff", "tif_big_legit_bomb")
MEMORY = 1 << 30


def _entries() -> list[dict[str, Any]]:
    path = HOSTILE / "manifest.json"
    if not path.exists():
        return []
    found = json.loads(path.read_text())["files"]
    return [entry for entry in found if entry["fmt"] in FORMATS and entry["id"] not in LEFT_OUT]


ENTRIES = _entries()


@cache
def _probe() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.probe"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(process.communicate)
    return process


def ask(path: Path, *, strict: bool) -> dict[str, Any]:
    process = _probe()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"path": str(path), "strict": strict}) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


@cache
def oracle_digest(name: str) -> str:
    return digest(np.load(HOSTILE / "oracle" / name))


def faults(entry: dict[str, Any], answer: dict[str, Any], path: Path) -> list[str]:
    """Return every rule that the outcome breaks."""
    found = [f"took {answer['seconds']:.1f} s"] if answer["seconds"] > SECONDS else []
    if answer["peak_bytes"] > MEMORY:
        found.append(f"took {answer['peak_bytes'] >> 20} MiB")
    if answer["end"] in ("slow", "crash"):
        return [*found, f"ended by {answer['end']}"]
    if answer["end"] == "error":
        return found + error_faults(entry, answer, path)
    return found + pixel_faults(entry, answer)


def error_faults(entry: dict[str, Any], answer: dict[str, Any], path: Path) -> list[str]:
    if not answer["ours"]:
        return [f"internal error reached the user: {answer['type']}: {answer['text']}"]
    names = {member.name for member in path.parent.iterdir()} if "omf" in entry["id"] else {path.name}
    found = [] if any(name in answer["text"] for name in names) else [f"error names no file: {answer['text']}"]
    if "error" not in entry["accept"] and "any" not in entry["accept"]:
        found.append(f"refused, but right is {entry['right']!r}: {answer['text']}")
    return found


def pixel_faults(entry: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    found = []
    allowed = set(entry["accept"])
    exact = entry["oracle"] is not None and answer["digest"] == oracle_digest(entry["oracle"])
    if (
        "any" not in allowed
        and not (exact and "oracle" in allowed)
        and not (answer["warnings"] and "warned" in allowed)
    ):
        found.append(f"gave {answer['shape']} {answer['dtype']} without a warning, right is {entry['right']!r}")
    if answer["leaks"] and "leak_pixel" in entry["check"]:
        found.append("gave pixels of a file outside its folder")
    spacings = [value for value in (*answer["sizes"], answer["time_increment"]) if value is not None]
    found += [f"gave a spacing of {value}" for value in spacings if not (math.isfinite(value) and value > 0)]
    expected = entry["check"].get("px_um")
    if expected is not None and answer["sizes"][-1] != pytest.approx(expected):
        found.append(f"gave X of {answer['sizes'][-1]} µm, right is {expected}")
    return found


@pytest.mark.skipif(not ENTRIES, reason=f"hostile corpus not here: {HOSTILE}")
@pytest.mark.skipif(sys.platform == "win32", reason="the probe forks")
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_outcome_is_right(entry: dict[str, Any], *, strict: bool) -> None:
    path = HOSTILE / "corpus" / entry["path"]

    answer = ask(path, strict=strict)

    assert faults(entry, answer, path) == []
