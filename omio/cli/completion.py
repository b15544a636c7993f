"""``omio completion``: what a shell needs to complete commands, options and names of files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from omio.cli import _console as console

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

SHELLS = ("bash", "zsh", "fish")
EXAMPLES = """The script is printed; the shell reads it when it starts.

examples:
  echo 'eval "$(omio completion bash)"' >> ~/.bashrc
  echo 'eval "$(omio completion zsh)"' >> ~/.zshrc
  omio completion fish > ~/.config/fish/completions/omio.fish"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("shell", choices=SHELLS, help="which shell is to be taught")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    from argcomplete.shell_integration import shellcode

    console.out(shellcode(["omio"], shell=options.shell))
    return 0


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks what could stand next, and end."""
    from argcomplete import autocomplete

    autocomplete(parser)


def words_of_line() -> Sequence[str]:
    """Return the words that the shell asks about, without the program's name."""
    return os.environ.get("COMP_LINE", "").split()[1:]
