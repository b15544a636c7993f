"""Formats that omio writes; ``omio.writers`` is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.arguments import checked_call
from omio.registry import PluginSpec, Registry

if TYPE_CHECKING:
    from omio.writers.base import Writer

registry: Registry[Writer[Any]] = Registry(
    "omio.writers",
    (
        PluginSpec("ometiff", "omio.writers.ometiff:OmeTiffWriter", (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf8")),
        PluginSpec("omezarr", "omio.writers.zarr.omezarr:OmeZarrWriter", (".ome.zarr", ".zarr", ".ozx", ".zarr.zip")),
        PluginSpec("zarr", "omio.writers.zarr.plain:ZarrWriter"),
        PluginSpec("reference", "omio.writers.zarr.reference:ReferenceWriter", (".json", ".parq", ".parquet")),
        PluginSpec("imagej", "omio.writers.imagej:ImageJWriter", (".tif", ".tiff")),
    ),
)


def names() -> tuple[str, ...]:
    """Return the names of all writers."""
    return registry.names()


@checked_call
def register_writer(writer: type[Writer[Any]]) -> type[Writer[Any]]:
    """Add a writer class for this process; usable as a decorator."""
    return registry.register(writer)


TIFF = (".tif", ".tiff", ".btf", ".tf2", ".tf8")
"""Names of OME-TIFF, or of a hyperstack where that is asked for."""


def ending_of(name: str) -> str | None:
    """Return the writer whose ending a name has, the longest; None where none has.

    >>> ending_of("a.ome.zarr"), ending_of("b.tif"), ending_of("out")
    ('omezarr', 'ometiff', None)
    """
    found = max((ending for ending in endings() if name.lower().endswith(ending)), key=len, default=None)
    return None if found is None else endings()[found]


def endings() -> dict[str, str]:
    """Return the endings that stand for a format, each with its writer; that of plain TIFF is OME-TIFF."""
    found = {ending: writer for writer in registry.names() for ending in registry.spec(writer).extensions}
    return found | dict.fromkeys(TIFF, "ometiff")
