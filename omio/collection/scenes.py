"""The scenes of one file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.collection.base import Entries
from omio.dataset.opening import build, choose_scene, make_backend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.base import Backend, OpenOptions
    from omio.backends.plate import PlateLayout
    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.chunks import ChunkChoice


@dataclass(frozen=True)
class Opening:
    """How files are opened: what the user said to `open_collection` or `open_folder`."""

    options: OpenOptions
    backend: str | None
    chunks: ChunkChoice
    max_bytes: int | None

    def reader(self, path: str) -> Backend:
        """Choose the backend and let it look at the file."""
        return make_backend(path, self.backend, self.options)

    def image(self, reader: Backend, scene: str) -> MicroscopyDataset:
        """Make the dataset of a scene."""
        return build(reader, scene, 0, self.chunks, self.max_bytes)


class Scenes(Entries):
    """Entries that are the scenes of one file, named as the backend names them."""

    def __init__(self, path: str, opening: Opening) -> None:
        self._reader = opening.reader(path)
        self._opening = opening
        self.path, self.backend = self._reader.path, self._reader.name

    def keys(self) -> tuple[str, ...]:
        """Return the scenes in file order."""
        return self._reader.scenes()

    def find(self, key: str | int) -> str:
        """Return the scene that is meant."""
        return choose_scene(self._reader, key)

    def open(self, key: str) -> MicroscopyDataset:
        """Make the dataset of a scene."""
        return self._opening.image(self._reader, key)

    def details(self, key: str) -> Mapping[str, Any]:
        """Return how the file stores a scene."""
        return self._reader.details(key)

    def files(self) -> tuple[str, ...]:
        """Return the file, and its further members."""
        return self._reader.files()

    def plate(self) -> PlateLayout | None:
        """Return rows, columns and wells where the file is a plate."""
        return self._reader.plate()

    def fields(self, well: str) -> Mapping[str, int | None]:
        """Return the scenes of a well, and the number of the acquisition that each is of."""
        return self._reader.fields(well)
