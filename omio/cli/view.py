"""``omio view``: images in the terminal, as pictures in files, in napari, another viewer or the browser."""

from __future__ import annotations

import os
import re
import sys
from argparse import Namespace
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from omio.cli import _console as console
from omio.cli._opening import add_opening, opening
from omio.errors import DestinationExistsError, OmioError, WriteError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from omio.collection import MicroscopyCollection
    from omio.dataset import MicroscopyDataset

KINDS = ("channels", "composite", "orthogonal", "montage", "histogram")
PROJECTIONS = ("max", "min", "mean", "sum", "std", "slice")
FIGURES = ("png", "jpg", "jpeg", "webp", "svg", "pdf")
"""Endings of pictures that matplotlib draws."""
PAGE = "html"
DPI = 150
_NO_NAME = re.compile(r'[/\\:*?"<>|#]')
"""What a file on some system cannot be called."""
_ONE_OF_MANY = "Name a folder, or choose one with --scene."
EXAMPLES = """FILE is a file, a folder of images, or the pattern of a sequence, such as "t{T:03d}.tif".
In the terminal the middle plane is drawn; with -o all depths in one, unless --project or -z says otherwise.

examples:
  omio view cells.czi
  omio view cells.czi -o quicklook.png
  omio view cells.czi -o sections.png --kind orthogonal
  omio view project/ -o pictures/
  omio view cells.czi -o cells.html
  omio view slide.svs --browser
  omio view cells.czi --viewer notes"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="what to look at")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "-o", "--output", metavar="PATH", help=f"a file ({', '.join((*FIGURES, PAGE))}), or a folder: a PNG an image"
    )
    where.add_argument("--napari", action="store_true", help="open a window of napari")
    where.add_argument(
        "--viewer", metavar="NAME", help="open the viewer of that name: a plug-in's (entry point omio.viewers)"
    )
    where.add_argument("--browser", action="store_true", help="open a page in the browser")
    add("-f", "--force", action="store_true", help="replace what exists")
    add_opening(parser)
    add("--kind", choices=KINDS, default=KINDS[0], help="what to draw into a file (default: %(default)s)")
    add("--project", choices=PROJECTIONS, help="how depths become one plane")
    add("-t", type=int, metavar="N", help="which time, counted from 0; by default the middle one")
    add("-z", type=int, metavar="N", help="which depth, instead of all")


def run(options: argparse.Namespace) -> int:
    """Show each image; 1 where one could not be shown."""
    if options.napari or options.browser or options.viewer is not None:
        return _hand_over(options)
    errors: list[Exception] = []
    items: list[Item] = []
    for path in options.files:
        with _telling(errors, options):
            items += _items(path, options)
    show = _in_terminal(options) if options.output is None else _into_files(items, options)
    for item in items:
        with _telling(errors, options):
            show(item)
    return console.FAILED if errors else 0


@dataclass(frozen=True)
class Item:
    """An image to show: what a picture of it is called, and how it is opened."""

    name: str
    open: Callable[[], MicroscopyDataset]


type Show = Callable[[Item], None]


@contextmanager
def _telling(errors: list[Exception], options: argparse.Namespace) -> Iterator[None]:
    """Tell of what goes wrong, and go on with the next image."""
    try:
        yield
    except (OmioError, OSError, MemoryError) as error:
        console.fail(error, traces=options.verbose > 1)
        errors.append(error)


def _items(path: str, options: argparse.Namespace) -> Iterator[Item]:
    from omio.cli.convert import stem
    from omio.collection import open_collection
    from omio.dataset.opening import is_pattern
    from omio.dataset.opening import open as open_dataset

    if is_pattern(path) or options.scene is not None:
        yield Item(stem(path), partial(open_dataset, path, scene=options.scene, **opening(options)))
        return
    collection = open_collection(path, **opening(options))
    for key in collection:
        yield Item(_NO_NAME.sub("-", _name(path, key, collection)), partial(collection.__getitem__, key))


def _name(path: str, key: str, collection: MicroscopyCollection) -> str:
    """Name an image after its file, and after its scene where there are several."""
    from omio.cli.convert import stem

    if collection.backend is None:  # a folder, whose keys are paths in it
        file, _, scene = key.partition("#")
        return "-".join(filter(None, (file.removesuffix(Path(file).name) + stem(file), scene)))
    return stem(path) if len(collection) == 1 else f"{stem(path)}-{key}"


def _in_terminal(options: argparse.Namespace) -> Show:
    from omio.viewing.terminal import Screen, color_depth, glance

    lines = os.get_terminal_size(sys.stdout.fileno()).lines if sys.stdout.isatty() else 24
    depth = color_depth() if console.has_color(sys.stdout) else "none"
    screen = Screen(console.width(sys.stdout) or 80, lines, depth)

    def show(item: Item) -> None:
        for line in glance(item.open(), screen, t=options.t, z=options.z, how=options.project or "slice"):
            console.out(line)

    return show


def _into_files(items: Sequence[Item], options: argparse.Namespace) -> Show:
    """Plan a file an image; nothing is written before names are known to differ."""
    output = Path(options.output)
    _check_ending(output)
    if output.suffix[1:].lower() in (*FIGURES, PAGE) and not output.is_dir():
        if len(items) > 1:
            names = ", ".join(item.name for item in items[:8])
            raise WriteError(f"names one file for {len(items)} images: {names}", path=output, remedy=_ONE_OF_MANY)
        return lambda item: _write(item.open(), output, options)
    if doubled := [name for name, count in Counter(item.name for item in items).items() if count > 1]:
        cause = f"several images would be {', '.join(doubled)}.png"
        raise DestinationExistsError(cause, path=output, remedy="Write them into different folders.")
    output.mkdir(parents=True, exist_ok=True)
    return lambda item: _write(item.open(), output / f"{item.name}.png", options)


def _check_ending(output: Path) -> None:
    """Refuse a name that ends as that of a picture which is not drawn: it would become a folder."""
    from PIL import Image

    ending = output.suffix.lower()
    if ending[1:] not in (*FIGURES, PAGE) and not output.is_dir() and ending in Image.registered_extensions():
        known = ", ".join((*FIGURES, PAGE))
        raise WriteError(f"{ending} is no picture that can be drawn", path=output, remedy=f"Known are {known}.")


def _write(image: MicroscopyDataset, path: Path, options: argparse.Namespace) -> None:
    from omio.lazy.leaf import first_stamp
    from omio.store.atomic import destination

    draw = _page if path.suffix.lower() == f".{PAGE}" else _figure
    sources = [stamp for stamp in (first_stamp(image.recipe),) if stamp is not None]
    with destination(path, overwrite="replace" if options.force else "error", sources=sources) as pending:
        draw(image, pending.file, path.suffix[1:].lower(), options)
    if not options.quiet:
        console.out(str(path))


def _page(image: MicroscopyDataset, file: BinaryIO, ending: str, options: argparse.Namespace) -> None:
    from omio.viewing.notebook import page, repr_html

    del ending, options
    file.write(page(image.name or "image", repr_html(image)).encode())


def _figure(image: MicroscopyDataset, file: BinaryIO, ending: str, options: argparse.Namespace) -> None:
    given = {"t": options.t, "z": options.z, "project": options.project}
    chosen = {name: value for name, value in given.items() if value is not None}
    image.plot(options.kind, **chosen).savefig(file, format=ending, dpi=DPI, bbox_inches="tight")


def _hand_over(options: argparse.Namespace) -> int:
    """Open a window that stays until it is closed, or a page that stays until the command is interrupted."""
    images = [item.open() for path in options.files for item in _items(path, options)]
    if options.browser:
        from omio.cli import serve

        return serve.run(Namespace(paths=images, port=0, open=True, allow_origin=[], quiet=options.quiet))
    from omio.viewing.napari import view

    view(images, viewer=options.viewer, blocking=True)
    return 0
