"""The XML that LAS AF and LAS X write beside exported images, as plain values.

There is no published schema. ``MetaData/<Series>.xml`` holds what the LIF file holds: DimIDs are numbers, lengths are
metres, times seconds. ``<Series>_Properties.xml`` is made for people: DimIDs are letters, lengths µm, times
``8m19.116s``, and ``Voxel`` is a rounded spacing. Sources: Bio-Formats' reading of LIF and TCS files, and files that
their owners published.

``Length`` spans the centres of the first and the last pixel, so that the spacing is Length / (NumberOfElements - 1)
(M. Goelzer of Leica in Bio-Formats pull request 2727). Public files bear it out: 512 pixels, Length 364.71, Voxel
0.714; 1628 frames, Length 1627 s. Where ``Voxel`` fits only Length / NumberOfElements, it is believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omio.backends.leica.times import moment, stamps_in
from omio.backends.xmlfile import read_root
from omio.errors import DamagedFileError
from omio.ome.markup import child, children, local, text_of, whole
from omio.units import number, positive, to_s, to_um

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

DECIMALS = 9
MAX_BYTES = 64 << 20
"""Real ones have 20 KB to 10 MB; time stamps are most of it."""
_DIMS = {"1": "X", "2": "Y", "3": "Z", "4": "T"}
_COLORS = {
    "red": "#FF0000",
    "green": "#00FF00",
    "blue": "#0000FF",
    "cyan": "#00FFFF",
    "magenta": "#FF00FF",
    "yellow": "#FFFF00",
    "gray": "#FFFFFF",
    "grey": "#FFFFFF",
}
"""Names of lookup tables that run from black to one colour."""
_IMMERSIONS = {"DRY": "Air", "OIL": "Oil", "WATER": "Water", "GLYC": "Glycerol", "IMM": "Multi"}
"""Leica's words, and OME's."""
LENS = {
    "name": "ObjectiveName",
    "magnification": "Magnification",
    "na": "NumericalAperture",
    "immersion": "Immersion",
}
"""Fields of the objective, and the attributes that hold them."""
_GRADIENT = re.compile(r"Gradient\s*\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.IGNORECASE)
_DURATION = re.compile(r"(?:(\d+)h\s*)?(?:(\d+)m\s*)?(\d+(?:\.\d+)?)\s*s")


@dataclass(frozen=True)
class Description:
    """What the XML says of an image.

    Attributes
    ----------
    sizes
        Dim -> length, of X, Y, Z, T and C as far as told. C counts the channels.
    spacing
        Dim -> µm (s along T); negative where the positions run backwards.
    strides
        Dim -> bytes from one to the next in Leica's memory, which tell the order of planes.
    channels
        Fields of channels.
    objective
        Fields of the objective.
    stamps
        How many time stamps there are.
    acquired
        The first of them, as ISO 8601.
    """

    sizes: Mapping[str, int]
    spacing: Mapping[str, float] = field(default_factory=dict)
    strides: Mapping[str, int] = field(default_factory=dict)
    channels: tuple[Mapping[str, Any], ...] = ()
    objective: Mapping[str, Any] | None = None
    stamps: int = 0
    acquired: str | None = None


def read_image(path: str) -> Element:
    """Return the Image element of an XML.

    Raises
    ------
    DamagedFileError
        It is no XML, or no description of an image by Leica.
    """
    root = read_root(path, MAX_BYTES)
    image = root if local(root.tag) == "Image" else child(root, "Image")
    if image is None or next(described(image, "DimensionDescription"), None) is None:
        raise DamagedFileError("describes no image of LAS AF or LAS X", path=path)
    return image


def described(image: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a local name, however deep."""
    return (element for element in image.iter() if local(element.tag) == name)


def describe(image: Element) -> Description:
    """Take from an Image element what is known of its dims, channels, objective and times."""
    dims = {dim: element for element in described(image, "DimensionDescription") if (dim := _dim(element))}
    rows = list(described(image, "ChannelDescription"))
    lengths = {dim: whole(element.get("NumberOfElements")) for dim, element in dims.items()}
    sizes = {dim: size for dim, size in lengths.items() if size and size > 0}
    spacing = {dim: step for dim in sizes if (step := _spacing(dim, sizes[dim], dims[dim])) is not None}
    strides = {dim: step for dim, element in dims.items() if (step := whole(element.get("BytesInc"))) is not None}
    stamps = stamps_in(image)
    offsets = [whole(row.get("BytesInc")) for row in rows[:2]]
    if len(rows) > 1 and offsets[0] is not None and offsets[1] is not None:
        strides["C"] = abs(offsets[1] - offsets[0])
    return Description(
        {**sizes, "C": len(rows)} if rows else sizes,
        spacing,
        strides,
        tuple(_channel(row) for row in rows),
        _objective(image),
        len(stamps),
        moment(stamps[0]) if stamps else None,
    )


def _dim(element: Element) -> str | None:
    name = (element.get("DimID") or "").strip().upper()
    return _DIMS.get(name, name if name in _DIMS.values() else None)


def _spacing(dim: str, size: int, element: Element) -> float | None:
    length, voxel = (_physical(dim, element, name) for name in ("Length", "Voxel"))
    if length is None or length == 0 or size < 2:
        return voxel if voxel and voxel > 0 else None
    steps = [round(length / count, DECIMALS) for count in (size - 1, size)]  # the XML writes few digits
    if voxel is None or voxel <= 0:
        return steps[0]
    slack = _half_digit(element.get("Voxel") or "")
    return next((step for step in steps if abs(abs(step) - voxel) <= slack), steps[0])


def _physical(dim: str, element: Element, name: str) -> float | None:
    """Return an attribute in µm, or seconds along T."""
    text, unit = (element.get(name) or "").strip(), element.get("Unit")
    value = number(text)
    if dim == "T":
        return _seconds(text) if value is None else to_s(value, unit or "s")
    return None if value is None else to_um(value, unit or ("m" if element.get("DimID") in _DIMS else "µm"))


def _seconds(text: str) -> float | None:
    """Read ``8m19.116s``."""
    match = _DURATION.fullmatch(text)
    return None if match is None else int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3])


def _half_digit(text: str) -> float:
    """Return half a unit of the last digit of a decimal, and a little for the binary form."""
    decimals = re.search(r"\.(\d+)", text)
    return 0.501 * 10.0 ** -(len(decimals[1]) if decimals else 0)


def _channel(row: Element) -> dict[str, Any]:
    items = children(row, "ChannelProperty")
    dye = next((text_of(child(item, "Value")) for item in items if text_of(child(item, "Key")) == "DyeName"), None)
    known = {"name": row.get("ChannelName") or dye, "fluor": dye, "color": color_of(row.get("LUTName") or "")}
    return {name: value for name, value in known.items() if value}


def color_of(table: str) -> str | None:
    """Return the colour at the end of a lookup table, by its name; None for one that has no single colour."""
    match = _GRADIENT.fullmatch(table.strip())
    if match is None:
        return _COLORS.get(table.strip().lower())
    parts = [int(value) for value in match.groups()]
    return "#" + "".join(f"{part:02X}" for part in parts) if max(parts) < 256 else None


def _objective(image: Element) -> dict[str, Any] | None:
    lens = next((element for element in image.iter() if element.get(LENS["name"])), None)
    if lens is None:
        return None
    known = {
        "name": " ".join((lens.get(LENS["name"]) or "").split()),
        "magnification": positive(lens.get(LENS["magnification"])),
        "na": positive(lens.get(LENS["na"])),
        "immersion": _IMMERSIONS.get((lens.get(LENS["immersion"]) or "").strip().upper()),
    }
    return {name: value for name, value in known.items() if value}
