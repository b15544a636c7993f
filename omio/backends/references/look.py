"""What a reference file is known by; looked at for every file, so nothing heavy is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PARQUET = ".zmetadata"
"""What a folder of Parquet references holds, and says by it how many references a file has."""

_FIRST = re.compile(rb'\s*\{\s*"([^"]*)"\s*:')
_PARTS = (b"version", b"refs", b"templates", b"gen")
_DOCUMENT = re.compile(rb"(.*/)?(zarr\.json|\.zgroup|\.zattrs|\.zarray)")


def is_reference(path: Path, head: bytes) -> bool:
    """Whether a file begins as kerchunk's JSON does, or a folder holds Parquet references."""
    if not head:
        return _is_parquet(path)
    first = _FIRST.match(head)
    if first is None:
        return False
    named = first[1] in _PARTS and (b'"refs"' in head or b'"templates"' in head)
    return named or _DOCUMENT.fullmatch(first[1]) is not None


def _is_parquet(folder: Path) -> bool:
    """Whether a folder holds Parquet references; a Zarr hierarchy has consolidated metadata beside a document."""
    try:
        return not (folder / ".zgroup").exists() and b'"record_size"' in (folder / PARQUET).read_bytes()
    except OSError:
        return False
