"""Which files are meant: fields in braces, globs, lists."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omio.dataset.sequence.fields import named_dims
from omio.errors import AxesError, FileAccessError, FileMissingError, OptionError, UnsupportedFormatError
from omio.naming import in_natural_order
from omio.remote.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from omio.dataset.sequence.fields import AxesOrder

type Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_FIELD = re.compile(r"\{(\w+)(?::0?(\d*)[^}]*)?\}")
LONGEST_NAME = 256
"""Letters that a name has at the most, on any system."""
_MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True)
class Listing:
    """Files under one folder.

    Attributes
    ----------
    title
        What the user gave, for messages.
    folder
        The folder that all lie in, at some depth; absolute, as files are read long after they are listed.
    names
        Paths from there, in order.
    given
        Whether the user named each file, so that one may not be there.
    """

    title: str
    folder: str
    names: tuple[str, ...]

    given: bool = False

    def path(self, name: str) -> str:
        """Return the whole path of a file."""
        return os.path.join(self.folder, name)  # noqa: PTH118 - a Path costs as much again, ten thousand times


@dataclass(frozen=True)
class Labelled:
    """Files and what their names say.

    Attributes
    ----------
    dims
        What the texts of a file stand for.
    texts
        For each name of the listing one text a dim.
    """

    listing: Listing
    dims: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]

    def without(self, names: Collection[str]) -> Labelled:
        """Leave some files out."""
        kept = [number for number, name in enumerate(self.listing.names) if name not in names]
        listing = replace(self.listing, names=tuple(self.listing.names[number] for number in kept))
        return replace(self, listing=listing, texts=tuple(self.texts[number] for number in kept) if self.texts else ())


def has_fields(path: str) -> bool:
    """Whether a path names files by fields in braces, such as ``{T}``."""
    return "{" in path


def refuse_remote(path: str) -> None:
    """Raise `UnsupportedFormatError` for a URL: nothing lists what lies there."""
    if is_url(path):
        remedy = "Open each and merge(..., along=), or copy them here."
        raise UnsupportedFormatError("remote folders are not listed", path=path, remedy=remedy)


def has_magic(path: str) -> bool:
    """Whether a path is a glob."""
    return _MAGIC.search(path) is not None


def list_files(files: Paths) -> Listing:
    """List the files of a glob in natural order, or those given, in the order given.

    Raises
    ------
    FileMissingError
        No file matches, or none is given.
    """
    if isinstance(files, str | os.PathLike):
        path = os.fspath(files)
        refuse_remote(path)
        return _globbed(path) if has_magic(path) and not os.path.lexists(path) else _given([path])
    if strange := [path for path in files if not isinstance(path, str | os.PathLike)]:
        raise OptionError(f"{strange[0]!r} in the list of files is no path")
    return _given([os.fspath(path) for path in files])


def _globbed(pattern: str) -> Listing:
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if has_magic(part))
    folder = str(Path(*parts[:first]))
    # as_posix: a glob of several folders is matched part by part, whatever separates them here
    found = glob.glob(Path(*parts[first:]).as_posix(), root_dir=folder, recursive=True)  # noqa: PTH207 - names alone
    if not found:
        raise FileMissingError("no file matches the pattern", path=pattern)
    return Listing(pattern, os.path.abspath(folder), tuple(in_natural_order(found)))


def _given(paths: list[str]) -> Listing:
    if not paths:
        raise FileMissingError("the list of files is empty")
    refuse_remote(paths[0])
    folders = {os.path.dirname(path) for path in paths}  # noqa: PTH120 - as above
    folder = folders.pop() if len(folders) == 1 else _shared(folders)
    start = len(folder) + 1 if folder and not folder.endswith(os.sep) else len(folder)
    title = paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
    return Listing(title, os.path.abspath(folder), tuple(path[start:] for path in paths), given=True)


def _shared(folders: set[str]) -> str:
    try:
        shared = os.path.commonpath(folders)
    except ValueError:  # several drives, or absolute and relative paths
        return ""
    return shared if all(folder.startswith(shared) for folder in folders) else ""


def matching_files(pattern: str, order: AxesOrder, categories: Collection[str] = ()) -> Labelled:
    """List the files of a pattern with fields, also in the names of folders: ``pos1/t{T}/{C}.tif``.

    Fields of C, and of the dims in `categories`, are texts; others are numbers.

    Raises
    ------
    AxesError
        Fields that are no dims, that repeat, or that cannot be told apart.
    FileMissingError
        No file matches.
    """
    refuse_remote(pattern)
    fields = [match[1] for match in _FIELD.finditer(pattern)]
    dims = named_dims(fields, order, pattern)
    parts = Path(pattern).parts
    first = next((number for number, part in enumerate(parts) if _FIELD.search(part)), len(parts))
    left = iter(dims)
    levels = [_matcher(part, left, {"C", *categories}, pattern) for part in parts[first:]]
    folder = str(Path(*parts[:first]))
    found = list(_walk(folder, levels, ()))
    if not found:
        raise FileMissingError("no file matches the pattern", path=pattern)
    names, texts = zip(*found, strict=True)
    return Labelled(Listing(pattern, os.path.abspath(folder), names), dims, texts)


def _matcher(part: str, dims: Iterator[str], texts: Collection[str], pattern: str) -> re.Pattern[str]:
    """Compile the part of a pattern between two separators."""
    pieces: list[str] = []
    end, number_before = 0, False
    for match in _FIELD.finditer(part):
        literal, dim = part[end : match.start()], next(dims)
        width = min(int(match[2] or 1), LONGEST_NAME)
        if number_before and not literal and dim not in texts:
            pieces[-1] = _exactly(pieces[-1], pattern)
        pieces += [re.escape(literal), "(.+?)" if dim in texts else f"([0-9]{{{width},}})"]
        end, number_before = match.end(), dim not in texts
    return re.compile("".join(pieces) + re.escape(part[end:]), re.DOTALL)


def _exactly(piece: str, pattern: str) -> str:
    """Fix the width of a number that another follows at once."""
    if piece == "([0-9]{1,})":
        remedy = "Say how wide the first is: {T:03d}{Z:02d}."
        raise AxesError("two numbers stand side by side", path=pattern, remedy=remedy)
    return piece.replace(",}", "}")


def _walk(
    folder: str, levels: Sequence[re.Pattern[str]], known: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in entries(folder):
        match = levels[0].fullmatch(name)
        if match is None:
            continue
        texts = (*known, *match.groups())
        if len(levels) == 1:
            yield name, texts
        else:
            for rest, more in _walk(os.path.join(folder, name), levels[1:], texts):  # noqa: PTH118 - as above
                yield os.path.join(name, rest), more  # noqa: PTH118 - as above


def entries(folder: str) -> list[str]:
    """List the names in a folder; none where there is no such folder."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - as above
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise FileAccessError(f"cannot be listed: {error.strerror}", path=folder) from None
