"""What the commands that write an image share: their arguments, the policy these make, the plan and the report."""

from __future__ import annotations

import argparse
import os
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli import _planes as planes
from omio.dims import DIMS
from omio.errors import DestinationExistsError, SourceOverwriteError, UnwritableError
from omio.writers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.cli._target import Order
    from omio.dataset import MicroscopyDataset
    from omio.policies.write import OutputPolicy


def add_target(parser: argparse.ArgumentParser) -> None:
    """Declare how the format is chosen."""
    parser.add_argument("--to", metavar="NAME", help="ometiff, omezarr, imagej, ... (default: as DST ends)")


def add_writing(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Declare how the result is written."""
    add = parser.add_argument
    add("--compression", metavar="NAME[:LEVEL]", help="none, zstd, zlib (default of TIFF), blosc (of Zarr), ...")
    add("--levels", type=_levels, metavar="N|auto", help="how many levels (default: as many as SRC has)")
    ways = ("mean", "nearest", "mode", "median", "max", "min", "gaussian")
    add("--downsampling", choices=ways, help="how coarser levels are made")
    add("--cast", metavar="DTYPE", help="convert the pixels to another dtype, such as uint16")
    add("--tile", type=_tile, metavar="N|HxW|none", help="TIFF: tile size in pixels (default 512), or none for strips")
    add("--flavor", choices=("ome", "imagej"), help="TIFF: OME-TIFF (default) or ImageJ hyperstack")
    add("--verify", action="store_true", default=None, help="TIFF: read the result again and compare the pixels")
    add("--version", choices=("0.4", "0.5"), help="OME-Zarr: of the specification (default 0.5)")
    add("--chunks", type=_chunks, metavar="N|HxW|DIM=N,...", help="Zarr: lengths of chunks (default 512 x 512)")
    add("--shards", action="store_true", default=None, help="Zarr: put chunks that are written at once into one file")
    add("--resume", action="store_true", default=None, help="Zarr: go on where an interrupted call ended")
    add("--overwrite", choices=("error", "replace", "increment"), help="what to do where DST exists (default error)")
    add("-f", "--force", action="store_const", dest="overwrite", const="replace", help="same as --overwrite replace")
    add("--scheduler", metavar="ADDRESS", help="work on the dask.distributed cluster there, such as tcp://host:8786")
    add("-n", "--dry-run", action="store_true", help="say what would be done and write nothing")
    add("--json", action="store_true", help="one JSON object a line for each result")


def _levels(text: str) -> int | str:
    if text == "auto":
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number above 0 nor auto")


def _tile(text: str) -> tuple[int, int] | str:
    return text if text in ("auto", "none") else _lengths(text, "512, 256x512, auto or none")


def _chunks(text: str) -> tuple[int, int] | dict[str, int] | str:
    if "=" not in text:
        return text if text == "auto" else _lengths(text, "512, 256x512, Z=8,Y=256,X=256 or auto")
    pairs = [entry.partition("=") for entry in text.split(",")]
    if not all(dim in DIMS[:5] and length.isdecimal() for dim, _, length in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not like Z=8,Y=256,X=256, with dims of T Z C Y X")
    return {dim: int(length) for dim, _, length in pairs}


def _lengths(text: str, like: str) -> tuple[int, int]:
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and (width or height).isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not like {like}")
    return int(height), int(width or height)


@contextmanager
def on_cluster(options: argparse.Namespace) -> Iterator[Any]:
    """Work on the cluster that ``--scheduler`` names inside the ``with`` block; yields the client, or None."""
    if options.scheduler is None:
        yield None
        return
    from omio.lazy.cluster import connected, using

    with connected(options.scheduler) as client, using(client):
        yield client


def write(image: MicroscopyDataset, target: str, order: Order) -> dict[str, Any]:
    """Write an image and return the report, with the path as the user named it."""
    report = registry.load(order.writer)().write(image, target, order.policy)
    used = os.path.join(os.path.dirname(target), os.path.basename(report.path))  # noqa: PTH118, PTH119, PTH120 - may be a URL
    return {**asdict(report), "path": used if order.policy.overwrite == "increment" else target}


def plan(image: MicroscopyDataset, target: str, order: Order) -> dict[str, Any]:
    """Say what would be written, without writing; raises what writing would raise."""
    writer, policy = registry.load(order.writer)(), order.policy
    if reason := writer.is_incompatible(image, policy):
        raise UnwritableError(reason, path=target)
    _check_target(Path(target), image, policy)
    return {
        "path": target,
        "sizes": dict(image.sizes),
        "dtype": str(image.dtype),
        "pixel_bytes": image.nbytes,
        "lost": writer.lost(image, policy),
        "policy": policy.describe(),
    }


def _check_target(target: Path, image: MicroscopyDataset, policy: OutputPolicy) -> None:
    from omio.writers.source import stamps_of

    if not target.exists() or policy.overwrite == "increment":
        return
    if any(target.samefile(stamp.path) for stamp in stamps_of(image)):
        raise SourceOverwriteError("is the source", path=target, remedy="Write to another name.")
    if policy.overwrite == "error":
        raise DestinationExistsError("exists", path=target, remedy="Use -f to replace it.")


def tell(result: dict[str, Any], options: argparse.Namespace) -> None:
    """Write a plan, a report or an error to stdout, as JSON or for people."""
    if options.json:
        console.out(console.to_json(result))
    elif "error" not in result and not options.quiet:
        for line in _lines(result):
            console.out(line)


def _lines(result: dict[str, Any]) -> Iterator[str]:
    from omio.dataset.text import bytes_text

    if "policy" in result:
        sizes = " ".join(f"{dim} {size}" for dim, size in result["sizes"].items())
        pixels = f"{sizes}, {result['dtype']}, {bytes_text(result['pixel_bytes'])} of pixels"
        yield f"{result['source']} -> {result['path']}  would be written: {pixels}"
    else:
        checked = ", verified" if result["digests"] else ""
        done = f"{bytes_text(result['nbytes'])} in {result['seconds']:.1f} s{checked}"
        yield f"{result['source']} -> {result['path']}  {done}"
    for item in result["lost"]:
        yield f"  not held by this format: {item}"
    if "salvaged" in result:
        found = result["salvaged"]
        yield from planes.lines(found)
        if found["whole"] == found["planes"]:  # else the planes that lack are listed
            yield from (f"    and more is missing: {text}" for text in found["warnings"])
