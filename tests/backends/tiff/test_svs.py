"""Slides: pyramids, focal planes and channels, and the pictures beside them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.tiff.svs import SvsBackend
from omio.errors import DamagedFileError
from omio.testing import BackendTests
from tests.support.facts import pixels_of
from tests.support.real import real

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

APERIO = (
    "Aperio Image Library v11.2.1 \r\n96x64|AppMag = 40|MPP = 0.2520|Date = 12/29/09|Time = 09:59:15|Filename = CMU-1"
)
TILES: dict[str, Any] = {"tile": (16, 16), "metadata": None}


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def write_svs(path: Path, depth: int = 1) -> dict[str, NDArray[np.uint8]]:
    """Write levels, thumbnail, label and macro in Aperio's order; returns them."""
    made = {f"level {k}": np.stack([picture(64 >> k, 96 >> k, 9 * k + z) for z in range(depth)]) for k in (0, 2)}
    made |= {"thumbnail": picture(20, 30), "label": picture(24, 20), "macro": picture(10, 40)}
    rgb: dict[str, Any] = {"photometric": "rgb"}
    with tifffile.TiffWriter(path) as writer:
        writer.write(made["level 0"][0], description=APERIO, **TILES, **rgb)
        writer.write(made["thumbnail"], description="Aperio Image Library", metadata=None, **rgb)
        for level in (0, 2):
            for z in range(1 if level == 0 else 0, depth):
                writer.write(made[f"level {level}"][z], description=APERIO, **TILES, **rgb)
        writer.write(made["label"], description="Aperio\nlabel 20x24", subfiletype=1, metadata=None, **rgb)
        writer.write(made["macro"], description="Aperio\nmacro 40x10", subfiletype=9, metadata=None, **rgb)
    return made


class TestSvs(BackendTests):
    """The published laws."""

    backend = SvsBackend

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """Return a slide of two levels."""
        write_svs(tmp_path / "image.svs")
        return tmp_path / "image.svs"


def test_levels_are_the_pyramid_and_not_the_thumbnail(tmp_path: Path) -> None:
    made = write_svs(tmp_path / "a.svs")

    image = omio.open(tmp_path / "a.svs")

    assert [level.shape[3:5] for level in image.levels] == [(64, 96), (16, 24)]
    np.testing.assert_array_equal(np.asarray(image)[0, 0, 0], made["level 0"][0])
    np.testing.assert_array_equal(np.asarray(image.levels[1])[0, 0, 0], made["level 2"][0])
    assert image.levels[1].metadata.pixel_size["X"] == pytest.approx(1.008)


def test_pictures_beside_the_slide_have_names_and_no_size(tmp_path: Path) -> None:
    made = write_svs(tmp_path / "a.svs")

    associated = omio.open(tmp_path / "a.svs").associated

    assert set(associated) == {"thumbnail", "label", "macro"}
    for name, image in associated.items():
        np.testing.assert_array_equal(np.asarray(image)[0, 0, 0], made[name])
        assert image.metadata.pixel_size == {"Z": None, "Y": None, "X": None}


def test_description_gives_size_magnification_and_date(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")

    metadata = omio.open(tmp_path / "a.svs").metadata

    assert metadata.pixel_size == {"Z": None, "Y": 0.252, "X": 0.252}
    assert metadata.objective is not None
    assert metadata.objective.magnification == 40
    assert str(metadata.acquired) == "2009-12-29 09:59:15"
    assert metadata.original["Aperio"]["Filename"] == "CMU-1"


def test_focal_planes_are_z(tmp_path: Path) -> None:
    made = write_svs(tmp_path / "a.svs", depth=3)

    image = omio.open(tmp_path / "a.svs")

    assert image.sizes["Z"] == 3
    np.testing.assert_array_equal(np.asarray(image)[0, :, 0], made["level 0"])
    np.testing.assert_array_equal(np.asarray(image.levels[1])[0, :, 0], made["level 2"])


def test_region_reads_only_its_tiles(tmp_path: Path) -> None:
    made = write_svs(tmp_path / "a.svs")
    with tifffile.TiffFile(tmp_path / "a.svs") as tiff:
        tag = tiff.pages.first.tags[324]
        spoiled = tag.valueoffset + 4 * 23  # the last of 4 x 6 tiles
    with (tmp_path / "a.svs").open("r+b") as file:
        file.seek(spoiled)
        file.write(b"\xff\xff\xff\x7f")

    image = omio.open(tmp_path / "a.svs")

    found = np.asarray(image.isel(Y=slice(10, 40), X=slice(5, 70)))[0, 0, 0]
    np.testing.assert_array_equal(found, made["level 0"][0][10:40, 5:70])
    with pytest.raises(DamagedFileError, match="segment 23"):
        image.load()


def test_perkin_elmer_channels_have_names_and_colours(tmp_path: Path) -> None:
    names = {"DAPI": "0,0,255", "Opal 520": "0,255,1"}
    full = np.random.default_rng(1).integers(0, 255, (2, 64, 96), dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.qptiff") as writer:
        for number, (name, color) in enumerate(names.items()):
            text = f"<PerkinElmer-QPI-ImageDescription><Name>{name}</Name><Color>{color}</Color>"
            text += "<PixelSizeMicrons>0.5</PixelSizeMicrons></PerkinElmer-QPI-ImageDescription>"
            writer.write(full[number], description=text, software="PerkinElmer-QPI", **TILES)
        writer.write(picture(8, 12), photometric="rgb", metadata=None)
        for number in range(2):
            writer.write(full[number, ::2, ::2], software="PerkinElmer-QPI", **TILES)

    image = omio.open(tmp_path / "a.qptiff")

    np.testing.assert_array_equal(np.asarray(image)[0, 0], full)
    assert [(channel.name, channel.color) for channel in image.metadata.channels] == [
        ("DAPI", "#0000FF"),
        ("Opal 520", "#00FF01"),
    ]
    assert image.metadata.pixel_size["X"] == 0.5
    assert [level.shape[4] for level in image.levels] == [96, 48]
    assert list(image.associated) == ["thumbnail"]


def test_leica_images_are_scenes(tmp_path: Path) -> None:
    pages = [picture(32, 48, seed) for seed in range(3)]
    text = (
        '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection>'
        '<image name="overview"><pixels sizeX="48" sizeY="32"><dimension sizeX="48" sizeY="32" r="0" ifd="0"/></pixels>'
        '</image><image name="tissue"><pixels sizeX="48" sizeY="32"><dimension r="0" ifd="1"/>'
        '<dimension r="1" ifd="2"/></pixels></image></collection></scn>'
    )
    with tifffile.TiffWriter(tmp_path / "a.scn") as writer:
        for number, page in enumerate(pages[:2]):
            writer.write(
                page, photometric="rgb", description=text if number == 0 else None,
                resolution=(20000, 20000), resolutionunit="CENTIMETER", **TILES,
            )  # fmt: skip
        writer.write(pages[2][::2, ::2], photometric="rgb", **TILES)

    scenes = omio.open_collection(tmp_path / "a.scn")

    assert list(scenes) == ["overview", "tissue"]
    np.testing.assert_array_equal(np.asarray(scenes["tissue"])[0, 0, 0], pages[1])
    assert [level.shape[3:5] for level in scenes["tissue"].levels] == [(32, 48), (16, 24)]
    assert scenes["tissue"].metadata.pixel_size["X"] == pytest.approx(0.5)


def test_philips_padding_is_cut_off(tmp_path: Path) -> None:
    spacing = "".join(
        '<DataObject ObjectType="PixelDataRepresentation"><Attribute Name="DICOM_PIXEL_SPACING">'
        f'"{size}" "{size}"</Attribute></DataObject>'
        for size in (0.00025, 0.0005)
    )
    text = f'<DataObject ObjectType="DPUfsImport"><Attribute Name="X"><Array>{spacing}</Array></Attribute></DataObject>'
    coarse = np.zeros((32, 64, 3), np.uint8)  # 48 wanted, a whole tile of padding less than that written
    coarse[:, :48] = picture(32, 48)
    with tifffile.TiffWriter(tmp_path / "a.tiff") as writer:
        writer.write(picture(64, 96), photometric="rgb", description=text, software="Philips DP v1.0", **TILES)
        writer.write(coarse, photometric="rgb", **TILES)

    image = omio.open(tmp_path / "a.tiff")

    assert image.metadata.pixel_size["Y"] == pytest.approx(0.25)
    second = image.levels[1]
    assert second.shape[3] == 32
    assert second.shape[4] < 64
    np.testing.assert_array_equal(np.asarray(second)[0, 0, 0], coarse[:, : second.shape[4]])


def test_real_slide() -> None:
    path = real("svs-cmu1-small.svs")
    image = omio.open(path)

    assert hashlib.sha256(np.asarray(image)).hexdigest() == pixels_of("svs-cmu1-small.svs")["sha256"]
    assert image.metadata.pixel_size == {"Z": None, "Y": 0.499, "X": 0.499}
    assert str(image.metadata.acquired) == "2009-12-29 09:59:15"
    assert len(image.levels) == 1
    shapes = {name: picture.shape[3:5] for name, picture in image.associated.items()}
    assert shapes == {"thumbnail": (768, 574), "label": (463, 387), "macro": (431, 1280)}
