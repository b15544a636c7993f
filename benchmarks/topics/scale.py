"""Rows 9: cost against size. Each case does the same work on a larger thing; the slope says what grows with it.

A slope of 0 means that a thing ten times as large takes the same time, 1 that it takes ten times as long.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Group, function
from benchmarks.topics import load_omio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.data import Data

PLANES = (100, 1_000, 10_000, 100_000, 1_000_000)
GIGABYTES = (10.0, 100.0, 1000.0)
FILES = (10, 100, 1_000, 10_000)
CONVERTED = (0.1, 1.0, 10.0)
IMAGES = (10, 100, 1_000)
AGAIN = 200
"""Repetitions of what takes microseconds."""
FEW = 10
"""Files that planes of a merged image are read from."""
NOTHING, ALL = 0.1, 1.1
"""Slopes of what must not know the size, and of what must go through all."""


def groups(data: Data) -> list[Group]:
    out = str(data.outputs())
    planes = {_count(data, n, 100): data.many_planes(_count(data, n, 100)) for n in PLANES}
    large = {size * data.scale: data.sparse_ome(size * data.scale) for size in GIGABYTES}
    holes = {size * data.scale: data.sparse_ome(size * data.scale) for size in CONVERTED}
    frames = {len(list(folder.iterdir())): folder for folder in map(data.sequence, FILES)}
    files = {n: data.acquisitions(n) for n in sorted({_count(data, n, 10) for n in FILES})}
    images = {n: data.acquisitions(n) for n in sorted({_count(data, n, 5) for n in IMAGES})}
    return [
        _group("9a", "open: sizes and metadata", "planes", "sizes", planes, NOTHING),
        _group("9b", "open: sizes and metadata", "GB", "sizes", large, NOTHING),
        _group("9b", "open, read the last plane: where planes lie is found out", "planes", "last", planes, ALL),
        _group("9c", f"select a plane, {AGAIN} times; nothing is read", "planes", "select", planes, NOTHING),
        _group("9d", f"read {AGAIN} planes of an open image", "planes", "read", planes, NOTHING),
        _group("9e", "open as a sequence, the first and the last compared", "files", "sequence", frames, ALL),
        _group("9f", "open all, merge, read a plane", "files", "merge", files, ALL),
        _group("9g", f"read {AGAIN} planes of {FEW} files of what was merged", "files", "merged_plane", files, NOTHING),
        _group("9h", "convert to OME-TIFF", "GB", "convert", holes, ALL, out, rounds=1, goal_mb=150),
        _group("9i", "run a project of images of 2 MB", "images", "batch", images, ALL, out, rounds=1, goal_mb=200),
    ]


def _count(data: Data, full: int, least: int) -> int:
    return max(least, round(full * data.scale))


def _group(
    row: str, title: str, unit: str, what: str, paths: dict[Any, Path], slope: float, *arguments: Any, **more: Any
) -> Group:
    cases = tuple(
        function(f"{size:,g} {unit}", f"scale:omio_{what}", str(path), *arguments, compared=False)
        for size, path in paths.items()
    )
    return Group(row, title, cases, sizes=tuple(map(float, paths)), unit=unit, goal_slope=slope, **more)


def omio_sizes(path: str) -> Callable[[], int]:
    load_omio()
    import omio

    return lambda: omio.open(path).metadata.sizes["T"]


def omio_last(path: str) -> Callable[[], int]:
    load_omio()
    import omio

    return lambda: omio.open(path).isel(T=-1).load().size


def omio_select(path: str) -> Callable[[], int]:
    load_omio()
    import omio

    image = omio.open(path)
    places = _spread(image.sizes["T"])
    return lambda: sum(image.isel(T=place).sizes["T"] for place in places)


def omio_read(path: str) -> Callable[[], int]:
    """Read planes spread over the image; one was read before, as where planes lie is found out once."""
    load_omio()
    import omio

    image = omio.open(path)
    image.isel(T=-1).load()
    places = _spread(image.sizes["T"])
    return lambda: sum(image.isel(T=place).load().size for place in places)


def _spread(count: int) -> list[int]:
    return [number * count // AGAIN for number in range(AGAIN)]


def omio_sequence(folder: str) -> Callable[[], int]:
    load_omio("omio.dataset.sequence", "omio.dataset.merging")
    import omio

    return lambda: omio.open(f"{folder}/t{{T:04d}}.tif", validate_shapes=False).sizes["T"]


def omio_merge(folder: str) -> Callable[[], int]:
    work, paths = _merging(folder)
    return lambda: work(paths).isel(T=-1).load().size


def omio_merged_plane(folder: str) -> Callable[[], int]:
    """Read planes of as many files whatever their number, again and again."""
    work, paths = _merging(folder)
    image = work(paths)
    places = _spread(image.sizes["T"])[:: AGAIN // FEW] * (AGAIN // FEW)
    return lambda: sum(image.isel(T=place).load().size for place in places)


def _merging(folder: str) -> tuple[Callable[[Iterable[Path]], Any], list[Path]]:
    load_omio("omio.dataset.merging")
    import omio

    paths = sorted(Path(folder).iterdir())
    omio.merge([omio.open(path) for path in paths[:2]])
    return lambda chosen: omio.merge([omio.open(path) for path in chosen]), paths


def omio_convert(path: str, out: str) -> Callable[[], Path]:
    load_omio("omio.writers.ometiff")
    import omio

    target = Path(out) / "scale.ome.tif"

    def work() -> Path:
        omio.open(path).to_ometiff(target)
        return target

    return work


def omio_batch(folder: str, out: str) -> Callable[[], int]:
    from benchmarks.topics.batch import one_process

    return one_process(folder, out, len(list(Path(folder).iterdir())))
