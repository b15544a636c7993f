"""The first file of a sequence, and how others are known to be like it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.dataset.merging import warn
from omio.dataset.opening import build, choose_scene, make_backend
from omio.errors import MergeError
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.metadata.compare import differences
from omio.metadata.original import Original

if TYPE_CHECKING:
    from collections.abc import Callable

    from omio.backends.base import Backend, OpenOptions
    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.chunks import ChunkChoice
    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts


class Model(ABC):
    """A file that others are like; small and picklable."""

    path: str

    @property
    @abstractmethod
    def name(self) -> str:
        """Return who reads it, for the provenance."""

    @property
    @abstractmethod
    def image(self) -> MicroscopyDataset:
        """Return the file as an image of its own."""

    @property
    @abstractmethod
    def files(self) -> tuple[str, ...]:
        """Return all files that belong to it."""

    @property
    @abstractmethod
    def template(self) -> FileRecipe | None:
        """Return the recipe that those of files like it differ from in nothing but the file; None where none does."""

    @abstractmethod
    def sibling(self, path: str) -> Recipe | None:
        """Return the recipe of another file that is shown to be alike; None where only opening it can tell."""

    @abstractmethod
    def checked(self, path: str) -> Recipe:
        """Return the recipe of a file that was taken to be alike and is now to be read.

        Raises
        ------
        MergeError
            The file is not what it was taken to be.
        """


@dataclass(frozen=True)
class Opener:
    """How each file of a sequence is opened."""

    options: OpenOptions
    backend: str | None
    scene: str | int | None
    chunks: ChunkChoice
    max_bytes: int | None
    reader: Callable[[str], Any] | None = None

    def open(self, path: str) -> Model:
        """Return a file; its headers are read when it is asked."""
        if self.reader is None:
            return OpenedFile(self, path)
        from omio.dataset.sequence.calling import CalledFile

        return CalledFile(self, path, self.reader)


@dataclass(frozen=True, eq=False)
class OpenedFile(Model):
    """A file that a backend reads."""

    opener: Opener
    path: str

    @cached_property
    def backend(self) -> Backend:
        """The backend, with the file's headers read."""
        return make_backend(self.path, self.opener.backend, self.opener.options)

    @property
    def name(self) -> str:
        """Name of the backend."""
        return self.backend.name

    @cached_property
    def scene(self) -> str:
        """Key of the scene."""
        return choose_scene(self.backend, self.opener.scene)

    @cached_property
    def image(self) -> MicroscopyDataset:
        """The scene."""
        return build(self.backend, self.scene, 0, self.opener.chunks, self.opener.max_bytes)

    @property
    def files(self) -> tuple[str, ...]:
        """All files that belong to it."""
        return self.backend.files()

    @property
    def template(self) -> FileRecipe | None:
        """The recipe of the full resolution: a pyramid is opened, as are files that belong together."""
        recipe = self.image.recipe
        alone = self.backend.level_count(self.scene) == len(self.files) == 1
        return recipe if alone and isinstance(recipe, FileRecipe) else None

    def sibling(self, path: str) -> Recipe | None:
        """Ask the backend, which knows of the full resolution only: a pyramid is opened."""
        stamp = FileStamp.of(path)
        return None if self.backend.level_count(self.scene) > 1 else self.backend.sibling(self.scene, stamp)

    def checked(self, path: str) -> Recipe:
        """Ask the backend; where it cannot tell, open the file and compare."""
        alike = self.sibling(path)
        return self._compared(path) if alike is None else alike

    def _compared(self, path: str) -> Recipe:
        from omio.policies.merge import MergePolicy

        first, other = self.image, self.opener.open(path).image
        try:
            if first.shape != other.shape:
                raise MergeError(f"shape: {first.shape} and {other.shape}")
            MergePolicy.resolve(None).plan((first, other), "T")
        except MergeError as error:
            how = "; ".join(error.conflicts) or error.cause
            cause = f"does not fit {self.path}, which it was taken to be like: {how}"
            raise MergeError(cause, path=path, remedy="validate_shapes=True compares all files when opening.") from None
        said = differences(_shared(first.facts), _shared(other.facts))
        if more := [what for what in said if what not in self._told]:
            self._told.update(more)
            warn(f"{path}: what it says of itself is not in the metadata without validate_shapes=True: ", more)
        return other.recipe

    @cached_property
    def _told(self) -> set[str]:
        """In what other files were found to differ: a thousand that do so in the same are told of once."""
        return set()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is read again where it is needed."""
        return {"opener": self.opener, "path": self.path}


def _shared(facts: Facts) -> Facts:
    """Leave out what hardly two files say alike: facts of planes, and all tags (an OME-TIFF has its own UUID)."""
    return replace(facts, planes=None).with_static(original=Original())
