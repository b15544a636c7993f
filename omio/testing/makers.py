"""Small microscopy-like files, the same in every run, for tests, examples and ``omio demo``.

They are written with tifffile alone, so that omio is checked against a writer that is not its own. Each maker returns
a `Sample`: the file and the truth about it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

PIXEL_SIZE = {"Z": 1.5, "Y": 0.325, "X": 0.325}
"""µm per pixel of the samples."""
TIME_INCREMENT = 2.5
"""Seconds between their frames."""
CHANNELS = ("EGFP", "mCherry")
COLORS = ("#00FF00", "#FF0000")
EXCITATION_NM = (488.0, 561.0)
EMISSION_NM = (509.0, 610.0)


@dataclass(frozen=True, eq=False)
class Sample:
    """A file that was made, and what is true of it.

    Attributes
    ----------
    path
        File, or pattern of a sequence.
    kind
        What it is, in words.
    pixels
        T Z C Y X [S].
    pixel_size
        µm per pixel of Z, Y, X as far as the file says.
    time_increment
        Seconds, or None.
    channels
        Names as far as the file says.
    """

    path: Path
    kind: str
    pixels: NDArray[Any]
    pixel_size: Mapping[str, float] = field(default_factory=dict)
    time_increment: float | None = None
    channels: tuple[str, ...] = ()


def cells(
    shape: tuple[int, int, int, int, int] = (3, 5, 2, 96, 128), *, dtype: str = "uint16", seed: int = 7
) -> NDArray[Any]:
    """Draw cells that drift with T and blur away from their focus in Z.

    Parameters
    ----------
    shape
        T Z C Y X. Even channels show nuclei, odd ones the rim of the cells.
    dtype
        Integers fill about a tenth of a 16-bit range, or half of an 8-bit one; floats lie in 0..1.
    seed
        Of positions and noise.

    Returns
    -------
    ndarray
        T Z C Y X.
    """
    t, z, c, height, width = shape
    generator = np.random.default_rng(seed)
    centres = generator.uniform((0, 0, 0), (z, height, width), (max(4, height * width // 1000), 3))
    drift = generator.normal(0, 1.5, centres.shape) * (0.1, 1, 1)
    image = np.empty(shape, np.float32)
    for frame in range(t):
        for plane in range(z):
            distance, blur = _nearest(centres + frame * drift, plane, (height, width))
            for channel in range(c):
                image[frame, plane, channel] = _profile(distance, channel) * blur
    image += generator.normal(0.04, 0.01, shape).astype(np.float32)
    return _to_dtype(np.clip(image, 0, 1), np.dtype(dtype))


def _nearest(
    centres: NDArray[np.float64], plane: int, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each pixel's distance from the nearest cell centre in pixels, and that cell's brightness in `plane`."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    squares = (rows - centres[:, 1, None, None]) ** 2 + (columns - centres[:, 2, None, None]) ** 2
    nearest = squares.argmin(0)
    return np.sqrt(squares.min(0)), np.exp(-((centres[nearest, 0] - plane) ** 2) / 4)


def _profile(distance: NDArray[np.float64], channel: int) -> NDArray[np.float64]:
    radius = 0 if channel % 2 == 0 else 8
    return 0.9 * np.exp(-((distance - radius) ** 2) / (18 if radius == 0 else 4))


def _to_dtype(image: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return image.astype(dtype)
    return (image * (6000 if dtype.itemsize > 1 else 120)).astype(dtype)


def ome_tiff(path: Path, pixels: NDArray[Any] | None = None) -> Sample:
    """Write an OME-TIFF with sizes, units, times, names, colours and wavelengths."""
    pixels = cells() if pixels is None else pixels
    _write(path, pixels, ome=True, metadata=_ome_metadata(path, pixels.shape))
    return _sample(path, "OME-TIFF", pixels, TIME_INCREMENT if len(pixels) > 1 else None)


def _ome_metadata(path: Path, shape: tuple[int, ...]) -> dict[str, Any]:
    count = shape[2]
    channel = {
        "Name": list(CHANNELS[:count]),
        "Color": [int(color[1:] + "FF", 16) - (1 << 32 if color[1] > "7" else 0) for color in COLORS[:count]],
        "ExcitationWavelength": list(EXCITATION_NM[:count]),
        "ExcitationWavelengthUnit": ["nm"] * count,
        "EmissionWavelength": list(EMISSION_NM[:count]),
        "EmissionWavelengthUnit": ["nm"] * count,
    }
    sizes = {f"PhysicalSize{dim}": size for dim, size in PIXEL_SIZE.items()}
    units = {f"PhysicalSize{dim}Unit": "µm" for dim in PIXEL_SIZE}
    time = {"TimeIncrement": TIME_INCREMENT, "TimeIncrementUnit": "s"} if shape[0] > 1 else {}
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, path.name))  # tifffile would draw another one in every run
    return {"axes": "TZCYX", "UUID": identity, "Channel": channel, **sizes, **units, **time}


def imagej(path: Path, pixels: NDArray[Any] | None = None) -> Sample:
    """Write an ImageJ hyperstack with scale, unit and frame interval; channel names stand in the slice labels."""
    pixels = cells() if pixels is None else pixels
    t, z, c = pixels.shape[:3]
    labels = [
        f"{CHANNELS[channel]} z{plane} t{frame}" for frame in range(t) for plane in range(z) for channel in range(c)
    ]
    metadata = {
        "axes": "TZCYX",
        "spacing": PIXEL_SIZE["Z"],
        "unit": "um",
        "finterval": TIME_INCREMENT,
        "Labels": labels,
    }
    per_um = (1 / PIXEL_SIZE["X"], 1 / PIXEL_SIZE["Y"])
    _write(path, pixels, imagej=True, metadata=metadata, resolution=per_um)
    return Sample(path, "ImageJ hyperstack", pixels, PIXEL_SIZE, TIME_INCREMENT)


def sequence(folder: Path, pixels: NDArray[Any] | None = None) -> Sample:
    """Write one OME-TIFF a frame, ``t000.ome.tif`` and on; the path of the sample is their ``{T}`` pattern."""
    pixels = cells() if pixels is None else pixels
    for frame in range(len(pixels)):
        single = pixels[frame : frame + 1]
        path = folder / f"t{frame:03d}.ome.tif"
        _write(path, single, ome=True, metadata=_ome_metadata(path, single.shape))
    return _sample(folder / "t{T:03d}.ome.tif", f"sequence of {len(pixels)} files", pixels, None)


def rgb(path: Path, size: tuple[int, int] = (96, 128)) -> Sample:
    """Write an RGB picture whose resolution tags say 5000 pixels a centimetre, that is 2 µm."""
    pixels = stained(size)
    _write(path, pixels, photometric="rgb", resolution=(5000, 5000), resolutionunit="CENTIMETER", metadata=None)
    return Sample(path, "RGB picture", pixels[None, None, None], {"Y": 2.0, "X": 2.0})


def stained(size: tuple[int, int] = (96, 128)) -> NDArray[Any]:
    """Draw the same cells as dye on white, Y X S."""
    red, green = cells((1, 1, 2, *size), dtype="uint8")[0, 0]
    return np.stack([255 - 2 * green, 255 - 2 * red, 255 - red - green], -1)


def stack(path: Path, pixels: NDArray[Any] | None = None) -> Sample:
    """Write a plain multi-page TIFF: nothing in it says what the pages are."""
    pixels = cells((1, 5, 1, 96, 128)) if pixels is None else pixels
    pages = pixels.reshape(-1, *pixels.shape[-2:])
    _write(path, pages, metadata=None)
    return Sample(path, "multi-page TIFF", pixels)


def project(folder: Path) -> tuple[Sample, ...]:
    """Write one sample of each kind into a folder; of those whose axes are named by the file."""
    folder.mkdir(parents=True, exist_ok=True)
    return (
        ome_tiff(folder / "cells.ome.tif"),
        imagej(folder / "hyperstack.tif"),
        sequence(folder),
        rgb(folder / "histology.tif"),
    )


def _sample(path: Path, kind: str, pixels: NDArray[Any], time_increment: float | None) -> Sample:
    return Sample(path, kind, pixels, PIXEL_SIZE, time_increment, CHANNELS[: pixels.shape[2]])


def _write(path: Path, pixels: NDArray[Any], **options: Any) -> None:
    import tifffile

    options.setdefault("photometric", "minisblack")
    tifffile.imwrite(path, pixels, **options)
