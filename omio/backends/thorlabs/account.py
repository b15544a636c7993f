"""What an ``Experiment.xml`` says besides how many frames there are."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from omio.backends.thorlabs.experiment import load_original
from omio.backends.thorlabs.readings import averaging, is_camera
from omio.lazy.leaf import FileStamp
from omio.metadata.facts import Facts
from omio.metadata.original import Original

if TYPE_CHECKING:
    from omio.backends.thorlabs.experiment import Experiment
    from omio.backends.thorlabs.readings import Reading
    from omio.metadata.facts import PlaneTable

DATE = "%m/%d/%Y %H:%M:%S"
AGREE = 0.02
"""Share within which two sizes are the same, rounded differently."""

type Told = tuple[float, str]
"""A value, and the attribute it is from."""


def facts_of(
    experiment: Experiment, reading: Reading, planes: PlaneTable | None = None, samples: tuple[int, ...] = ()
) -> Facts:
    """Return the facts of an acquisition that is read in one way; `samples` is the length of S, where there is one."""
    sizes = pixel_sizes(experiment, reading)
    step = time_increment(experiment, reading)
    told = {f"pixel_size.{dim}": where for dim, (_, where) in sizes.items()}
    if step:
        told["time_increment"] = step[1]
    names = reading.names or ()
    return Facts.of(
        (*reading.sizes, *samples),
        pixel_size={dim: size for dim, (size, _) in sizes.items()},
        time_increment=step[0] if step else None,
        channels=[{"name": name} for name in names],
        planes=planes,
        original=Original(partial(load_original, FileStamp.of(experiment.path))),
        sources={name: f"file: {experiment.name} {where}" for name, where in told.items()},
        **_static(experiment),
    )


def pixel_sizes(experiment: Experiment, reading: Reading) -> dict[str, Told]:
    """Return µm per pixel, as far as said; Z only where planes were scanned."""
    find = _camera_pixel if is_camera(experiment) else _scanner_pixel
    found = {"Y": find(experiment, "Height", reading.sizes[3]), "X": find(experiment, "Width", reading.sizes[4])}
    step = abs(experiment.number("ZStage", "stepSizeUM") or 0)  # negative where the stage went down
    if reading.sizes[1] > 1 and step:
        found["Z"] = (step, "ZStage stepSizeUM")
    return {dim: told for dim, told in found.items() if told}


def _scanner_pixel(experiment: Experiment, side: str, pixels: int) -> Told | None:
    """Return the size of a scanner's pixel.

    Since version 4.4 there is ``pixelWidthUM``, and ``pixelSizeUM`` may hold something else altogether.
    """
    given, exact = experiment.positive("LSM", "pixelSizeUM"), experiment.positive("LSM", f"pixel{side}UM")
    if given and (exact is None or abs(given - exact) <= AGREE * exact):
        return given, "LSM pixelSizeUM"
    if exact:
        return exact, f"LSM pixel{side}UM"
    field = experiment.positive("LSM", f"{side.lower()}UM")
    return (field / pixels, f"LSM {side.lower()}UM") if field else None


def _camera_pixel(experiment: Experiment, side: str, pixels: int) -> Told | None:
    """Return the size of a camera's pixel in the sample: that of the sensor, binned, over the magnification."""
    field = experiment.positive("Camera", f"{side.lower()}UM")
    if field:
        return field / pixels, f"Camera {side.lower()}UM"
    sensor, magnification = experiment.positive("Camera", "pixelSizeUM"), experiment.positive("Magnification", "mag")
    bins = experiment.positive("Camera", f"binning{'Y' if side == 'Height' else 'X'}") or 1
    if not sensor or not magnification:
        return None
    return sensor * bins / magnification, "Camera pixelSizeUM, Magnification mag"


def time_increment(experiment: Experiment, reading: Reading) -> Told | None:
    """Return seconds from one time point to the next.

    While frames are streamed, they come at the rate of the scanner; the interval of time lapses stands in the XML all
    the same, and is not what was done. ThorImage's viewer computes times in this way.
    """
    rate = experiment.positive("LSM", "frameRate")
    if reading.streamed and rate and not is_camera(experiment):
        return reading.scans * averaging(experiment) / rate, "LSM frameRate"
    interval = experiment.positive("Timelapse", "intervalSec")
    return (interval, "Timelapse intervalSec") if interval else None


def _static(experiment: Experiment) -> dict[str, Any]:
    objective = {
        "name": experiment.text("Magnification", "name"),
        "calibrated_magnification": experiment.positive("Magnification", "mag"),
    }
    notes = experiment.text("ExperimentNotes", "text") or experiment.text("Comments", "text")
    found = {
        "name": experiment.text("Name", "name"),
        "description": notes,
        "acquired": _acquired(experiment.text("Date", "date")),
        "objective": {field: value for field, value in objective.items() if value} or None,
    }
    return {field: value for field, value in found.items() if value}


def _acquired(text: str | None) -> str | None:
    """Return the local date and time as ISO 8601; its zone is not said (``uTime`` stays in ``original``)."""
    try:
        return datetime.strptime(text or "", DATE).isoformat()
    except ValueError:
        return None
