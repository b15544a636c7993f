"""What was measured, put into the page of the docs that tells how to read it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.summary import tables

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "benchmarks.md"
BEGIN, END = "<!-- measured: by `python -m benchmarks page`, do not edit -->", "<!-- /measured -->"


def write(results: Path, page: Path = PAGE) -> str:
    """Replace the tables of the page, and return what was done."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}", encoding="utf-8")
    return f"written: {page}"
