"""A folder as a Zarr store from which nothing outside of it is read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from zarr.storage import LocalStore

from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype


class InnerStore(LocalStore):
    """Reads what lies in a folder, or in one of those that are allowed besides.

    Documents name paths, and folders hold links: neither may lead to files that were not meant to be opened.
    """

    def __init__(self, root: str, *, outside: tuple[str, ...] = ()) -> None:
        super().__init__(root, read_only=True)
        self._roots = tuple(os.path.realpath(folder) for folder in (root, *outside))
        self._trusted: set[str] = set()

    def check(self, key: str) -> None:
        """Raise `DamagedFileError` for a key that leads out, or to a pipe or device; folders are looked at once."""
        path = os.path.join(self.root, key)  # noqa: PTH118 - runs for each chunk, and a Path costs as much again
        folder = os.path.dirname(path)  # noqa: PTH120 - as above
        if folder not in self._trusted:
            self._check_real(folder, key)
            self._trusted.add(folder)
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                self._check_real(path, key)
                mode = os.stat(path).st_mode  # noqa: PTH116 - as above
        except OSError:
            return  # a chunk that is not there
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise DamagedFileError("is neither a file nor a folder", path=str(self.root), place=key)

    def _check_real(self, path: str, key: str) -> None:
        real = os.path.realpath(path)
        if not any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots):
            remedy = "Name the folder that it leads to in allow_outside=."
            raise DamagedFileError("leads out of the hierarchy", path=str(self.root), place=key, remedy=remedy)

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a key that does not lead out."""
        self.check(key)
        return await super().get(key, prototype, byte_range)

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a key that does not lead out."""
        self.check(key)
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)
