"""Zarr hierarchies elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr.storage import FsspecStore

from omio.remote.trouble import patiently, patiently_async

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

    from omio.remote.urls import Url


class RemoteStore(FsspecStore):
    """A store that tries again what may pass, and tells the rest as errors of omio."""

    def __init__(self, url: Url, base: FsspecStore) -> None:
        super().__init__(base.fs, read_only=True, path=base.path)
        self.url = url

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Read a key; None where it is not there."""
        return await patiently_async(lambda: FsspecStore.get(self, key, prototype, byte_range), self.url.child(key))


def open_remote(url: Url) -> RemoteStore:
    """Open a hierarchy for reading; nothing is asked yet.

    Raises
    ------
    MissingDependencyError, OptionError
        No package for the scheme, or options that it does not take.
    """
    options = dict(url.options)
    store = patiently(lambda: FsspecStore.from_url(url.target, storage_options=options, read_only=True), url)
    return RemoteStore(url, store)
