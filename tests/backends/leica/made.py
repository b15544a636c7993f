"""Series as LAS AF and LAS X export them, and the two kinds of XML beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SHAPE = (2, 3, 2, 20, 30)
BEGIN = datetime(2026, 5, 15, 12, 0, 0, tzinfo=UTC)
IDS = {"X": "1", "Y": "2", "Z": "3", "T": "4"}
STRIDES = {"X": 2, "Y": 60, "C": 1200, "Z": 2400, "T": 7200}


def pixels(*shape: int) -> NDArray[np.uint16]:
    """Return pixels that differ from plane to plane."""
    return np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)


def write_series(folder: Path, series: str = "P_Series014", **options: Any) -> NDArray[np.uint16]:
    """Write a file a plane; return T Z C Y X."""
    data = pixels(*SHAPE)
    folder.mkdir(parents=True, exist_ok=True)
    for t, z, c in product(*map(range, SHAPE[:3])):
        tifffile.imwrite(folder / f"{series}_t{t:03d}_z{z:03d}_ch{c:02d}.tif", data[t, z, c], metadata=None, **options)
    return data


def filetimes(count: int, step: float = 0.5) -> list[int]:
    """Return time stamps of planes, `step` seconds apart."""
    first = int(BEGIN.timestamp() + 11644473600) * 10_000_000
    return [first + int(number * step * 10_000_000) for number in range(count)]


def raw_xml(sizes: dict[str, int], spacing: dict[str, float], *, stamps: str = "", channels: str = "") -> str:
    """Return the XML of MetaData: numbers for dims, metres and seconds."""
    dims = "".join(
        f'<DimensionDescription DimID="{IDS[dim]}" NumberOfElements="{size}" Origin="0" '
        f'Length="{spacing.get(dim, 0) * (size - 1) * (1 if dim == "T" else 1e-6):.9e}" '
        f'Unit="{"s" if dim == "T" else "m"}" BitInc="0" BytesInc="{STRIDES[dim]}"/>'
        for dim, size in sizes.items()
    )
    channels = channels or (
        '<ChannelDescription DataType="0" Resolution="16" LUTName="Green" BytesInc="0"/>'
        '<ChannelDescription DataType="0" Resolution="16" LUTName="Gradient (255, 128, 0)" BytesInc="1200">'
        "<ChannelProperty><Key>DyeName</Key><Value>ALEXA 546</Value></ChannelProperty></ChannelDescription>"
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<Data><Image TextDescription=""><ImageDescription>'
        f"<Channels>{channels}</Channels><Dimensions>{dims}</Dimensions></ImageDescription>{stamps}"
        '<Attachment Name="HardwareSetting"><ATLConfocalSettingDefinition '
        'ObjectiveName="HC PL APO CS2    63x/1.40 OIL" NumericalAperture="1.4" '
        'Magnification="63" Immersion="OIL" Zoom="2"/></Attachment></Image></Data>'
    )


def stamp_list(count: int) -> str:
    """Return time stamps as LAS X writes them."""
    stamps = " ".join(f"{stamp:x}" for stamp in filetimes(count))
    return f'<TimeStampList NumberOfTimeStamps="{count}">{stamps} </TimeStampList>'


SIZES = dict(zip("TZCYX", SHAPE, strict=True))
DIMS = {dim: SIZES[dim] for dim in "XYZT"}
SPACING = {"X": 0.25, "Y": 0.25, "Z": 1.5, "T": 10.0}
