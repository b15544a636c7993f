"""The `omio` command: one module a subcommand, imported when it is called.

Results go to stdout; errors, warnings and progress to stderr, progress only on a terminal. Exit codes: 0 done, 1 some
input failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

TYPE_CHECKING = False  # typing would be a fifth of the time of `omio --help`
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

COMMANDS = {
    "info": "say what files hold: scenes, sizes in µm and s, channels, levels, storage",
    "convert": "write images as OME-TIFF, OME-Zarr or ImageJ hyperstack",
    "merge": "join images along T, Z or C, or into a mosaic, and write the result",
    "batch": "convert a project of many acquisitions: plan, run and resume, report",
    "view": "show images in the terminal, as pictures in files, in napari or in the browser",
    "serve": "show images in a browser, and give them as OME-Zarr by URL",
    "validate": "check whether files are what they say: OME-XML, pages, planes, chunks, pixels",
    "doctor": "tell what is wrong with files and what can be saved; without a file, with the environment",
    "cache": "list, check and remove copies of images on disk",
    "thorlabs": "write YAML files to edit for ThorImage RAW files that nothing describes",
    "completion": "teach a shell to complete what is typed after omio",
    "demo": "make a small project, open, merge and convert it, and check the result",
}
EXAMPLES = """examples:
  omio info cells.czi
  omio convert cells.czi -o cells.ome.tif --scene A1 --crop Z=2um:8um
  omio convert "t{T:03d}.tif" -o movie.ome.zarr
  omio merge day1.czi day2.czi -o movie.ome.tif
  omio view cells.czi -o quicklook.png
  omio demo

`omio COMMAND --help` (or `omio help COMMAND`) says more.

exit codes: 0 done, 1 some input failed, 2 wrong usage, 130 interrupted
environment: OMIO_THREADS, OMIO_MEMORY, OMIO_CACHE_DIR, NO_COLOR, FORCE_COLOR, COLUMNS"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        Without the program's name; by default those of the process.
    """
    if arguments is None:
        gc.set_threshold(50_000, 20, 20)  # collecting while modules are imported is a tenth of the time of `omio info`
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if not words:
        _parser(None).print_help(sys.stderr)
        return 2
    options = _parser(_chosen(words), alone=words[0] in COMMANDS).parse_args(words)
    console = importlib.import_module("omio.cli._console")
    command = importlib.import_module(f"omio.cli.{options.command}")
    guard = console.alone if arguments is None else console.guarded
    return int(guard(command.run, options))


def _chosen(words: Sequence[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _complete() -> None:
    """Answer the shell that asks what could stand next; ends the process."""
    completion = importlib.import_module("omio.cli.completion")
    completion.complete(_parser(_chosen(completion.words_of_line())))


def _parser(chosen: str | None, *, alone: bool = False) -> argparse.ArgumentParser:
    """Build the parser; only the chosen command fills in its arguments, and `alone` it is the only one."""
    from omio import __version__
    from omio.cli._arguments import Parser

    parser = Parser(
        prog="omio",
        description="Open microscope files as true, lazy, labelled images, and convert them.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"omio {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, purpose in ({chosen: COMMANDS[chosen]} if chosen and alone else COMMANDS).items():
        own = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if name == chosen:
            importlib.import_module(f"omio.cli.{name}").add_arguments(own)
            _add_common(own)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="nothing but results and errors")
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="also what the wrapped libraries log; -vv: tracebacks"
    )
