"""What the hostile files cost, told in a line at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.judge import Tally

_LINES = pytest.StashKey[list[str]]()


@pytest.fixture
def summarize(pytestconfig: pytest.Config) -> Callable[[str, Tally], None]:
    """Return a function that notes a line for the end of the run."""
    return lambda title, tally: pytestconfig.stash.setdefault(_LINES, []).append(f"{title}: {tally.text()}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the lines."""
    for line in config.stash.get(_LINES, []):
        terminalreporter.write_line(line)
