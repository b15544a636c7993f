"""Images of several files: no content of a file makes omio ask for anything but its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fsspec
import numpy as np
import pytest
import tifffile

import omio
from omio import errors
from omio.remote import wires

if TYPE_CHECKING:
    from pathlib import Path

    from omio.remote.urls import Url

PIXELS = np.arange(2 * 16 * 16, dtype=np.uint8).reshape(2, 16, 16)


def set_of(tmp_path: Path, other: str) -> list[Path]:
    """Write two files of one image; the first says that the second plane lies in `other`."""
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
        'DimensionOrder="XYZCT" Type="uint8" SizeX="16" SizeY="16" SizeZ="2" SizeC="1" SizeT="1">'
        '<Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        '<TiffData IFD="0" FirstZ="0" PlaneCount="1"><UUID FileName="a.ome.tif">urn:uuid:a</UUID></TiffData>'
        f'<TiffData IFD="0" FirstZ="1" PlaneCount="1"><UUID FileName="{other}">urn:uuid:b</UUID></TiffData>'
        "</Pixels></Image></OME>"
    )
    paths = [tmp_path / "a.ome.tif", tmp_path / "b.ome.tif"]
    for path, plane in zip(paths, PIXELS, strict=True):
        tifffile.imwrite(path, plane, description=xml, metadata=None, photometric="minisblack")
    return paths


def test_members_beside_it_are_read(tmp_path: Path, folder: str) -> None:
    for path in set_of(tmp_path, "b.ome.tif"):
        fsspec.filesystem("memory").put(str(path), f"{folder}/run/{path.name}")
    image = omio.open(f"{folder}/run/a.ome.tif")
    np.testing.assert_array_equal(image.load()[0, :, 0], PIXELS)


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1/b.ome.tif", "../b.ome.tif", "memory://run/b.ome.tif", "/etc/passwd", "s3://b/b.ome.tif"]
)
def test_other_places_are_never_asked(tmp_path: Path, folder: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = set_of(tmp_path, name)
    fsspec.filesystem("memory").put(str(paths[0]), f"{folder}/run/a.ome.tif")
    asked: list[str] = []
    made = wires.SystemWire.__init__

    def noted(self: wires.SystemWire, url: Url, *rest: object) -> None:
        asked.append(url.target)
        made(self, url, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(wires.SystemWire, "__init__", noted)
    with pytest.raises(errors.DamagedFileError, match="lies outside"):
        omio.open(f"{folder}/run/a.ome.tif")
    assert set(asked) <= {f"{folder}/run/a.ome.tif"}


@pytest.mark.parametrize("name", ["http://127.0.0.1/b.ome.tif", "memory://run/b.ome.tif"])
def test_local_files_never_lead_elsewhere(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = set_of(tmp_path, name)[0]
    (tmp_path / "b.ome.tif").unlink()
    monkeypatch.setattr(wires, "wire_to", lambda url: pytest.fail(f"{url} was asked"))
    with pytest.raises((errors.FileMissingError, errors.DamagedFileError)):
        omio.open(path)
