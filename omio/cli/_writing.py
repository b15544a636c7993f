"""What the commands that write an image share: their arguments, the policy these make, the plan and the report."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.errors import DestinationExistsError, SourceOverwriteError, UnwritableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.dataset import MicroscopyDataset
    from omio.policies.write import WritePolicy

SUFFIXES = (".tif", ".tiff", ".btf", ".tf2", ".tf8")


def add_writing(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Declare how the result is written."""
    add = parser.add_argument
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
    add("--json", action="store_true", help="one JSON object a line for each result")


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


def write_policy(options: argparse.Namespace) -> WritePolicy:
    """Return the policy that the arguments of `add_writing` say."""
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


def single_target(path: Path) -> Path:
    """Return a destination that names a TIFF; `UnwritableError` where it does not."""
    if not path.name.lower().endswith(SUFFIXES):
        raise UnwritableError(
            "does not name a TIFF",
            path=path,
            remedy=f"End the name in .ome.tif or one of {', '.join(SUFFIXES)}; end it in / for a folder.",
        )
    return path


def write(image: MicroscopyDataset, target: Path, policy: WritePolicy) -> dict[str, Any]:
    """Write an image and return the report, with the path as the user named it."""
    report = image.to_ometiff(target, policy=policy)
    used = target.with_name(Path(report.path).name) if policy.overwrite == "increment" else target
    return {**asdict(report), "path": str(used)}


def plan(image: MicroscopyDataset, target: Path, policy: WritePolicy) -> dict[str, Any]:
    """Say what would be written, without writing; raises what writing would raise."""
    from omio.writers import registry

    writer = registry.load("imagej" if policy.flavor == "imagej" else "ometiff")()
    if reason := writer.is_incompatible(image, policy):
        raise UnwritableError(reason, path=target)
    _check_target(target, image, policy)
    return {
        "path": str(target),
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
