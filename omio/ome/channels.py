"""Channels of an image, from ``Channel`` (2009 and later) or ``LogicalChannel``/``ChannelInfo`` (before)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.ome.markup import children, whole
from omio.units import to_um

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from omio.ome.document import OmeImage
    from omio.ome.ledger import Ledger

type Row = dict[str, Any]

_TEXTS = {
    "name": ("Name",),
    "fluor": ("Fluor",),
    "acquisition_mode": ("AcquisitionMode", "Mode"),
    "contrast_method": ("ContrastMethod",),
    "illumination": ("IlluminationType",),
}
_WAVELENGTHS = {
    "excitation_nm": ("ExcitationWavelength", "ExWave"),
    "emission_nm": ("EmissionWavelength", "EmWave"),
}
_NUMBERS = {"nd_filter": ("NDFilter", "NdFilter", "NDfilter")}
_DOMAINS = {"r": "#FF0000", "g": "#00FF00", "b": "#0000FF"}
"""What the ColorDomain of a ChannelComponent begins with (schemas before 2009)."""


@dataclass(frozen=True)
class ChannelElement:
    """Where a channel is described.

    Attributes
    ----------
    element
        ``Channel``, ``LogicalChannel`` or ``ChannelInfo``.
    component
        Its ``ChannelComponent`` for these pixels, where there is one.
    samples
        SamplesPerPixel; None where it is not said.
    """

    element: Element
    component: Element | None
    samples: int | None


def channel_elements(image: OmeImage) -> tuple[ChannelElement, ...]:
    """Return the descriptions of an image's channels, in order."""
    current = tuple(ChannelElement(item, None, _samples(item)) for item in children(image.pixels, "Channel"))
    return current or tuple(_logical(image))


def _logical(image: OmeImage) -> Iterator[ChannelElement]:
    pixels = image.pixels.get("ID")
    for item in children(image.element, "LogicalChannel", "ChannelInfo"):
        components = [part for part in children(item, "ChannelComponent") if part.get("Pixels") in (None, pixels)]
        samples = _samples(item)
        if (samples or 1) > 1 or not components:
            yield ChannelElement(item, None, samples)
            continue
        for component in components:
            yield ChannelElement(item, component, samples)


def _samples(element: Element) -> int | None:
    samples = whole(element.get("SamplesPerPixel"))
    return samples if samples is not None and samples > 0 else None


def rows(found: tuple[ChannelElement, ...], ledger: Ledger) -> list[Row]:
    """Return one mapping of channel fields a description; wavelengths in nm, the pinhole in µm."""
    return [_row(channel, f"channels[{index}]", ledger) for index, channel in enumerate(found)]


def _row(channel: ChannelElement, fact: str, ledger: Ledger) -> Row:
    element = channel.element
    row: Row = {}
    for field, names in _TEXTS.items():
        row[field] = next((ledger.text(element, name, f"{fact}.{field}") for name in names if element.get(name)), None)
    for field, names in _WAVELENGTHS.items():
        length = _first(element, names, f"{fact}.{field}", ledger, convert=_to_nm, unit="nm")
        row[field] = length
    for field, names in _NUMBERS.items():
        row[field] = _first(element, names, f"{fact}.{field}", ledger, signed=True)
    row["pinhole_um"] = ledger.quantity(element, "PinholeSize", f"{fact}.pinhole_um", convert=to_um, unit="µm")
    row["color"] = _color(channel, f"{fact}.color", ledger)
    return {name: value for name, value in row.items() if value is not None}


def _first(element: Element, names: tuple[str, ...], fact: str, ledger: Ledger, **how: Any) -> float | None:
    name = next((name for name in names if name in element.attrib), None)
    return None if name is None else ledger.quantity(element, name, fact, **how)


def _to_nm(value: float, unit: str | None) -> float | None:
    if unit == "nm":  # no detour by µm: 488 stays 488
        return value
    length = to_um(value, unit)
    return None if length is None else round(length * 1e3, 9)


def _color(channel: ChannelElement, fact: str, ledger: Ledger) -> str | None:
    """Return #RRGGBB of the packed RGBA integer, signed or not; an alpha other than 255 stays in the file's words."""
    raw = channel.element.get("Color")
    if raw is None:
        return _domain_color(channel.component, fact, ledger)
    packed = whole(raw)
    if packed is None or not -(1 << 31) <= packed < 1 << 32:
        ledger.problem(channel.element, "Color", raw)
        return None
    packed &= 0xFFFFFFFF
    if packed & 0xFF == 0xFF:
        ledger.take(channel.element, "Color", fact)
    else:
        ledger.source(fact, channel.element, "Color")
    return f"#{packed >> 8:06X}"


def _domain_color(component: Element | None, fact: str, ledger: Ledger) -> str | None:
    domain = component.get("ColorDomain", "") if component is not None else ""
    color = _DOMAINS.get(domain[:1].lower())
    if component is not None and color is not None:
        ledger.source(fact, component, "ColorDomain")
    return color
