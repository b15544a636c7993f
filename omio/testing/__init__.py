"""Published conformance suites, strategies and file makers.

``BackendTests``, ``WriterTests``   subclass them in your tests, say which class and which file, and run pytest
``strategies``                      hypothesis strategies of keys, facts and datasets
``makers``                          small true files written by tifffile alone
``synthetic``                       images of any size, computed where they are read

The suites need pytest, the strategies hypothesis; neither is loaded before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omio.testing.backend_tests import BackendTests as BackendTests
    from omio.testing.formula import synthetic as synthetic
    from omio.testing.writer_tests import WriterTests as WriterTests

__all__ = ["BackendTests", "WriterTests", "synthetic"]


def __getattr__(name: str) -> Any:
    import importlib

    homes = {
        "BackendTests": "omio.testing.backend_tests",
        "WriterTests": "omio.testing.writer_tests",
        "synthetic": "omio.testing.formula",
    }
    if name not in homes:
        raise AttributeError(f"module 'omio.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(homes[name]), name)
