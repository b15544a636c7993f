"""``omio convert``: write images as OME-TIFF or ImageJ hyperstack."""

from __future__ import annotations

import argparse
import os
import re
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli._crop import Crop, parse_crop, pick_channels
from omio.errors import DestinationExistsError, OmioError, SourceOverwriteError, UnwritableError, WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.dataset import MicroscopyDataset
    from omio.policies.write import WritePolicy

SUFFIXES = (".tif", ".tiff", ".btf", ".tf2", ".tf8")
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
    add("--axes", metavar="NAMES", help="what the file's own axes are, in order, such as TYX")
    add("--compression", metavar="NAME[:LEVEL]", help="none, zlib (default), zstd, lzw, jpeg, ... and its level")
    add("--levels", type=_levels, metavar="N|auto", help="resolutions in the file (default: as many as SRC has)")
    add("--downsampling", choices=("mean", "nearest", "mode"), help="how coarser levels are made (default mean)")
    add(
        "--tile",
        type=_tile,
        default=(),
        metavar="N|HxW|none",
        help="tile size in pixels (default 512), or none for strips",
    )
    add("--cast", metavar="DTYPE", help="convert the pixels to another dtype, such as uint16")
    add("--flavor", choices=("ome", "imagej"), help="OME-TIFF (default) or ImageJ hyperstack")
    add("--overwrite", choices=("error", "replace", "increment"), help="what to do where DST exists (default error)")
    add("-f", "--force", action="store_const", dest="overwrite", const="replace", help="same as --overwrite replace")
    add("--verify", action="store_true", help="read the result again and compare the pixels")
    add("-n", "--dry-run", action="store_true", help="say what would be done and write nothing")
    add("--json", action="store_true", help="one JSON object a line for each source")


def _levels(text: str) -> int | str:
    if text == "auto":
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number above 0 nor auto")


def _tile(text: str) -> tuple[int, int] | str | None:
    if text in ("auto", "none"):
        return None if text == "none" else text
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and (width or height).isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 512, 256x512, auto or none")
    return int(height), int(width or height)


def run(options: argparse.Namespace) -> int:
    """Convert each source; failures are told at once, and listed again at the end."""
    policy = _policy(options)
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
        _tell(result, options)
    if failed and len(jobs) > 1:
        console.note(f"{len(failed)} of {len(jobs)} failed: {', '.join(job.source for job in failed)}")
    return console.FAILED if failed else 0


def _policy(options: argparse.Namespace) -> WritePolicy:
    from omio.policies.write import WritePolicy

    codec, _, level = (options.compression or "").partition(":")
    if level and not level.isdecimal():
        raise UnwritableError(f"{level!r} is no compression level", remedy="Write for instance --compression zstd:3.")
    chosen = {
        "compression": codec or None,
        "compression_level": int(level) if level else None,
        **{name: getattr(options, name) for name in ("levels", "downsampling", "cast", "flavor", "overwrite")},
    }
    fields = {name: value for name, value in chosen.items() if value is not None}
    if options.tile != ():
        fields["tile"] = options.tile
    return WritePolicy.resolve(None, **fields, verify=options.verify)


def _jobs(options: argparse.Namespace) -> list[Job]:
    """Name the destination of each source; raises where two would share one."""
    output, sources = options.output, options.sources
    folder = Path(output)
    if len(sources) == 1 and not folder.is_dir() and not output.endswith(("/", os.sep)):
        return [Job(sources[0], _single_target(folder))]
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


def _single_target(path: Path) -> Path:
    if not path.name.lower().endswith(SUFFIXES):
        raise UnwritableError(
            "does not name a TIFF",
            path=path,
            remedy=f"End the name in .ome.tif or one of {', '.join(SUFFIXES)}; end it in / for a folder.",
        )
    return path


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
    with ExitStack() as stack:
        source = _open(job.source, options)
        stack.callback(source.close)
        if len(options.sources) > 1 or options.output.endswith(("/", os.sep)):
            job.target.parent.mkdir(parents=True, exist_ok=True)
        report = _selected(source, options).to_ometiff(job.target, policy=policy)
    incremented = policy.overwrite == "increment"
    used = job.target.with_name(Path(report.path).name) if incremented else job.target
    return {"source": job.source, **asdict(report), "path": str(used)}  # as the user named it


def _plan(job: Job, options: argparse.Namespace, policy: WritePolicy) -> dict[str, Any]:
    """Say what would be written, without writing."""
    from omio.writers import registry

    writer = registry.load("imagej" if policy.flavor == "imagej" else "ometiff")()
    with _open(job.source, options) as source:
        image = _selected(source, options)
        if reason := writer.is_incompatible(image, policy):
            raise UnwritableError(reason, path=job.source)
        _check_target(job.target, image, policy)
        return {
            "source": job.source,
            "path": str(job.target),
            "sizes": dict(image.sizes),
            "dtype": str(image.dtype),
            "pixel_bytes": image.nbytes,
            "lost": writer.lost(image, policy),
            "policy": policy.describe(),
        }


def _check_target(target: Path, image: MicroscopyDataset, policy: WritePolicy) -> None:
    from omio.writers.source import stamps_of

    if not target.exists() or policy.overwrite == "increment":
        return
    if any(target.samefile(stamp.path) for stamp in stamps_of(image)):
        raise SourceOverwriteError("is the source", path=target, remedy="Write to another name.")
    if policy.overwrite == "error":
        raise DestinationExistsError("exists", path=target, remedy="Use -f to replace it.")


def _tell(result: dict[str, Any], options: argparse.Namespace) -> None:
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
