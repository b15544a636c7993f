"""`MicroscopyCollection`: the scenes of a file as a lazy mapping."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omio.backends.base import OpenOptions
from omio.dataset.opening import build, make_backend
from omio.errors import SceneError
from omio.settings import parse_bytes

if TYPE_CHECKING:
    from omio.backends.base import Backend
    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.opening import PathLike
    from omio.lazy.chunks import ChunkChoice


class MicroscopyCollection(Mapping[str, "MicroscopyDataset"]):
    """Scene key -> dataset, in file order; each is made when first asked for.

    Integers count scenes, also from the end.
    """

    def __init__(self, reader: Backend, *, chunks: ChunkChoice = "auto", max_bytes: int | None = None) -> None:
        self._reader = reader
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._made: dict[str, MicroscopyDataset] = {}

    def __getitem__(self, scene: str | int) -> MicroscopyDataset:
        keys = self._reader.scenes()
        if isinstance(scene, int) and -len(keys) <= scene < len(keys):
            scene = keys[scene]
        if not isinstance(scene, str) or scene not in keys:
            listed = ", ".join(repr(key) for key in keys)
            raise SceneError(f"no scene {scene!r}", path=self._reader.path, remedy=f"There are {listed}.")
        if scene not in self._made:
            self._made[scene] = build(self._reader, scene, 0, self._chunks, self._max_bytes)
        return self._made[scene]

    def __iter__(self) -> Iterator[str]:
        return iter(self._reader.scenes())

    def __len__(self) -> int:
        return len(self._reader.scenes())

    @property
    def path(self) -> str:
        """The file."""
        return self._reader.path

    @property
    def backend(self) -> str:
        """Name of the backend that reads it."""
        return self._reader.name

    @property
    def files(self) -> tuple[str, ...]:
        """All files that belong to it."""
        return self._reader.files()

    def details(self, scene: str) -> Mapping[str, Any]:
        """Return how the file stores a scene: compression, byte order, …."""
        return self._reader.details(scene)

    def close(self) -> None:
        """Close every dataset that was made."""
        for image in self._made.values():
            image.close()

    def __enter__(self) -> MicroscopyCollection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = os.path.basename(self.path)  # noqa: PTH119 - a path may be a URL
        return f"<MicroscopyCollection {name}: {', '.join(self)}>"


def open_collection(
    path: PathLike,
    *,
    axes: str | None = None,
    backend: str | None = None,
    chunks: ChunkChoice = "auto",
    strict: bool = True,
    max_bytes: int | str | None = None,
    allow_outside: Sequence[PathLike] = (),
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> MicroscopyCollection:
    """Open all scenes of a file as a lazy mapping; parameters and errors are those of `omio.open`."""
    chosen = OpenOptions(
        axes=axes,
        strict=strict,
        allow_outside=tuple(os.fspath(folder) for folder in allow_outside),
        storage_options=dict(storage_options or {}),
        extra=options,
    )
    limit = None if max_bytes is None else parse_bytes(max_bytes)
    return MicroscopyCollection(make_backend(os.fspath(path), backend, chosen), chunks=chunks, max_bytes=limit)
