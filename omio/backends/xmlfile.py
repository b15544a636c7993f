"""XML files of vendors, parsed without ever expanding an entity."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from omio.errors import DamagedFileError
from omio.ome.markup import parse
from omio.ome.text import clean, to_utf8

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def read_root(path: str, most_bytes: int) -> Element:
    """Return the root element of a file.

    Raises
    ------
    DamagedFileError
        It is no well-formed XML, or has more than `most_bytes`.
    """
    size = os.stat(path).st_size  # noqa: PTH116 - a plain string, as all paths of backends
    if size > most_bytes:
        raise DamagedFileError(f"has {size} bytes, far more than such a description", path=path)
    told: list[str] = []  # comments and document types that are left out say nothing of the image
    try:
        text, encoding = clean(Path(path).read_bytes(), path, told)
        return parse(to_utf8(text, encoding, told), path, told)
    except DamagedFileError as error:
        raise DamagedFileError(error.cause, path=path) from None
