"""Which values a standard place of OME-XML gives back as they are; all others go into the native annotation.

The bounds are those within which omio's own reader believes a number (`omio.ome.ledger`).
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from omio.ome import vocabulary
from omio.ome.ledger import LARGEST, SMALLEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Field = tuple[str, Callable[[Any], bool]]
"""Name of the attribute, and whether it can hold a value."""

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


def is_number(value: Any) -> bool:
    """Whether the value is a finite number of any sign."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_positive(value: Any) -> bool:
    """Whether the value is a number that lengths and magnifications can have."""
    return is_number(value) and value >= SMALLEST


def is_text(value: Any) -> bool:
    """Whether the value is a text that an attribute gives back; one that only lacks forbidden characters counts."""
    return isinstance(value, str) and bool(value) and not any(sign in value for sign in "\t\n\r")


def is_color(value: Any) -> bool:
    """Whether the value is written #RRGGBB."""
    return isinstance(value, str) and _COLOR.fullmatch(value) is not None


def one_of(words: frozenset[str]) -> Callable[[Any], bool]:
    """Return a test for the words of an enumeration."""
    return words.__contains__


def is_date_time(value: Any) -> bool:
    """Whether the value is a moment as XML writes one."""
    if not isinstance(value, str) or _DATE_TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


CHANNEL: Mapping[str, Field] = {
    "name": ("Name", is_text),
    "color": ("Color", is_color),
    "excitation_nm": ("ExcitationWavelength", is_positive),
    "emission_nm": ("EmissionWavelength", is_positive),
    "fluor": ("Fluor", is_text),
    "acquisition_mode": ("AcquisitionMode", one_of(vocabulary.ACQUISITION_MODES)),
    "contrast_method": ("ContrastMethod", one_of(vocabulary.CONTRAST_METHODS)),
    "illumination": ("IlluminationType", one_of(vocabulary.ILLUMINATION_TYPES)),
    "pinhole_um": ("PinholeSize", is_positive),
    "nd_filter": ("NDFilter", is_number),
}
OBJECTIVE: Mapping[str, Field] = {
    "name": ("Model", is_text),
    "manufacturer": ("Manufacturer", is_text),
    "magnification": ("NominalMagnification", is_positive),
    "calibrated_magnification": ("CalibratedMagnification", is_positive),
    "na": ("LensNA", is_positive),
    "immersion": ("Immersion", one_of(vocabulary.IMMERSIONS)),
    "correction": ("Correction", one_of(vocabulary.CORRECTIONS)),
    "working_distance_um": ("WorkingDistance", is_positive),
}
ENUMERATIONS = frozenset(("AcquisitionMode", "ContrastMethod", "IlluminationType", "Immersion", "Correction"))


def written(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return attribute -> value for what can be held; an enumeration says Other for a word it does not have."""
    found: dict[str, Any] = {}
    for name, (attribute, holds) in fields.items():
        value = values.get(name)
        if value is None:
            continue
        if holds(value):
            found[attribute] = value
        elif attribute in ENUMERATIONS:
            found[attribute] = vocabulary.OTHER
        elif isinstance(value, str) and holds is is_text and value:
            found[attribute] = value  # with other white space
    return found


def unwritten(fields: Mapping[str, Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return field -> value for what cannot be held, fields without a place included."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (name in fields and fields[name][1](value))
    }


def as_text(value: Any) -> str:
    """Write a value as XML does: the shortest decimal that reads back as itself, true and false in small letters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        number = float(value)
        return repr(number) if math.isfinite(number) else {math.inf: "INF", -math.inf: "-INF"}.get(number, "NaN")
    return str(value)
