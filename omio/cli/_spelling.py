"""Errors of omio in the words of a command line: ``--axes TYX`` where Python has ``axes="TYX"``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_GIVEN = re.compile(r"\b([a-z_]+)=(\"[^\"]*\"|'[^']*'|\([^()]*\)|[\w.]+)?")
_SETTING = re.compile(r"omio\.config\((\w+)=[^()]*\)")
_CLAUSE = re.compile(r"(?<=[.;]) (?=\w)")
_PYTHON = re.compile(r"\b[a-z_]+=|\w\(")
_BESIDES = re.compile(r" and [a-z_]+=(?![\w\"'(])")
_QUOTED = re.compile(r"\"(\w+)\"")
SALVAGE = "`omio convert --salvage`"
"""What the command line has for ``strict=False``."""


def told(text: str, options: Collection[str]) -> str:
    """Spell the arguments in a text that are options of the command as such.

    >>> told('axes="TYX" has no Z', ["axes"]), told("tile=(100, 100), pages=3", ["tile"])
    ('--axes TYX has no Z', '--tile 100x100, pages=3')
    """
    return _GIVEN.sub(lambda match: _option(match) if match[1] in options else match[0], text)


def advised(remedy: str | None, options: Collection[str]) -> str | None:
    """Spell a remedy for the command line; what only Python can do is left out where the command can do the rest.

    >>> advised('Name it: axes="TYX" or "ZYX"; load() says more.', ["axes"]), advised("Call close().", ["axes"])
    ('Name it: --axes TYX or ZYX.', 'In Python: Call close().')
    """
    if remedy is None or not options:
        return remedy
    known = told(_SETTING.sub(lambda match: f"OMIO_{match[1].upper()}", remedy), options)
    known = _BESIDES.sub("", known) if "--" in known else known
    known = known.replace("strict=False", SALVAGE)
    clauses = _CLAUSE.split(known)
    kept = [clause for clause in clauses if not _PYTHON.search(clause)]
    if not kept:
        return f"In Python: {remedy}"
    text = _QUOTED.sub(r"\1", " ".join(kept)) if "--" in known else " ".join(kept)
    return text if kept == clauses else f"{text[0].upper()}{text[1:].rstrip(' ;.')}."


def _option(match: re.Match[str]) -> str:
    name, value = match[1], match[2] or ""
    if value.startswith("("):
        value = value[1:-1].replace(", ", "x")
    value = {"True": "", "False": ""}.get(value, value.strip("\"'"))
    return f"--{name.replace('_', '-')} {value}".rstrip()
