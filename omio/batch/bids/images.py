"""Reading BIDS microscopy: an image with what the JSON files say of it.

Format: Brain Imaging Data Structure 1.11, modality "Microscopy", and its inheritance principle: a JSON file belongs to
all images in its folder and below whose suffix is the same and whose entities agree with those in its name; of files
that say the same field, the nearest is right, and in one folder the one that names the most entities.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.batch.bids.names import BidsName
from omio.dataset.changes import changed
from omio.dataset.opening import open as open_dataset
from omio.errors import DamagedFileError, OmioWarning
from omio.metadata.original import Original
from omio.units import length_factor

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from omio.dataset.dataset import MicroscopyDataset
    from omio.metadata.models import Objective

DIMS = "XYZ"
"""Order of PixelSize."""
TOLERANCE = 0.001
"""By how many units sidecar and image may differ, as the BIDS validator has it."""
OBJECTIVE = {"na": "NumericalAperture", "magnification": "Magnification", "immersion": "Immersion"}
"""Fields of an objective and what BIDS calls them."""


@dataclass(frozen=True)
class Sidecar:
    """What JSON files say of an image.

    Attributes
    ----------
    fields
        Field -> value.
    files
        Field -> the name of the file that says it.
    """

    fields: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Sidecar:
        """Gather the fields of all JSON files that belong to an image.

        Raises
        ------
        DamagedFileError
            A JSON file that is none.
        """
        fields: dict[str, Any] = {}
        files: dict[str, str] = {}
        for file in _files(Path(path)):
            found = _read(file)
            fields |= found
            files |= dict.fromkeys(found, file.name)
        return cls(fields, files)

    @property
    def factor(self) -> float | None:
        """How many µm its unit is."""
        unit = self.fields.get("PixelSizeUnits")
        return length_factor(unit) if isinstance(unit, str) else None

    @property
    def pixel_size(self) -> dict[str, float]:
        """µm of X, Y and Z, as far as stated."""
        factor = self.factor
        sizes = self.fields.get("PixelSize")
        if factor is None or not isinstance(sizes, list) or not 2 <= len(sizes) <= 3:
            return {}
        known = {dim: size for dim, size in zip(DIMS, sizes, strict=False) if _is_number(size)}
        return {dim: size * factor for dim, size in known.items() if size > 0}

    @property
    def stage_position(self) -> dict[str, float]:
        """µm of X, Y and Z where a chunk begins: the last column of its transformation."""
        matrix = self.fields.get("ChunkTransformationMatrix")
        axes = self.fields.get("ChunkTransformationMatrixAxis")
        factor = self.factor
        if factor is None or not isinstance(matrix, list) or not isinstance(axes, list):
            return {}
        rows = zip(axes, matrix, strict=False)
        return {
            axis: row[-1] * factor
            for axis, row in rows
            if axis in tuple(DIMS) and isinstance(row, list) and row and _is_number(row[-1])
        }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _files(path: Path) -> Iterator[Path]:
    """Yield the JSON files that belong to an image, the least near first."""
    name = BidsName.of(path.name)
    if name is None:
        return
    for folder in _folders(path, name):
        owned = [(known, file) for file in folder.glob("*.json") if (known := BidsName.of(file.name))]
        covering = [(len(known.entities), file.name, file) for known, file in owned if known.covers(name)]
        yield from (file for *_, file in sorted(covering))


def _folders(path: Path, name: BidsName) -> list[Path]:
    """Return the folders from the root of the dataset to the image; only its own where it lies in no dataset."""
    below = name.folder().parts
    folder = path.absolute().parent
    if folder.parts[-len(below) :] != below:
        return [folder]
    return [folder, *folder.parents[: len(below)]][::-1]


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"is no JSON: {error}", path=file) from None
    if not isinstance(found, dict):
        raise DamagedFileError("holds no JSON object", path=file)
    return found


def open_bids(path: str | os.PathLike[str], **options: Any) -> MicroscopyDataset:
    """Open an image of a BIDS dataset, with what its JSON files say; no pixel is read.

    Pixel size, stage position (of a chunk) and objective are taken where the image does not say them; all fields are
    kept in ``metadata.original["BIDS"]``. Where both say a pixel size and differ by more than 0.001 unit, the image
    is right, and a warning tells both.

    Parameters
    ----------
    **options
        Of ``omio.open``.

    Raises
    ------
    OmioError
        As ``omio.open``; a JSON file that is none is a `DamagedFileError`.
    """
    dataset = open_dataset(path, **options)
    sidecar = Sidecar.of(path)
    return _told(dataset, sidecar, Path(path).name) if sidecar.fields else dataset


def _told(dataset: MicroscopyDataset, sidecar: Sidecar, name: str) -> MicroscopyDataset:
    known = dataset.metadata
    if problems := differences(sidecar, known.pixel_size):
        said = f"{sidecar.files['PixelSize']} says otherwise: {'; '.join(problems)}"
        warnings.warn(f"{name}: {said}; the image is right", OmioWarning, stacklevel=3)
    changes = {
        "pixel_size": {dim: size for dim, size in sidecar.pixel_size.items() if known.pixel_size.get(dim) is None},
        "stage_position": {} if known.stage_position else sidecar.stage_position,
        "objective": _objective(known.objective, sidecar),
    }
    given = {field: values for field, values in changes.items() if values}
    before = dataset.facts
    facts = changed(before, given).with_sources(_sources(given, sidecar))
    original = Original(partial(_with_fields, before.static.original, sidecar.fields))
    facts = facts.with_static(original=original, provenance=before.static.provenance)
    return dataset._replace(_facts=facts.with_step("sidecar", files=sorted(set(sidecar.files.values()))))


def differences(sidecar: Sidecar, pixel_size: Mapping[str, float | None]) -> list[str]:
    """Return the dims whose pixel size in µm is another one than the sidecar says."""
    tolerance = TOLERANCE * (sidecar.factor or 1.0)
    both = [(dim, size, pixel_size.get(dim)) for dim, size in sidecar.pixel_size.items()]
    return [
        f"{dim}: {own:g} µm in the image, {size:g} µm in the sidecar"
        for dim, size, own in both
        if own is not None and abs(own - size) > tolerance
    ]


def _objective(known: Objective | None, sidecar: Sidecar) -> dict[str, Any]:
    own = {} if known is None else known.model_dump(exclude_none=True)
    said = {name: sidecar.fields.get(field) for name, field in OBJECTIVE.items()}
    new = {name: value for name, value in said.items() if _fits(name, value) and name not in own}
    return {**own, **new} if new else {}


def _fits(name: str, value: Any) -> bool:
    return isinstance(value, str) if name == "immersion" else _is_number(value)


def _sources(given: Mapping[str, Mapping[str, Any]], sidecar: Sidecar) -> dict[str, str]:
    fields = {"pixel_size": "PixelSize", "stage_position": "ChunkTransformationMatrix"}
    told = {
        f"{name}.{dim}": f"file: {sidecar.files[field]} {field}"
        for name, field in fields.items()
        for dim in given.get(name, ())
    }
    objective = {
        f"objective.{name}": f"file: {sidecar.files[field]} {field}"
        for name, field in OBJECTIVE.items()
        if name in given.get("objective", ()) and field in sidecar.files
    }
    return told | objective


def _with_fields(original: Original, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {**original, "BIDS": dict(fields)}
