"""``omio convert``: write images as OME-TIFF or ImageJ hyperstack."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli._crop import Crop, parse_crop, pick_channels
from omio.cli._writing import SUFFIXES, add_writing, plan, single_target, tell, write, write_policy
from omio.errors import DestinationExistsError, OmioError, WriteError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from omio.dataset import MicroscopyDataset
    from omio.policies.write import WritePolicy

EXAMPLES = """SRC is a file, a folder, or the pattern of a sequence, such as "t{T:03d}.tif".
With several SRC, DST is a folder.

--crop takes DIM=WHAT pairs. A bare number is a pixel, counted from 0, and a
range excludes its end, as in Python; a number with a unit is a position, and
a range includes both its ends:
  --crop X=0:512,Y=0:512    --crop T=::2,Z=5    --crop Z=2um:8um,T=0s:1.5min

examples:
  omio convert cells.czi -o cells.ome.tif --scene A1 --channel EGFP
  omio convert *.lsm -o converted/ --compression zstd:3 --levels auto
  omio convert stack.tif --axes ZYX -o stack.ome.tif
  omio convert cells.ome.tif -o fiji.tif --flavor imagej -f"""


@dataclass(frozen=True)
class Job:
    """One image to convert."""

    source: str
    target: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("sources", nargs="+", metavar="SRC", help="what to read")
    add("-o", "--output", required=True, metavar="DST", help="file or folder to write")
    add("--scene", metavar="KEY", help="which scene of a file that has several")
    add("--channel", action="append", default=[], metavar="NAME", help="name or number from 0; may be repeated")
    add("--crop", type=parse_crop, default=Crop(), metavar="DIM=A:B,...", help="part to take, see below")
    add("--axes", metavar="NAMES", help=console.AXES)
    add_writing(parser)


def run(options: argparse.Namespace) -> int:
    """Convert each source; failures are told at once, and listed again at the end."""
    policy = write_policy(options)
    jobs = _jobs(options)
    failed = []
    for number, job in enumerate(jobs, 1):
        console.progress(f"{number}/{len(jobs)} {job.source} -> {job.target}", quiet=options.quiet)
        try:
            result = _plan(job, options, policy) if options.dry_run else _convert(job, options, policy)
        except (OmioError, OSError, MemoryError) as error:
            console.progress("", quiet=options.quiet)
            console.fail(error, traces=options.verbose > 1)
            failed.append(job)
            result = {"source": job.source, "error": console.describe(error)}
        console.progress("", quiet=options.quiet)
        tell(result, options)
    if failed and len(jobs) > 1:
        console.note(f"{len(failed)} of {len(jobs)} failed: {', '.join(job.source for job in failed)}")
    return console.FAILED if failed else 0


def _jobs(options: argparse.Namespace) -> list[Job]:
    """Name the destination of each source; raises where two would share one."""
    output, sources = options.output, options.sources
    folder = Path(output)
    if len(sources) == 1 and not folder.is_dir() and not output.endswith(("/", os.sep)):
        return [Job(sources[0], single_target(folder))]
    if folder.exists() and not folder.is_dir():
        raise WriteError("is a file", path=output, remedy="Several sources need a folder as destination.")
    if len(sources) > 1 and folder.suffix.lower() in SUFFIXES and not folder.exists():
        raise WriteError(
            "names one file for several sources",
            path=output,
            remedy='Name a folder, or join the files of a sequence by a pattern such as "t{T}.tif".',
        )
    suffix = ".tif" if options.flavor == "imagej" else ".ome.tif"
    jobs = [Job(source, folder / (stem(source) + suffix)) for source in sources]
    _check_different(jobs)
    return jobs


def _check_different(jobs: Sequence[Job]) -> None:
    seen: dict[Path, Job] = {}
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


def _open(source: str, options: argparse.Namespace) -> MicroscopyDataset:
    from omio.dataset.opening import open as open_dataset

    return open_dataset(source, scene=options.scene, axes=options.axes)


def _selected(source: MicroscopyDataset, options: argparse.Namespace) -> MicroscopyDataset:
    crop: Crop = options.crop
    return crop.apply(pick_channels(source, options.channel))


def _convert(job: Job, options: argparse.Namespace, policy: WritePolicy) -> dict[str, Any]:
    with _open(job.source, options) as source:
        if len(options.sources) > 1 or options.output.endswith(("/", os.sep)):
            job.target.parent.mkdir(parents=True, exist_ok=True)
        return {"source": job.source, **write(_selected(source, options), job.target, policy)}


def _plan(job: Job, options: argparse.Namespace, policy: WritePolicy) -> dict[str, Any]:
    with _open(job.source, options) as source:
        return {"source": job.source, **plan(_selected(source, options), job.target, policy)}
