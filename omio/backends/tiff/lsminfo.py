"""What the CZ_LSMINFO structure of an LSM file says of the image."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.metadata.axes import positions_of
from omio.metadata.facts import Facts, PlaneTable
from omio.units import positive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from omio.metadata.original import Original

UM_PER_M = 1e6
NM_PER_M = 1e9
SMALLEST_UM = 1e-6
"""Voxel sizes below a picometre are placeholders: scans of one plane claim 1e-19 m."""
OLE_EPOCH = datetime(1899, 12, 30)
OBJECTIVE = re.compile(r"(?P<magnification>\d+(?:\.\d+)?)x/(?P<na>\d+(?:[.,]\d+)?)")
"""As in ``Plan-Apochromat 20x/0.8 M27``."""

type Info = Mapping[str, Any]


def lsm_facts(info: Info, shape: tuple[int, ...], place: tuple[int, int] | None, original: Original) -> Facts:
    """Describe an image of T Z C Y X `shape`.

    Parameters
    ----------
    info
        The structure as tifffile reads it.
    place
        Tile and position where the file has several, else None.
    original
        All tags.
    """
    scan = info.get("ScanInformation") or {}
    sizes = pixel_sizes(info)
    stamps = time_stamps(info, shape[0])
    interval = positive(info.get("TimeIntervall")) if shape[0] > 1 else None
    sources = {f"pixel_size.{dim}": f"file: LSM VoxelSize{dim}" for dim in sizes}
    if shape[0] > 1 and (interval is not None or stamps is not None):
        sources["time_increment"] = f"file: LSM {'TimeIntervall' if interval is not None else 'TimeStamps'}"
    facts = Facts.of(
        shape,
        pixel_size=sizes,
        time_increment=interval,
        channels=channel_rows(info, shape[2]),
        planes=_plane_table(stamps, shape) if stamps is not None and shape[0] > 1 else None,
        name=scan.get("Name") or None,
        description=scan.get("Description") or scan.get("Notes") or None,
        acquired=acquired(scan),
        objective=objective(scan),
        stage_position=stage_position(info, place) if place is not None else None,
        original=original,
        sources=sources,
    )
    if interval is None and stamps is not None and shape[0] > 1:
        facts = replace(facts, axes={**facts.axes, "T": positions_of(stamps)})
    return facts


def pixel_sizes(info: Info) -> dict[str, float]:
    """Return µm per pixel of Z, Y and X as far as they are sizes."""
    found = {dim: positive(info.get(f"VoxelSize{dim}")) for dim in "ZYX"}
    return {dim: size * UM_PER_M for dim, size in found.items() if size is not None and size * UM_PER_M >= SMALLEST_UM}


def time_stamps(info: Info, frames: int) -> NDArray[np.float64] | None:
    """Return the seconds of each frame after the first; None where there is not one stamp a frame."""
    stamps = info.get("TimeStamps")
    if not isinstance(stamps, np.ndarray) or len(stamps) != frames or not np.isfinite(stamps).all():
        return None
    seconds: NDArray[np.float64] = stamps.astype(np.float64) - stamps[0]
    return seconds


def _plane_table(stamps: NDArray[np.float64], shape: tuple[int, ...]) -> PlaneTable:
    return PlaneTable.of({"delta_t": np.broadcast_to(stamps[:, None, None], shape[:3])})


def channel_rows(info: Info, count: int) -> list[dict[str, Any]]:
    """Return what is known of each channel."""
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    colors = info.get("ChannelColors") or {}
    if len(names := colors.get("ColorNames") or ()) == count:
        for row, name in zip(rows, names, strict=True):
            row["name"] = name or None
    if len(table := colors.get("Colors") or ()) == count:
        for row, (red, green, blue, _) in zip(rows, table, strict=True):
            row["color"] = f"#{red:02X}{green:02X}{blue:02X}"
    detected = detections(info.get("ScanInformation") or {})
    if len(detected) == count:
        rows = [row | found for row, found in zip(rows, detected, strict=True)]
    bands = info.get("ChannelWavelength")
    # of other scans the bands are those of whole detectors, much wider than an emission
    if info.get("SpectralScan") and isinstance(bands, np.ndarray) and bands.shape == (count, 2) and (bands > 0).all():
        rows = [row | {"emission_nm": float(band.mean() * NM_PER_M)} for row, band in zip(rows, bands, strict=True)]
    return rows


def detections(scan: Info) -> list[dict[str, Any]]:
    """Return dye, pinhole (µm) and excitation (nm) of each detection channel that was acquired, in the file's order.

    The excitation is known where the track uses one laser line.
    """
    found = []
    for track in _acquired(scan.get("Tracks")):
        lines = {positive(line.get("Wavelength")) for line in _acquired(track.get("IlluminationChannels"))}
        line = lines.pop() if len(lines) == 1 else None
        for channel in _acquired(track.get("DetectionChannels")):
            row = {
                "fluor": channel.get("DyeName") or None,
                "pinhole_um": positive(channel.get("PinholeDiameter")),
                "excitation_nm": None if line is None else round(line, 6),
            }
            found.append({name: value for name, value in row.items() if value is not None})
    return found


def _acquired(entries: Any) -> list[Info]:
    found = entries if isinstance(entries, list) else []
    # "Aquire" is how tifffile spells it for illumination channels
    return [entry for entry in found if isinstance(entry, dict) and entry.get("Acquire", entry.get("Aquire", 1))]


def objective(scan: Info) -> dict[str, Any] | None:
    """Return the objective's name, and the magnification and aperture that the name states."""
    name = scan.get("Objective")
    if not isinstance(name, str) or not name.strip():
        return None
    stated = OBJECTIVE.search(name)
    numbers = {key: float(value.replace(",", ".")) for key, value in stated.groupdict().items()} if stated else {}
    return {"name": name.strip(), **numbers}


def acquired(scan: Info) -> str | None:
    """Return when the first sample was taken, in the microscope's own time: days since 1899-12-30."""
    days = positive(scan.get("Sample0time"))
    if days is None:
        return None
    try:
        exact = OLE_EPOCH + timedelta(days=days)
    except OverflowError:
        return None
    # a double holds days to about a microsecond: 20:18:57.999999 is 20:18:58
    return (exact + timedelta(microseconds=500)).isoformat(timespec="milliseconds").removesuffix(".000")


def stage_position(info: Info, place: tuple[int, int]) -> dict[str, float] | None:
    """Return where the stage stood for a tile of a position, in µm."""
    total = np.zeros(3)
    known = False
    for name, number in zip(("TilePositions", "Positions"), place, strict=True):
        table = info.get(name)
        if isinstance(table, np.ndarray) and table.ndim == 2 and number < len(table):
            total, known = total + table[number], True
    if not known or not np.isfinite(total).all():
        return None
    return {dim: float(value) * UM_PER_M for dim, value in zip("XYZ", total, strict=True)}
