"""What the tables of the pages on formats and policies say is what the registries and the policies say."""

from __future__ import annotations

import re
import subprocess
import sys

import omio
from tests.support.blocks import ROOT

SCRIPT = ROOT / "docs" / "make_tables.py"
FORMATS = ROOT / "docs" / "formats"
POLICIES = ROOT / "docs" / "policies"


def words(folder: str) -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / folder).glob("*.md"))


def test_tables_are_those_of_the_code() -> None:
    result = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_backend_and_writer_of_omio_is_listed() -> None:
    index = (FORMATS / "index.md").read_text(encoding="utf-8")
    rows = [line for line in index.splitlines() if line.startswith("| [")]
    told = {re.findall(r"`([^`]+)`", row)[0] for row in rows}
    known = {
        name
        for registry in (omio.backends.registry, omio.writers.registry)
        for name in registry
        if registry.spec(name).target.startswith("omio.")
    }
    assert told == known


def test_every_format_says_what_is_read_what_is_not_and_whence() -> None:
    for page in FORMATS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        if page.name not in ("index.md", "sem.md"):
            assert {"## What is read", "## Sources"} <= set(re.findall(r"^## .*$", text, re.MULTILINE)), page.name


def test_every_public_policy_is_told_of() -> None:
    text = words("policies")
    public = {name for name in omio.__all__ if isinstance(getattr(omio, name), type) and is_policy(getattr(omio, name))}
    bases = {"Policy", "MergePolicy", "PadPolicy", "AxesPolicy", "ViewerPolicy", "SizeMismatch"}
    assert {name for name in public - bases if f"`{name}" not in text} == set()


def is_policy(kind: type) -> bool:
    return issubclass(kind, omio.Policy)


def test_every_field_of_a_policy_is_in_a_table() -> None:
    text = words("policies")
    missing = [
        f"{name}.{field}"
        for name in omio.__all__
        if isinstance(getattr(omio, name), type) and is_policy(getattr(omio, name))
        for field in getattr(omio, name).model_fields
        if f"| `{field}` |" not in text
    ]
    assert missing == []


def test_forty_asks_are_answered_in_order() -> None:
    text = (ROOT / "docs" / "asks.md").read_text(encoding="utf-8")
    assert [int(number) for number in re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE)] == list(range(1, 41))
