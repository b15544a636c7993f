"""Formats that omio reads.

``omio.backends`` is the registry: iterate it for names, ask ``explain(path)`` what each backend thinks of a file.
Backends are imported when a file is opened, not before.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from omio.errors import FileMissingError, UnsupportedFormatError
from omio.registry import PluginSpec, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.base import Backend, Confidence

HEAD_BYTES = 4096

_TIFF = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
_OME_TIFF = (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf2", ".ome.tf8")

registry: Registry[Backend] = Registry(
    "omio.backends",
    (
        PluginSpec("ometiff", "omio.backends.tiff.ometiff:OmeTiffBackend", (*_OME_TIFF, ".companion.ome")),
        PluginSpec("imagej", "omio.backends.tiff.imagej:ImageJBackend", _TIFF),
        PluginSpec("lsm", "omio.backends.tiff.lsm:LsmBackend", (".lsm",)),
        PluginSpec("stk", "omio.backends.tiff.stk:StkBackend", (".stk",)),
        PluginSpec("ndtiff", "omio.backends.tiff.micromanager:NdTiffBackend", _TIFF),
        PluginSpec("micromanager", "omio.backends.tiff.micromanager:MicroManagerBackend", _TIFF),
        PluginSpec("sem", "omio.backends.tiff.sem:SemBackend", _TIFF),
        PluginSpec("svs", "omio.backends.tiff.svs:SvsBackend", (".svs",)),
        PluginSpec("tiff", "omio.backends.tiff.plain:PlainTiffBackend", _TIFF),
        PluginSpec("czi", "omio.backends.czi:CziBackend", (".czi",)),
        PluginSpec("omexml", "omio.backends.omexml:OmeXmlBackend", (".ome", ".ome.xml")),
    ),
)


def names() -> tuple[str, ...]:
    """Return the names of all backends."""
    return registry.names()


def register_backend(backend: type[Backend]) -> type[Backend]:
    """Add a backend class for this process; usable as a decorator."""
    return registry.register(backend)


def read_head(path: str | os.PathLike[str]) -> bytes:
    """Return the first bytes of a file, none for a folder; raises `FileMissingError`."""
    if Path(path).is_dir():
        return b""
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise FileMissingError("no such file or folder", path=path) from None


def answers(path: str | os.PathLike[str]) -> Iterator[tuple[str, Confidence]]:
    """Yield what each backend says of a file."""
    head = read_head(path)
    for name, backend in registry.loadable():
        yield name, backend.can_read(Path(path), head)


def candidates(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the backends that would read a file, the best first."""
    sure = [(confidence, _matched(name, path), name) for name, confidence in answers(path) if confidence]
    return tuple(name for *_, name in sorted(sure, key=lambda item: item[:2], reverse=True))


def _matched(name: str, path: str | os.PathLike[str]) -> int:
    lower = os.fspath(path).lower()
    return max((len(ending) for ending in registry.spec(name).extensions if lower.endswith(ending)), default=0)


def explain(path: str | os.PathLike[str]) -> str:
    """Say what each backend answered, a line each."""
    return "\n".join(f"{name}: {confidence.name.lower()}" for name, confidence in answers(path))


def choose(path: str | os.PathLike[str], name: str | None = None) -> type[Backend]:
    """Return the backend for a file: the one named, or the surest; then the longest matching suffix.

    Raises
    ------
    UnsupportedFormatError
        No backend reads it, two are equally sure, or none has that name.
    """
    if name is not None:
        if name not in registry:
            raise UnsupportedFormatError(f"no backend {name!r}", path=path, remedy=f"There are {', '.join(names())}.")
        return registry.load(name)
    ranked = sorted(
        ((confidence, _matched(name, path), name) for name, confidence in answers(path) if confidence), reverse=True
    )
    if not ranked:
        raise UnsupportedFormatError(
            "no backend reads this file",
            path=path,
            remedy=f"Each was asked: {', '.join(explain(path).splitlines())}.",
        )
    if len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]:
        raise UnsupportedFormatError(
            f"{ranked[0][2]!r} and {ranked[1][2]!r} are equally sure", path=path, remedy="Choose with backend=."
        )
    return registry.load(ranked[0][2])
