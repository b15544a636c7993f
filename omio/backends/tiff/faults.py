"""Damage met while reading: an error when strict, else zeros and one warning that lists it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from omio.errors import DamagedFileError, DamagedFileWarning, OmioError
from omio.lazy import filled

if TYPE_CHECKING:
    from omio.backends.tiff.document import TiffDocument

LISTED = 20
FILLING = "strict=False fills with 0 what cannot be read."


class Faults:
    """Collects what one read meets; threads may add."""

    def __init__(self, document: TiffDocument, *, strict: bool) -> None:
        self._document, self._strict = document, strict
        self._met: list[tuple[str, str]] = []
        self._remarks: list[tuple[str, str]] = []

    def add(self, place: str, cause: str | BaseException, *, remedy: str = FILLING, absent: bool = False) -> None:
        """Raise `DamagedFileError` when strict, else note it; the caller fills the pixels, which may be `absent`."""
        text = (cause.cause if isinstance(cause, OmioError) else str(cause)) or type(cause).__name__
        if self._strict:
            error = DamagedFileError(text, path=self._document.path, place=place, remedy=remedy)
            raise error from (cause if isinstance(cause, BaseException) else None)
        self._met.append((place, text))
        filled.tell(place, text, absent=absent)

    def remark(self, place: str, text: str) -> None:
        """Note what is wrong and was read all the same."""
        self._remarks.append((place, text))

    def report(self, consequence: str = "filled with 0") -> None:
        """Warn of what was not told before while this file is open."""
        self._warn(self._met, f"damaged, {consequence}")
        self._warn(self._remarks, "read in spite of wrong tags")

    def _warn(self, met: list[tuple[str, str]], what: str) -> None:
        new = sorted(set(met) - self._document.warned)
        if not new:
            return
        self._document.warned.update(new)
        lines = [f"{place}: {cause}" for place, cause in new[:LISTED]]
        lines += [f"and {len(new) - LISTED} more"] if len(new) > LISTED else []
        warnings.warn(f"{self._document.path}: {what}: {'; '.join(lines)}", DamagedFileWarning, stacklevel=3)
