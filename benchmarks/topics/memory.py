"""Memory: bounded by what is in flight, never by the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Group, function
from benchmarks.topics import load_omio

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.data import Data

SIZES_GB = (1.0, 5.0, 20.0)


def groups(data: Data) -> list[Group]:
    page = str(data.stack("zlib", megabytes=537))
    out = str(data.outputs())
    growing = [
        Group(
            "4a",
            f"convert {size * data.scale:g} GB of holes by default",
            (function("omio", "memory:omio_convert", str(data.sparse_ome(size * data.scale)), out, compared=False),),
            goal_mb=150,
            rounds=1,
        )
        for size in SIZES_GB
    ]
    first = Group(
        "3b",
        "growth by the first plane of 512 MiB",
        (function("tifffile", "read:tifffile_page", page), function("omio", "read:omio_page", page)),
        ("tifffile",),
        goal_growth_mb=32,
    )
    return [first, *growing]


def omio_convert(path: str, out: str) -> Callable[[], Path]:
    load_omio("omio.writers.ometiff")
    import omio

    target = Path(out) / "omio.ome.tif"

    def work() -> Path:
        omio.open(path).to_ometiff(target, overwrite="replace")
        return target

    return work
