"""Several images in one hierarchy: the bioformats2raw layout, and plates.

Sources: OME-NGFF 0.4 and 0.5, "bioformats2raw.layout", "plate metadata" and "well metadata".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.errors import PolicyError
from omio.naming import natural
from omio.ome.write import ome_xml_of_set, pixel_type
from omio.writers.source import target_dtype
from omio.writers.zarr.document import XML_KEY
from omio.writers.zarr.parts import group_at, image_parts, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from omio.image import Image
    from omio.policies.write import OmeZarrPolicy
    from omio.writers.zarr.parts import Hierarchy, Part

LAYOUT = 3
"""Of bioformats2raw."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]*", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9]+", re.ASCII)


def set_parts(images: Mapping[str, Image], policy: OmeZarrPolicy, path: str) -> Hierarchy:
    """Return the parts and group documents of a set: ``OME`` lists the images, and has OME-XML that describes all.

    Images lie under their keys where these can be names of folders, otherwise under 0, 1, 2, ….
    """
    if not images:
        raise PolicyError("there are no images to write", path=path)
    places = _places(list(images))
    parts, groups = _below(dict(zip(places, images.values(), strict=True)), policy, path)
    groups |= group_at("", _versioned({"bioformats2raw.layout": LAYOUT}, policy), policy)
    groups |= group_at("OME", _versioned({"series": places}, policy), policy)
    dtypes = [target_dtype(image, policy) for image in images.values()]
    if all(pixel_type(dtype) for dtype in dtypes):
        facts = [told(image.facts, policy, path) for image in images.values()]
        groups[XML_KEY] = ome_xml_of_set(zip(facts, dtypes, strict=True))
    return parts, groups


def _places(keys: list[str]) -> list[str]:
    safe = all(_NAME.fullmatch(key) and key.upper() != "OME" for key in keys)
    return keys if safe and len({key.lower() for key in keys}) == len(keys) else [str(at) for at, _ in enumerate(keys)]


def _below(images: Mapping[str, Image], policy: OmeZarrPolicy, path: str) -> Hierarchy:
    parts: list[Part] = []
    groups: dict[str, bytes] = {}
    for place, image in images.items():
        own, between = image_parts(image, policy, path, place=place, labels=getattr(image, "labels", None))
        parts += own
        groups |= between
    return parts, groups


def _versioned(told: Mapping[str, Any], policy: OmeZarrPolicy) -> dict[str, Any]:
    """Return attributes: in ``ome``, with the version, since 0.5."""
    return {"ome": {"version": policy.version, **told}} if policy.version == "0.5" else dict(told)


@dataclass(frozen=True)
class PlatePlan:
    """What a plate's document says.

    Attributes
    ----------
    name
        Of the plate.
    rows, columns
        Names of all rows and columns, imaged or not.
    acquisitions
        Documents of the imagings; each has an ``id``.
    imaged
        Place of a field -> id of the imaging that it is of.
    """

    name: str | None
    rows: Sequence[str]
    columns: Sequence[str]
    acquisitions: Sequence[Mapping[str, Any]] = ()
    imaged: Mapping[str, int | None] | None = None

    @classmethod
    def of(cls, keys: Sequence[str], name: str | None = None) -> PlatePlan:
        """Take rows and columns from the places of fields, ``"A/1/0"``, in natural order.

        Raises
        ------
        PolicyError
            Keys that are no such places.
        """
        wrong = [key for key in keys if not _is_field(key)]
        if wrong or not keys:
            cause = f"{', '.join(map(repr, wrong[:5]))} {'is' if len(wrong) == 1 else 'are'} no place of a field"
            raise PolicyError(cause if wrong else "there are no fields to write", remedy='Name fields as "A/1/0".')
        rows, columns, _ = zip(*(key.split("/") for key in keys), strict=True)
        return cls(name, sorted(set(rows), key=natural), sorted(set(columns), key=natural))

    def document(self, wells: Mapping[str, Sequence[str]], version: str) -> dict[str, Any]:
        """Return the document of the plate."""
        placed = [(well, *well.split("/")) for well in wells]
        told: dict[str, Any] = {
            "name": self.name,
            "rows": [{"name": name} for name in self.rows],
            "columns": [{"name": name} for name in self.columns],
            "wells": [
                {"path": well, "rowIndex": self.rows.index(row), "columnIndex": self.columns.index(column)}
                for well, row, column in placed
            ],
            "field_count": max(map(len, wells.values())),
            "acquisitions": [dict(item) for item in self.acquisitions] or None,
            "version": version,
        }
        return {"plate": {key: value for key, value in told.items() if value is not None}}

    def well(self, well: str, fields: Sequence[str], version: str) -> dict[str, Any]:
        """Return the document of a well."""
        images = []
        for field in fields:
            number = (self.imaged or {}).get(f"{well}/{field}")
            images.append({"path": field, **({} if number is None else {"acquisition": number})})
        return {"well": {"images": images, **({"version": version} if version == "0.4" else {})}}


def plate_parts(images: Mapping[str, Image], plate: PlatePlan, policy: OmeZarrPolicy, path: str) -> Hierarchy:
    """Return the parts and group documents of a plate, whose fields are named ``"A/1/0"``: row, column, field."""
    parts, groups = _below(images, policy, path)
    wells: dict[str, list[str]] = {}
    for key in images:
        well, _, field = key.rpartition("/")
        wells.setdefault(well, []).append(field)
    groups |= group_at("", _versioned(plate.document(wells, policy.version), policy), policy)
    for row in {well.partition("/")[0] for well in wells}:
        groups |= group_at(row, {}, policy)
    for well, fields in wells.items():
        groups |= group_at(well, _versioned(plate.well(well, fields, policy.version), policy), policy)
    return parts, groups


def _is_field(key: object) -> bool:
    parts = key.split("/") if isinstance(key, str) else ()
    return len(parts) == 3 and all(map(_PLAIN.fullmatch, parts))
