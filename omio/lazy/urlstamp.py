"""Which state of a remote file was opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omio.errors import ChangedFileError
from omio.lazy.leaf import FileStamp

if TYPE_CHECKING:
    from omio.remote.urls import Url


@dataclass(frozen=True)
class UrlStamp(FileStamp):
    """Which state of a remote file was opened: size, time of the last change and version, as far as they are told.

    Attributes
    ----------
    version
        ETag, checksum or the like; empty where none is told.
    """

    version: str = ""

    @classmethod
    def of_url(cls, url: Url) -> UrlStamp:
        """Look at the file, or take a look that is some seconds old."""
        from omio.remote.looks import look_at

        found = look_at(url)
        return cls(url, found.size, found.mtime_ns, found.version)

    def check(self) -> None:
        """Raise `ChangedFileError` where the file was another when it was last looked at, some seconds ago or now."""
        if FileStamp.of(self.path) != self:
            raise ChangedFileError("changed after it was opened", path=self.path, remedy="Open it again.")
