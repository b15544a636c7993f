"""Pixels that are read from a copy, as long as that is there and whole."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.errors import ChangedFileError, DamagedFileError, FileMissingError, OmioWarning
from omio.lazy.recipe import Derived, Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key
    from omio.lazy.leaf import FileRecipe


@dataclass(frozen=True, eq=False)
class Copied(Derived):
    """An array of which there is a copy.

    A copy that is removed or damaged while it is in use costs time, not the result: reading goes on from the base,
    which is told once.

    Attributes
    ----------
    copy
        Where the same pixels lie.
    """

    copy: FileRecipe

    @property
    def chunk(self) -> tuple[int, ...]:
        """Chunk of the copy."""
        return self.copy.chunk

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read from the copy, or else from the base."""
        try:
            self.copy.read(key, out)
        except (ChangedFileError, DamagedFileError, FileMissingError) as error:
            self._tell(error)
            self.base.read(key, out)

    def _tell(self, error: Exception) -> None:
        path = self.copy.stamp.path
        if path not in _told:
            _told.add(path)
            text = f"a copy can no longer be used, its source is read instead: {error}"
            warnings.warn(text, OmioWarning, skip_file_prefixes=(_PACKAGE,))

    def token(self) -> tuple[Any, ...]:
        """Return the base's token: these are the same pixels."""
        return self.base.token()

    def parts(self) -> tuple[Recipe, ...]:
        """Return the copy: the files of the base are not needed."""
        return (self.copy,)


_told: set[str] = set()
"""Copies of which it was told."""
_PACKAGE = str(Path(__file__).parents[1])
"""Warnings name the line that called omio."""
