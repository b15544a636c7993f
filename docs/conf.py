"""How Sphinx makes a site of these pages: ``sphinx-build -W -n docs docs/site``; nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CHANGES = Path(__file__).parent / "changes"

project = "omio"
author = "The omio developers"
release = version = version_of("omio")

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["site", "changes/[!R]*.md"]
myst_heading_anchors = 4
copybutton_exclude = ".gp, .go, .linenos"

html_theme = "furo"
html_title = f"omio {version}"
html_static_path = ["static"]
html_css_files = ["omio.css"]
html_copy_source = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}


def setup(app: Sphinx) -> None:
    app.connect("source-read", list_pages)
    app.connect("source-read", join_changes)
    app.connect("source-read", show_scripts)


def list_pages(_: Sphinx, name: str, source: list[str]) -> None:
    """Let the links of an index page to what lies below it be its table of contents."""
    if name.rpartition("/")[2] == "index":
        pages = "\n".join(dict.fromkeys(re.findall(r"\]\(([^).:#][^).:#]*)\.md\)", source[0])))
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"


def join_changes(_: Sphinx, name: str, source: list[str]) -> None:
    """Put the fragments themselves where the page of changes links to them."""
    if name == "changes/README":
        source[0] = re.sub(r"^- \[(.+)\]\((.+\.md)\)$", fragment, source[0], flags=re.MULTILINE)


def fragment(link: re.Match[str]) -> str:
    text = re.sub(r"\A# .*\n+", "", (CHANGES / link[2]).read_text(encoding="utf-8"))
    return f"### {link[1][0].upper()}{link[1][1:]}\n\n{text}"


def show_scripts(_: Sphinx, name: str, source: list[str]) -> None:
    """Put the examples themselves behind the table of them, and let its links lead there."""
    if name == "examples/index":
        scripts = re.findall(r"\[`(\w+)\.py`\]\(\1\.py\)", source[0])
        shown = (f"## {script}.py\n\n```{{literalinclude}} {script}.py\n```\n" for script in dict.fromkeys(scripts))
        source[0] = "\n".join((re.sub(r"\]\((\w+)\.py\)", r"](#\1py)", source[0]), *shown))
