"""`Plate` and `Well`: the fields of a multi-well plate by where they lie."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, SupportsIndex

from omio.arguments import checked
from omio.collection.base import Entries, MicroscopyCollection
from omio.collection.opening import open_collection
from omio.collection.scenes import Scenes
from omio.errors import SceneError, UnsupportedFormatError
from omio.naming import some

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from omio.backends.plate import Acquisition, PlateLayout, WellPlace
    from omio.dataset.dataset import MicroscopyDataset
    from omio.lazy.cluster import ClientChoice
    from omio.policies.write import OmeZarrPolicy
    from omio.writers.report import WriteReport


@checked
class Plate:
    """A multi-well plate, such as OME-Zarr's HCS layout.

    ``Plate.open(path)`` reads one document; a well is looked into when its fields are asked for. ::

        plate["A/1"], plate["A", 1]      # a Well: by path, or by names of row and column
        plate["A", 1].fields             # its fields, a MicroscopyCollection: "0", "1", …
        plate.field("A", 1, 0)           # one of them, a dataset
        plate.fields["A/1/0"]            # all fields of the plate, as open_collection() gives them

    It ends with `close`, or as a context manager, and with it all that was taken from it.

    Attributes
    ----------
    fields
        All fields; its keys are known when all wells are read.
    wells
        Path -> `Well`, those that were imaged.
    """

    def __init__(self, fields: MicroscopyCollection, layout: PlateLayout, entries: Scenes) -> None:
        self.fields = fields
        self._layout = layout
        self._acquisitions = {item.id: item for item in layout.acquisitions if item.id is not None}
        self.wells: Mapping[str, Well] = MappingProxyType(
            {place.path: Well(place, entries, self._acquisitions) for place in layout.wells}
        )

    @classmethod
    def open(cls, path: str | Path, **options: Any) -> Self:
        """Open a plate; `options` and errors are those of `omio.open_collection`.

        Raises
        ------
        UnsupportedFormatError
            The file is no plate.
        """
        fields = open_collection(path, **options)
        entries = fields.entries
        layout = entries.plate() if isinstance(entries, Scenes) else None
        if layout is None or not isinstance(entries, Scenes):
            remedy = "omio.open_collection() opens the images of any file."
            raise UnsupportedFormatError("is no plate", path=path, remedy=remedy)
        return cls(fields, layout, entries)

    @property
    def path(self) -> str:
        """The file or folder."""
        return self.fields.path

    @property
    def name(self) -> str | None:
        """Name of the plate."""
        return self._layout.name

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of all rows, whether imaged or not."""
        return self._layout.rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, whether imaged or not."""
        return self._layout.columns

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        """The imagings of the plate; `Well.acquisitions` says which field is of which."""
        return self._layout.acquisitions

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Well]:
        return {(well.row, well.column): well for well in self.wells.values()}

    def __getitem__(self, key: str | tuple[str, str | int]) -> Well:
        """Return a well by its path, or by the names of its row and column."""
        match key:
            case str():
                found = self.wells.get(key)
            case (str(row), str() | SupportsIndex() as column):
                found = self._by_name.get((row, _name(column, self.columns)))
            case _:
                found = None
        if found is None:
            raise SceneError(f"no well {key!r}", path=self.path, remedy=f"There are {some(self.wells.keys())}.")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.wells)

    def __len__(self) -> int:
        return len(self.wells)

    def __contains__(self, key: object) -> bool:
        return key in self.wells

    def field(self, row: str, column: str | int, field: str | int = 0) -> MicroscopyDataset:
        """Return a field of a well, by name or number."""
        return self[row, column].fields[field]

    def to_omezarr(
        self,
        path: str | os.PathLike[str],
        *,
        policy: OmeZarrPolicy | dict[str, Any] | None = None,
        client: ClientChoice = None,
        **fields: Any,
    ) -> WriteReport:
        """Write all fields as an OME-Zarr plate, whole or not at all; `fields` are those of `OmeZarrPolicy`."""
        from omio.collection.writing import write_plate
        from omio.writers.zarr.sets import PlatePlan

        images: dict[str, MicroscopyDataset] = {}
        imaged: dict[str, int | None] = {}
        for place, well in self.wells.items():
            images |= {f"{place}/{name}": image for name, image in well.fields.items()}
            told = well.acquisitions.items()
            imaged |= {f"{place}/{name}": None if found is None else found.id for name, found in told}
        listed = [found.original for found in self.acquisitions if found.id is not None]
        plan = PlatePlan(self.name, self.rows, self.columns, listed, imaged)
        return write_plate(images, plan, path, policy, client, **fields)

    @staticmethod
    def write(
        fields: Mapping[str, MicroscopyDataset],
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        policy: OmeZarrPolicy | dict[str, Any] | None = None,
        client: ClientChoice = None,
        **options: Any,
    ) -> WriteReport:
        """Write images as an OME-Zarr plate.

        Parameters
        ----------
        fields
            Row, column and field, such as ``"A/1/0"``, -> image.
        path
            The folder, zip file or URL.
        name
            Of the plate.
        policy, client, **options
            As for `MicroscopyDataset.to_omezarr`.
        """
        from omio.collection.writing import write_plate
        from omio.writers.zarr.sets import PlatePlan

        return write_plate(fields, PlatePlan.of(list(fields), name), path, policy, client, **options)

    def close(self) -> None:
        """End every dataset that was taken from it; harmless when repeated."""
        for well in self.wells.values():
            well.close()
        self.fields.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        size = f"{len(self.rows)} x {len(self.columns)}"
        return f"<Plate {self.name or ''} {size}: {some(self.wells.keys())}>"

    def _repr_html_(self) -> str:
        from omio.viewing.contents import plate_html

        return plate_html(self)


@checked
class Well:
    """A well of a plate.

    Attributes
    ----------
    path
        Within the plate, such as ``"A/1"``.
    row, column
        Their names.
    fields
        Name within the well -> dataset, in the order of the file.
    """

    def __init__(self, place: WellPlace, entries: Scenes, acquisitions: Mapping[int, Acquisition]) -> None:
        self.path, self.row, self.column = place.path, place.row, place.column
        self.fields = MicroscopyCollection(WellFields(place.path, entries))
        self._entries, self._known = entries, acquisitions

    @property
    def acquisitions(self) -> dict[str, Acquisition | None]:
        """Which imaging each field is of, as far as the file says."""
        told = self._entries.fields(self.path)
        return {
            name: None if number is None else self._known.get(number)
            for name, number in zip(self.fields, told.values(), strict=True)
        }

    def close(self) -> None:
        """End every dataset that was taken from it."""
        self.fields.close()

    def __repr__(self) -> str:
        return f"<Well {self.path}>"


class WellFields(Entries):
    """Entries that are the fields of one well, named within it."""

    def __init__(self, well: str, entries: Scenes) -> None:
        self._well, self._entries = well, entries
        self.path, self.backend = entries.path, entries.backend

    @cached_property
    def _scenes(self) -> dict[str, str]:
        return {scene.removeprefix(f"{self._well}/"): scene for scene in self._entries.fields(self._well)}

    def keys(self) -> tuple[str, ...]:
        """Return the names of the fields, in the order of the file."""
        return tuple(self._scenes)

    def find(self, key: str | int) -> str:
        """Return the name that is meant."""
        names = self.keys()
        if isinstance(key, str) and key in names:
            return key
        if isinstance(key, int) and -len(names) <= key < len(names):
            return names[key]
        remedy = f"There are {some(names)}."
        raise SceneError(f"no field {key!r}", path=self.path, place=self._well, remedy=remedy)

    def open(self, key: str) -> MicroscopyDataset:
        """Open a field."""
        return self._entries.open(self._scenes[key])

    def details(self, key: str) -> Mapping[str, Any]:
        """Return how the file stores a field."""
        return self._entries.details(self._scenes[key])

    def files(self) -> tuple[str, ...]:
        """Return the files of the plate."""
        return self._entries.files()


def _name(column: str | int, names: tuple[str, ...]) -> str:
    """Return the name of a column that is given by name, or by the number that its name writes, as ``"01"``."""
    if isinstance(column, str) or str(column) in names:
        return str(column)
    return next((name for name in names if name.isdecimal() and int(name) == column), str(column))
