"""Arrays of which every file was written: one that is missing is damage, not a fill value."""

from __future__ import annotations

from omio.backends.zarr.fetch import Fetch
from omio.backends.zarr.reader import ZarrReader
from omio.errors import FileMissingError


class WholeFetch(Fetch):
    """Reads keys that must be there."""

    def __call__(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return the bytes of a key, or `length` of them.

        Raises
        ------
        FileMissingError
            There is no such key.
        """
        found = super().__call__(key, start, length)
        if found is None:
            raise FileMissingError("a part is missing", path=self.path, place=key)
        return found


class WholeReader(ZarrReader):
    """An open hierarchy that lacks nothing."""

    def __init__(self, path: str, *outside: str) -> None:
        super().__init__(path, *outside)
        self._fetch = WholeFetch(self._root, path)
