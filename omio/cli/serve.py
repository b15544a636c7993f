"""``omio serve``: images in a browser, and as OME-Zarr by URL."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omio.cli import _console as console

if TYPE_CHECKING:
    import argparse

EXAMPLES = """PATH is a file, a folder of images at any depth, or the pattern of a sequence, such as "t{T:03d}.tif".
The server answers this machine alone, and whoever knows the URL that it prints; Ctrl-C ends it.

examples:
  omio serve cells.czi --open
  omio serve project/ --port 8000
  omio serve slide.svs --allow-origin https://viewer.example.org"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("paths", nargs="+", metavar="PATH", help="what to show")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="of this machine; by default any that is free")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument(
        "--allow-origin", action="append", default=[], metavar="ORIGIN", help="whose pages may read as well"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted, which is how it ends."""
    from omio.serve import serve

    with serve(*options.paths, port=options.port, open=options.open, allow_origin=options.allow_origin) as server:
        console.out(server.url)
        sys.stdout.flush()  # whoever reads a pipe waits for the URL
        try:
            server.wait()
        except KeyboardInterrupt:
            if not options.quiet:
                console.note("stopped")
    return 0
