"""Acquisitions as ThorImage writes them, made of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

type Elements = dict[str, dict[str, Any]]

STREAMED: Elements = {
    "Name": {"name": "made"},
    "Date": {"date": "05/05/2020 17:14:26", "uTime": "1588691666"},
    "Software": {"version": "3.2.2018.4241"},
    "Camera": {"name": "None", "width": 1392, "height": 1040, "pixelSizeUM": 6.45, "bitsPerPixel": 14},
    "Magnification": {"mag": 22.2, "name": "20X"},
    "ZStage": {"steps": 53, "stepSizeUM": 2.5, "enable": 1},
    "Timelapse": {"timepoints": 4, "intervalSec": 0},
    "LSM": {
        "channel": 3,
        "pixelX": 6,
        "pixelY": 5,
        "averageMode": 0,
        "averageNum": 4,
        "pixelSizeUM": 0.5,
        "widthUM": 3.0,
        "heightUM": 2.5,
        "frameRate": 10.0,
    },
    "Streaming": {"enable": 1, "frames": 4, "rawData": 1, "zFastEnable": 0, "flybackFrames": 1},
    "CaptureMode": {"mode": 1},
    "RawData": {"onlyEnabledChannels": 1},
}
"""One plane over time; the settings of the Z stage are left from before, as in real files."""

TIMED: Elements = {
    **STREAMED,
    "Timelapse": {"timepoints": 2, "intervalSec": 1.5},
    "ZStage": {"steps": 3, "stepSizeUM": -2.5, "enable": 1},
    "Streaming": {"enable": 0, "frames": 12000, "zFastEnable": 1, "flybackFrames": 3},
    "CaptureMode": {"mode": 0},
}
"""Two stacks of three planes; the settings of streaming are left from before."""


def changed(elements: Elements, **changes: Mapping[str, Any] | None) -> Elements:
    """Return the elements with attributes replaced; None drops an attribute, or a whole element."""
    found = {tag: dict(attributes) for tag, attributes in elements.items()}
    for tag, attributes in changes.items():
        if attributes is None:
            found.pop(tag, None)
        else:
            merged = {**found.get(tag, {}), **attributes}
            found[tag] = {name: value for name, value in merged.items() if value is not None}
    return found


def xml(elements: Elements, names: tuple[str | None, ...] | None = ("ChanA", "ChanB")) -> str:
    """Return the document."""
    lines = ['<?xml version="1.0"?>', "<ThorImageExperiment>"]
    for tag, attributes in elements.items():
        told = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        lines.append(f"  <{tag} {told} />")
    if names is not None:
        named = "".join(f'<Wavelength name="{name}" />' if name else "<Wavelength />" for name in names)
        lines.append(f"  <Wavelengths>{named}</Wavelengths>")
    return "\n".join([*lines, "</ThorImageExperiment>"])


def pixels(shape: tuple[int, ...], dtype: str = "<u2") -> NDArray[Any]:
    """Return pixels that are all different, as far as the dtype can."""
    return np.arange(np.prod(shape)).astype(dtype).reshape(shape)


def raw(
    folder: Path,
    shape: tuple[int, ...] = (4, 1, 2, 5, 6),
    elements: Elements = STREAMED,
    names: tuple[str | None, ...] | None = ("ChanA", "ChanB"),
    dtype: str = "<u2",
) -> NDArray[Any]:
    """Write a RAW file and its XML; return the pixels."""
    folder.mkdir(exist_ok=True)
    stored = pixels(shape, dtype)
    stored.tofile(folder / "Image_0001_0001.raw")
    (folder / "Experiment.xml").write_text(xml(elements, names))
    return stored


def series(
    folder: Path, shape: tuple[int, ...] = (2, 3, 2, 5, 6), elements: Elements = TIMED, tile: str = "0001_0001"
) -> NDArray[Any]:
    """Write a TIFF series and its XML; return the pixels."""
    folder.mkdir(exist_ok=True)
    stored = pixels(shape)
    for t, z, c in np.ndindex(shape[:3]):
        name = f"Chan{'ABCD'[c]}_{tile}_{z + 1:04}_{t + 1:04}.tif"
        tifffile.imwrite(folder / name, stored[t, z, c], metadata=None)
    (folder / "Experiment.xml").write_text(xml(elements))
    return stored
