"""References: what zarr-python and xarray open without omio, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio import MicroscopyDataset
from omio.errors import DestinationExistsError, PolicyError, SourceOverwriteError, UnwritableError
from tests.support.czi import Tile, write_czi
from tests.support.real import REAL
from tests.support.references import digest, looked_at
from tests.writers.images import random_pixels

if TYPE_CHECKING:
    from pathlib import Path

WAYS: dict[str, dict[str, Any]] = {
    "raw": {},
    "big-endian": {"byteorder": ">"},
    "zlib strips": {"compression": "zlib", "rowsperstrip": 16},
    "zlib tiles": {"compression": "zlib", "tile": (16, 32)},
    "big-endian zlib": {"compression": "zlib", "byteorder": ">", "tile": (16, 32), "predictor": True},
    "zstd": {"compression": "zstd", "tile": (16, 32)},
    "lzw": {"compression": "lzw", "predictor": True, "rowsperstrip": 8},
    "packbits": {"compression": "packbits", "rowsperstrip": 64},
    "lzma": {"compression": "lzma", "tile": (32, 32)},
    "jpeg2000": {"compression": "jpeg2000", "tile": (64, 64), "compressionargs": {"level": 0, "reversible": True}},
    "jpeg-xl": {"compression": "jpegxl", "tile": (64, 64), "compressionargs": {"lossless": True}},
    "png": {"compression": "png", "tile": (64, 64)},
}


def stack(path: Path, dtype: str = "uint16", **options: Any) -> MicroscopyDataset:
    """Write a stack by tifffile, and open it."""
    pixels = np.add.outer(np.arange(3), random_pixels((64, 96), dtype)).astype(dtype)
    tifffile.imwrite(path, pixels, metadata={"axes": "ZYX"}, ome=True, photometric="minisblack", **options)
    return omio.open(path)


def cells(path: Path) -> MicroscopyDataset:
    """Write an image of which much is known, and open it."""
    pixels = random_pixels((2, 3, 2, 48, 64), "uint16")
    known: dict[str, Any] = {"pixel_size": {"Z": 1.5, "Y": 0.325, "X": 0.25}, "name": "cells", "time_increment": 2.5}
    image = MicroscopyDataset.from_array(pixels, channels=["DAPI", "GFP \N{GREEK SMALL LETTER ALPHA}"], **known)
    image.to_ometiff(path, compression="none")
    return omio.open(path)


def seen(path: Path) -> dict[str, Any]:
    return looked_at([(path, "")], path.parent)[0]


@pytest.fixture(scope="module")
def referred(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], tuple[str, dict[str, Any]]]:
    """All ways of storing, by both versions of Zarr: the digest of omio's pixels, and what others see."""
    folder = tmp_path_factory.mktemp("ways")
    wanted, asked = {}, []
    for way, options in WAYS.items():
        image = stack(folder / f"{way}.ome.tif", **options)
        for version in (2, 3):
            image.to_reference(folder / f"{way}-{version}.json", zarr_format=version)
            wanted[way, version] = digest(image.load())
            asked.append((folder / f"{way}-{version}.json", ""))
    return {key: (wanted[key], found) for key, found in zip(wanted, looked_at(asked, folder), strict=True)}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("way", WAYS)
def test_others_see_the_same_pixels(referred: dict[Any, Any], way: str, version: int) -> None:
    expected, found = referred[way, version]
    assert found["pixels"] == found["labelled"] == expected
    assert found["dims"] == ["T", "Z", "C", "Y", "X"]
    assert found["attributes"] == ["omio"]


def test_a_set_of_files_is_one_array(tmp_path: Path) -> None:
    pixels = random_pixels((2, 3, 16, 24), "uint16")
    names = ["a.ome.tif", "b.ome.tif"]
    places = "".join(
        f'<TiffData FirstT="{t}" FirstZ="{z}" IFD="{z}"><UUID FileName="{name}">urn:uuid:{t}</UUID></TiffData>'
        for t, name in enumerate(names)
        for z in range(3)
    )
    size = 'SizeT="2" SizeZ="3" SizeC="1" SizeY="16" SizeX="24"'
    described = f'<Pixels ID="Pixels:0" DimensionOrder="XYZTC" Type="uint16" {size}>{places}</Pixels>'
    for t, name in enumerate(names):
        head = f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{t}">'
        text = f'{head}<Image ID="Image:0">{described}</Image></OME>'
        tifffile.imwrite(tmp_path / name, pixels[t], description=text, metadata=None, photometric="minisblack")
    omio.open(tmp_path / "b.ome.tif").to_reference(tmp_path / "set.json")
    assert seen(tmp_path / "set.json")["pixels"] == digest(pixels[:, :, None])


@pytest.mark.parametrize("compression", ["raw", "zstd", "zstd-header"])
def test_tiles_of_czi_are_chunks(tmp_path: Path, compression: str) -> None:
    pixels = random_pixels((32, 48), "uint16")
    tiles = [
        Tile(pixels[y : y + 16, x : x + 24], {"C": 0, "Y": y, "X": x}, compression=compression)
        for y in (0, 16)
        for x in (0, 24)
    ]
    image = omio.open(write_czi(tmp_path / "a.czi", tiles))
    image.to_reference(tmp_path / "a.json")
    assert seen(tmp_path / "a.json")["pixels"] == digest(pixels[None, None, None])


PLAIN = Tile(np.ones((8, 8), "uint8"), {"C": 0})


@pytest.mark.parametrize(
    ("tiles", "cause"),
    [
        ([PLAIN, Tile(np.ones((8, 8), "uint8"), {"C": 1}, compression="zstd")], "compressed in several ways"),
        ([Tile(np.ones((8, 8), "uint8"), {"C": 0}, compression="lzw")], "no codec"),
        ([Tile(np.ones((8, 8), "uint8"), {"C": 0}, mask=np.eye(8, dtype=bool))], "masks hide"),
        ([PLAIN, Tile(np.ones((8, 8), "uint8"), {"C": 0, "Y": 4})], "regular grid"),
        ([PLAIN, PLAIN], "overlap"),
    ],
    ids=lambda given: given.split()[0] if isinstance(given, str) else "",
)
def test_what_is_no_grid_of_chunks_in_a_czi_is_refused(tmp_path: Path, tiles: list[Tile], cause: str) -> None:
    image = omio.open(write_czi(tmp_path / "a.czi", tiles))
    with pytest.raises(UnwritableError, match=cause):
        image.to_reference(tmp_path / "a.json")


def test_floats_with_their_predictor(tmp_path: Path) -> None:
    for version in (2, 3):
        image = stack(tmp_path / "f.ome.tif", "float32", compression="zlib", predictor=3, tile=(32, 32))
        image.to_reference(tmp_path / f"{version}.json", zarr_format=version)
        assert seen(tmp_path / f"{version}.json")["pixels"] == digest(image.load())


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_samples_are_a_dim(tmp_path: Path, planar: str) -> None:
    pixels = random_pixels((64, 64, 3) if planar == "contig" else (3, 64, 64), "uint8")
    options: dict[str, Any] = {
        "photometric": "rgb",
        "planarconfig": planar,
        "tile": (32, 32),
        "compression": "zlib",
        "predictor": True,
    }
    tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
    image = omio.open(tmp_path / "a.tif")
    image.to_reference(tmp_path / "a.json")
    found = seen(tmp_path / "a.json")
    assert found["pixels"] == digest(image.load())
    assert found["dims"] == ["T", "Z", "C", "Y", "X", "S"]


def test_positions_and_metadata_come_along(tmp_path: Path) -> None:
    image = cells(tmp_path / "cells.ome.tif")
    report = image.to_reference(tmp_path / "cells.json")
    found = seen(tmp_path / "cells.json")
    expected = {name: digest(values.values) for name, values in image.data.coords.items() if values.dtype.kind == "f"}
    assert found["coordinates"] == expected
    again = omio.open(tmp_path / "cells.json")
    assert again.identical(image)
    assert report.lost == ()
    assert not report.details["imagecodecs"]


@pytest.mark.parametrize(("version", "samples"), [(3, 1), (2, 1), (3, 3)])
def test_levels_make_an_ome_zarr(tmp_path: Path, version: int, samples: int) -> None:
    pixels = random_pixels((1, 2, 1, 300, 200) if samples == 1 else (1, 1, 1, 300, 200, 3), "uint8")
    image = MicroscopyDataset.from_array(pixels, pixel_size={"Y": 0.5, "X": 0.25}, name="slide")
    image.to_ometiff(tmp_path / "p.ome.tif", levels=3, tile=(64, 64))
    image = omio.open(tmp_path / "p.ome.tif")
    report = image.to_reference(tmp_path / "p.json", zarr_format=version)
    assert report.lost == ()
    again = omio.open(tmp_path / "p.json")
    assert again.identical(image)
    assert [level.shape for level in again.levels] == [level.shape for level in image.levels]
    for mine, theirs in zip(image.levels, again.levels, strict=True):
        np.testing.assert_array_equal(mine.load(), theirs.load())
    found = looked_at([(tmp_path / "p.json", str(level)) for level in range(3)], tmp_path)
    for level, each in zip(image.levels, found, strict=True):
        plain = level.split_samples() if samples > 1 else level
        assert each["pixels"] == digest(plain.load().transpose(0, 2, 1, 3, 4))
        assert each["dims"] == ["T", "C", "Z", "Y", "X"]
        assert each["coordinates"]["X"] == digest(level.data.coords["X"].values)


def test_samples_of_a_pyramid_need_zarr_3(tmp_path: Path) -> None:
    image = MicroscopyDataset.from_array(random_pixels((1, 1, 1, 300, 200, 3), "uint8"))
    image.to_ometiff(tmp_path / "p.ome.tif", levels=2, tile=(64, 64))
    report = omio.open(tmp_path / "p.ome.tif").to_reference(tmp_path / "p.json", zarr_format=2)
    assert [text.partition(":")[0] for text in report.lost] == ["levels"]
    np.testing.assert_array_equal(omio.open(tmp_path / "p.json").load(), image.load())


def test_a_hundred_files_are_one_array(tmp_path: Path) -> None:
    pixels = random_pixels((100, 16, 24), "uint16")
    for number, plane in enumerate(pixels):
        tifffile.imwrite(tmp_path / f"t{number:03d}.tif", plane, compression="zlib")
    image = omio.open(str(tmp_path / "t{T:03d}.tif"))
    report = image.to_reference(tmp_path / "all.json")
    assert (report.details["chunks"], report.details["files"]) == (100, 100)
    assert seen(tmp_path / "all.json")["pixels"] == digest(pixels[:, None, None])
    first = omio.open(tmp_path / "t000.tif").merge(*(omio.open(tmp_path / f"t{n:03d}.tif") for n in range(1, 100)))
    first.to_reference(tmp_path / "merged.json")
    assert seen(tmp_path / "merged.json")["pixels"] == digest(pixels[:, None, None])


def test_a_missing_file_is_fill(tmp_path: Path) -> None:
    for name in ("t0_c0.tif", "t0_c1.tif", "t1_c0.tif"):
        tifffile.imwrite(tmp_path / name, np.full((16, 16), 7, np.uint8))
    with pytest.warns(omio.OmioWarning):
        image = omio.open(str(tmp_path / "t{T}_c{C}.tif"), strict=False)
    image.to_reference(tmp_path / "all.json")
    assert seen(tmp_path / "all.json")["pixels"] == digest(image.load())
    np.testing.assert_array_equal(omio.open(tmp_path / "all.json").load(), image.load())


def test_selections_of_whole_chunks(tmp_path: Path) -> None:
    image = stack(tmp_path / "a.ome.tif", tile=(16, 32), compression="zlib", predictor=True)
    part = image.isel(Z=[2, 0], Y=slice(16, 40), X=slice(32, 96))
    assert part.to_reference(tmp_path / "part.json").details["imagecodecs"]
    assert seen(tmp_path / "part.json")["pixels"] == digest(part.load())
    with pytest.raises(UnwritableError, match="cuts through chunks of 32 pixels along X"):
        image.isel(X=slice(1, 60)).to_reference(tmp_path / "no.json")
    with pytest.raises(UnwritableError, match="cuts through chunks of 16 pixels along Y"):
        image.isel(Y=slice(0, 64, 2)).to_reference(tmp_path / "no.json")


def test_what_is_computed_is_refused(tmp_path: Path) -> None:
    image = stack(tmp_path / "a.ome.tif")
    computed = (image.astype("float32"), image.pad({"X": (0, 4)}), image.project("Z"), image.map(lambda data: data + 1))
    for other in computed:
        with pytest.raises(UnwritableError, match=r"no file holds them.*to_omezarr"):
            other.to_reference(tmp_path / "no.json")
    with pytest.raises(PolicyError, match="hold no pixels"):
        image.to_reference(tmp_path / "no.json", cast="uint8")
    assert [file.name for file in tmp_path.iterdir()] == ["a.ome.tif"]


@pytest.mark.parametrize(
    ("dtype", "options", "why"),
    [
        ("uint8", {"compression": "zlib", "rowsperstrip": 48}, "its last strip holds 16 rows, the others 48"),
        ("uint8", {"extratags": [(274, 3, 1, 6, True)]}, "turned upright"),
        ("bool", {}, "packed"),
    ],
)
def test_what_zarr_cannot_decode_is_refused(tmp_path: Path, dtype: str, options: dict[str, Any], why: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 32), dtype), metadata=None, **options)
    with pytest.raises(UnwritableError, match=why):
        omio.open(tmp_path / "a.tif").to_reference(tmp_path / "no.json")


def test_parts_must_be_stored_alike(tmp_path: Path) -> None:
    one = stack(tmp_path / "one.ome.tif", compression="zlib", tile=(32, 32))
    other = stack(tmp_path / "other.ome.tif", compression="zstd", tile=(32, 32))
    with pytest.raises(UnwritableError, match="differ in their codec"):
        one.merge(other, along="T").to_reference(tmp_path / "no.json")


def test_large_planes_are_cut_between_rows(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.arange(3000 * 2100, dtype=np.uint32).reshape(3000, 2100))
    image = omio.open(tmp_path / "a.tif")
    image.to_reference(tmp_path / "a.json")
    document = json.loads(json.loads((tmp_path / "a.json").read_text())["refs"]["image/zarr.json"])
    assert (
        document["chunk_grid"]["configuration"]["chunk_shape"] == [1, 1, 1, 428, 2100]
        or document["shape"][3] % 500 == 0
    )
    rows = document["chunk_grid"]["configuration"]["chunk_shape"][3]
    assert 3000 % rows == 0
    assert rows * 2100 * 4 <= 4 << 20
    assert omio.open(tmp_path / "a.json").identical(image)


class TestNames:
    def test_are_relative_to_the_reference(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        stack(tmp_path / "a.ome.tif").to_reference(tmp_path / "deep" / "a.json")
        assert names(tmp_path / "deep" / "a.json") == {"../a.ome.tif"}
        (tmp_path / "moved").mkdir()
        stack(tmp_path / "moved" / "b.ome.tif").to_reference(tmp_path / "moved" / "b.json")
        (tmp_path / "moved").rename(tmp_path / "there")
        assert omio.open(tmp_path / "there" / "b.json").load().any()

    def test_stand_behind_a_url(self, tmp_path: Path) -> None:
        image = stack(tmp_path / "a.ome.tif")
        image.to_reference(tmp_path / "a.json", url="s3://bucket/plates/")
        assert names(tmp_path / "a.json") == {"s3://bucket/plates/a.ome.tif"}
        image.to_reference(tmp_path / "b.json", url="s3://bucket", base=str(tmp_path.parent))
        assert names(tmp_path / "b.json") == {f"s3://bucket/{tmp_path.name}/a.ome.tif"}
        image.to_reference(tmp_path / "c.json", url=tmp_path.as_uri())
        assert seen(tmp_path / "c.json")["pixels"] == digest(image.load())

    def test_must_lie_below_the_base(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        image = stack(tmp_path / "a.ome.tif")
        with pytest.raises(UnwritableError, match="does not lie below"):
            image.to_reference(tmp_path / "deep" / "a.json", url="s3://bucket")
        with pytest.raises(PolicyError, match="base="):
            image.to_reference(tmp_path / "a.json", base=str(tmp_path))


def names(path: Path) -> set[str]:
    refs = json.loads(path.read_text())["refs"]
    return {entry[0] for entry in refs.values() if isinstance(entry, list)}


def test_destinations_are_safe(tmp_path: Path) -> None:
    image = stack(tmp_path / "a.ome.tif")
    with pytest.raises(SourceOverwriteError):
        image.to_reference(tmp_path / "a.ome.tif", overwrite="replace")
    image.to_reference(tmp_path / "a.json")
    with pytest.raises(DestinationExistsError):
        image.to_reference(tmp_path / "a.json")
    assert image.to_reference(tmp_path / "a.json", overwrite="increment").path == str(tmp_path / "a-1.json")


def test_parquet_is_what_fsspec_reads(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import fsspec
    import zarr
    from fsspec.implementations.reference import LazyReferenceMapper

    image = cells(tmp_path / "cells.ome.tif")
    report = image.to_reference(tmp_path / "cells.parq")
    assert omio.open(tmp_path / "cells.parq").identical(image)
    assert report.nbytes == sum(file.stat().st_size for file in (tmp_path / "cells.parq").rglob("*") if file.is_file())
    image.to_reference(tmp_path / "url.parq", url=tmp_path.as_uri())
    mapper = LazyReferenceMapper(str(tmp_path / "url.parq"), fsspec.filesystem("file"), engine="pyarrow")
    files = fsspec.filesystem("reference", fo=mapper, remote_protocol="file", asynchronous=True)
    group = zarr.open_group(zarr.storage.FsspecStore(files, read_only=True), mode="r")
    np.testing.assert_array_equal(group["image"][...], image.load())  # type: ignore[index]
    with pytest.raises(PolicyError, match="Zarr 2"):
        image.to_reference(tmp_path / "no.parq", zarr_format=3)


REFUSED = {
    "czi-rgb8.czi": "blue, green, red",
    "czi-tileregion.czi": "regular grid",
    "ometiff-viv-multi-channel.ome.tif": "last strip",
    "tiff-1bit.tif": "packed",
    "tiff-orient6.tif": "upright",
}
"""Real files whose chunks are no chunks of Zarr, and why."""


def test_real_files_open_without_omio(tmp_path: Path) -> None:
    """Every real TIFF, CZI, LSM, SVS and NDTiff file is referred to and seen alike, or refused for a known reason."""
    if not REAL.is_dir():
        pytest.skip(f"real data not here: {REAL}")
    files = [
        path
        for pattern in ("*.tif*", "*.czi", "*.lsm", "*.svs", "mm-*/", "gen/*.tif", "thor-*/**/Image*.raw")
        for path in REAL.glob(pattern)
    ]
    asked, wanted = [], []
    for path in sorted(files):
        try:
            image = next(iter(omio.open_collection(path).values()))
        except omio.OmioError:
            continue  # pages that nothing names need axes=
        if image.nbytes > 50 << 20:
            image = image.isel(Y=slice(0, 1024), X=slice(0, 1024))
        target = tmp_path / f"{path.name}.json"
        if path.name in REFUSED:
            with pytest.raises(UnwritableError, match=REFUSED[path.name]):
                image.to_reference(target)
            continue
        image.to_reference(target)
        pyramid = len(image.levels) > 1
        pixels = image.split_samples().load() if pyramid and image.ndim > 5 else image.load()
        asked.append((target, "0" if pyramid else ""))
        wanted.append((path.name, digest(pixels.transpose(0, 2, 1, 3, 4) if pyramid else pixels)))
    found = looked_at(asked, tmp_path)
    assert [(name, each["pixels"]) for (name, _), each in zip(wanted, found, strict=True)] == wanted
    assert len(wanted) > 20


def test_files_on_a_server_keep_their_addresses(tmp_path: Path) -> None:
    import fsspec
    import xarray as xr

    cells(tmp_path / "a.ome.tif")
    fsspec.filesystem("memory").pipe("/cells/a.ome.tif", (tmp_path / "a.ome.tif").read_bytes())
    image = omio.open("memory://cells/a.ome.tif")
    image.to_reference(tmp_path / "a.json")
    assert names(tmp_path / "a.json") == {"memory://cells/a.ome.tif"}
    options = {"fo": str(tmp_path / "a.json"), "remote_protocol": "memory"}
    with xr.open_zarr("reference://", storage_options=options, consolidated=False, chunks=None) as found:
        np.testing.assert_array_equal(found["image"].values, image.load())
