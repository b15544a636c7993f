"""``omio thorlabs template``: YAML files to edit, for RAW files that nothing describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.cli import _console as console
from omio.errors import OmioError

if TYPE_CHECKING:
    import argparse

EXAMPLES = """PATH is a RAW file, or a folder in which those that have no usable Experiment.xml
or YAML file are looked for, at any depth, or a .txt file that lists RAW files: `omio batch run`
leaves one, to be edited, for those that failed.

examples:
  omio thorlabs template run1/Image_0001_0001.raw --size Y=512,X=512,C=2
  omio thorlabs template project/
  omio thorlabs template project/omio_converted/omio-report-raw.txt"""
DIMS = ("T", "Z", "C", "Y", "X")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("action", choices=("template",), help="write a YAML file beside each RAW file, to be edited")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="RAW files, folders, and lists of RAW files")
    parser.add_argument(
        "--size", type=_sizes, default={}, metavar="DIM=N,...", help="what is known of T, Z, C, Y and X"
    )
    parser.add_argument("--bits", type=int, metavar="N", help="bits of a pixel (default 16)")
    parser.add_argument("-f", "--force", action="store_true", help="replace YAML files that are there")


def _sizes(text: str) -> dict[str, int]:
    import argparse

    pairs = [part.partition("=") for part in text.split(",")]
    if not all(dim.strip().upper() in DIMS and size.strip().isdecimal() and int(size) for dim, _, size in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not like Y=512,X=512,C=2")
    return {dim.strip().upper(): int(size) for dim, _, size in pairs}


def run(options: argparse.Namespace) -> int:
    """Write the templates; what was written goes to stdout, what to do about it to stderr."""
    failed, written = 0, []
    for path in options.paths:
        try:
            written += _write(path, options)
        except (OmioError, OSError) as error:
            console.fail(error, traces=options.verbose > 1)
            failed += 1
    for target in written:
        console.out(target)
    if not written and not failed and not options.quiet:
        console.note("nothing to do: all RAW files have a sidecar that fits")
    return console.FAILED if failed else 0


def _write(path: str, options: argparse.Namespace) -> list[str]:
    """Write the template of a RAW file; of a folder or a list, those that are needed."""
    from pathlib import Path

    from omio.backends.thorlabs.templates import (
        LIST,
        batch_create_thorlabs_raw_yaml_templates,
        create_thorlabs_raw_yaml,
    )

    known = {**options.size, "bits": options.bits, "overwrite": options.force}
    if Path(path).is_dir() or path.lower().endswith(LIST):
        return batch_create_thorlabs_raw_yaml_templates(path, **known)
    return [create_thorlabs_raw_yaml(path, **known)]
