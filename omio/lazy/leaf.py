"""Arrays that lie in files: a small picklable value that names the file, and a reader that the handle cache holds."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from omio.errors import ChangedFileError, FileMissingError, reading_as
from omio.lazy.handles import HANDLES, Handle
from omio.lazy.recipe import Recipe
from omio.lazy.tokens import name_of, stable
from omio.remote.urls import Url, base_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from omio.indexing import Key


@dataclass(frozen=True)
class FileStamp:
    """Which state of a file was opened: size and time of the last change."""

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> FileStamp:
        """Look at the file; raises `FileMissingError`, and for a `Url` what keeps it from being read."""
        if isinstance(path := os.fspath(path), Url):
            from omio.lazy.urlstamp import UrlStamp

            return UrlStamp.of_url(path)
        try:
            stat = os.stat(path)  # noqa: PTH116 - a Path costs as much again, ten thousand times in a sequence
        except (FileNotFoundError, NotADirectoryError):
            raise FileMissingError("no such file or folder", path=path) from None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise FileMissingError("the name is longer than any can be", path=path) from None
        return cls(os.path.abspath(path), stat.st_size, stat.st_mtime_ns)

    @property
    def name(self) -> str:
        """Name of the file without its folders, which are nobody else's business."""
        return base_name(self.path)

    def check(self) -> None:
        """Raise `ChangedFileError` where the file is another than the one that was opened; one look, microseconds."""
        try:
            stat = os.stat(self.path)  # noqa: PTH116 - runs before each read, and a Path costs as much again
        except (FileNotFoundError, NotADirectoryError):
            raise FileMissingError("no such file or folder", path=self.path) from None
        if (stat.st_size, stat.st_mtime_ns) != (self.size, self.mtime_ns):
            raise ChangedFileError("changed after it was opened", path=self.path, remedy="Open it again.")


class Reader(Handle, Protocol):
    """An open file that can fill arrays of one scene and level."""

    def read(self, where: Any, key: Key, out: NDArray[Any]) -> None:
        """Fill `out` with the pixels of `where` (scene, level, …) that `key` selects; thread-safe."""
        ...


@contextmanager
def lease[H: Handle](opener: Callable[..., H], stamp: FileStamp, *arguments: Any) -> Iterator[H]:
    """Hold ``opener(path, *arguments)`` open: it is opened once, and lent only while the file is as it was stamped."""
    key = (opener, stamp, *arguments)
    try:
        stamp.check()
    except (ChangedFileError, FileMissingError):
        HANDLES.retire(key)
        raise
    with HANDLES.lease(key, lambda: opener(stamp.path, *arguments)) as handle:
        yield handle


@dataclass(frozen=True, eq=False)
class FileRecipe(Recipe):
    """An array in a file.

    Attributes
    ----------
    opener
        Module-level callable: ``opener(path, *arguments)`` gives the `Reader`; picklable by name.
    stamp
        The file, in the state it was opened in.
    arguments
        Further hashable arguments of the opener.
    where
        What the reader is to read from: scene, level, plane table, … (small and picklable).
    shape, dtype
        Of the array, T Z C Y X [S].
    unit
        Natural unit of reading, one length a dim: the `chunk` of this recipe.
    format
        Name of the backend, for errors.
    """

    opener: Callable[..., Reader]
    stamp: FileStamp
    arguments: tuple[Any, ...]
    where: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    unit: tuple[int, ...]
    format: str | None = None

    @property
    def chunk(self) -> tuple[int, ...]:
        """Natural unit of reading."""
        return self.unit

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Lease the open file and read."""
        with reading_as(self.format), lease(self.opener, self.stamp, *self.arguments) as reader:
            reader.read(self.where, key, out)

    def token(self) -> tuple[Any, ...]:
        """Name the file, its state and the place in it."""
        return (name_of(self.opener), self.stamp, stable(self.arguments), stable(self.where))

    def parts(self) -> tuple[Recipe, ...]:
        """Nothing below."""
        return ()

    def release(self) -> None:
        """Close the file as soon as nobody reads it; a later read opens it again."""
        HANDLES.retire((self.opener, self.stamp, *self.arguments))


def first_file(recipe: Recipe) -> FileRecipe | None:
    """Return the first array in a file that a recipe reads from; None where it reads from none."""
    return next((leaf for leaf in recipe.leaves() if isinstance(leaf, FileRecipe)), None)


def first_stamp(recipe: Recipe) -> FileStamp | None:
    """Return the stamp of the first file that a recipe reads from; None where it reads from none."""
    found = first_file(recipe)
    return None if found is None else found.stamp
