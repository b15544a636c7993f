"""Every real file, written as OME-TIFF, says the same to Bio-Formats, to tifffile and to omio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.cli import main
from omio.metadata.compare import differences
from tests.real.compare import digest, same
from tests.real.items import AXES, in_scope
from tests.support import bioformats
from tests.support.real import real
from tests.support.schema import ome_xml_of, schema_errors

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = in_scope()
CONVERTED = ["czi-cd-t3c2z5.czi", "gen/ij-hyperstack-tzc-um-sec.tif", "lsm-032113-18.lsm", "tiff-pims-stuck.tif"]
PLANE_FACTS = ("delta_t", "exposure", "stage_x", "stage_y", "stage_z")
IMAGEJ_DTYPES = ("uint8", "uint16", "float32")


def scenes_of(item: str) -> list[omio.MicroscopyDataset]:
    return list(omio.open_collection(real(item), axes=AXES.get(item)).values())


def unlike(written: Path, dataset: omio.MicroscopyDataset) -> dict[str, tuple[Any, Any]]:
    """Return what Bio-Formats reads otherwise than the dataset has it: pixels, sizes, units, channels, times."""
    (series,) = bioformats.describe(written)
    metadata, channels = dataset.metadata, dataset.metadata.channels
    pairs: dict[str, tuple[Any, Any]] = {
        "shape": (series.shape, dataset.shape),
        "pixels": (series.sha256, digest(dataset)),
        "name": (series.name, metadata.name),
        "pixel size": ([series.physical_size[dim] for dim in "ZYX"], [metadata.pixel_size[dim] for dim in "ZYX"]),
        "time increment": (series.time_increment, metadata.time_increment),
        "channels": ([entry["name"] for entry in series.channels], [channel.name for channel in channels]),
        "emission": ([entry["emission_nm"] for entry in series.channels], [entry.emission_nm for entry in channels]),
        "excitation": (
            [entry["excitation_nm"] for entry in series.channels],
            [entry.excitation_nm for entry in channels],
        ),
        "colors": ([color_of(entry["rgba"]) for entry in series.channels], [entry.color for entry in channels]),
        "planes": (witnessed_planes(series), planes_of(dataset)),
    }
    return {what: pair for what, pair in pairs.items() if not same(*pair)}


def color_of(rgba: int | None) -> str | None:
    return None if rgba is None else f"#{rgba >> 8:06X}"


def witnessed_planes(series: bioformats.Series) -> dict[str, float]:
    """Return "name T Z C" -> value of all that is known of planes."""
    return {
        f"{name} {plane['T']} {plane['Z']} {plane['C']}": plane[name]
        for plane in series.planes
        for name in PLANE_FACTS
        if plane[name] is not None
    }


def planes_of(dataset: omio.MicroscopyDataset) -> dict[str, float]:
    columns = dataset.facts.planes.columns if dataset.facts.planes else {}
    return {
        f"{name} {t} {z} {c}": float(value)
        for name in PLANE_FACTS
        if name in columns
        for (t, z, c), value in np.ndenumerate(columns[name])
        if not np.isnan(value)
    }


@pytest.mark.parametrize("item", ITEMS)
def test_roundtrip(item: str, tmp_path: Path) -> None:
    for number, dataset in enumerate(scenes_of(item)):
        written = tmp_path / f"{number}.ome.tif"

        report = dataset.to_ometiff(written)

        assert bioformats.validation_errors(written) == []
        assert schema_errors(ome_xml_of(written)) == []
        assert unlike(written, dataset) == {}
        assert digest(tifffile.imread(written).squeeze()) == digest(np.asarray(dataset).squeeze())
        again = omio.open(written)
        assert bool(differences(dataset.facts, again.facts)) == bool(report.lost)
        assert again.identical(dataset) == (report.lost == ())


@pytest.mark.parametrize("item", ITEMS)
def test_second_roundtrip_adds_nothing(item: str, tmp_path: Path) -> None:
    dataset = scenes_of(item)[0]
    dataset.to_ometiff(tmp_path / "1.ome.tif")
    once = omio.open(tmp_path / "1.ome.tif")

    report = once.to_ometiff(tmp_path / "2.ome.tif")

    assert report.lost == ()
    assert omio.open(tmp_path / "2.ome.tif").identical(once)


@pytest.mark.parametrize("item", CONVERTED)
def test_command_line_converts(item: str, tmp_path: Path) -> None:
    written = tmp_path / "out.ome.tif"
    axes = ["--axes", AXES[item]] if item in AXES else []

    assert main(["convert", str(real(item)), "-o", str(written), *axes]) == 0

    assert unlike(written, scenes_of(item)[0]) == {}


@pytest.mark.parametrize("item", ITEMS)
def test_imagej_flavor(item: str, tmp_path: Path) -> None:
    dataset = scenes_of(item)[0]
    written = tmp_path / "out.tif"
    samples = dataset.sizes.get("S", 1)
    eligible = str(dataset.dtype) in IMAGEJ_DTYPES if samples == 1 else (samples, str(dataset.dtype)) == (3, "uint8")
    if not eligible:
        with pytest.raises(omio.errors.UnwritableError):
            dataset.to_ometiff(written, flavor="imagej")
        return

    dataset.to_ometiff(written, flavor="imagej")

    (series,) = bioformats.describe(written)
    assert series.shape == dataset.shape
    assert series.sha256 == digest(dataset)
    with tifffile.TiffFile(written) as tif:
        assert tif.is_imagej
        assert digest(tif.series[0].asarray().squeeze()) == digest(np.asarray(dataset).squeeze())
    assert imagej_scale(series, dataset) == {}


def imagej_scale(series: bioformats.Series, dataset: omio.MicroscopyDataset) -> dict[str, tuple[Any, Any]]:
    """Return where Bio-Formats reads another scale; what one frame or one slice cannot have is left out."""
    metadata, sizes = dataset.metadata, dataset.sizes
    known = {dim: metadata.pixel_size[dim] for dim in "ZYX" if dim != "Z" or sizes["Z"] > 1}
    pairs = {dim: (series.physical_size[dim], size) for dim, size in known.items() if size is not None}
    if sizes["T"] > 1 and metadata.time_increment is not None:
        pairs["T"] = (series.time_increment, metadata.time_increment)
    return {dim: pair for dim, pair in pairs.items() if not same(*pair, rel=1e-5)}
