"""``omio info``: what files hold, from their headers alone."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from omio.cli import _console as console
from omio.cli._opening import add_opening, opening
from omio.dims import UNITS
from omio.errors import FileMissingError, OmioError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from omio.dataset import MicroscopyDataset

type Report = dict[str, Any]

MARGIN = 12
EXAMPLES = """PATH is a file, a folder, or the pattern of a sequence, such as "t{T:03d}.tif". No pixel is read.

examples:
  omio info cells.czi
  omio info stack.tif --axes ZYX
  omio info *.tif --json | jq .scenes[0].pixel_size"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("paths", nargs="+", metavar="PATH", help="what to look at")
    add_opening(parser, scene="only this scene")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each PATH")


def run(options: argparse.Namespace) -> int:
    """Tell of each path; 1 where one could not be read."""
    code = 0
    for number, path in enumerate(options.paths):
        try:
            report = describe(path, options.scene, **opening(options))
        except (OmioError, OSError, MemoryError) as error:
            console.fail(error, traces=options.verbose > 1)
            report = {"path": path, "error": console.describe(error)}
        refused = [scene["error"] for scene in report.get("scenes", ()) if "error" in scene]
        for text in refused:
            console.problem(text)
        if refused or "error" in report:
            code = console.FAILED
        if options.json:
            console.out(console.to_json(report))
        elif "error" not in report:
            if number:
                console.out()
            for line in lines(report):
                console.out(line)
    return code


def describe(path: str, scene: str | None = None, **options: Any) -> Report:
    """Return what a file, folder or pattern holds, as JSON; lengths are in µm, times in s, wavelengths in nm.

    Parameters
    ----------
    path, scene, **options
        As for `omio.open`; without a scene, all are described.

    Raises
    ------
    OmioError
        Where nothing could be opened. A scene that could not be opened alone has an ``error``.
    """
    from omio.dataset.opening import is_pattern

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report = _pattern(path, options) if is_pattern(path) else _collection(path, scene, options)
    return {**report, "warnings": list(dict.fromkeys(str(item.message) for item in caught))}


def _pattern(path: str, options: Mapping[str, Any]) -> Report:
    from omio.dataset.opening import open as open_dataset
    from omio.lazy.leaf import FileRecipe

    with open_dataset(path, **options) as image:
        leaves = [leaf for leaf in image.recipe.leaves() if isinstance(leaf, FileRecipe)]
        files = {leaf.stamp.path: leaf.stamp.size for leaf in leaves}
        backend = image.facts.static.provenance[0]["backend"]
        scenes = [_scene("0", image, {})]
    return {"path": path, **_files(next(iter(files)), backend, files), "scenes": scenes, "associated": {}}


def _collection(path: str, only: str | None, options: Mapping[str, Any]) -> Report:
    from omio.collection import open_collection

    with open_collection(path, **options) as collection:
        keys = list(collection) if only is None else [only]
        scenes = [_guarded_scene(key, collection) for key in keys]
        files = {name: size for member in collection.files for name, size in _file_size(member)}
        shown = next((key for key, scene in zip(keys, scenes, strict=True) if "error" not in scene), None)
        extra = {} if shown is None else collection[shown].associated
        associated = {name: dict(image.sizes) for name, image in extra.items()}
        said = _files(collection.path, collection.backend, files)
    return {"path": path, **said, "scenes": scenes, "associated": associated}


def _file_size(name: str) -> Iterator[tuple[str, int]]:
    """Yield a file and its size; nothing for a folder, and for the folder of a hierarchy elsewhere."""
    from pathlib import Path

    from omio.lazy.leaf import FileStamp
    from omio.remote.urls import Url

    if isinstance(name, Url):
        try:
            size = FileStamp.of(name).size
        except FileMissingError:
            return
        yield name, size
    elif (member := Path(name).absolute()).is_file():
        yield str(member), member.stat().st_size


def _files(path: str, backend: str | None, files: Mapping[str, int]) -> Report:
    from omio.backends import answers

    said = {name: confidence.name.lower() for name, confidence in answers(path)}
    return {"backend": backend, "backends": said, "files": list(files), "nbytes": sum(files.values())}


def _guarded_scene(key: str, collection: Any) -> Report:
    try:
        return _scene(key, collection[key], collection.details(key))
    except OmioError as error:
        stored = collection.details(key) if collection.backend is not None and key in collection else {}
        return {"name": key, "error": console.describe(error), "storage": dict(stored)}


def _scene(key: str, image: MicroscopyDataset, details: Mapping[str, Any]) -> Report:
    from omio.metadata.facts import channel_rows

    facts = image.facts
    spacing = {dim: _spacing(facts.axes.get(dim)) for dim in UNITS}
    known = {"title": image.name, "acquired": facts.static.acquired, "objective": facts.static.objective}
    return {
        "name": key,
        **{name: value for name, value in known.items() if value is not None},
        "sizes": dict(image.sizes),
        "dtype": str(image.dtype),
        "nbytes": image.nbytes,
        "pixel_size": {dim: spacing[dim] for dim in ("Z", "Y", "X")},
        "time_increment": spacing["T"],
        "units": UNITS,
        "channels": [{name: value for name, value in row.items() if value is not None} for row in channel_rows(facts)],
        "levels": [dict(level.sizes) for level in image.levels],
        "chunks": dict(zip(image.dims, image.recipe.chunk, strict=True)),
        "storage": dict(details),
    }


def _spacing(axis: Any) -> float | None:
    return None if axis is None or axis.spacing is None else abs(axis.spacing)


def lines(report: Report) -> Iterator[str]:
    """Lay a report out for people."""
    from omio.dataset.text import bytes_text

    count = len(report["files"])
    yield console.bold(report["path"])
    kind = report["backend"] or "a folder of images"
    # the files of a hierarchy are not counted: there can be millions
    extent = f", {bytes_text(report['nbytes'])} in {_plural(count, 'file')}" if count else ""
    yield _line("format", f"{kind}{extent}")
    if report["backend"]:
        yield _line("asked", _answers(report["backends"]))
    for number, scene in enumerate(report["scenes"], 1):
        if len(report["scenes"]) > 1 or scene["name"] not in ("0", scene.get("title")):
            yield _line("scene", console.bold(scene["name"]) + f"  ({number} of {len(report['scenes'])})")
        yield from _scene_lines(scene)
    for name, sizes in report["associated"].items():
        yield _line("besides", f"{name}: {_sizes(sizes)}")
    for text in report["warnings"]:
        yield _line("warning", text)


def _scene_lines(scene: Report) -> Iterator[str]:
    if "error" not in scene:
        yield from _image_lines(scene)
    if scene["storage"]:
        yield _line("stored", ", ".join(_stored(scene["storage"])))
    if "acquired" in scene:
        yield _line("acquired", scene["acquired"])
    if "objective" in scene:
        yield _line("objective", ", ".join(_objective(scene["objective"])))


def _image_lines(scene: Report) -> Iterator[str]:
    from omio.dataset.text import bytes_text

    if "title" in scene:
        yield _line("name", scene["title"])
    yield _line("pixels", f"{_sizes(scene['sizes'])}   {scene['dtype']}, {bytes_text(scene['nbytes'])}")
    yield _line("spacing", _spacings(scene))
    for number, channel in enumerate(scene["channels"]):
        yield _line("channels" if number == 0 else "", f"{number}  {_channel(channel)}".rstrip())
    yield _line("levels", ", ".join(f"{level['Y']} × {level['X']}" for level in scene["levels"]))
    yield _line("chunks", _sizes({dim: size for dim, size in scene["chunks"].items() if size > 1} or scene["chunks"]))


def _line(label: str, text: str) -> str:
    """Put a label before a text that is wrapped to the terminal."""
    columns = console.width(sys.stdout)
    if columns is not None and len(text) + MARGIN > columns:
        import textwrap

        text = f"\n{' ' * MARGIN}".join(textwrap.wrap(text, max(20, columns - MARGIN)))
    return f"  {console.dim(f'{label:<9}')} {text}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _answers(said: Mapping[str, str]) -> str:
    sure = [f"{name} by {word}" for name, word in said.items() if word != "no"]
    refused = [name for name, word in said.items() if word == "no"]
    return ", ".join(sure) + (f"; not {', '.join(refused)}" if refused else "")


def _sizes(sizes: Mapping[str, int]) -> str:
    return "  ".join(f"{dim} {size}" for dim, size in sizes.items())


def _spacings(scene: Report) -> str:
    values = {"T": scene["time_increment"], **scene["pixel_size"]}
    return "  ".join(f"{dim} " + ("unknown" if x is None else f"{x:.6g} {UNITS[dim]}") for dim, x in values.items())


def _channel(channel: Mapping[str, Any]) -> str:
    shown = [channel.get("name", "unnamed"), channel.get("color", "")]
    for name, word in (("excitation_nm", "excitation"), ("emission_nm", "emission")):
        shown += [f"{word} {channel[name]:g} nm"] if name in channel else []
    return "  ".join(part for part in shown if part)


def _objective(lens: Mapping[str, Any]) -> Iterator[str]:
    shown = {"name": "{}", "magnification": "{:g}x", "na": "NA {:g}", "immersion": "{}"}
    for name, form in shown.items():
        if lens.get(name) is not None:
            yield form.format(lens[name])


def _stored(storage: Mapping[str, Any]) -> Iterator[str]:
    """Write the facts of the storage: flags by name where they hold, long lists by their beginning."""
    for name, value in storage.items():
        words = name.replace("_", " ")
        if value is True:
            yield words
        elif isinstance(value, list | tuple):
            yield f"{words} {' × '.join(map(str, value[:6]))}{' …' if len(value) > 6 else ''}"
        elif value is not False and value is not None:
            yield f"{words} {value}"
