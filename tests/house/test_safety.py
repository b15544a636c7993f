"""Every test that docs/safety.md names is there, so that no promise stands on nothing."""

from __future__ import annotations

import re

import pytest

from tests.support.blocks import ROOT

PAGE = ROOT / "docs" / "safety.md"
NAMED = re.compile(r"`((?:tests|omio)/[\w/]+\.py)(?:::(\w+))?`")


def named() -> list[tuple[str, str]]:
    return sorted(set(NAMED.findall(PAGE.read_text(encoding="utf-8"))))


def is_there(file: str, test: str) -> bool:
    path = ROOT / file
    return path.is_file() and re.search(rf"\bdef {test}\(", path.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize(("file", "test"), named())
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    assert test, f"{file}: name the test"
    assert is_there(file, test)


def test_every_promise_names_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise ")]
    assert len(promises) > 20
    assert not [row for row in promises if not NAMED.search(row)]


def test_a_test_that_is_not_there_is_missed() -> None:
    assert not is_there("tests/house/test_safety.py", "test_of_nothing")
    assert not is_there("tests/house/test_nothing.py", "test_of_nothing")
