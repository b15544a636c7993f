"""Formats that omio reads.

``names()`` lists them, ``explain(path)`` says what each thinks of a file, ``registry`` holds them.
Backends are imported when a file is opened, not before.
"""

from __future__ import annotations

import os
import stat
import warnings
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from omio.arguments import checked_call
from omio.errors import FileAccessError, FileMissingError, OmioError, PluginWarning, UnsupportedFormatError
from omio.naming import listed
from omio.registry import PluginSpec, Registry
from omio.remote.urls import Url, as_path, named_by_user

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.base import Backend, Confidence

HEAD_BYTES = 4096

_TIFF = (".tif", ".tiff", ".btf", ".tf8", ".tf2")
_OME_TIFF = (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf2", ".ome.tf8", ".companion.ome")
_XML = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<", b" ", b"\n", b"\r", b"\t")

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")


class Glance:
    """A file and its first bytes; which dialect of TIFF it is, is found out once for all who ask."""

    def __init__(self, path: str, head: bytes) -> None:
        self.path, self.head = path, head

    @cached_property
    def dialect(self) -> str | None:
        """See `omio.backends.tiff.dialects.sniff`."""
        from omio.backends.tiff.dialects import sniff

        return sniff(as_path(self.path), self.head)

    @cached_property
    def is_reference(self) -> bool:
        """See `omio.backends.references.look.is_reference`."""
        from omio.backends.references.look import is_reference

        return self.head.lstrip().startswith(b"{") and is_reference(Path(self.path), self.head)


def _tiff(name: str, target: str, *dialects: str, extensions: tuple[str, ...] = _TIFF) -> PluginSpec:
    return PluginSpec(name, f"omio.backends.tiff.{target}", extensions, cares=lambda glance: glance.dialect in dialects)


registry: Registry[Backend] = Registry(
    "omio.backends",
    (
        PluginSpec(
            "ometiff",
            "omio.backends.tiff.ometiff:OmeTiffBackend",
            _OME_TIFF,
            cares=lambda glance: glance.head.startswith(_XML) or glance.dialect == "ome",
        ),
        _tiff("imagej", "imagej:ImageJBackend", "imagej"),
        _tiff("lsm", "lsm:LsmBackend", "lsm", extensions=(".lsm",)),
        _tiff("stk", "stk:StkBackend", "stk", extensions=(".stk",)),
        PluginSpec(
            "ndtiff",
            "omio.backends.tiff.micromanager:NdTiffBackend",
            (*_TIFF, ".index"),
            cares=lambda glance: glance.path.endswith(".index") or glance.dialect == "ndtiff",
        ),
        _tiff("micromanager", "micromanager:MicroManagerBackend", "micromanager"),
        _tiff("sem", "sem:SemBackend", "sem"),
        _tiff("svs", "svs:SvsBackend", "svs", extensions=(".svs",)),
        _tiff("tiff", "plain:PlainTiffBackend", "plain", "shaped", "damaged"),
        PluginSpec(
            "czi",
            "omio.backends.czi:CziBackend",
            (".czi",),
            cares=lambda glance: glance.head.startswith(b"ZISRAWFILE"),
        ),
        PluginSpec(
            "thorlabs",
            "omio.backends.thorlabs:ThorRawBackend",
            (".raw",),
            cares=lambda glance: glance.path.lower().endswith((".raw", "experiment.xml")),
        ),
        PluginSpec(
            "thorlabs-tiff",
            "omio.backends.thorlabs.series:ThorTiffBackend",
            ("experiment.xml",),
            cares=lambda glance: glance.path.lower().endswith("experiment.xml"),
        ),
        PluginSpec(
            "leica-tiff",
            "omio.backends.leica:LeicaSeriesBackend",
            ("_properties.xml",),
            cares=lambda glance: glance.head.startswith(_XML),
        ),
        PluginSpec(
            "omexml",
            "omio.backends.omexml:OmeXmlBackend",
            (".ome", ".ome.xml"),
            cares=lambda glance: glance.head.startswith(_XML),
        ),
        PluginSpec(
            "picture",
            "omio.backends.picture:PictureBackend",
            (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"),
            cares=lambda glance: glance.head.startswith(_PICTURES),
        ),
        PluginSpec(
            "omezarr",
            "omio.backends.zarr.backend:OmeZarrBackend",
            (".ome.zarr", ".zarr", ".ozx", ".zarr.zip"),
            cares=lambda glance: glance.head.startswith(b"PK") or glance.is_reference,
        ),
        PluginSpec(
            "zarr",
            "omio.backends.zarr.plain:ZarrArrayBackend",
            (".zarr", ".zarr.zip"),
            cares=lambda glance: glance.head.startswith(b"PK") or glance.is_reference,
        ),
    ),
)


def names() -> tuple[str, ...]:
    """Return the names of all backends."""
    return registry.names()


@checked_call
def register_backend(backend: type[Backend]) -> type[Backend]:
    """Add a backend class for this process; usable as a decorator."""
    return registry.register(backend)


def read_head(path: str | os.PathLike[str]) -> bytes:
    """Return the first bytes of a file, none for a folder, nor for a `Url` below which a hierarchy lies.

    Raises
    ------
    FileMissingError, FileAccessError
        Nothing is there, or it may not be read.
    UnsupportedFormatError
        A pipe or device, which is never read from.
    """
    where = os.fspath(path)
    if isinstance(where, Url):
        from omio.backends.rawfile import first_bytes
        from omio.backends.zarr.store import root_document

        return b"" if root_document(where) else first_bytes(where, HEAD_BYTES)
    if "\0" in where:  # in no name, and a ValueError for the system's calls
        raise FileMissingError("no such file or folder", path=path)
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            return b""
        if not stat.S_ISREG(mode):
            raise UnsupportedFormatError("is neither a file nor a folder", path=path)
        with Path(path).open("rb") as file:
            return file.read(HEAD_BYTES)
    except PermissionError as error:
        raise FileAccessError(f"cannot be read: {error.strerror}", path=path, remedy="Ask for read access.") from None
    except (FileNotFoundError, NotADirectoryError):
        raise FileMissingError("no such file or folder", path=path) from None
    except OSError as error:  # links in a ring, names too long, disks that fail
        remedy = "Check its name, what it links to, and the disk."
        raise FileAccessError(f"cannot be read: {error.strerror}", path=path, remedy=remedy) from None


def answers(path: str | os.PathLike[str]) -> Iterator[tuple[str, Confidence]]:
    """Yield what each backend says of a file."""
    from omio.backends.base import Confidence

    where = named_by_user(os.fspath(path))
    head = read_head(where)
    # a folder has no first bytes to go by: every backend is asked
    asked = dict(registry.loadable(Glance(where, head) if head else None))
    if isinstance(where, Url):
        asked = {name: backend for name, backend in asked.items() if backend.reads_urls}
    for name in names():
        yield name, _ask(name, asked[name], as_path(where), head) if name in asked else Confidence.NO


def _ask(name: str, backend: type[Backend], path: Path, head: bytes) -> Confidence:
    """Return what a backend says of a file; one that raises anything of its own is told of, and does not read it."""
    from omio.backends.base import Confidence

    try:
        return backend.can_read(path, head)
    except (OmioError, OSError):
        raise
    except Exception as error:  # a plug-in is foreign code: it must not keep the others from reading
        text = f"backend {name!r} is broken: {type(error).__name__}: {error}"
        warnings.warn(text, PluginWarning, stacklevel=2)
        return Confidence.NO


def _ranked(path: str | os.PathLike[str]) -> list[tuple[Confidence, int, str]]:
    sure = [(confidence, _matched(name, path), name) for name, confidence in answers(path) if confidence]
    return sorted(sure, key=lambda item: item[:2], reverse=True)


def _matched(name: str, path: str | os.PathLike[str]) -> int:
    lower = as_path(path).name.lower()
    return max((len(ending) for ending in registry.spec(name).extensions if lower.endswith(ending)), default=0)


def candidates(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the backends that would read a file, the best first."""
    return tuple(name for *_, name in _ranked(path))


def explain(path: str | os.PathLike[str]) -> str:
    """Say what each backend answered, a line each."""
    return "\n".join(f"{name}: {confidence.name.lower()}" for name, confidence in answers(path))


def choose(path: str | os.PathLike[str], name: str | None = None) -> type[Backend]:
    """Return the backend for a file: the one named, or the surest; then the longest matching suffix.

    Raises
    ------
    UnsupportedFormatError
        No backend reads it, two are equally sure, none has that name, or its name says another container than it is.
    """
    if name is not None and name not in registry:
        raise UnsupportedFormatError(f"no backend {name!r}", path=path, remedy=listed(names(), name))
    if name is not None:
        return registry.load(name)
    with reading_as_named(path):
        found = _surest(path)
        _check_promise(path, found)
    return registry.load(found)


@contextmanager
def reading_as_named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Note in errors which format the name of a file promises, where no backend has come to it."""
    try:
        yield
    except OmioError as error:
        error.format = error.format or next(reversed(_promised(path)), None)
        raise


def _promised(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the backends whose ending fits a name best, the most general last."""
    matched = {name: _matched(name, path) for name in names()}
    longest = max(matched.values())
    return tuple(name for name, length in matched.items() if length == longest and length)


def _check_promise(path: str | os.PathLike[str], found: str) -> None:
    """Raise where a file is in another container than its name says: by mistake, or to get past who trusts names."""
    if _matched(found, path) or not (said := _promised(path)):
        return
    containers = {registry.load(name).magic for name in said}
    if () in containers or registry.load(found).magic in containers:
        return
    raise UnsupportedFormatError(
        f"its name says {said[-1]}, its content is {found}",
        path=path,
        remedy=f"Give it the ending of what it is, or choose with backend={found!r}.",
    )


def _surest(path: str | os.PathLike[str]) -> str:
    """Return the surest backend; then that with the longest matching ending."""
    ranked = _ranked(path)
    if not ranked:
        raise UnsupportedFormatError("no backend reads this file", path=path, remedy=_whom(path))
    if len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]:
        pair = f"{ranked[0][2]!r} and {ranked[1][2]!r}"
        raise UnsupportedFormatError(f"{pair} are equally sure", path=path, remedy="Choose with backend=.")
    return ranked[0][2]


def _whom(path: str | os.PathLike[str]) -> str:
    return f"Asked were {', '.join(names())}; the first bytes are {read_head(path)[:8]!r}."
