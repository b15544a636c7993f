"""What a reference file says of each key."""

from __future__ import annotations

import base64
import binascii
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from omio.errors import DamagedFileError, UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_TEMPLATE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Run(NamedTuple):
    """Bytes of a file, as the reference names it; all of it where `length` is None."""

    name: str
    start: int = 0
    length: int | None = None


class JsonReferences:
    """The references of a JSON file, all of them in memory."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            told = json.loads(Path(path).read_bytes())
        except (ValueError, RecursionError) as error:
            raise DamagedFileError(f"is no JSON: {error}", path=path) from None
        if not isinstance(told, dict):
            raise DamagedFileError("is no JSON object", path=path)
        if told.get("gen"):
            remedy = "Write it out with fsspec's ReferenceFileSystem first."
            raise UnsupportedFormatError("generates its references", path=path, place="gen", remedy=remedy)
        refs = told.get("refs", {}) if "version" in told else told
        if not isinstance(refs, dict):
            raise DamagedFileError("lists no references", path=path, place="refs")
        self._refs = refs
        templates = told.get("templates") or {}
        if not isinstance(templates, dict):
            raise DamagedFileError("are no object of names and texts", path=path, place="templates")
        self._templates: Mapping[str, Any] = templates

    def keys(self) -> Iterable[str]:
        """Return all keys."""
        return self._refs.keys()

    def documents(self) -> Iterator[bytes]:
        """Yield the documents of all arrays."""
        for key in self._refs:
            found = self[key] if key.endswith(("zarr.json", ".zarray")) else None
            if isinstance(found, bytes):
                yield found

    def __getitem__(self, key: str) -> bytes | Run | None:
        """Return what a key holds, or where that lies; None where there is no such key.

        Raises
        ------
        DamagedFileError
            The entry is neither.
        """
        entry = self._refs.get(key)
        match entry:
            case None:
                return None
            case str():
                return self._content(key, entry)
            case dict():
                return json.dumps(entry).encode()
            case [str(name)]:
                return Run(self._filled(name, key))
            case [str(name), int(start), int(length)] if start >= 0 and length >= 0:
                return Run(self._filled(name, key), start, length)
        raise DamagedFileError(f"says {str(entry)[:80]} instead of a file and its bytes", path=self.path, place=key)

    def _content(self, key: str, text: str) -> bytes:
        if not text.startswith("base64:"):
            return text.encode()
        try:
            return base64.b64decode(text.removeprefix("base64:"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise DamagedFileError(f"is no base64: {error}", path=self.path, place=key) from None

    def _filled(self, name: str, key: str) -> str:
        """Put templates in place; those with expressions are not known."""
        if "{{" not in name:
            return name
        filled = _TEMPLATE.sub(lambda match: str(self._templates.get(match[1], match[0])), name)
        if "{{" in filled:
            raise UnsupportedFormatError(f"names a file by {name!r}", path=self.path, place=key)
        return filled
