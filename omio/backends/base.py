"""`Backend`: what a file format must say to be opened. About thirty lines make a format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

from omio.lazy.leaf import FileStamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omio.backends.axes import AxesChoice
    from omio.backends.plate import PlateLayout
    from omio.dims import FileDims
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.metadata.models import ImageMetadata


class Confidence(IntEnum):
    """How sure a backend is that it reads a file. Content counts more than the name."""

    NO = 0
    EXTENSION = 1
    """Only the name speaks for it."""
    GENERIC = 2
    """The container fits, nothing says more (a TIFF)."""
    CONTENT = 3
    """The content says so (a TIFF with OME-XML)."""


@dataclass(frozen=True)
class OpenOptions:
    """What ``omio.open`` passes on to a backend.

    Attributes
    ----------
    axes
        The user's names for the file's own dims, in order, such as ``"TYX"``, or an axes policy.
    pages
        Which pages of a multi-page file to take.
    strict
        False: fill what is missing or damaged, and warn once.
    allow_outside
        Folders besides the file's own from which it may pull further files.
    storage_options
        For remote file systems; never shown, as keys may be among them.
    extra
        Options that only this backend knows.
    """

    axes: AxesChoice = None
    pages: slice | tuple[int, ...] | None = None
    strict: bool = True
    allow_outside: tuple[str, ...] = ()
    storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict)


class Backend(ABC):
    """Reads one format.

    Lifecycle: ``can_read`` is asked with the first 4 KiB; the best backend is made with the path (headers may be read,
    pixels never); ``scenes`` and ``metadata`` describe; ``array`` gives recipes, which outlive the backend object and
    must be small and picklable. An optional ability is a property or a method with a default, never one that raises.
    """

    name: ClassVar[str]
    """How users name it: ``omio.open(path, backend="czi")``."""
    extensions: ClassVar[tuple[str, ...]] = ()
    """Endings with the dot, such as ``(".ome.tif", ".ome.tiff")``."""
    magic: ClassVar[tuple[bytes, ...]] = ()
    """First bytes of files of this format."""
    reads_urls: ClassVar[bool] = False
    """Whether it reads the files of a `Url`: by `open_raw` and `FileStamp.of` alone, never by the path itself."""
    option_names: ClassVar[tuple[str, ...]] = ()
    """Names of the backend's own options; others given to ``omio.open`` are an error."""

    def __init__(self, path: str, options: OpenOptions | None = None) -> None:
        self.path = path
        self.options = options or OpenOptions()
        self.stamp = FileStamp.of(path)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        """Say how sure this backend is, from the first bytes (empty for a folder); by default the magic, then the name.

        Never raises, and reads little.
        """
        if cls.magic and head.startswith(cls.magic):
            return Confidence.CONTENT
        named = path.name.lower().endswith(cls.extensions) if cls.extensions else False
        return Confidence.EXTENSION if named and not cls.magic else Confidence.NO

    @abstractmethod
    def scenes(self) -> tuple[str, ...]:
        """Return the keys of the scenes in file order; at least one, all different."""

    def has_scene(self, key: str) -> bool:
        """Whether a key opens; where `scenes` costs much, this can cost less, and know keys that are no scenes."""
        return key in self.scenes()

    @abstractmethod
    def array(self, scene: str, level: int = 0) -> Recipe:
        """Return the recipe of a scene's pixels, T Z C Y X [S]; `level` 0 is full resolution."""

    @abstractmethod
    def metadata(self, scene: str) -> Facts | ImageMetadata:
        """Return what the file says of a scene at level 0; unknown is None or absent."""

    def level_count(self, scene: str) -> int:
        """Return how many levels a scene has."""
        return 1

    def file_dims(self, scene: str) -> FileDims | None:
        """Return what the file says of the dims before Y and X; None for a format that always names them.

        Where a format may not, ``omio.backends.axes.name_axes(self.file_dims(scene), self.options.axes)`` names them
        as the user chose, and the choice is recorded in the provenance.
        """
        return None

    def sibling(self, scene: str, stamp: FileStamp) -> Recipe | None:
        """Return the same scene's recipe in another file that says in its first bytes all that this one says.

        None where only opening that file can tell. This is what makes sequences of many files open fast.
        """
        return None

    def associated(self) -> Mapping[str, tuple[Recipe, Facts]]:
        """Return further pictures of the file: label, macro, thumbnail and the like."""
        return {}

    def labels(self, scene: str) -> Mapping[str, str]:
        """Return name -> key of the label images of a scene; `array` and `metadata` take these keys like scenes."""
        return {}

    def plate(self) -> PlateLayout | None:
        """Return rows, columns and wells where the file is a plate; wells are not looked into."""
        return None

    def fields(self, well: str) -> Mapping[str, int | None]:
        """Return the scenes of a well of the plate, and the number of the acquisition that each is of."""
        return {}

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return facts on how the file stores a scene (compression, byte order, …), for ``omio info``."""
        return {}

    def files(self) -> tuple[str, ...]:
        """Return all files that belong to this one, itself included."""
        return (self.stamp.path,)
