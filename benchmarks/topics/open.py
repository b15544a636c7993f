"""Rows 2: from a path to sizes and metadata, imports apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Group, elsewhere, function
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data import Data


def groups(data: Data) -> list[Group]:
    imagej, planes = str(data.imagej()), str(data.ome_planes())
    mosaic, sequence, many = str(data.czi("zstd")), str(data.sequence()), str(data.sequence(10_000))
    return [
        Group(
            "2a",
            "open ImageJ TIFF, 1 GB, 2000 frames",
            (
                function("tifffile", "open:tifffile_series", imagej),
                function("omio", "open:omio_open", imagej),
                function("omio, no models", "open:omio_sizes", imagej),
                *elsewhere(data.folder, "bioio", "bioio", "open:bioio", imagej, once=True),
            ),
            ("tifffile",),
            goal_ms=10,
            moonshot_ms=3,
        ),
        Group(
            "2b",
            "open OME-TIFF, 20,000 planes: sizes and metadata",
            (
                function("tifffile", "open:tifffile_series", planes),
                function("omio", "open:omio_open", planes),
                function("omio, no models", "open:omio_sizes", planes),
                *elsewhere(data.folder, "bioio", "bioio", "open:bioio", planes, once=True),
            ),
            ("tifffile",),
            goal=0.10,
            moonshot=0.05,
        ),
        Group(
            "2b",
            "the same with the map of all planes, and one read",
            (
                function("tifffile", "open:tifffile_plane", planes),
                function("omio", "open:omio_plane", planes),
                function("omio, with every plane's time and place", "open:omio_plane_facts", planes),
            ),
            ("tifffile",),
            goal=0.25,
            moonshot=0.15,
        ),
        Group(
            "2c",
            "open CZI, 2000 subblocks",
            (
                function("czifile", "open:czifile_scenes", mosaic),
                function("omio", "open:omio_open", mosaic),
                function("omio, no models", "open:omio_sizes", mosaic),
                *elsewhere(data.folder, "bioio", "bioio", "open:bioio", mosaic, compared=False, once=True),
                function("libCZI", "open:libczi", mosaic, compared=False),
            ),
            ("czifile",),
            goal=1.0,
            moonshot=0.5,
        ),
        Group(
            "2d",
            "open 500 TIFFs as a sequence, checked",
            (
                function("TiffFile of each", "open:tifffile_each", sequence),
                function("omio", "open:omio_sequence", sequence),
                function("4 KB of each, 2 threads", "open:heads", sequence, compared=False),
            ),
            ("TiffFile of each",),
            goal=0.5,
            moonshot=0.25,
        ),
        Group(
            "2d",
            "the same, unchecked",
            (
                function("TiffSequence", "open:tifffile_sequence", sequence),
                function("omio", "open:omio_unchecked", sequence),
            ),
            ("TiffSequence",),
            goal=1.0,
            moonshot=0.5,
        ),
        Group(
            "2e",
            "open 10,000 TIFFs as a sequence, the first and the last compared",
            (
                function("TiffSequence", "open:tifffile_sequence", many),
                function("omio", "open:omio_sequence", many),
                function("omio, glob", "open:omio_glob", many),
            ),
            ("TiffSequence",),
            goal=1.0,
            moonshot=0.5,
        ),
    ]


def _lengths(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size > 1]


def tifffile_series(path: str) -> Callable[[], list[int]]:
    import tifffile

    def work() -> list[int]:
        with tifffile.TiffFile(path) as tif:
            return _lengths(tif.series[0].shape)

    return work


def omio_open(path: str) -> Callable[[], list[int]]:
    load_omio("czifile")
    import omio

    def work() -> list[int]:
        return _lengths(omio.open(path).metadata.shape)

    return work


def omio_sizes(path: str) -> Callable[[], list[int]]:
    """Open and ask for the sizes and spacings alone; the models of ``metadata`` are not built."""
    load_omio("czifile")
    import omio

    def work() -> list[int]:
        dataset = omio.open(path)
        assert dataset.facts.axes["X"].spacing
        return _lengths(dataset.shape)

    return work


def bioio(path: str) -> Callable[[], list[int]]:
    from bioio import BioImage

    def work() -> list[int]:
        image = BioImage(path)
        assert image.physical_pixel_sizes is not None
        return _lengths(image.dims.shape)

    return work


def tifffile_plane(path: str) -> Callable[[], int]:
    """Build the series and ask for the last plane's offset; tifffile knows no time of a plane."""
    import tifffile

    def work() -> int:
        with tifffile.TiffFile(path) as tif:
            pages = tif.series[0].pages
            page = pages[len(pages) - 1]
            assert page is not None
            return int(tif.pages[page.index].dataoffsets[0] > 0)

    return work


def omio_plane(path: str) -> Callable[[], int]:
    """Open, and read a pixel of the last plane: that takes the map of planes and the place of its page."""
    load_omio()
    import omio

    def work() -> int:
        omio.open(path).isel(T=-1, Y=slice(0, 1), X=slice(0, 1)).load()
        return 1

    return work


def omio_plane_facts(path: str) -> Callable[[], int]:
    """Do the same, and load the times and positions of all planes, which tifffile does not give."""
    work = omio_plane(path)
    import omio

    def more() -> int:
        planes = omio.open(path).facts.planes
        assert planes is not None
        assert len(planes.columns["delta_t"]) > 1
        return work()

    return more


def czifile_scenes(path: str) -> Callable[[], list[int]]:
    load("imagecodecs")
    import czifile

    def work() -> list[int]:
        with czifile.CziFile(path) as czi:
            czi.metadata()
            return _lengths(next(iter(czi.scenes.values())).shape)

    return work


def libczi(path: str) -> Callable[[], None]:
    from pylibCZIrw import czi

    def work() -> None:
        with czi.open_czi(path) as document:
            assert document.total_bounding_box
            assert document.metadata

    return work


def tifffile_each(folder: str) -> Callable[[], list[int]]:
    import tifffile

    files = sorted(Path(folder).glob("*.tif"))

    def work() -> list[int]:
        shapes = set()
        for file in files:
            with tifffile.TiffFile(file) as tif:
                shapes.add(tif.pages.first.shape)
        (shape,) = shapes
        return [len(files), *shape]

    return work


def tifffile_sequence(folder: str) -> Callable[[], list[int]]:
    import tifffile
    import zarr

    def work() -> list[int]:
        with tifffile.TiffSequence(f"{folder}/*.tif") as sequence:
            return list(zarr.open_array(sequence.aszarr(), mode="r").shape)

    return work


def heads(folder: str) -> Callable[[], int]:
    def head(path: Path) -> int:
        with path.open("rb") as file:
            return len(file.read(4096))

    def work() -> int:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(head, Path(folder).iterdir()))

    return work


def omio_sequence(folder: str) -> Callable[[], list[int]]:
    load_omio("omio.dataset.sequence", "omio.dataset.merging")
    import omio

    def work() -> list[int]:
        return _lengths(omio.open(f"{folder}/t{{T:04d}}.tif").metadata.shape)

    return work


def omio_unchecked(folder: str) -> Callable[[], list[int]]:
    load_omio("omio.dataset.sequence", "omio.dataset.merging")
    import omio

    return lambda: _lengths(omio.open(f"{folder}/t{{T:04d}}.tif", validate_shapes=False).metadata.shape)


def omio_glob(folder: str) -> Callable[[], list[int]]:
    load_omio("omio.dataset.sequence", "omio.dataset.merging")
    import omio

    def work() -> list[int]:
        return _lengths(omio.open(f"{folder}/*.tif", along="T").metadata.shape)

    return work
