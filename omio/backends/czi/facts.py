"""What the metadata document says of an image, as facts: µm, seconds, nanometres.

Source of the meanings: the CZI metadata documentation of Zeiss's libCZI and real files. Lengths in ``Scaling`` are
metres whatever unit is displayed; exposure times are nanoseconds; positions along T are seconds, along Z µm.
"""

from __future__ import annotations

import math
import re
import warnings
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.backends.czi.xmltree import all_at, as_number, number, numbers, words
from omio.errors import OmioWarning
from omio.metadata.axes import TOLERANCE
from omio.units import positive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.backends.czi.directory import Ints
    from omio.backends.czi.xmltree import Element

_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_CHANNEL_ID = re.compile(r"Channel:(\d+)")
_PLACEHOLDER = re.compile(r"Dye\d*")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_OLE_EPOCH = datetime(1899, 12, 30)
_OLE_DAYS = 2.0
_LONGEST_RUN_S = 30_000.0
IMAGE = "Metadata/Information/Image"
INSTRUMENT = "Metadata/Information/Instrument"


def scene_names(root: Element | None) -> dict[int, tuple[str | None, str | None]]:
    """Return index -> well or array, and name, of the scenes that the document lists."""
    found = {}
    for scene in all_at(root, f"{IMAGE}/Dimensions/S/Scenes/Scene"):
        index = as_number(scene.get("Index"))
        if index is not None:
            found[int(index)] = (words(scene, "ArrayName"), (scene.get("Name") or "").strip() or None)
    return found


def pixel_size(root: Element | None, path: str) -> dict[str, float]:
    """Return µm a pixel along X, Y and Z, as far as known; 0 means unknown, other nonsense is one warning."""
    found = {}
    for distance in all_at(root, "Metadata/Scaling/Items/Distance"):
        axis, text = distance.get("Id"), (distance.findtext("Value") or "").strip()
        value = as_number(text)
        if axis not in ("X", "Y", "Z") or axis in found or value == 0 or not text:
            continue
        if value is None or value < 0 or not math.isfinite(value * 1e6):
            warnings.warn(f"{path}: the scaling of {axis} is {text!r}; it is unknown", OmioWarning, stacklevel=2)
        else:
            found[axis] = value * 1e6
    step = number(root, f"{IMAGE}/Dimensions/Z/Positions/Interval/Increment")
    if "Z" not in found and step is not None and step > 0:
        found["Z"] = step
    return found


def time_increment(root: Element | None) -> float | None:
    """Return the seconds between frames that the document states."""
    step = number(root, f"{IMAGE}/Dimensions/T/Positions/Interval/Increment")
    return step if step is not None and step > 0 else None


def time_offsets(root: Element | None, first: int, count: int) -> NDArray[np.float64] | None:
    """Return the seconds of the frames that the document lists; None where it does not list that many."""
    offsets = numbers(words(root, f"{IMAGE}/Dimensions/T/Positions/List/Offsets"))
    if offsets is None or len(offsets) < first + count or first < 0:
        return None
    return np.asarray(offsets[first : first + count])


def even_step(positions: NDArray[np.float64]) -> float | None:
    """Return the step of a list that is typed out but even (within a millionth of it); None for any other."""
    steps = np.diff(positions)
    step = float(steps.mean()) if len(steps) else 0.0
    return step if step > 0 and bool((np.abs(steps - step) <= TOLERANCE * step).all()) else None


def seconds(stamps: NDArray[np.float64], acquired: str | None) -> NDArray[np.float64] | None:
    """Turn time stamps into seconds since the beginning; None where it is not clear what they count.

    Days since 1899-12-30 are told from seconds by the date of acquisition: either the one is near the other, or not.
    """
    if not np.isfinite(stamps).all():
        return None
    if acquired is not None:
        begun = datetime.fromisoformat(acquired).replace(tzinfo=None)
        days = (begun - _OLE_EPOCH) / timedelta(days=1)
        return (stamps - stamps[0]) * 86400 if abs(stamps[0] - days) < _OLE_DAYS else stamps
    return stamps if 0 <= stamps[0] < _LONGEST_RUN_S else None


def acquired(root: Element | None) -> str | None:
    """Return date and time of acquisition, in ISO 8601 with microseconds at most."""
    found = _DATE.fullmatch(words(root, f"{IMAGE}/AcquisitionDateAndTime") or "")
    if found is None or found[1].startswith("0001"):
        return None
    zone = (found[4] or "").replace("Z", "+00:00")
    text = f"{found[1]}T{found[2]}{(found[3] or '')[:7]}{zone}"
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


def document_name(root: Element | None) -> str | None:
    """Return the name that the file's author gave the image."""
    return words(root, "Metadata/Information/Document/Name", "Metadata/Information/Document/Title")


def description(root: Element | None) -> str | None:
    """Return what the author wrote about the image."""
    return words(root, "Metadata/Information/Document/Description", "Metadata/Information/Document/Comment")


def stage_position(root: Element | None, scene: int) -> dict[str, float] | None:
    """Return the centre of a scene on the stage, in µm."""
    for element in all_at(root, f"{IMAGE}/Dimensions/S/Scenes/Scene"):
        if as_number(element.get("Index")) == scene:
            centre = [as_number(part) for part in (element.findtext("CenterPosition") or "").split(",")]
            x, y = centre if len(centre) == 2 else (None, None)
            return {"X": x, "Y": y} if x is not None and y is not None else None
    return None


def channels(root: Element | None, indexes: Ints) -> list[dict[str, Any]]:
    """Return the facts of the channels with these indexes C."""
    dimensions = _by_index(all_at(root, f"{IMAGE}/Dimensions/Channels/Channel"))
    shown = list(all_at(root, "Metadata/DisplaySetting/Channels/Channel"))
    by_id = {element.get("Id"): element for element in shown}
    by_index = _by_index(shown)
    rows = []
    for index in indexes.tolist():
        element = dimensions.get(index)
        display = by_id.get(element.get("Id")) if element is not None else by_index.get(index)
        rows.append({name: value for name, value in _channel(element, display).items() if value is not None})
    return rows


def _by_index(elements: Any) -> dict[int, Element]:
    """Order channels by the number in ``Channel:2``, else as they come."""
    found = list(elements)
    matches = [_CHANNEL_ID.fullmatch(element.get("Id") or "") for element in found]
    order = [int(match[1]) for match in matches if match]
    if len(set(order)) != len(found):
        order = list(range(len(found)))
    return dict(zip(order, found, strict=True))


def _channel(element: Element | None, display: Element | None) -> dict[str, Any]:
    # what the user sees and may have changed, before what was set when it was taken
    color = _COLOR.fullmatch(words(display, "Color") or words(element, "Color") or "")
    return {
        "name": _name(element) or _name(display),
        "color": f"#{color[1].upper()}" if color else None,
        "excitation_nm": positive(number(element, "ExcitationWavelength")) or _laser(element),
        "emission_nm": positive(number(element, "EmissionWavelength")),
        "fluor": words(element, "Fluor") or _dye(display),
        "acquisition_mode": words(element, "AcquisitionMode"),
        "contrast_method": words(element, "ContrastMethod"),
        "illumination": words(element, "IlluminationType"),
        "pinhole_um": positive(number(element, "PinholeSize")),
    }


def _name(element: Element | None) -> str | None:
    return None if element is None else (element.get("Name") or "").strip() or words(element, "Name")


def _dye(display: Element | None) -> str | None:
    """Return the dye of the display settings, unless it is the name that stands where none was chosen."""
    dye = words(display, "DyeName")
    return None if dye is None or _PLACEHOLDER.fullmatch(dye) else dye


def _laser(element: Element | None) -> float | None:
    """Return the wavelength of the one laser line that excites a channel."""
    lines = [number(source, "Wavelength") for source in all_at(element, "LightSourcesSettings/LightSourceSettings")]
    return positive(lines[0]) if len(lines) == 1 else None


def exposures(root: Element | None, indexes: Ints) -> list[float | None]:
    """Return the exposure of the channels in seconds."""
    elements = _by_index(all_at(root, f"{IMAGE}/Dimensions/Channels/Channel"))
    found = [positive(number(elements.get(index), "ExposureTime")) for index in indexes.tolist()]
    return [None if value is None else value * 1e-9 for value in found]


def objective(root: Element | None) -> dict[str, Any] | None:
    """Return the objective that the image refers to, or the only one there is."""
    listed = list(all_at(root, f"{INSTRUMENT}/Objectives/Objective"))
    reference = None if root is None else root.find(f"{IMAGE}/ObjectiveSettings/ObjectiveRef")
    wanted = None if reference is None else reference.get("Id")
    chosen = [item for item in listed if item.get("Id") == wanted] or (listed if len(listed) == 1 else [])
    item = chosen[0] if chosen else None
    found = {
        "name": _name(item) or words(item, "Manufacturer/Model") or _scaled_with(root),
        "manufacturer": words(item, "Manufacturer/ManufacturerName"),
        "magnification": positive(number(item, "NominalMagnification")),
        "calibrated_magnification": positive(number(item, "CalibratedMagnification")),
        "na": positive(number(item, "LensNA")),
        "immersion": words(item, "Immersion"),
        "working_distance_um": positive(number(item, "WorkingDistance")),
    }
    known = {name: value for name, value in found.items() if value is not None}
    return known or None


def _scaled_with(root: Element | None) -> str | None:
    return words(root, "Metadata/Scaling/AutoScaling/ObjectiveName")
