"""What the metadata document says of an image, as facts: µm, seconds, nanometres.

Source of the meanings: the CZI metadata documentation of Zeiss's libCZI and real files. Lengths in ``Scaling`` are
metres whatever unit is displayed; exposure times are nanoseconds; positions along T are seconds, along Z µm.

Functions that take a `Ledger` note in it which element each fact came from.
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
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.backends.czi.directory import Ints
    from omio.backends.czi.ledger import Ledger
    from omio.backends.czi.xmltree import Element

_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_CHANNEL_ID = re.compile(r"Channel:(\d+)")
_PLACEHOLDER = re.compile(r"Dye\d*")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_OLE_EPOCH = datetime(1899, 12, 30)
_OLE_DAYS = 2.0
_LONGEST_RUN_S = 30_000.0
IMAGE = "Metadata/Information/Image"
DOCUMENT = "Metadata/Information/Document"
INSTRUMENT = "Metadata/Information/Instrument"

type Said = tuple[tuple[Any, str], ...]
"""Values of a field and the elements they stand in, the one to believe first."""


def scene_names(root: Element | None) -> dict[int, tuple[str | None, str | None]]:
    """Return index -> well or array, and name, of the scenes that the document lists."""
    found = {}
    for scene in all_at(root, f"{IMAGE}/Dimensions/S/Scenes/Scene"):
        index = as_number(scene.get("Index"))
        if index is not None:
            found[int(index)] = (words(scene, "ArrayName"), (scene.get("Name") or "").strip() or None)
    return found


def pixel_size(root: Element | None, path: str, ledger: Ledger) -> dict[str, float]:
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
            ledger.note(f"pixel_size.{axis}", "Scaling Distance")
    step = number(root, f"{IMAGE}/Dimensions/Z/Positions/Interval/Increment")
    if "Z" not in found and step is not None and step > 0:
        found["Z"] = step
        ledger.note("pixel_size.Z", "Z Positions Interval")
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


def acquired(root: Element | None, ledger: Ledger) -> str | None:
    """Return date and time of acquisition, in ISO 8601 with microseconds at most."""
    return ledger.first("acquired", (_acquired(root), "Image AcquisitionDateAndTime"))


def _acquired(root: Element | None) -> str | None:
    found = _DATE.fullmatch(words(root, f"{IMAGE}/AcquisitionDateAndTime") or "")
    if found is None or found[1].startswith("0001"):
        return None
    zone = (found[4] or "").replace("Z", "+00:00")
    text = f"{found[1]}T{found[2]}{(found[3] or '')[:7]}{zone}"
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


def image_name(root: Element | None, scene: tuple[str | None, str | None], ledger: Ledger) -> str | None:
    """Return the name that the file's author gave the image, else that of its scene (well or array, and name)."""
    well, called = scene
    return ledger.first(
        "name",
        (words(root, f"{DOCUMENT}/Name"), "Document Name"),
        (words(root, f"{DOCUMENT}/Title"), "Document Title"),
        (called, "Scene Name"),
        (well, "Scene ArrayName"),
    )


def description(root: Element | None, ledger: Ledger) -> str | None:
    """Return what the author wrote about the image."""
    said = [(words(root, f"{DOCUMENT}/{part}"), f"Document {part}") for part in ("Description", "Comment")]
    return ledger.first("description", *said)


def stage_position(root: Element | None, scene: int, ledger: Ledger) -> dict[str, float] | None:
    """Return the centre of a scene on the stage, in µm."""
    for element in all_at(root, f"{IMAGE}/Dimensions/S/Scenes/Scene"):
        if as_number(element.get("Index")) == scene:
            centre = [as_number(part) for part in (element.findtext("CenterPosition") or "").split(",")]
            x, y = centre if len(centre) == 2 else (None, None)
            if x is None or y is None:
                return None
            for dim in "XY":
                ledger.note(f"stage_position.{dim}", "Scene CenterPosition")
            return {"X": x, "Y": y}
    return None


def channels(root: Element | None, indexes: Ints, ledger: Ledger) -> list[dict[str, Any]]:
    """Return the facts of the channels with these indexes C."""
    dimensions = _by_index(all_at(root, f"{IMAGE}/Dimensions/Channels/Channel"))
    shown = list(all_at(root, "Metadata/DisplaySetting/Channels/Channel"))
    by_id = {element.get("Id"): element for element in shown}
    by_index = _by_index(shown)
    rows = []
    for at, index in enumerate(indexes.tolist()):
        element = dimensions.get(index)
        display = by_id.get(element.get("Id")) if element is not None else by_index.get(index)
        rows.append(_told(f"channels[{at}]", _channel(element, display), ledger))
    return rows


def _told(of: str, fields: Mapping[str, Said], ledger: Ledger) -> dict[str, Any]:
    """Return the fields that are known, and note where each stands."""
    found = {field: ledger.first(f"{of}.{field}", *said) for field, said in fields.items()}
    return {field: value for field, value in found.items() if value is not None}


def _by_index(elements: Any) -> dict[int, Element]:
    """Order channels by the number in ``Channel:2``, else as they come."""
    found = list(elements)
    matches = [_CHANNEL_ID.fullmatch(element.get("Id") or "") for element in found]
    order = [int(match[1]) for match in matches if match]
    if len(set(order)) != len(found):
        order = list(range(len(found)))
    return dict(zip(order, found, strict=True))


def _channel(element: Element | None, display: Element | None) -> dict[str, Said]:
    # what the user sees and may have changed, before what was set when it was taken
    return {
        "name": ((_name(element), "Channel Name"), (_name(display), "DisplaySetting Channel Name")),
        "color": (
            (_color(words(display, "Color")), "DisplaySetting Channel Color"),
            (_color(words(element, "Color")), "Channel Color"),
        ),
        "excitation_nm": (
            (positive(number(element, "ExcitationWavelength")), "Channel ExcitationWavelength"),
            (_laser(element), "LightSourceSettings Wavelength"),
        ),
        "emission_nm": ((positive(number(element, "EmissionWavelength")), "Channel EmissionWavelength"),),
        "fluor": ((words(element, "Fluor"), "Channel Fluor"), (_dye(display), "DisplaySetting Channel DyeName")),
        "acquisition_mode": ((words(element, "AcquisitionMode"), "Channel AcquisitionMode"),),
        "contrast_method": ((words(element, "ContrastMethod"), "Channel ContrastMethod"),),
        "illumination": ((words(element, "IlluminationType"), "Channel IlluminationType"),),
        "pinhole_um": ((positive(number(element, "PinholeSize")), "Channel PinholeSize"),),
    }


def _color(text: str | None) -> str | None:
    found = _COLOR.fullmatch(text or "")
    return f"#{found[1].upper()}" if found else None


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


def objective(root: Element | None, ledger: Ledger) -> dict[str, Any] | None:
    """Return the objective that the image refers to, or the only one there is."""
    listed = list(all_at(root, f"{INSTRUMENT}/Objectives/Objective"))
    reference = None if root is None else root.find(f"{IMAGE}/ObjectiveSettings/ObjectiveRef")
    wanted = None if reference is None else reference.get("Id")
    chosen = [item for item in listed if item.get("Id") == wanted] or (listed if len(listed) == 1 else [])
    return _told("objective", _objective(root, chosen[0] if chosen else None), ledger) or None


def _objective(root: Element | None, item: Element | None) -> dict[str, Said]:
    return {
        "name": (
            (_name(item), "Objective Name"),
            (words(item, "Manufacturer/Model"), "Objective Manufacturer Model"),
            (words(root, "Metadata/Scaling/AutoScaling/ObjectiveName"), "AutoScaling ObjectiveName"),
        ),
        "manufacturer": ((words(item, "Manufacturer/ManufacturerName"), "Objective Manufacturer ManufacturerName"),),
        "magnification": _size(item, "NominalMagnification"),
        "calibrated_magnification": _size(item, "CalibratedMagnification"),
        "na": _size(item, "LensNA"),
        "immersion": ((words(item, "Immersion"), "Objective Immersion"),),
        "working_distance_um": _size(item, "WorkingDistance"),
    }


def _size(item: Element | None, part: str) -> Said:
    return ((positive(number(item, part)), f"Objective {part}"),)
