"""`MicroscopyCollection`: images as a lazy mapping."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from omio.arguments import checked
from omio.lazy.lifetime import Lifetime
from omio.naming import some

if TYPE_CHECKING:
    from collections.abc import Collection

    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.cluster import ClientChoice
    from omio.policies.base import Choice
    from omio.policies.merge import MergePolicy
    from omio.policies.write import OmeZarrPolicy
    from omio.writers.report import WriteReport


class Entries(ABC):
    """What a collection holds: its keys, and how each is opened."""

    path: str
    backend: str | None

    @abstractmethod
    def keys(self) -> Collection[str]:
        """Return the keys in order."""

    @abstractmethod
    def find(self, key: str | int) -> str:
        """Return the key that is meant, integers counting entries; raises `SceneError`."""

    @abstractmethod
    def open(self, key: str) -> MicroscopyDataset:
        """Open an entry."""

    @abstractmethod
    def details(self, key: str) -> Mapping[str, Any]:
        """Return how the file stores an entry."""

    @abstractmethod
    def files(self) -> tuple[str, ...]:
        """Return all files that belong to the entries."""


@checked
class MicroscopyCollection(Mapping[str, "MicroscopyDataset"]):
    """Key -> dataset, in order: the scenes of a file or the images of a folder; each is opened when first asked for.

    Integers count entries, also from the end.

    Parameters
    ----------
    entries
        What it holds, and how each is opened.
    """

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self._made: dict[str, MicroscopyDataset] = {}
        self._lifetime = Lifetime()

    def __getitem__(self, key: str | int) -> MicroscopyDataset:
        self._lifetime.check()
        found = key if isinstance(key, str) and key in self._made else self.entries.find(key)
        if found not in self._made:
            self._made[found] = self.entries.open(found)._replace(_lifetime=Lifetime(self._lifetime))
        return self._made[found]

    def __contains__(self, key: object) -> bool:
        return key in self.entries.keys()  # noqa: SIM118 - entries are no mapping

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries.keys())

    def __len__(self) -> int:
        return len(self.entries.keys())

    @property
    def path(self) -> str:
        """The file or folder."""
        return self.entries.path

    @property
    def backend(self) -> str | None:
        """Name of the backend that reads the file; None for a folder, whose files may each have another."""
        return self.entries.backend

    @property
    def scenes(self) -> tuple[str, ...]:
        """The keys, in order."""
        return tuple(self)

    @property
    def files(self) -> tuple[str, ...]:
        """All files that belong to it."""
        return self.entries.files()

    def details(self, key: str) -> Mapping[str, Any]:
        """Return how the file stores an entry: compression, byte order, …."""
        return self.entries.details(key)

    def merge(self, *, along: str = "T", policy: Choice[MergePolicy] | None = None, **fields: Any) -> MicroscopyDataset:
        """Put all entries one after another along T, Z or C, or by stage position on one plane along M; lazy.

        Parameters and errors are those of `omio.merge`.
        """
        from omio.dataset.merging import merge

        return merge(self, along=along, policy=policy, **fields)

    def to_omezarr(
        self,
        path: str | os.PathLike[str],
        *,
        policy: OmeZarrPolicy | dict[str, Any] | None = None,
        client: ClientChoice = None,
        **fields: Any,
    ) -> WriteReport:
        """Write all images into one OME-Zarr of the bioformats2raw layout, whole or not at all.

        Each lies under its key where that can be the name of a folder, otherwise under 0, 1, 2, …; label images go with
        them. `fields` are those of `OmeZarrPolicy`, `client` as for `MicroscopyDataset.to_omezarr`.
        """
        from omio.collection.writing import write_set

        return write_set(self, path, policy, client, **fields)

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
        name = os.path.basename(self.path.rstrip("/"))  # noqa: PTH119 - a path may be a URL
        return f"<MicroscopyCollection {name}: {some(self.entries.keys())}>"

    def _repr_html_(self) -> str:
        from omio.viewing.contents import collection_html

        return collection_html(self)
