"""What the page of the reference on the command line says, from the parsers of `omio`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from omio import cli

if TYPE_CHECKING:
    from collections.abc import Iterator


def sections() -> Iterator[str]:
    """Tell of every command what its help tells."""
    for name in cli.COMMANDS:
        yield from section(below(cli._parser(name))[name])


def section(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Tell of a command and of those below it."""
    yield f"## {parser.prog}\n\n{parser.description or ''}\n"
    shown = [action for action in parser._actions if action.dest != "help" and action.help != argparse.SUPPRESS]
    rows = [row(action, parser.prog) for action in shown if not isinstance(action, argparse._SubParsersAction)]
    yield "\n".join(["| argument | meaning |", "|---|---|", *rows]) + "\n"
    if parser.epilog:
        yield f"```text\n{parser.epilog.strip()}\n```\n"
    for lower in below(parser).values():
        yield from section(lower)


def below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def row(action: argparse.Action, program: str) -> str:
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    text = (action.help or "") % {**vars(action), "prog": program}
    cells = (f"{names} {value(action)}".strip(), " ".join(text.split()))
    return f"| {' | '.join(cell.replace('|', '\\|') for cell in cells)} |"


def value(action: argparse.Action) -> str:
    """Return what an argument is given as, such as `KEY` or `{4,8}`; nothing for a switch."""
    if action.nargs == 0:
        return ""
    choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""
    word = action.metavar or choices or (action.dest.upper() if action.option_strings else action.dest)
    more = {"+": " …", "*": " …"}.get(str(action.nargs), "")
    return f"`{' '.join(word) if isinstance(word, tuple) else word}{more}`"
