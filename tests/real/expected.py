"""What is true of each real file: the record of independent tools, corrected where a tool is known to be wrong.

Each correction quotes the rule behind it, and what it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.facts import Json, pixels_of, record_of, series_of

LENGTH_UM = {"µm": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "fm": 1e-9}
SECONDS = {"s": 1.0, "ms": 1e-3, "min": 60.0}
DTYPES = {"float": "float32", "double": "float64", "bit": "bool"}


@dataclass(frozen=True)
class Expected:
    """Facts of one scene: lengths in µm, times in s, wavelengths in nm, colours as #RRGGBB; None is unknown."""

    shape: tuple[int, ...]
    dtype: str
    sha256: str | None
    pixel_size: dict[str, float | None]
    time_increment: float | None
    names: list[str | None]
    colors: list[str | None]
    emission: list[float | None]
    excitation: list[float | None]


@dataclass(frozen=True)
class Correction:
    """Fields that replace what Bio-Formats recorded, and why.

    ``scenes`` limits the item to its first scenes: the further series are no scenes.
    """

    why: str
    fields: dict[str, Any] = field(default_factory=dict)
    scenes: int | None = None


PRINTER = "72 dpi and the like are printer defaults, not microscopy: not a pixel size"
NO_UNIT = "resolution tags: unit cm, inch or none (none = unknown)"
INDEX = "NDTiff: the index gives the axes; pages alone look like T"
UNKNOWN: dict[str, float | None] = {"Z": None, "Y": None, "X": None}


def _tifffile_sha(item: str) -> str:
    found: str = record_of(item)["tifffile"]["pixels_native_axes"]["sha256"]
    return found


def _corrections() -> dict[str, Correction]:
    """Return item -> correction; a function, for the record may be absent."""
    no_size = {"pixel_size": UNKNOWN}
    return {
        "tiff-1bit.tif": Correction(PRINTER, no_size),
        "tiff-orient6.tif": Correction(
            f"orientation: rotated to upright, recorded; {PRINTER}",
            {**no_size, "shape": (1, 1, 1, 120, 180), "sha256": None},
        ),
        "tiff-pyramid-zstd-yb10kx5k.tif": Correction(
            f"zstd is read (tifffile and openslide agree, Bio-Formats cannot); {PRINTER}",
            {**no_size, "sha256": "tifffile"},
        ),
        "leica-tiff-series/leica_stack_Series014_z000_ch00.tif": Correction(PRINTER, no_size),
        "odd-cmyk-4c-8b.tiff": Correction(
            f"CMYK is read with right values: those stored, which Bio-Formats inverts; {PRINTER}",
            {**no_size, "sha256": "tifffile"},
        ),
        "odd-int8.tif": Correction(NO_UNIT, no_size),
        "odd-gradient-1c-64b-float.tiff": Correction(NO_UNIT, no_size),
        "ij-microfilm-c1-max-mitosis.tif": Correction(NO_UNIT, no_size),
        "ij-skimage-blobs3d.tif": Correction("ImageJ: an empty unit is unknown", no_size),
        "gen/ij-rgb-zstack-mm.tif": Correction(
            "ImageJ: unit applies to x, y and spacing; Bio-Formats misreads the z of mm stacks",
            {"pixel_size": {"Z": 2.0, "Y": 1.0, "X": 1.0}},
        ),
        "lsm-032113-18.lsm": Correction(
            "LSM: single-plane scans claim VoxelSizeZ 1e-19 and interval 0: both unknown",
            {
                "pixel_size": {"Z": None, "Y": 1.0378322762047988, "X": 1.0378322762047988},
                "time_increment": None,
                # the laser lines of the two tracks, which Bio-Formats leaves out; the second track has two channels
                "excitation": [405.0, 561.0, 561.0],
            },
        ),
        "czi-cd-t3c2z5.czi": Correction(
            "CZI: T interval from the XML (Offsets 0 60.075 120.15)", {"time_increment": 60.075}
        ),
        "czi-xt-linescan-lsm980.czi": Correction(
            "the channel's LightSourceSettings say 488 nm, which Bio-Formats leaves out", {"excitation": [488.0]}
        ),
        "ij-py-test-still-stack.tif": Correction(
            "the LUTs of the channels run from black to these colours; Bio-Formats leaves them out",
            {"colors": ["#FFFF00", "#FF0000", "#FFFFFF"]},
        ),
        "tiff-zen-ch3-8bit.tif": Correction(
            "the LUTs of the channels run from black to these colours; Bio-Formats leaves them out",
            {"colors": ["#FF0000", "#00FF00", "#0000FF"]},
        ),
        "mm-ndtiff-v3/ndtiffv3.0_test_NDTiffStack.tif": Correction(
            INDEX,
            {
                "shape": (5, 1, 2, 32, 32),
                "names": ["DAPI", "FITC"],
                "colors": ["#3333FF", "#66FF00"],  # display_settings.txt: -13421569 and -10027264 as ARGB
                "emission": [None, None],
                "excitation": [None, None],
            },
        ),
        "mm-ndtiff-32-monochrome/NDTiff3.2_monochrome_NDTiffStack.tif": Correction(
            INDEX, {"shape": (8, 16, 1, 64, 64)}
        ),
        "svs-cmu1-small.svs": Correction("label and macro are associated images, no scenes", scenes=1),
    }


def expected(item: str) -> list[Expected]:
    """Return what is true of each scene of an item, in file order."""
    correction = _corrections().get(item, Correction("as recorded"))
    found = [_recorded(entry) for entry in series_of(item)][: correction.scenes]
    if "pixels" in record_of(item)["bioformats"]:
        found[0] = replace(found[0], sha256=pixels_of(item)["sha256"])
    fields = dict(correction.fields)
    if fields.get("sha256") == "tifffile":
        fields["sha256"] = _tifffile_sha(item)
    return [replace(scene, **fields) for scene in found]


def _recorded(entry: Json) -> Expected:
    samples = (entry["samples"],) if entry["samples"] > 1 else ()
    channels = entry["channels"]
    return Expected(
        shape=(entry["SizeT"], entry["SizeZ"], entry["EffectiveC"], entry["SizeY"], entry["SizeX"], *samples),
        dtype=DTYPES.get(str(entry["pixel_type"]), str(entry["pixel_type"])),
        sha256=None,
        pixel_size={dim: _value(entry[f"PhysicalSize{dim}"], LENGTH_UM) for dim in "ZYX"},
        time_increment=_value(entry["TimeIncrement"], SECONDS),
        names=[channel["name"] or None for channel in channels],
        colors=[_color(channel["color"]) for channel in channels],
        emission=[_value(channel["em"], {"nm": 1.0}) for channel in channels],
        excitation=[_value(channel["ex"], {"nm": 1.0}) for channel in channels],
    )


def _value(quantity: Json | None, units: dict[str, float]) -> float | None:
    return None if quantity is None else quantity["value"] * units[quantity["unit"]]


def _color(rgba: int | None) -> str | None:
    return None if rgba is None else f"#{rgba >> 8:06X}"
