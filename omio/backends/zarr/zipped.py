"""A zip file as a Zarr store whose members can do no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr.storage import ZipStore

from omio.backends.zarr.archive import LARGE, check_room, open_archive, telling

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype


class ZipMembers(ZipStore):
    """Reads members; tells of those that cannot be."""

    def __init__(self, path: str) -> None:
        super().__init__(path, mode="r", read_only=True)
        self._name = path
        with open_archive(path) as archive:
            self._large = {info.filename: info.file_size for info in archive.infolist() if info.file_size > LARGE}

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Read a member that is whole, and for which there is room."""
        if byte_range is None:
            check_room(self._large.get(key, 0), self._name, key)
        with telling(self._name, key):
            return await super().get(key, prototype, byte_range)
