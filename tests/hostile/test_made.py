"""Every class of hostile file, made here: what the corpus beside the repository holds, and what it cannot hold."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile import made_ome, made_others, made_tiff  # noqa: F401  (they list their cases)
from tests.hostile.cases import CASES
from tests.hostile.judge import Rule, Tally, ask, faults
from tests.hostile.probe import digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the probe forks, and there are no such files")

STRICT = [True, False] if os.environ.get("OMIO_NIGHTLY") == "1" else [True]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that makes a case once."""
    paths: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in paths:
            folder = tmp_path_factory.mktemp(name)
            paths[name] = CASES[name].make(folder)
        return paths[name]

    return make


def judged(name: str, path: Path, *, strict: bool) -> tuple[dict[str, Any], list[str]]:
    found = CASES[name]
    right = None if found.pixels is None else digest(found.pixels)
    answer = ask(str(path), strict=strict)
    return answer, faults(Rule(found.accept, right, (str(path), str(path.parent)), found.spacing), answer)


@pytest.mark.parametrize("strict", STRICT, ids=["strict", "lenient"][: len(STRICT)])
@pytest.mark.parametrize("name", CASES)
def test_outcome_is_right(name: str, made: Callable[[str], Path], *, strict: bool) -> None:
    assert judged(name, made(name), strict=strict)[1] == []


@pytest.mark.parametrize("strict", STRICT, ids=["strict", "lenient"][: len(STRICT)])
def test_all_cases_as_a_whole(
    made: Callable[[str], Path], summarize: Callable[[str, Tally], None], *, strict: bool
) -> None:
    tally = Tally()
    for name in CASES:
        tally.add(name, *judged(name, made(name), strict=strict))
    summarize(f"made here, {'strict' if strict else 'lenient'}", tally)

    assert tally.files == len(CASES)
    assert tally.broken + tally.internal + tally.refused + tally.slow + tally.large == []
