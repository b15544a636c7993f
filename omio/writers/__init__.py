"""Formats that omio writes; ``omio.writers`` is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.registry import PluginSpec, Registry

if TYPE_CHECKING:
    from omio.writers.base import Writer

registry: Registry[Writer] = Registry(
    "omio.writers",
    (
        PluginSpec("ometiff", "omio.writers.ometiff:OmeTiffWriter", (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf8")),
        PluginSpec("imagej", "omio.writers.imagej:ImageJWriter", (".tif", ".tiff")),
    ),
)


def names() -> tuple[str, ...]:
    """Return the names of all writers."""
    return registry.names()


def register_writer(writer: type[Writer]) -> type[Writer]:
    """Add a writer class for this process; usable as a decorator."""
    return registry.register(writer)
