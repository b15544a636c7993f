"""`open_sequence`: many files as one lazy image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from omio.arguments import checked_call
from omio.dataset.opening import byte_limit, gather_options
from omio.dataset.sequence.assembling import assemble, only_image
from omio.dataset.sequence.fields import NamePattern
from omio.dataset.sequence.models import Opener
from omio.dataset.sequence.names import Labelled, has_fields, list_files, matching_files
from omio.dataset.sequence.options import SequenceOptions
from omio.errors import OptionError, SceneError
from omio.naming import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omio.backends.axes import AxesChoice
    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.opening import Pages, PathLike
    from omio.dataset.sequence.fields import AxesOrder
    from omio.dataset.sequence.grid import Categories
    from omio.dataset.sequence.names import Paths
    from omio.lazy.chunks import ChunkChoice
    from omio.policies.base import Choice
    from omio.policies.merge import MergePolicy


@checked_call
def open_sequence(
    files: Paths,
    *,
    pattern: str | None = None,
    along: str | None = None,
    categories: Categories | None = None,
    axes_order: AxesOrder = None,
    reader: Callable[[str], Any] | None = None,
    fill_value: float = 0,
    on_missing: Literal["raise", "fill"] = "raise",
    validate_shapes: bool | None = None,
    policy: Choice[MergePolicy] | None = None,
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
    r"""Open many files as one lazy image; no pixel is read.

    Parameters
    ----------
    files
        A pattern with fields, ``"pos1/t{T:03d}/{C}.tif"``: T and Z take numbers, C takes names, and Y, X count the
        tiles of a mosaic. Or a glob, taken in natural order, or a list of paths, taken in the order given.
    pattern
        For a glob or list: what the names say, as a regular expression that is searched for in each name, below the
        folder that the files share, with ``/`` between folders. Its groups are named by dims, ``(?P<T>\d+)``, or
        follow the letters that name them, ``_(T)(\d+)_(Z)(\d+)``.
    along
        For a glob or list without `pattern`: the dim along which the files stand one after another.
    categories
        Dim -> its texts in order, ``{"C": ["GFP", "RFP"]}``, or numbered, ``{"C": {"GFP": 0, "RFP": 1}}``. Texts of C
        are in natural order by default.
    axes_order
        Which dims the fields or groups are, from left to right: ``"CTZ"``. Integers (tifffile's ``axesorder``), which
        only reorder dims that have names, change nothing: dims are always in the order T Z C Y X.
    reader
        ``reader(path)`` returns the pixels of a file as an array, and `axes` names its dims (Y X by default). It is
        called for the first file at opening, and else when pixels are asked for.
    fill_value
        Value of the pixels of missing files.
    on_missing
        ``"raise"``, or ``"fill"`` (as ``strict=False`` does): missing files are listed in one warning and in the
        provenance.
    validate_shapes
        True: the headers of every file are looked at, and files that say something of their own are opened, so that
        no metadata is dropped. False: only the first is opened; the others are taken to be like it, no fact of a
        single plane is told, and each is compared with the first when it is first read: another shape, dtype or
        spacing is a `MergeError`, other words a warning. Pyramids and sets of files are opened in any case. None: True
        for up to 1000 files; of more only the first and the last are compared, if these are alike.
    policy
        How files that differ are merged; `StrictMerge` by default.
    scene, level, pages, axes, backend, chunks, strict, max_bytes, allow_outside, storage_options, **options
        As for `omio.open`; each file is opened with them.

    Raises
    ------
    FileMissingError
        No file matches.
    AxesError
        Nothing says where files stand, or names do not say it clearly.
    MergeError
        Files are missing between others, or do not fit each other; all conflicts are listed.
    """
    wanted = SequenceOptions(
        pattern=pattern,
        along=along,
        categories=categories or {},
        axes_order=axes_order,
        reader=reader,
        fill_value=fill_value,
        on_missing=on_missing,
        validate_shapes=validate_shapes,
        policy=policy,
    )
    chosen = gather_options(pages, axes, strict, allow_outside, storage_options, options)
    opener = Opener(chosen, backend, scene, chunks, byte_limit(max_bytes), reader)
    found = _find(files, wanted)
    image = assemble(found, wanted, opener) if found.dims or along else only_image(found.listing, opener)
    levels = image.levels
    if not 0 <= level < len(levels):
        raise SceneError(f"no level {level}", path=found.listing.title, remedy=counted(len(levels), "level"))
    return levels[level]


def _find(files: Paths, wanted: SequenceOptions) -> Labelled:
    """List the files, and read their names where those say places."""
    if isinstance(files, str | os.PathLike) and has_fields(os.fspath(files)) and not os.path.lexists(files):
        if wanted.pattern is not None or wanted.along is not None:
            remedy = "Leave pattern= and along= out."
            raise OptionError("the fields in braces say where files stand", path=files, remedy=remedy)
        return matching_files(os.fspath(files), wanted.axes_order, wanted.categories)
    listing = list_files(files)
    if wanted.pattern is None:
        return Labelled(listing, (), ())
    return Labelled(listing, *NamePattern(wanted.pattern, wanted.axes_order, listing.title).read(listing.names))
