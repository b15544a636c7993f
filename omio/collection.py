"""`MicroscopyCollection`: the scenes of a file as a lazy mapping."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omio.dataset.opening import build, byte_limit, choose_scene, gather_options, make_backend, single_path
from omio.lazy.lifetime import Lifetime

if TYPE_CHECKING:
    from omio.backends.base import Backend
    from omio.dataset.dataset import MicroscopyDataset
    from omio.dataset.opening import Pages, PathLike
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
        self._lifetime = Lifetime()

    def __getitem__(self, scene: str | int) -> MicroscopyDataset:
        self._lifetime.check()
        key = choose_scene(self._reader, scene)
        if key not in self._made:
            made = build(self._reader, key, 0, self._chunks, self._max_bytes)
            self._made[key] = made._replace(_lifetime=Lifetime(self._lifetime))
        return self._made[key]

    def __contains__(self, scene: object) -> bool:
        return scene in self._reader.scenes()

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
        """End every dataset that was taken from it, and release their files; harmless when repeated."""
        for image in self._made.values():
            image.close()
        self._lifetime.closed = True

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
    pages: Pages = None,
    axes: str | None = None,
    backend: str | None = None,
    chunks: ChunkChoice = "auto",
    strict: bool = True,
    max_bytes: int | str | None = None,
    allow_outside: Sequence[PathLike] = (),
    storage_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> MicroscopyCollection:
    """Open all scenes of one file as a lazy mapping; parameters and errors are those of `omio.open`."""
    chosen = gather_options(pages, axes, strict, allow_outside, storage_options, options)
    reader = make_backend(single_path(path), backend, chosen)
    return MicroscopyCollection(reader, chunks=chunks, max_bytes=byte_limit(max_bytes))
