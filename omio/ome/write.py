"""Facts as an OME-XML document of the 2016-06 schema."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.dims import SAMPLES, SPATIAL
from omio.errors import UnwritableError
from omio.metadata.axes import Regular
from omio.metadata.facts import channel_rows
from omio.ome.native import ID_PREFIX, NAMESPACE, dumps
from omio.ome.pen import Pen, element
from omio.ome.vocabulary import PIXEL_TYPES, SCHEMA
from omio.ome.writable import CHANNEL, OBJECTIVE, as_text, is_date_time, is_number, is_positive, written
from omio.ome.write_native import native_document
from omio.ome.write_notes import Notes
from omio.ome.write_planes import planes_xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np

    from omio.metadata.facts import Facts

NATIVE_ID = f"{ID_PREFIX}native"
_FIELDS = {attribute: name for table in (CHANNEL, OBJECTIVE) for name, (attribute, _) in table.items()}
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class OmeXml:
    """A document, and what it could not hold.

    Attributes
    ----------
    text
        OME-XML.
    lost
        One line for each fact that reading it back lacks.
    """

    text: str
    lost: tuple[str, ...]

    def encode(self) -> bytes:
        """Return the document as UTF-8, which is what readers take the ImageDescription of an OME-TIFF for."""
        return self.text.encode()


def pixel_type(dtype: np.dtype[Any]) -> str | None:
    """Return what OME calls a dtype; None where OME does not know it."""
    return PIXEL_TYPES.get(dtype.name)


def ome_xml(facts: Facts, dtype: np.dtype[Any], *, in_tiff: bool = True) -> OmeXml:
    """Describe one image.

    Parameters
    ----------
    facts
        Of the image.
    dtype
        Of its pixels.
    in_tiff
        The pixels lie in the TIFF that holds this document, planes in the order T, Z, C (C fastest).

    Raises
    ------
    UnwritableError
        Where OME has no such pixel type.
    """
    kind = pixel_type(dtype)
    if kind is None:
        raise UnwritableError(f"OME has no pixel type for {dtype}", remedy=f"It has {', '.join(PIXEL_TYPES)}.")
    return _Composer(facts, kind, in_tiff=in_tiff).document()


def ome_xml_of_set(images: Iterable[tuple[Facts, np.dtype[Any]]]) -> bytes:
    """Describe the images of a set, whose pixels and complete descriptions lie elsewhere: without annotations.

    Parameters
    ----------
    images
        Facts, and the dtype of pixels; OME must know it.
    """
    parts = [
        _Composer(facts.with_static(annotations=()), PIXEL_TYPES[dtype.name], in_tiff=False, number=number).parts()
        for number, (facts, dtype) in enumerate(images)
    ]
    text = element("OME", _root(), *(part for column in zip(*parts, strict=True) for part in column))
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def _root() -> dict[str, str]:
    return {
        "xmlns": SCHEMA,
        "xmlns:xsi": _XSI,
        "xsi:schemaLocation": f"{SCHEMA} {SCHEMA}/ome.xsd",
        "UUID": uuid.uuid4().urn,
        "Creator": "omio",
    }


class _Composer:
    def __init__(self, facts: Facts, kind: str, *, in_tiff: bool, number: int = 0) -> None:
        self._facts = facts
        self._kind = kind
        self._in_tiff = in_tiff
        self._number = number
        self._pen = Pen()
        self._notes = Notes(facts.static.annotations)

    def parts(self) -> tuple[str, str]:
        """Return the elements Instrument and Image."""
        objective = self._objective()
        return objective, self._image(has_objective=bool(objective), has_native=False)

    def document(self) -> OmeXml:
        objective = self._objective()
        native = self._native()
        image = self._image(has_objective=bool(objective), has_native=bool(native))
        notes = "".join((*self._notes.elements, native))
        structured = element("StructuredAnnotations", {}, notes) if notes else ""
        text = element("OME", _root(), objective, image, structured)
        return OmeXml(f'<?xml version="1.0" encoding="UTF-8"?>{text}', tuple(self._pen.lost))

    def _objective(self) -> str:
        values = self._attributes(written(OBJECTIVE, self._facts.static.objective or {}), "objective")
        if not values:
            return ""
        unit = {"WorkingDistanceUnit": "µm"} if "WorkingDistance" in values else {}
        return element(
            "Instrument",
            {"ID": f"Instrument:{self._number}"},
            element("Objective", {"ID": f"Objective:{self._number}", **values, **unit}),
        )

    def _native(self) -> str:
        document = native_document(self._facts)
        document |= {"annotations": self._notes.apart} if self._notes.apart else {}
        document |= {"ids": self._notes.ids} if self._notes.ids else {}
        if not document:
            return ""
        value = element("Value", {}, self._pen.text(dumps(document), "original"))
        return element("CommentAnnotation", {"ID": NATIVE_ID, "Namespace": NAMESPACE}, value)

    def _image(self, *, has_objective: bool, has_native: bool) -> str:
        static, pen = self._facts.static, self._pen
        date = static.acquired if is_date_time(static.acquired) else None
        references = [*self._notes.names, *([NATIVE_ID] if has_native else [])]
        return element(
            "Image",
            {"ID": f"Image:{self._number}", "Name": static.name and pen.attribute(static.name, "name")},
            element("AcquisitionDate", {}, date) if date else "",
            element("Description", {}, pen.text(static.description, "description")) if static.description else "",
            element("InstrumentRef", {"ID": f"Instrument:{self._number}"}) if has_objective else "",
            element("ObjectiveSettings", {"ID": f"Objective:{self._number}"}) if has_objective else "",
            self._stage(),
            self._pixels(),
            *(element("AnnotationRef", {"ID": pen.attribute(name, "annotations")}) for name in references),
        )

    def _stage(self) -> str:
        position = self._facts.static.stage_position or {}
        known = {dim: as_text(position[dim]) for dim in "XYZ" if is_number(position.get(dim))}
        units = {f"{dim}Unit": "µm" for dim in known}
        return element("StageLabel", {"Name": "stage", **known, **units}) if known else ""

    def _pixels(self) -> str:
        facts = self._facts
        sizes = {f"Size{dim}": str(facts.sizes[dim]) for dim in "XYZCT"}
        sizes["SizeC"] = str(facts.sizes["C"] * facts.sizes.get(SAMPLES, 1))
        count = facts.sizes["T"] * facts.sizes["Z"] * facts.sizes["C"]
        where = (
            element("TiffData", {"IFD": "0", "PlaneCount": str(count)})
            if self._in_tiff
            else element("MetadataOnly", {})
        )
        attributes = {
            "ID": f"Pixels:{self._number}",
            "DimensionOrder": "XYCZT",
            "Type": self._kind,
            "BigEndian": "false",
        }
        planes = planes_xml(facts, self._pen.lost)
        return element("Pixels", {**attributes, **sizes, **self._spacings()}, *self._channels(), where, planes)

    def _spacings(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for dim in (*reversed(SPATIAL), "T"):
            axis = self._facts.axes.get(dim)
            if isinstance(axis, Regular) and is_positive(abs(axis.spacing)):
                name, unit = ("TimeIncrement", "s") if dim == "T" else (f"PhysicalSize{dim}", "µm")
                found |= {name: as_text(abs(axis.spacing)), f"{name}Unit": unit}
        return found

    def _channels(self) -> list[str]:
        samples = str(self._facts.sizes.get(SAMPLES, 1))
        return [
            element(
                "Channel", {"ID": f"Channel:{self._number}:{i}", "SamplesPerPixel": samples, **self._channel(row, i)}
            )
            for i, row in enumerate(channel_rows(self._facts))
        ]

    def _channel(self, row: Mapping[str, Any], position: int) -> dict[str, str]:
        values = written(CHANNEL, row)
        if "Color" in values:
            values["Color"] = _packed(values["Color"])
        lengths = {"PinholeSize": "µm", "ExcitationWavelength": "nm", "EmissionWavelength": "nm"}
        units = {f"{name}Unit": unit for name, unit in lengths.items() if name in values}
        return {**self._attributes(values, f"channels[{position}]"), **units}

    def _attributes(self, values: Mapping[str, Any], fact: str) -> dict[str, str]:
        return {
            name: self._pen.attribute(as_text(value), f"{fact}.{_FIELDS.get(name, name)}")
            for name, value in values.items()
        }


def _packed(color: str) -> int:
    """Return #RRGGBB as OME's signed 32-bit RGBA, opaque."""
    rgba = int(color[1:], 16) << 8 | 0xFF
    return rgba - (1 << 32) if rgba >= 1 << 31 else rgba
