"""The parser of the command line: argparse, with help as wide as the terminal and the near word for a misspelt one."""

from __future__ import annotations

import argparse
import os
import re

TYPE_CHECKING = False  # typing would be a fifth of the time of `omio --help`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

_CHOICE = r"invalid choice: '(.*)' \(choose from (.*)\)"
_UNKNOWN = "unrecognized arguments: "


class Parser(argparse.ArgumentParser):
    """A parser that tells of a misspelt word which one was perhaps meant."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**{"formatter_class": _formatter, "allow_abbrev": False, **fields})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; what a command does not know is an error of that command, and not of the one above it."""
        found, strange = super().parse_known_args(args, namespace)
        if strange:
            self.error(_UNKNOWN + " ".join(strange))
        return found, strange

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        meant = [near for near in self._near(message) if near is not None]
        super().error(f"{message}. Did you mean {' '.join(meant)}?" if meant else message)

    def _near(self, message: str) -> Iterator[str | None]:
        from omio.naming import near

        if choice := re.search(_CHOICE, message):
            yield near(choice[1], re.findall(r"'([^']*)'", choice[2]))
        elif message.startswith(_UNKNOWN):
            for word in message.removeprefix(_UNKNOWN).split():
                if word.startswith("--"):
                    yield near(word.partition("=")[0], [name for name in self._option_string_actions if "--" in name])


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Lay help out as wide as the terminal; argparse would import shutil and its archives to learn that."""
    told = os.environ.get("COLUMNS", "")
    try:
        columns = int(told) if told.isdecimal() else os.get_terminal_size().columns
    except OSError:
        columns = 80
    return argparse.RawDescriptionHelpFormatter(prog, width=max(40, columns - 2))
