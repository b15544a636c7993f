"""Hostile and damaged files cost an exception that names file and cause, never a hang, a crash or wrong pixels.

The corpus lies beside the repository (``../shared/hostile``); its manifest says for each file what outcomes are right.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.hostile.judge import Rule, Tally, ask, faults
from tests.hostile.probe import digest
from tests.support.real import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = SHARED / "hostile"
MANIFEST = HOSTILE / "manifest.json"
ENTRIES: list[dict[str, Any]] = json.loads(MANIFEST.read_text())["files"] if MANIFEST.exists() else []

pytestmark = [
    pytest.mark.skipif(not ENTRIES, reason=f"hostile corpus not here: {HOSTILE}"),
    pytest.mark.skipif(sys.platform == "win32", reason="the probe forks"),
]


@cache
def oracle_digest(name: str | None) -> str | None:
    return None if name is None else digest(np.load(HOSTILE / "oracle" / name))


def judged(entry: dict[str, Any], *, strict: bool) -> tuple[dict[str, Any], list[str]]:
    path = HOSTILE / "corpus" / entry["path"]
    # a member stands for its set, pixels for their sidecar: the error names the file that is at fault
    root = path.parent if entry["path"].count("/") else path
    rule = Rule(frozenset(entry["accept"]), oracle_digest(entry["oracle"]), (str(root),), entry["check"].get("px_um"))
    answer = ask(str(path), strict=strict)
    return answer, faults(rule, answer)


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_outcome_is_right(entry: dict[str, Any], *, strict: bool) -> None:
    assert judged(entry, strict=strict)[1] == []


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
def test_the_corpus_as_a_whole(summarize: Callable[[str, Tally], None], *, strict: bool) -> None:
    tally = Tally()
    for entry in ENTRIES:
        tally.add(entry["id"], *judged(entry, strict=strict))
    summarize(f"corpus, {'strict' if strict else 'lenient'}", tally)

    assert tally.files == len(ENTRIES)
    assert tally.broken + tally.internal + tally.refused + tally.slow + tally.large == []
