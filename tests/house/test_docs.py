"""What README and docs show is true: blocks run, links lead somewhere, the reference is that of the code."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from omio.testing import makers
from tests.support.blocks import ROOT, Block, blocks, matches, run, shell

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the blocks of a page in order, in a folder that holds the samples of `omio.testing.makers`."""
    found = list(blocks(page.read_text(encoding="utf-8"), name_of(page)))
    if any(block.mark not in ("text", "toml", "sh ci") for block in found):
        makers.project(tmp_path)
        makers.stack(tmp_path / "stack.tif")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    namespace: dict[str, object] = {"__name__": "docs"}
    for block in found:
        run(block, namespace)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [link for link in LINK.findall(text) if not leads_somewhere(page, link)]
    assert not missing


def test_index_leads_to_every_page() -> None:
    """Follow the links from one page to the next, as a reader does who has no site."""
    reached, waiting = set(), [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page.exists() and page not in reached:
            reached.add(page)
            waiting += [target(page, link) for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert set(PAGES[1:]) - reached == set()


def leads_somewhere(page: Path, link: str) -> bool:
    if link.startswith(("https://", "mailto:")):
        return True
    file, anchor = target(page, link), link.partition("#")[2]
    return file.exists() and (not anchor or anchor in anchors(file.read_text(encoding="utf-8")))


def target(page: Path, link: str) -> Path:
    file = link.partition("#")[0]
    return (page.parent / file).resolve() if file else page


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_reference_is_that_of_the_code() -> None:
    script = ROOT / "docs" / "make_reference.py"
    result = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("mark", ["", "pyhton", "sh", "console", "python theirs", "python theirs: "])
def test_a_block_that_nothing_checks_fails(mark: str) -> None:
    with pytest.raises(AssertionError, match="marked"):
        run(Block("page.md", 1, mark, "x = 1\n"), {})


def test_an_untrue_block_fails() -> None:
    with pytest.raises(AssertionError):
        run(Block("page.md", 1, "pycon", ">>> 1 + 1\n3\n"), {})
    with pytest.raises(ZeroDivisionError):
        run(Block("page.md", 1, "python", "1 / 0\n"), {})
    with pytest.raises(AssertionError):
        run(Block("page.md", 1, "console run", "$ echo a\nb\n"), {})
    with pytest.raises(AssertionError):
        run(Block("page.md", 1, "console run", "$ exit 3\n"), {})


def test_blocks_are_found_with_their_lines() -> None:
    text = "# a\n\n```python\nx = 1\n```\n\n- item\n\n  ```text\n  y\n  ```\n"
    assert list(blocks(text, "p.md")) == [Block("p.md", 3, "python", "x = 1\n"), Block("p.md", 9, "text", "y\n")]


def test_dots_stand_for_any_text() -> None:
    assert matches("a ... d", "a b\n c d")
    assert not matches("a ... d", "a b c")
    assert shell("echo µ").stdout == "µ\n"
