"""The images of a folder, each once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import tifffile

from omio.backends import discovery
from omio.errors import FileAccessError, FileMissingError
from omio.testing import makers
from tests.support.real import real


def names(folder: Path, **options: bool | str) -> list[str]:
    found = discovery.image_files(folder, **options)  # type: ignore[arg-type]
    return [Path(path).relative_to(folder).as_posix() for path in found]


def touch(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def test_natural_order_and_known_endings(tmp_path: Path) -> None:
    touch(tmp_path, "t10.tif", "t2.TIF", "a.czi", "notes.txt", ".hidden.tif", "sub/t1.tif")
    assert names(tmp_path) == ["a.czi", "t2.TIF", "t10.tif"]
    assert names(tmp_path, recursive=True) == ["a.czi", "sub/t1.tif", "t2.TIF", "t10.tif"]
    assert names(tmp_path, pattern="t?.*") == ["t2.TIF"]


def test_what_omio_made_is_no_source(tmp_path: Path) -> None:
    touch(tmp_path, "a.tif", ".omio_cache/x.tif", "results/b.ome.tif", f"results/{discovery.REPORT_NAME}")
    touch(tmp_path, "below/omio_converted/a.ome.tif", "below/.omio_cache/x.tif", "below/.trash/x.tif")
    assert names(tmp_path, recursive=True) == ["a.tif"]


def test_what_omio_made_is_listed_where_it_is_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "omio_converted/a.ome.tif", f"omio_converted/{discovery.REPORT_NAME}")
    assert names(tmp_path / "omio_converted") == ["a.ome.tif"]


def test_links_are_followed_but_not_in_a_circle(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.tif")
    try:
        (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    assert names(tmp_path, recursive=True) == ["a/x.tif", "b/x.tif"]


def test_folders_that_cannot_be_listed_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        discovery.image_files(tmp_path / "no")
    touch(tmp_path, "shut/a.tif")
    (tmp_path / "shut").chmod(0)
    try:
        if os.access(tmp_path / "shut", os.R_OK):
            pytest.skip("this user may list everything")
        with pytest.raises(FileAccessError, match="shut"):
            discovery.image_files(tmp_path, recursive=True)
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_a_set_of_files_counts_once(tmp_path: Path) -> None:
    uuids = ["urn:uuid:00000000-0000-4000-8000-00000000000" + str(number) for number in range(3)]
    data = "".join(
        f'<TiffData FirstT="{number}" PlaneCount="1"><UUID FileName="t{number}.ome.tif">{uuid}</UUID></TiffData>'
        for number, uuid in enumerate(uuids)
    )
    frame = makers.cells((1, 1, 1, 16, 20))[0, 0, 0]
    for number, uuid in enumerate(uuids):
        text = (
            f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{uuid}"><Image ID="Image:0">'
            '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="20" SizeY="16" SizeZ="1" SizeC="1" '
            f'SizeT="3"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}</Pixels></Image></OME>'
        )
        tifffile.imwrite(tmp_path / f"t{number}.ome.tif", frame, description=text, metadata=None)
    makers.imagej(tmp_path / "other.tif")
    assert names(tmp_path) == ["other.tif", "t0.ome.tif"]
    (tmp_path / "t1.ome.tif").unlink()  # an incomplete set is still one image
    assert names(tmp_path) == ["other.tif", "t0.ome.tif"]


def test_files_alike_are_seen_as_what_they_are(tmp_path: Path) -> None:
    frame = makers.cells((1, 1, 1, 16, 20))[0, 0, 0]
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(tmp_path / name, frame)
    makers.ome_tiff(tmp_path / "c.tif")
    (tmp_path / "d.tif").write_bytes(b"no image")
    paths = [str(tmp_path / name) for name in ("a.tif", "b.tif", "c.tif", "d.tif")]
    found = discovery.look(paths)
    assert [image.path for image in found] == paths
    assert [len(image.scenes) for image in found] == [1, 1, 1, 0]


def test_scenes_of_a_real_file(tmp_path: Path) -> None:
    source = real("czi-tileregion.czi")
    shutil.copy(source, tmp_path / "a.czi")
    (found,) = discovery.look([str(tmp_path / "a.czi")])
    assert len(found.scenes) == 1
