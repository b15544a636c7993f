"""How a process ends that Ctrl-C ended."""

from __future__ import annotations

import signal

INTERRUPTED = 130
BY_CTRL_C = (INTERRUPTED, -signal.SIGINT)
"""A shell shows both as 130. Python ends itself by the signal where Ctrl-C once struck in code made by `exec`, as the
methods of dataclasses are when a module is imported."""
