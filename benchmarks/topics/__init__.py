"""One module a topic: ``groups(data)`` lists the rows, the other functions are the cases."""

from __future__ import annotations

import importlib


def load(*modules: str) -> None:
    """Import what the work will need, so that imports are not measured."""
    for module in modules:
        importlib.import_module(module)
