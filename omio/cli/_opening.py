"""What the commands that open images share: which scene, the names of axes, the backend, and folders of members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

AXES = "names of a file's own axes, such as TYX; or for those it leaves unnamed: time, depth, channels, imagej"
FIELDS = ("axes", "backend", "allow_outside")


def add_opening(parser: argparse.ArgumentParser, scene: str = "which scene of a file that has several") -> None:
    """Declare how images are opened."""
    add = parser.add_argument
    add("--scene", metavar="KEY", help=scene)
    add("--axes", metavar="NAMES", help=AXES)
    add("--backend", metavar="NAME", help="what reads the file, such as tiff, instead of what knows its content best")
    add_allowed(parser)


def add_allowed(parser: argparse.ArgumentParser) -> None:
    """Declare where files that belong together may lie."""
    parser.add_argument(
        "--allow-outside", action="append", default=[], metavar="FOLDER", help="where members of sets may lie besides"
    )


def opening(options: argparse.Namespace) -> dict[str, Any]:
    """Return arguments of `omio.open_collection`; with ``scene=options.scene`` those of `omio.open`."""
    return {name: getattr(options, name) for name in FIELDS}
