"""Opening by URL, in memory: no server is needed."""

from __future__ import annotations

import base64
import pickle
from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np
import pytest
import tifffile

import omio
from omio import errors
from omio.lazy.urlstamp import UrlStamp
from omio.remote import cache

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PIXELS = np.arange(6 * 40 * 50, dtype=np.uint16).reshape(6, 40, 50)


def put(path: Path, folder: str) -> str:
    """Copy a file or folder into memory and return its URL."""
    system = fsspec.filesystem("memory")
    system.put(str(path), f"{folder}/{path.name}", recursive=True)
    return f"{folder}/{path.name}"


def tiff(tmp_path: Path, name: str = "a.tif", pixels: NDArray[Any] = PIXELS, **keywords: Any) -> Path:
    tifffile.imwrite(tmp_path / name, pixels, **{"photometric": "minisblack", **keywords})
    return tmp_path / name


@pytest.mark.parametrize(
    "keywords",
    [{}, {"compression": "zlib", "tile": (16, 16)}, {"rowsperstrip": 7}, {"imagej": True}, {"bigtiff": True}],
    ids=str,
)
def test_tiff_reads_as_from_disk(tmp_path: Path, folder: str, keywords: dict[str, Any]) -> None:
    path = tiff(tmp_path, metadata={"axes": "ZYX"}, **keywords)
    here, there = omio.open(path), omio.open(put(path, folder))
    np.testing.assert_array_equal(there.load(), here.load())
    assert there.metadata.model_copy(update={"original": None}) == here.metadata.model_copy(update={"original": None})
    region = {"X": slice(3, 40, 5), "Y": [7, 2]}
    np.testing.assert_array_equal(there.isel(**region).load(), here.isel(**region).load())


def test_chains_of_pages_are_followed(tmp_path: Path, folder: str) -> None:
    with tifffile.TiffWriter(tmp_path / "pages.tif") as writer:
        for number in range(150):
            writer.write(np.full((8, 9), number, np.uint8), metadata=None, contiguous=False)
    image = omio.open(put(tmp_path / "pages.tif", folder), axes="TYX")
    assert image.load()[:, 0, 0, 0, 0].tolist() == list(range(150))


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_omezarr_reads_as_from_disk(tmp_path: Path, folder: str, version: str) -> None:
    omio.open(tiff(tmp_path), axes="ZYX").to_omezarr(tmp_path / "a.ome.zarr", version=version, levels=2)
    here, there = omio.open(tmp_path / "a.ome.zarr"), omio.open(put(tmp_path / "a.ome.zarr", folder))
    np.testing.assert_array_equal(there.load(), here.load())
    assert len(there.levels) == 2
    assert there.metadata.axes == here.metadata.axes


def test_omexml_reads_as_from_disk(tmp_path: Path, folder: str) -> None:
    path, text = tmp_path / "a.ome", base64.b64encode(PIXELS[0].tobytes()).decode()
    path.write_text(
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
        'DimensionOrder="XYZCT" Type="uint16" SizeX="50" SizeY="40" SizeZ="1" SizeC="1" SizeT="1">'
        f'<BinData BigEndian="false" Length="{len(text)}">{text}</BinData></Pixels></Image></OME>'
    )
    np.testing.assert_array_equal(omio.open(put(path, folder)).load(), omio.open(path).load())


def test_collections_open(tmp_path: Path, folder: str) -> None:
    found = omio.open_collection(put(tiff(tmp_path), folder), axes="ZYX")
    assert [image.shape for image in found.values()] == [(1, 6, 1, 40, 50)]


def test_recipes_are_small_and_reach_the_file_from_anywhere(tmp_path: Path, folder: str) -> None:
    image = omio.open(put(tiff(tmp_path), folder), axes="ZYX")
    pickled = pickle.dumps(image)
    assert len(pickled) < 4000
    np.testing.assert_array_equal(pickle.loads(pickled).load()[0, :, 0], PIXELS)  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(image.data.isel(Z=2).values.squeeze(), PIXELS[2])


def test_a_file_that_changed_is_refused_and_opens_anew(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(tiff(tmp_path), folder)
    image = omio.open(url, axes="ZYX")
    put(tiff(tmp_path, pixels=PIXELS[:, ::-1]), folder)
    np.testing.assert_array_equal(omio.open(url, axes="ZYX").load()[0, :, 0], PIXELS[:, ::-1])
    monkeypatch.setattr(cache, "KEPT_SECONDS", 0.0)
    with pytest.raises(errors.ChangedFileError, match="Open it again"):
        image.load()


def test_options_are_never_shown(tmp_path: Path, folder: str) -> None:
    secret = {"client_kwargs": {"password": "hunter2222"}}
    image = omio.open(put(tiff(tmp_path), folder), axes="ZYX", storage_options=secret)
    stamp = next(leaf.stamp for leaf in image.recipe.leaves() if hasattr(leaf, "stamp"))
    assert isinstance(stamp, UrlStamp)
    shown = (
        repr(image),
        repr(stamp),
        repr(image.associated),
        str(image.metadata.provenance),
        repr(image.recipe.token()),
    )
    assert not any("hunter2222" in text for text in shown)


@pytest.mark.parametrize("name", ["nothing.tif", "nothing.ome.zarr", "nothing"])
def test_what_is_not_there_is_missing(folder: str, name: str) -> None:
    with pytest.raises(errors.FileMissingError, match="no such file"):
        omio.open(f"{folder}/{name}")


def test_unknown_schemes_are_told() -> None:
    with pytest.raises(errors.OptionError, match="Protocol not known: nosuch"):
        omio.open("nosuch://a/b.tif")


def test_only_backends_that_read_by_ranges_are_asked(tmp_path: Path, folder: str) -> None:
    (tmp_path / "Image_001.raw").write_bytes(bytes(100))
    with pytest.raises(errors.UnsupportedFormatError):
        omio.open(put(tmp_path / "Image_001.raw", folder))


def test_folders_are_not_listed(folder: str) -> None:
    for files in ([f"{folder}/a.tif", f"{folder}/b.tif"], f"{folder}/t{{T}}.tif"):
        with pytest.raises(errors.UnsupportedFormatError, match="not listed"):
            omio.open(files)
    with pytest.raises(errors.UnsupportedFormatError, match="not listed"):
        omio.open_folder(folder)


def test_nothing_elsewhere_is_mapped(tmp_path: Path, folder: str) -> None:
    with pytest.raises(errors.LayoutError, match="not on this machine"):
        omio.open(put(tiff(tmp_path), folder), axes="ZYX").memmap()


def test_file_addresses_are_paths(tmp_path: Path) -> None:
    path = tiff(tmp_path)
    assert omio.open(path.as_uri(), axes="ZYX").load().shape == (1, 6, 1, 40, 50)
    omio.open(path, axes="ZYX").to_ometiff((tmp_path / "b.ome.tif").as_uri())
    np.testing.assert_array_equal(omio.open(tmp_path / "b.ome.tif").load()[0, :, 0], PIXELS)
