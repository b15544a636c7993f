"""Object stores and other places behind a URL: chunks are put where they will be, and the root's document last.

There is nothing to rename there. So the document of the root is the commit: until it lies there a reader sees no
hierarchy. A mark that is put first tells readers and later writers that what lies beside it was not finished.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from omio.backends.zarr.store import MARK
from omio.errors import MissingDependencyError, WriteError
from omio.store.atomic import as_write_errors, exists, free_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarr.abc.store import Store

    from omio.backends.zarr.fetch import Fetch
    from omio.policies.write import Overwrite
    from omio.writers.zarr.places import Opening

ROOTS = ("zarr.json", ".zgroup", ".zattrs", ".zarray")
"""Documents of the root, held back until all else is there; in this order."""
_AT_ONCE = 64
"""So many keys are deleted at the same time."""


class StoreTarget:
    """Keys of any Zarr store; the documents of the root wait for `commit`.

    Parameters
    ----------
    store
        Where keys are put; the hierarchy begins at its root.
    path
        What to call it in errors.
    """

    is_shared: ClassVar[bool] = False

    def __init__(self, store: Store, path: str) -> None:
        self.store, self.path = store, path
        self._roots: dict[str, bytes] = {}

    @property
    def fetch(self) -> Fetch:
        """How what was put is read back."""
        from zarr.storage import StorePath

        from omio.backends.zarr.fetch import Fetch

        return Fetch(StorePath(self.store), self.path)

    def put(self, key: str, content: bytes) -> None:
        """Put a key, or keep it where it is the root's document."""
        if key in ROOTS:
            self._roots[key] = content
        else:
            self._put(key, content)

    def _put(self, key: str, content: bytes) -> None:
        from zarr.core.buffer import default_buffer_prototype
        from zarr.core.sync import sync

        sync(self.store.set(key, default_buffer_prototype().buffer.from_bytes(content)))

    def claim(self) -> None:
        """Put the mark: all that follows is not finished."""
        self._put(MARK, json.dumps({"kind": "omio conversion", "version": 1}).encode())

    def commit(self) -> None:
        """Put the documents of the root, and take the mark away."""
        from zarr.core.sync import sync

        for key in sorted(self._roots, key=ROOTS.index):
            self._put(key, self._roots[key])
        sync(self.store.delete(MARK))

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        from zarr.core.sync import sync

        return sync(self.store.exists(key))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there."""
        from zarr.core.sync import sync

        return sync(self.store.is_empty(""))

    def clear(self) -> None:
        """Delete all keys, the documents of the root first: from then on there is no hierarchy."""
        from zarr.core.sync import sync

        for key in ROOTS:
            if self.has(key):
                sync(self.store.delete(key))
        sync(_delete_all(self.store))


async def _delete_all(store: Store) -> None:
    """Delete all keys, the mark last: what is left by an interruption is known to be unfinished."""
    keys = [key async for key in store.list() if key != MARK]
    for start in range(0, len(keys), _AT_ONCE):
        await asyncio.gather(*map(store.delete, keys[start : start + _AT_ONCE]))
    await store.delete(MARK)


class SharedStoreTarget(StoreTarget):
    """A store that other processes reach as well."""

    is_shared: ClassVar[bool] = True


@contextmanager
def store_destination(url: str, overwrite: Overwrite, options: Mapping[str, Any]) -> Iterator[Opening]:
    """Put a hierarchy at a URL; where the block ends with an error, all that was put is deleted.

    With ``overwrite="replace"`` the old hierarchy is deleted first: an object store cannot exchange two.

    Raises
    ------
    DestinationExistsError
        A hierarchy is there.
    WriteError
        Something else is there, or it cannot be reached.
    """
    from omio.writers.zarr.places import Opening

    with as_write_errors(url):
        target = _claimed(url, overwrite, options)
        opening = Opening(target, target.path)
        try:
            yield opening
            target.commit()
        except BaseException:
            target.clear()
            raise
        opening.nbytes = _size(target.path, options)


def _claimed(url: str, overwrite: Overwrite, options: Mapping[str, Any]) -> StoreTarget:
    head, _, name = url.rstrip("/").rpartition("/")
    target, taken = _target(url.rstrip("/"), options), 0
    while any(map(target.has, ROOTS)) and not target.has(MARK):
        if overwrite == "error":
            raise exists(url)
        if overwrite == "replace":
            break
        taken += 1
        target = _target(f"{head}/{free_name(Path(name), taken)}", options)
    if not target.is_empty:
        if not any(map(target.has, (*ROOTS, MARK))):
            raise WriteError("is there, and is nothing that would be written here", path=url, remedy="Remove it.")
        target.clear()
    target.claim()
    return target


def _target(url: str, options: Mapping[str, Any]) -> StoreTarget:
    from zarr.storage import FsspecStore

    try:
        store = FsspecStore.from_url(url, storage_options=dict(options), read_only=False)
    except ImportError as error:
        raise MissingDependencyError(str(error), path=url, remedy="pip install 'omio[cloud]'") from error
    kind = StoreTarget if url.startswith("memory:") else SharedStoreTarget
    return kind(store, url)


def _size(url: str, options: Mapping[str, Any]) -> int:
    import fsspec

    system, path = fsspec.core.url_to_fs(url, **options)
    return int(system.du(path))
