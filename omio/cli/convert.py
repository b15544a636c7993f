"""``omio convert``: write images as OME-TIFF, OME-Zarr, ImageJ hyperstack, ...."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli._crop import Crop, parse_crop, pick_channels
from omio.cli._opening import add_opening, opening
from omio.cli._target import TIFF_WRITERS, Order
from omio.cli._writing import add_target, add_writing, on_cluster, plan, tell, write
from omio.errors import DestinationExistsError, OmioError, WriteError
from omio.writers import ending_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from omio.dataset import MicroscopyDataset

EXAMPLES = """SRC is a file, a folder, or the pattern of a sequence, such as "t{T:03d}.tif".
With several SRC, DST is a folder. How DST ends says the format: .ome.tif, .ome.zarr,
.ozx, ...; --to does where DST is a folder. Options of another format are an error.

--crop takes DIM=WHAT pairs. A bare number is a pixel, counted from 0, and a
range excludes its end, as in Python; a number with a unit is a position, and
a range includes both its ends:
  --crop X=0:512,Y=0:512    --crop T=::2,Z=5    --crop Z=2um:8um,T=0s:1.5min

examples:
  omio convert cells.czi -o cells.ome.tif --scene A1 --channel EGFP
  omio convert *.lsm -o converted/ --compression zstd:3 --levels auto
  omio convert stack.tif --axes ZYX -o stack.ome.tif
  omio convert cells.ome.tif -o fiji.tif --flavor imagej -f
  omio convert cells.czi -o cells.ome.zarr --shards --levels auto
  omio convert *.czi -o converted/ --to omezarr --version 0.4 --chunks Z=8,Y=256,X=256
  omio convert huge.czi -o huge.ome.zarr --scheduler tcp://host:8786
  omio convert damaged.czi -o saved.ome.tif --salvage

With --salvage every plane is decoded first. The exit code is 0 where all planes were whole,
1 where the result lacks some, or the file tells of planes that it does not hold (both are listed, and
in its provenance), 2 where nothing was saved."""

NOTHING_SAVED = 2


@dataclass(frozen=True)
class Job:
    """One image to convert."""

    source: str
    target: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("sources", nargs="+", metavar="SRC", help="what to read")
    add("-o", "--output", required=True, metavar="DST", help="file or folder to write")
    add("--channel", action="append", default=[], metavar="NAME", help="name or number from 0; may be repeated")
    add("--crop", type=parse_crop, default=Crop(), metavar="DIM=A:B,...", help="part to take, see below")
    add_opening(parser)
    add("--salvage", action="store_true", help="of a damaged SRC write what is whole, and 0 for the rest")
    add_target(parser)
    add_writing(parser)


def run(options: argparse.Namespace) -> int:
    """Convert each source; failures are told at once, and listed again at the end."""
    order = Order.of(options)
    jobs = _jobs(options, order)
    failed, salvaged = [], False
    with on_cluster(options):
        for number, job in enumerate(jobs, 1):
            result = _done(job, f"{number}/{len(jobs)}", options, order)
            failed += [job] if "error" in result else []
            salvaged = salvaged or _is_partial(result)
    if failed and len(jobs) > 1:
        console.note(f"{len(failed)} of {len(jobs)} failed: {', '.join(job.source for job in failed)}")
    if options.salvage:
        return NOTHING_SAVED if failed else console.FAILED if salvaged else 0
    return console.FAILED if failed else 0


def _is_partial(result: Mapping[str, Any]) -> bool:
    found = result.get("salvaged")
    return found is not None and (found["whole"] < found["planes"] or bool(found["warnings"]))


def _done(job: Job, count: str, options: argparse.Namespace, order: Order) -> dict[str, Any]:
    """Convert a source and tell of it; the result has an ``error`` where that failed."""
    console.progress(f"{count} {job.source} -> {job.target}", quiet=options.quiet)
    result: dict[str, Any] = {"source": job.source}
    try:
        result |= _plan(job, options, order) if options.dry_run else _convert(job, options, order)
    except (OmioError, OSError, MemoryError) as error:
        console.progress("", quiet=options.quiet)
        console.fail(error, traces=options.verbose > 1)
        result["error"] = console.describe(error)
    console.progress("", quiet=options.quiet)
    tell(result, options)
    return result


def _jobs(options: argparse.Namespace, order: Order) -> list[Job]:
    """Name the destination of each source; raises where two would share one."""
    output, sources = options.output, options.sources
    target = order.target(sources, output)
    if target is not None:
        return [Job(sources[0], target)]
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise WriteError("is a file", path=output, remedy="Several sources need a folder as destination.")
    named = ending_of(output)
    if len(sources) > 1 and named is not None and not (folder.exists() and named in TIFF_WRITERS):
        raise WriteError(
            "names one file for several sources",
            path=output,
            remedy='Name a folder, or join the files of a sequence by a pattern such as "t{T}.tif".',
        )
    ending = next(iter(order.endings), f".{order.writer}")
    jobs = [Job(source, str(folder / (stem(source) + ending))) for source in sources]
    _check_different(jobs)
    return jobs


def _check_different(jobs: Sequence[Job]) -> None:
    seen: dict[str, Job] = {}
    for job in jobs:
        if job.target in seen:
            raise DestinationExistsError(
                f"both {seen[job.target].source} and {job.source} would be written there",
                path=job.target,
                remedy="Convert them into different folders.",
            )
        seen[job.target] = job


def stem(source: str) -> str:
    """Return the name of a source without folders, endings and the braces of a pattern.

    >>> stem("run 1/cells.ome.tiff"), stem("t{T:03d}_{C}.tif")
    ('cells', 't_')
    """
    from omio.backends import discovery

    name = source.rstrip("/" + os.sep).replace("\\", "/").rpartition("/")[2]
    return re.sub(r"\{[^}]*\}", "", discovery.stem(name)) or "image"


def _open(source: str, options: argparse.Namespace) -> tuple[MicroscopyDataset, dict[str, Any]]:
    """Open a source; with ``--salvage`` also say which of its planes are whole, for the result."""
    if options.salvage:
        from omio.checks import salvage

        def progress(fraction: float) -> None:
            console.progress(console.bar(fraction, f"looking through {source}"), quiet=options.quiet)

        image, condition = salvage(source, progress=progress, scene=options.scene, **opening(options))
        return image, {"salvaged": condition.to_dict()}
    from omio.dataset.opening import open as open_dataset

    return open_dataset(source, scene=options.scene, **opening(options)), {}


def _selected(source: MicroscopyDataset, options: argparse.Namespace) -> MicroscopyDataset:
    crop: Crop = options.crop
    return crop.apply(pick_channels(source, options.channel))


def _convert(job: Job, options: argparse.Namespace, order: Order) -> dict[str, Any]:
    source, found = _open(job.source, options)
    with source:
        if len(options.sources) > 1 or options.output.endswith(("/", os.sep)):
            Path(job.target).parent.mkdir(parents=True, exist_ok=True)
        return found | write(_selected(source, options), job.target, order)


def _plan(job: Job, options: argparse.Namespace, order: Order) -> dict[str, Any]:
    source, found = _open(job.source, options)
    with source:
        return found | plan(_selected(source, options), job.target, order)
