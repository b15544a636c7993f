"""What the UIC tags of a MetaMorph stack say of its planes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.indexing import distinct
from omio.metadata.axes import positions_of
from omio.metadata.facts import Facts, PlaneTable
from omio.units import length_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.metadata.original import Original

type Info = Mapping[str, Any]
type Floats = NDArray[np.float64]


def axis_of(info: Info, count: int) -> str | None:
    """Return the dim that `count` planes follow, as far as distances, wavelengths and times tell; else None."""
    if count < 2:
        return None
    distances, waves, seconds = column(info, "ZDistance", count), column(info, "Wavelengths", count), times(info, count)
    if distances is not None and distances.any():
        # several wavelengths at several depths could be ordered either way
        return "Z" if waves is None or len(distinct(waves)) == 1 else None
    if waves is not None and len(distinct(waves)) == count:
        return "C"
    if seconds is not None and len(distinct(seconds)) > 1 and (waves is None or len(distinct(waves)) == 1):
        return "T"
    return None


def column(info: Info, name: str, count: int) -> Floats | None:
    """Return one finite number a plane; None where there is not."""
    values = info.get(name)
    if values is None or isinstance(values, str):
        return None
    numbers = np.asarray(values, dtype=np.float64)
    return numbers if numbers.shape == (count,) and np.isfinite(numbers).all() else None


def times(info: Info, count: int) -> Floats | None:
    """Return the seconds of each plane after the first."""
    dates = info.get("DatetimeCreated")
    if not isinstance(dates, np.ndarray) or dates.shape != (count,) or np.isnat(dates).any():
        return None
    try:
        seconds: Floats = (dates - dates[0]) / np.timedelta64(1, "s")
    except OverflowError:  # dates that no calendar holds
        return None
    return seconds


def stk_facts(
    info: Info, shape: tuple[int, ...], follows: str | None, chosen: NDArray[np.intp], original: Original
) -> Facts:
    """Describe an image of T Z C Y X `shape`.

    Parameters
    ----------
    info
        The tags as tifffile reads them.
    follows
        The dim that the planes follow; None for one plane, or several dims.
    chosen
        Which plane of the file lies where, of shape (T, Z, C).
    original
        All tags.
    """
    count = int(info["NumberPlanes"])
    unit, sizes = calibration(info)
    seconds = times(info, count)
    planes = columns(info, count)
    facts = Facts.of(
        shape,
        pixel_size=sizes,
        channels=channel_rows(info, count, chosen),
        planes=PlaneTable.of({name: values[chosen] for name, values in planes.items()}) if planes else None,
        name=info.get("Name") or None,
        acquired=acquired(info, int(chosen.flat[0])),
        original=original,
        sources={f"pixel_size.{dim}": f"file: STK {dim}Calibration" for dim in sizes},
    )
    if follows == "T" and seconds is not None:
        return _with_axis(facts, "T", seconds[chosen.ravel()], "time_increment", "file: STK TimeCreated")
    distances = column(info, "ZDistance", count)
    if follows == "Z" and unit is not None and distances is not None:
        # the distance of a plane is that to the next one
        depths = np.concatenate([[0.0], np.cumsum(distances[:-1])]) * unit
        return _with_axis(facts, "Z", depths[chosen.ravel()], "pixel_size.Z", "file: STK ZDistance")
    return facts


def calibration(info: Info) -> tuple[float | None, dict[str, float]]:
    """Return how many µm one calibrated unit is, and µm per pixel of Y and X; None and nothing where uncalibrated."""
    unit = length_factor(info.get("CalibrationUnits")) if info.get("SpatialCalibration") else None
    found = {dim: info.get(f"{dim}Calibration") for dim in "YX"}
    if unit is None:
        return None, {}
    return unit, {dim: float(size) * unit for dim, size in found.items() if size and np.isfinite(size) and size > 0}


def columns(info: Info, count: int) -> dict[str, NDArray[Any]]:
    """Return facts of planes, one value a plane; positions in µm, as MetaMorph states them."""
    found: dict[str, NDArray[Any]] = {}
    seconds = times(info, count)
    if seconds is not None and seconds.any():
        found["delta_t"] = seconds
    stage = np.asarray(info.get("StagePosition", ()))
    if stage.shape == (count, 2) and stage.any():
        found["stage_x"], found["stage_y"] = stage[:, 0].astype(np.float64), stage[:, 1].astype(np.float64)
    depth, valid = column(info, "AbsoluteZ", count), np.asarray(info.get("AbsoluteZValid", 0))
    if depth is not None and np.broadcast_to(valid, count if valid.shape in ((), (count,)) else valid.shape).all():
        found["stage_z"] = depth
    labels = info.get("StageLabel")
    if isinstance(labels, list) and len(labels) == count and any(labels):
        found["label"] = np.array(labels, dtype=np.str_)
    return found


def channel_rows(info: Info, count: int, chosen: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Return names of channels: the wavelength that MetaMorph was set to for all planes of one."""
    waves = column(info, "Wavelengths", count)
    if waves is None or not waves.any():
        return []
    picked = waves[chosen]
    same = (picked == picked[0, 0]).all(axis=(0, 1))
    return [{"name": f"{wave:g} nm"} if one else {} for wave, one in zip(picked[0, 0], same, strict=True)]


def acquired(info: Info, first: int) -> str | None:
    """Return when the first plane was taken."""
    dates = info.get("DatetimeCreated")
    if not isinstance(dates, np.ndarray) or first >= len(dates) or np.isnat(dates[first]):
        return None
    return str(dates[first].astype("datetime64[ms]")).removesuffix(".000")


def _with_axis(facts: Facts, dim: str, values: Floats, name: str, source: str) -> Facts:
    axis = positions_of(values - values[0])
    return replace(facts, axes={**facts.axes, dim: axis}).with_sources({name: source})
