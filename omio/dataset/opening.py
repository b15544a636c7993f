"""``omio.open``: headers are read, pixels are not."""

from __future__ import annotations

import operator
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, SupportsIndex

from omio import backends
from omio.arguments import checked_call
from omio.backends.axes import axes_step, resolve_axes
from omio.backends.base import OpenOptions
from omio.dataset.dataset import MicroscopyDataset
from omio.dataset.levels import Level
from omio.errors import (
    AxesError,
    DamagedFileError,
    FileMissingError,
    IncompleteDatasetError,
    OptionError,
    SceneError,
    SelectionError,
    reading_as,
)
from omio.metadata.facts import Facts
from omio.naming import counted, listed, meant, some, spelled
from omio.remote.urls import Url, base_name, is_url, named_by_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.backends.axes import AxesChoice
    from omio.backends.base import Backend
    from omio.lazy.chunks import ChunkChoice

type PathLike = str | os.PathLike[str]
type Pages = int | slice | Sequence[int] | None

SEQUENCE_WORDS = frozenset(
    (
        "pattern",
        "along",
        "categories",
        "axes_order",
        "reader",
        "fill_value",
        "on_missing",
        "validate_shapes",
        "policy",
    )
)
"""Keywords of `open_sequence` that `open` has not: they mean something for many files only."""
WORDS = (
    "scene",
    "level",
    "pages",
    "axes",
    "backend",
    "chunks",
    "strict",
    "max_bytes",
    "allow_outside",
    "storage_options",
)
"""Keywords of `open`, for those who misspell one: it would be an option of the backend."""


@checked_call
def open(  # noqa: A001 - omio.open is the name users type
    path: PathLike | Sequence[PathLike],
    *,
    scene: str | int | None = None,
    level: int = 0,
    pages: Pages = None,
    axes: AxesChoice = None,
    backend: str | None = None,
    chunks: ChunkChoice = "auto",
    strict: bool = True,
    max_bytes: int | str | None = None,
    allow_outside: PathLike | Sequence[PathLike] = (),
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> MicroscopyDataset:
    """Open one scene of a microscope file; no pixel is read.

    Parameters
    ----------
    path
        A file, or a URL such as ``"s3://bucket/cells.ome.tif"``; or many files that make up one image: a pattern such
        as ``"t{T:03d}_{C}.tif"``, a glob, or a list of paths. `open_sequence` says how these are understood, and its
        keywords are taken here too.
    scene
        Key or number; needed where the file has several.
    level
        Resolution to start with; 0 is full.
    pages
        Which pages of a multi-page TIFF to take.
    axes
        Names for the file's own dims, in order: ``"TYX"``. Or a policy for axes that a file does not name, or its
        kind: ``"time"``, ``"depth"``, ``"channels"``, ``"imagej"``; see `AxesPolicy`.
    backend
        Which backend must read it; by default the one whose content check is surest.
    chunks
        How `MicroscopyDataset.data` is cut: ``"auto"``, ``"plane"``, ``"tile"``, ``"time"``, ``"file"``, a size such
        as ``"64MiB"``, or a mapping of dims to lengths.
    strict
        False: fill what is missing or damaged with zeros, and warn once, naming it.
    max_bytes
        Most bytes one eager read may take.
    allow_outside
        Folders besides the file's own from which a multi-file image may pull members.
    storage_options
        For URLs: what the file system of fsspec is made with, such as ``{"anon": True}``. Never shown or recorded;
        pickled with the dataset, as workers need it.
    **options
        Options of the backend, or of `open_sequence` for many files.

    Raises
    ------
    FileMissingError, UnsupportedFormatError, DamagedFileError
        The file.
    SceneError
        Several scenes and none chosen, or no such scene; the text lists the keys.
    AxesError
        An axis without a name; the text says how to name it.
    """
    if is_sequence(path, options):
        from omio.dataset.sequence import open_sequence

        return open_sequence(
            path,
            scene=scene,
            level=level,
            pages=pages,
            axes=axes,
            backend=backend,
            chunks=chunks,
            strict=strict,
            max_bytes=max_bytes,
            allow_outside=allow_outside,
            storage_options=storage_options,
            **options,
        )
    chosen = gather_options(pages, axes, strict, allow_outside, storage_options, options)
    limit = byte_limit(max_bytes)
    source = single_path(path)
    if backend is None and not is_url(source):
        from omio.dataset.folders import only_image

        with backends.reading_as_named(source):
            source = only_image(source)
    reader = make_backend(source, backend, chosen)
    return build(reader, choose_scene(reader, scene), level, chunks, limit)


def gather_options(
    pages: Pages,
    axes: AxesChoice,
    strict: bool,  # noqa: FBT001 - handed on in the order of `open`
    allow_outside: PathLike | Sequence[PathLike],
    storage_options: Mapping[str, Any] | None,
    extra: Mapping[str, Any],
) -> OpenOptions:
    """Collect what a backend gets to know."""
    return OpenOptions(
        axes=resolve_axes(axes),
        pages=_pages(pages),
        strict=strict,
        allow_outside=folders(allow_outside),
        storage_options=dict(storage_options or {}),
        extra=extra,
    )


def folders(given: PathLike | Sequence[PathLike]) -> tuple[str, ...]:
    """Return folders that are allowed; one may stand alone, and is not taken for a list of letters."""
    return tuple(os.fspath(folder) for folder in ((given,) if isinstance(given, str | os.PathLike) else given))


def byte_limit(max_bytes: int | str | None) -> int | None:
    """Return the limit of one eager read in bytes."""
    if max_bytes is None:
        return None
    from omio.settings import parse_bytes

    return parse_bytes(max_bytes)


def _pages(pages: Pages) -> slice | tuple[int, ...] | None:
    if pages is None or isinstance(pages, slice):
        return pages
    if isinstance(pages, Iterable):
        return tuple(pages)
    if not isinstance(pages, SupportsIndex):
        raise OptionError(f"pages={pages!r:.80}", remedy="Give a number, a slice, or a list of numbers.")
    return (operator.index(pages),)


def single_path(path: PathLike | Sequence[PathLike]) -> str:
    """Return the one path that is meant."""
    if path == "":
        raise FileMissingError("the name is empty", remedy='The current folder is ".".')
    paths = (path,) if isinstance(path, str | os.PathLike) or not isinstance(path, Collection) else tuple(path)
    if len(paths) == 1:
        return _text(paths[0])
    raise AxesError(
        f"{len(paths)} files are given, and nothing says along which axis they lie",
        remedy='Open a pattern such as "img_t{T}.tif", or open each and merge(..., along="T").',
    )


def _text(path: Any) -> str:
    return os.fspath(path) if isinstance(path, str | os.PathLike) else spelled(path, "path")


def is_pattern(path: str) -> bool:
    """Whether a path names files by fields in braces, and is no file itself."""
    return "{" in path and not os.path.exists(path)  # noqa: PTH110 - a plain string may be any name


def is_sequence(path: PathLike | Sequence[PathLike], options: Mapping[str, Any]) -> bool:
    """Whether many files are meant: by a pattern, a glob, or a list; an existing path is one file whatever its name."""
    if isinstance(path, Collection) and not isinstance(path, str | bytes):
        return len(path) != 1 or not SEQUENCE_WORDS.isdisjoint(options)
    name = _text(path)
    return is_pattern(name) or is_glob(name)


def is_glob(path: str) -> bool:
    """Whether a path is a glob, and no file itself."""
    return not {"*", "?", "["}.isdisjoint(path) and not is_url(path) and not os.path.exists(path)  # noqa: PTH110 - as above


def located(path: str, options: OpenOptions) -> str:
    """Return a path of this machine as it is; what a user's URL names is looked at now, and how it is reached is kept.

    Raises
    ------
    FileMissingError, FileAccessError, RemoteError, MissingDependencyError, OptionError
        What keeps a remote file from being read.
    IncompleteDatasetError
        It is a Zarr hierarchy that was not written to its end.
    """
    found = named_by_user(path, options.storage_options)
    if not isinstance(found, Url):
        return found
    from omio.backends.zarr.store import DOCUMENTS, MARK
    from omio.remote.looks import entry_of, reached

    url = reached(found, (*DOCUMENTS, MARK))
    if entry_of(url, (*DOCUMENTS, MARK)) == MARK:
        remedy = "Wait until it is written, or write it again."
        raise IncompleteDatasetError("was not written to its end", path=url, remedy=remedy)
    return url


def make_backend(path: str, name: str | None, options: OpenOptions) -> Backend:
    """Choose the backend and let it look at the file."""
    path = located(path, options)
    kind = backends.choose(path, name)
    if unknown := set(options.extra) - set(kind.option_names):
        strange = sorted(unknown)
        many = "" if SEQUENCE_WORDS.isdisjoint(unknown) else " For many files give a pattern, a glob or a list."
        own = listed(kind.option_names, verb="It has")
        raise OptionError(
            f"backend {kind.name!r} has no option {', '.join(strange)}",
            path=path,
            remedy=f"{meant(strange[0], (*WORDS, *kind.option_names))}{own}{many}",
        )
    with reading_as(kind.name):
        return kind(path, options)


def choose_scene(reader: Backend, scene: str | int | None) -> str:
    """Return the key of the scene that is meant."""
    if isinstance(scene, str) and reader.has_scene(scene):
        return scene
    with reading_as(reader.name):
        keys = reader.scenes()
    if scene is None and len(keys) == 1:
        return keys[0]
    if isinstance(scene, SupportsIndex) and -len(keys) <= (number := operator.index(scene)) < len(keys):
        return keys[number]
    cause = f"has {len(keys)} scenes" if scene is None else f"no scene {scene!r}"
    known = some([repr(key) for key in keys])
    raise SceneError(
        cause, path=reader.path, remedy=f"Choose with scene=: {known}; open_collection() gives all of them."
    )


def build(reader: Backend, scene: str, level: int, chunks: ChunkChoice, max_bytes: int | None) -> MicroscopyDataset:
    """Make the dataset of a scene from a backend."""
    with reading_as(reader.name):
        return _build(reader, scene, level, chunks, max_bytes)


def _build(reader: Backend, scene: str, level: int, chunks: ChunkChoice, max_bytes: int | None) -> MicroscopyDataset:
    count = reader.level_count(scene)
    if not isinstance(level, SupportsIndex) or not 0 <= operator.index(level) < count:
        raise SceneError(f"no level {level!r}", path=reader.path, place=scene, remedy=counted(count, "level"))
    full = reader.array(scene, 0)
    facts = _facts(reader, scene)
    coarser = tuple(_coarser(reader, scene, k, full.shape) for k in range(1, count))
    source = {"source": base_name(reader.path), "backend": reader.name, "scene": scene}
    image = MicroscopyDataset(
        full,
        facts.with_step("open", **source, **axes_step(reader, scene, full.shape)),
        coarser,
        chunks=chunks,
        max_bytes=max_bytes,
        associated=AssociatedImages(reader.path, reader.name, reader.options, scene),
    )
    if level == 0:
        return image
    chosen = image.levels[level]
    rest = tuple(Level.of(item.recipe, chosen.shape) for item in coarser[level:])
    return chosen._replace(_coarser=rest)


def _coarser(reader: Backend, scene: str, level: int, full: tuple[int, ...]) -> Level:
    recipe = reader.array(scene, level)
    shape = recipe.shape
    if len(shape) != len(full) or shape[5:] != full[5:] or 0 in shape:
        cause = f"level {level} is of shape {shape}, which is no smaller version of {full}"
        raise DamagedFileError(cause, path=reader.path, place=scene)
    return Level.of(recipe, full)


def _facts(reader: Backend, scene: str) -> Facts:
    found = reader.metadata(scene)
    if isinstance(found, Facts):
        return found
    from omio.metadata._coords import from_metadata

    return from_metadata(found)


@dataclass(eq=False)
class AssociatedImages(Mapping[str, MicroscopyDataset]):
    """The further pictures of a file that a scene was taken from, found when first asked for."""

    path: str
    backend: str
    options: OpenOptions
    scene: str

    @cached_property
    def _found(self) -> dict[str, MicroscopyDataset]:
        reader = make_backend(self.path, self.backend, self.options)
        return {name: MicroscopyDataset(recipe, facts) for name, (recipe, facts) in reader.associated().items()}

    def __getitem__(self, name: str) -> MicroscopyDataset:
        if name not in self._found:
            raise SelectionError(f"no picture {name!r}", path=self.path, remedy=listed(self._found, name))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_found"}
