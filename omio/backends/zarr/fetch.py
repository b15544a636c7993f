"""Bytes of a hierarchy, by key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.errors import DamagedFileError, OmioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarr.abc.store import RangeByteRequest, SuffixByteRequest
    from zarr.core.buffer import Buffer
    from zarr.storage import StorePath

_AT_ONCE = 64
"""So many keys are asked for at the same time."""


@dataclass(frozen=True)
class Fetch:
    """Reads keys of a store; safe to call from several threads.

    Attributes
    ----------
    root
        The store, and where in it the hierarchy begins.
    path
        What to call it in errors.
    """

    root: StorePath
    path: str

    def __call__(self, key: str, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the bytes of a key, or `length` of them; a negative `start` counts from the end.

        None where there is no such key.

        Raises
        ------
        DamagedFileError
            A folder lies where a file should, or nothing can be read at `start`.
        """
        try:
            found = self._get(key, _part(start, length))
        except (OverflowError, ValueError) as error:
            if isinstance(error, OmioError):
                raise
            raise DamagedFileError(f"cannot be read at {start}: {error}", path=self.path, place=key) from error
        if found is None:
            self._check_absent(key)
            return None
        return found.to_bytes()

    def many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of several keys; where reading means waiting, they are asked for together."""
        from zarr.abc.store import SupportsGetSync
        from zarr.core.sync import sync

        if isinstance(self.root.store, SupportsGetSync):
            return [self(key) for key in keys]
        try:
            return sync(_gather(self.root, keys)) if keys else []
        except ValueError as error:  # what zarr thinks of keys such as "../x"
            raise DamagedFileError(f"names what is no key: {error}", path=self.path) from error

    def below(self, place: str) -> list[str]:
        """List the keys below a place, relative to it."""
        from zarr.core.sync import sync

        at = self.root / place
        return sync(_listed(at)) if self.root.store.supports_listing else []

    def _get(self, key: str, part: RangeByteRequest | SuffixByteRequest | None) -> Buffer | None:
        from zarr.abc.store import SupportsGetSync
        from zarr.core.sync import sync

        at = self.root / key
        if isinstance(self.root.store, SupportsGetSync):
            return at.get_sync(byte_range=part)
        return sync(at.get(byte_range=part))

    def _check_absent(self, key: str) -> None:
        from zarr.storage import LocalStore

        store = self.root.store
        if isinstance(store, LocalStore) and (store.root / self.root.path / key).is_dir():
            raise DamagedFileError("is a folder, and should be a file", path=self.path, place=key)


async def _gather(root: StorePath, keys: Sequence[str]) -> list[bytes | None]:
    free = asyncio.Semaphore(_AT_ONCE)

    async def read(key: str) -> bytes | None:
        async with free:
            found = await (root / key).get()
        return None if found is None else found.to_bytes()

    return await asyncio.gather(*map(read, keys))


async def _listed(at: StorePath) -> list[str]:
    prefix = f"{at.path}/" if at.path else ""
    return [key.removeprefix(prefix) async for key in at.store.list_prefix(prefix)]


def _part(start: int, length: int | None) -> RangeByteRequest | SuffixByteRequest | None:
    from zarr.abc.store import RangeByteRequest, SuffixByteRequest

    if length is None:
        return None
    return SuffixByteRequest(-start) if start < 0 else RangeByteRequest(start, start + length)
