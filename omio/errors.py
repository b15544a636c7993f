"""Every error that omio raises.

    OmioError
    ├── FileMissingError          (FileNotFoundError)   nothing is there
    ├── FileAccessError           (PermissionError)     it is there, and the system does not let it be read
    ├── UnsupportedFormatError    (ValueError)          no backend reads it
    ├── DamagedFileError          (ValueError)          the file contradicts itself or ends early
    │   └── IncompleteDatasetError                      what is written at a URL is not finished
    ├── ChangedFileError          (OSError)             the file changed after it was opened
    ├── SceneError                (KeyError)            which scene? no such scene
    ├── AxesError                 (ValueError)          an axis has no name, or a wrong one
    ├── SelectionError            (IndexError, KeyError)  nothing lies at that index, name or position
    ├── TileRangeError            (IndexError)          no such tile, level or frame
    ├── RegionError               (ValueError)          a region, size or unit that means nothing for this image
    ├── MetadataError             (ValueError)          a value that no image can have
    ├── OptionError               (TypeError)           an option that the backend does not know
    ├── PolicyError               (ValueError)          an unknown policy, or one that does not apply
    ├── MergeError                (ValueError)          parts that do not fit; lists every conflict
    ├── LayoutError               (ValueError)          the pixels do not lie as the call needs them
    ├── AmbiguousShapeError       (ValueError)          a file without a header is not as large as is said of it
    ├── ProjectError              (ValueError)          a project without images, or whose outputs would collide
    ├── WriteError                (OSError)             a destination that could not be written
    │   ├── DestinationExistsError    (FileExistsError)
    │   └── SourceOverwriteError      (ValueError)      a source was named as destination
    ├── UnwritableError           (TypeError)           a format that cannot hold this image
    ├── MemoryLimitError          (MemoryError)         more bytes than the limit allows
    ├── ClosedError               (ValueError)          reading after close()
    ├── WorkerError               (RuntimeError)        workers that died, or cannot be reached
    ├── RemoteError               (ConnectionError)     a server that does not answer, or not as it should
    └── MissingDependencyError    (ImportError)         an extra is not installed

Each carries ``path``, ``place`` (where in the file), ``cause`` and ``remedy``; its text is these four in one line.
``format`` is the backend that was reading it, or that its name promises; None where there is none. Each also derives
from the builtin that a caller would catch.

What does not stop the work is an ``OmioWarning`` (UserWarning); that a file is damaged and was read without the damaged
part, or against what it says, is a ``DamagedFileWarning`` below it, and that a plug-in is broken, whatever the file, a
``PluginWarning``.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "AmbiguousShapeError",
    "AxesError",
    "ChangedFileError",
    "ClosedError",
    "DamagedFileError",
    "DamagedFileWarning",
    "DestinationExistsError",
    "FileAccessError",
    "FileMissingError",
    "IncompleteDatasetError",
    "LayoutError",
    "MemoryLimitError",
    "MergeError",
    "MetadataError",
    "MissingDependencyError",
    "OmioError",
    "OmioWarning",
    "OptionError",
    "PluginWarning",
    "PolicyError",
    "ProjectError",
    "RegionError",
    "RemoteError",
    "SceneError",
    "SelectionError",
    "SourceOverwriteError",
    "TileRangeError",
    "UnsupportedFormatError",
    "UnwritableError",
    "WorkerError",
    "WriteError",
]


class OmioWarning(UserWarning):
    """Something a user should know that does not stop the work."""


class DamagedFileWarning(OmioWarning):
    """A file contradicts itself or cannot be read in part, and was read without that part."""


class PluginWarning(OmioWarning):
    """A plug-in cannot be loaded or asked, and omio goes on without it: a fault of the environment, not of a file."""


class OmioError(Exception):
    """Root of the tree.

    Parameters
    ----------
    cause
        What is wrong, without the file's name.
    path
        The file, folder or URL it is about.
    place
        Where in it: a tag, segment, element, key or plane.
    remedy
        What the user can do; by default what helps against most errors of this kind.
    """

    usual_remedy: ClassVar[str | None] = None
    path: Any
    place: str | None
    cause: str
    remedy: str | None
    format: str | None

    def __init__(
        self,
        cause: str,
        *,
        path: str | os.PathLike[str] | None = None,
        place: str | None = None,
        remedy: str | None = None,
    ) -> None:
        Exception.__init__(self, cause)
        self.path = None if path is None else os.fspath(path)
        self.place = place
        self.cause = cause
        self.remedy = remedy or self.usual_remedy
        self.format = None

    def __str__(self) -> str:
        """Compose file, place, cause and remedy."""
        return composed(self.path, self.place, self.cause, self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by cause and fields (builtin bases keep state of their own)."""
        return _rebuild, (type(self), self.cause, {**self.__dict__, "path": self.path})


def composed(path: str | None, place: str | None, cause: str, remedy: str | None) -> str:
    """Return the text of an error.

    >>> composed("cells.czi", "IFD 3", "ends early", "Copy it again.")
    'cells.czi: IFD 3: ends early. Copy it again.'
    """
    head = ": ".join(part for part in (path, place, cause) if part)
    end = "" if head.endswith("?") else "."
    return f"{head}{end} {remedy}" if remedy else head


@contextmanager
def reading_as(name: str | None) -> Iterator[None]:
    """Note in errors which format was being read, where nobody closer to it has."""
    try:
        yield
    except OmioError as error:
        error.format = error.format or name
        raise


def _rebuild(kind: type[OmioError], cause: str, fields: dict[str, Any]) -> OmioError:
    error = kind(cause)
    for name, value in fields.items():
        setattr(error, name, value)
    return error


class FileMissingError(OmioError, FileNotFoundError):
    """Nothing lies at the path."""

    usual_remedy = "Check how it is spelled, and where it lies."


class FileAccessError(OmioError, PermissionError):
    """The file is there, and the system does not let it be read."""


class UnsupportedFormatError(OmioError, ValueError):
    """No backend reads the file; the text says what each answered."""

    usual_remedy = "omio.backends.explain(path) says what each backend thinks of it; others can be added as plug-ins."


class DamagedFileError(OmioError, ValueError):
    """The file contradicts itself, ends early, or a decoder refused it."""

    usual_remedy = "Copy it again from where it was made; `omio validate` lists all that is wrong with it."


class IncompleteDatasetError(DamagedFileError):
    """A hierarchy at a URL is still being written, or whoever wrote it was interrupted."""


class ChangedFileError(OmioError, OSError):
    """The file is not the one that was opened."""


class SceneError(OmioError, KeyError):
    """The file has several scenes and none was named, or no such scene."""


class AxesError(OmioError, ValueError):
    """The file does not name an axis, or the caller's names do not fit."""


class SelectionError(OmioError, IndexError, KeyError):
    """Nothing lies at that index, name or position."""


class TileRangeError(OmioError, IndexError):
    """There is no such tile, level or frame; negative numbers do not count from the end."""


class RegionError(OmioError, ValueError):
    """A region, a size or a unit that means nothing for this image."""


class MetadataError(OmioError, ValueError):
    """A metadata value that no image can have."""


class OptionError(OmioError, TypeError):
    """The backend knows no such option."""


class PolicyError(OmioError, ValueError):
    """An unknown policy, or one that does not apply here."""


class MergeError(OmioError, ValueError):
    """The parts do not fit; ``conflicts`` lists every reason."""

    conflicts: tuple[str, ...] = ()


class LayoutError(OmioError, ValueError):
    """The pixels do not lie in the file as the call needs them."""


class ProjectError(OmioError, ValueError):
    """The project has no images where its layout looks, or its outputs would collide."""


class AmbiguousShapeError(OmioError, ValueError):
    """The size of a file without a header fits no shape that its sidecar promises, or more than one."""


class WriteError(OmioError, OSError):
    """The destination could not be written; nothing was left under its name."""


class DestinationExistsError(WriteError, FileExistsError):
    """The destination exists and the policy says not to replace it."""


class SourceOverwriteError(WriteError, ValueError):
    """A file that is being read was named as destination."""


class UnwritableError(OmioError, TypeError):
    """The target format cannot hold this image; the text names the cast."""


class MemoryLimitError(OmioError, MemoryError):
    """The result would take more bytes than the limit."""


class ClosedError(OmioError, ValueError):
    """The dataset was closed."""


class RemoteError(OmioError, ConnectionError):
    """A server did not answer, broke off, or answered what cannot be used; the text says after how many tries."""


class WorkerError(OmioError, RuntimeError):
    """Processes that were to do the work died, or no scheduler answers for them."""


class MissingDependencyError(OmioError, ImportError):
    """A package that an extra brings is not installed."""
