"""Where in a hierarchy the images lie: alone, in a bioformats2raw set, or in the wells of a plate.

Sources: OME-NGFF 0.5, "bioformats2raw.layout", "plate metadata" and "well metadata".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.backends.zarr.upgrade import listed, ome_of
from omio.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.backends.zarr.reader import ZarrReader

KINDS = ("multiscales", "plate", "well", "bioformats2raw.layout")
"""Keys of which an OME root has one."""


def joined(*paths: str) -> str:
    """Join paths within a hierarchy."""
    return "/".join(filter(None, paths))


def image_places(reader: ZarrReader) -> Iterator[tuple[str, str, int]]:
    """Yield the key of each image, the path of its group, and its number among the images of that group."""
    ome = _ome(reader, "")
    if "bioformats2raw.layout" in ome:
        paths = _series(reader)
    elif "plate" in ome:
        paths = [path for well in _paths(reader, "", "plate", "wells") for path in _fields(reader, well)]
    elif "well" in ome:
        paths = _fields(reader, "")
    else:
        yield from ((str(number), "", number) for number in range(len(listed(ome.get("multiscales")))))
        return
    yield from ((path, path, 0) for path in paths)


def _ome(reader: ZarrReader, place: str) -> dict[str, Any]:
    return ome_of(reader.attributes(place))


def _series(reader: ZarrReader) -> list[str]:
    """Return the images that ``OME`` lists; where it lists none they are named 0, 1, 2, …."""
    told = _ome(reader, "OME").get("series")
    if isinstance(told, list):
        return [str(path) for path in told]
    found: list[str] = []
    while _ome(reader, str(len(found))):
        found.append(str(len(found)))
    return found


def _fields(reader: ZarrReader, well: str) -> list[str]:
    return [joined(well, path) for path in _paths(reader, well, "well", "images")]


def _paths(reader: ZarrReader, place: str, kind: str, name: str) -> list[str]:
    """Return the paths that a plate or well lists."""
    part = _ome(reader, place).get(kind)
    items = listed(part.get(name)) if isinstance(part, dict) else []
    if not all(isinstance(item.get("path"), str) for item in items):
        raise DamagedFileError(f"{kind}.{name} has an entry without a path", path=reader.path, place=place or "/")
    return [item["path"] for item in items]
