"""Where in a hierarchy the images lie: alone, in a bioformats2raw set, or in the wells of a plate.

Sources: OME-NGFF 0.5, "bioformats2raw.layout", "plate metadata", "well metadata" and "labels metadata".
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from omio.backends.plate import Acquisition, PlateLayout, WellPlace
from omio.backends.zarr.documents import joined
from omio.backends.zarr.upgrade import listed, ome_of
from omio.errors import DamagedFileError, SceneError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.zarr.documents import Documents

SERIES, PLATE, WELL, IMAGES = "bioformats2raw.layout", "plate", "well", "multiscales"
KINDS = (IMAGES, PLATE, WELL, SERIES)
"""Keys of which an OME root has one."""
LABELS = "labels"


class Tree:
    """The images of a hierarchy; the wells of a plate are looked into when they are asked for."""

    def __init__(self, documents: Documents, path: str) -> None:
        self._documents, self._path = documents, path
        self._root = self._ome("")

    def _ome(self, place: str) -> dict[str, Any]:
        return ome_of(self._documents[place].attributes)

    @cached_property
    def scenes(self) -> tuple[str, ...]:
        """The keys of all images, in order; of a plate all wells are read, many at once."""
        if self.plate is not None:
            wells = [well.path for well in self.plate.wells]
            self._documents.nodes(wells)
            return tuple(dict.fromkeys(scene for well in wells for scene in self.fields(well)))
        if SERIES in self._root:
            return self._series
        if WELL in self._root:
            return tuple(self.fields(""))
        return tuple(str(number) for number, _ in enumerate(listed(self._root.get(IMAGES))))

    def has(self, scene: str) -> bool:
        """Whether there is such an image or label image."""
        if LABELS in scene.split("/") and IMAGES in self._ome(scene):
            return True
        well, _, _ = scene.rpartition("/")
        return scene in (self.fields(well) if well in self._wells else self.scenes)

    def find(self, scene: str) -> tuple[str, int]:
        """Return the path of the group that holds an image, and the number of the image there.

        Raises
        ------
        SceneError
            There is no such image.
        """
        if not self.has(scene):
            raise SceneError(f"no scene {scene!r}", path=self._path)
        alone = not any(kind in self._root for kind in (SERIES, PLATE, WELL)) and scene in self.scenes
        return ("", int(scene)) if alone else (scene, 0)

    def series_number(self, scene: str) -> int | None:
        """Return which series of a bioformats2raw set an image is."""
        return self._series.index(scene) if SERIES in self._root and scene in self._series else None

    @cached_property
    def _series(self) -> tuple[str, ...]:
        """The images that ``OME`` lists; where it lists none they are named 0, 1, 2, …."""
        told = self._ome("OME").get("series")
        if isinstance(told, list):
            return tuple(dict.fromkeys(map(str, told)))
        found: list[str] = []
        while self._ome(str(len(found))):
            found.append(str(len(found)))
        return tuple(found)

    @cached_property
    def plate(self) -> PlateLayout | None:
        """Rows, columns and wells, as the plate's document lists them; None where there is no plate."""
        if PLATE not in self._root:
            return None
        part = _part(self._root, PLATE)
        rows, columns = (
            tuple(str(item.get("name")) for item in listed(part.get(axis))) for axis in ("rows", "columns")
        )
        wells = tuple(_well(path, item, rows, columns) for path, item in self._paths("", PLATE, "wells"))
        name = part.get("name")
        return PlateLayout(
            rows, columns, wells, tuple(map(_acquisition, listed(part.get("acquisitions")))), name and str(name)
        )

    @cached_property
    def _wells(self) -> frozenset[str]:
        return frozenset(well.path for well in self.plate.wells) if self.plate is not None else frozenset()

    def fields(self, well: str) -> Mapping[str, int | None]:
        """Return the scenes of a well, and the acquisition that each is of."""
        return {joined(well, path): _whole(item.get("acquisition")) for path, item in self._paths(well, WELL, "images")}

    def _paths(self, place: str, kind: str, name: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what a plate or well lists, with its path."""
        items = listed(_part(self._ome(place), kind).get(name))
        if not all(isinstance(item.get("path"), str) for item in items):
            raise DamagedFileError(f"{kind}.{name} has an entry without a path", path=self._path, place=place or "/")
        return [(item["path"], item) for item in items]


def _part(ome: dict[str, Any], kind: str) -> dict[str, Any]:
    part = ome.get(kind)
    return part if isinstance(part, dict) else {}


def _well(path: str, item: Mapping[str, Any], rows: tuple[str, ...], columns: tuple[str, ...]) -> WellPlace:
    """Return a well: its row and column by number since 0.4, before by its path."""
    names = (*path.split("/"), "", "")
    row, column = (
        every[at] if (at := _whole(item.get(key))) is not None and 0 <= at < len(every) else name
        for every, key, name in zip((rows, columns), ("rowIndex", "columnIndex"), names, strict=False)
    )
    return WellPlace(path, row, column)


def _acquisition(item: Mapping[str, Any]) -> Acquisition:
    name = item.get("name")
    return Acquisition(_whole(item.get("id")), name and str(name), item)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
