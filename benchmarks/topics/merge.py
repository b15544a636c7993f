"""Rows 6: many files, opened, merged along T and written as one OME-TIFF, in strips of the same rows as the peer's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, function
from benchmarks.data import SIDE
from benchmarks.topics import load, load_omio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from benchmarks.data import Data

ZLIB_LEVEL = 3
GOALS = {"raw": (1.2, 1.0), "zlib": (0.6, 0.5)}


def groups(data: Data) -> list[Group]:
    out = str(data.outputs())
    found = [_written(data.parts(files), codec, out) for files in (25, 100) for codec in GOALS]
    many = str(data.parts(400))
    case = (function("omio", "merge:omio_merge", many, out, "zlib", compared=False),)
    return [
        *found,
        _planned(data.parts(1000)),
        Group("6", f"memory of {len(_files(many))} files, zlib", case, goal_mb=150),
    ]


def _written(folder: Path, codec: str, out: str) -> Group:
    cases = (
        function("tifffile stream", "merge:tifffile_stream", str(folder), out, codec),
        function("omio", "merge:omio_merge", str(folder), out, codec),
    )
    title = f"merge {len(list(folder.iterdir()))} files, {codec}"
    goal, moonshot = GOALS[codec]
    return Group("6", title, cases, ("tifffile stream",), goal=goal, moonshot=moonshot, goal_mb=150)


def _planned(folder: Path) -> Group:
    cases = (
        function("omio open", "merge:omio_open", str(folder), compared=False),
        function("omio", "merge:omio_plan", str(folder), compared=False),
    )
    return Group("6", f"plan {len(list(folder.iterdir()))} files", cases, ("omio open",), goal=0.1)


def _files(folder: str) -> list[Path]:
    return sorted(Path(folder).iterdir())


def tifffile_stream(folder: str, out: str, codec: str) -> Callable[[], Path]:
    load("imagecodecs")
    import tifffile

    target = Path(out) / "tifffile.ome.tif"
    compressed: dict[str, Any] = {"compression": "zlib", "compressionargs": {"level": ZLIB_LEVEL}}

    def planes() -> Iterator[NDArray[Any]]:
        for path in _files(folder):
            with tifffile.TiffFile(path) as file:
                yield from (page.asarray() for page in file.pages)

    def work() -> Path:
        with tifffile.TiffWriter(target, ome=True) as writer:
            writer.write(
                planes(),
                shape=(10 * len(_files(folder)), SIDE, SIDE),
                dtype="uint16",
                rowsperstrip=SIDE,
                metadata={"axes": "TYX"},
                **(compressed if codec == "zlib" else {}),
            )
        return target

    return work


def omio_merge(folder: str, out: str, codec: str) -> Callable[[], Path]:
    load_omio("omio.writers.ometiff", "omio.dataset.merging")
    import omio

    target = Path(out) / "omio.ome.tif"
    alike: dict[str, Any] = {"compression": "zlib", "compression_level": ZLIB_LEVEL, "predictor": False}

    def work() -> Path:
        merged = omio.merge([omio.open(path) for path in _files(folder)])
        how = alike if codec == "zlib" else {"compression": "none"}
        merged.to_ometiff(target, tile=None, overwrite="replace", **how)
        return target

    return work


def omio_open(folder: str) -> Callable[[], int]:
    """Open all files."""
    load_omio()
    import omio

    return lambda: len([omio.open(path) for path in _files(folder)])


def omio_plan(folder: str) -> Callable[[], int]:
    """Merge files that are open already."""
    load_omio("omio.dataset.merging")
    import omio

    images = [omio.open(path) for path in _files(folder)]
    omio.merge(images[:2])
    return lambda: omio.merge(images).sizes["T"]
