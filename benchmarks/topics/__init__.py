"""One module a topic: ``groups(data)`` lists the rows, the other functions are the cases."""

from __future__ import annotations

import importlib
from contextlib import suppress


def load(*modules: str) -> None:
    """Import what the work will need, so that imports are not measured."""
    for module in modules:
        importlib.import_module(module)


def load_omio(*modules: str) -> None:
    """Import what omio imports at the first use of a session: all its backends, the codecs, the models.

    The models' schemas, which pydantic would otherwise build when imported, are deferred to the first metadata of a
    process: that is made here, of an array in memory.
    """
    load("omio.dataset.opening", "omio.metadata.models", "imagecodecs", "tifffile", *modules)
    registry = importlib.import_module("omio.backends").registry
    for name in registry.names():
        with suppress(ImportError):  # an extra that is not installed
            registry.load(name)
    numpy, dataset = importlib.import_module("numpy"), importlib.import_module("omio.dataset").MicroscopyDataset
    assert dataset.from_array(numpy.zeros((2, 2)), channels=["any"]).metadata.channels
