"""What was measured, put into the page of the docs that tells how to read it, and in short into README.md."""

from __future__ import annotations

from pathlib import Path

from benchmarks import summary

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- measured: by `python -m benchmarks page`, do not edit -->", "<!-- /measured -->"


def write(results: Path, page: Path = PAGE, readme: Path = README) -> str:
    """Replace the tables of both, and return what was done."""
    replace(page, summary.tables(results))
    replace(readme, summary.beside(summary.rows(summary.read(results))))
    return f"written: {page}, {readme}"


def replace(page: Path, text: str) -> None:
    """Put a text between the marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
