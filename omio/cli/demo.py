"""``omio demo``: make a small project, open, merge and convert it, and check the result against what went in."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from omio.cli import _console as console
from omio.errors import DestinationExistsError

if TYPE_CHECKING:
    import argparse

    from rich.table import Table

    from omio.dataset import MicroscopyDataset
    from omio.testing.makers import Sample
    from omio.writers.report import WriteReport

EXAMPLES = """The files are made by tifffile, not by omio, and the results are read by both.

examples:
  omio demo
  omio demo --keep demo/ && omio info demo/cells.ome.tif"""


@dataclass(frozen=True)
class Row:
    """One image of the demo: what went in, what came out, and what is wrong with it."""

    sample: Sample
    image: MicroscopyDataset
    report: WriteReport
    problems: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("--keep", metavar="DIR", help="make the project in this folder and leave it there")


def run(options: argparse.Namespace) -> int:
    """Run the demo; 1 where a check fails."""
    with ExitStack() as stack:
        folder = _folder(options.keep, stack)
        rows = [_row(sample, image, folder) for sample, image in _images(folder, stack)]
        _show(rows)
    problems = [f"{row.sample.path.name}: {problem}" for row in rows for problem in row.problems]
    for problem in problems:
        console.note(problem)
    _conclude(rows, folder if options.keep else None, failed=bool(problems))
    return console.FAILED if problems else 0


def _folder(keep: str | None, stack: ExitStack) -> Path:
    if keep is None:
        return Path(stack.enter_context(TemporaryDirectory(prefix="omio-demo-")))
    folder = Path(keep)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DestinationExistsError("is not an empty folder", path=folder, remedy="Name a new one with --keep.")
    return folder


def _images(folder: Path, stack: ExitStack) -> list[tuple[Sample, MicroscopyDataset]]:
    """Make the project and open it: each image, the sequence merged by hand, and a selection."""
    from dataclasses import replace

    from omio.dataset.opening import open as open_dataset
    from omio.policies.merge import StrictMerge
    from omio.testing import makers

    samples = makers.project(folder / "project")
    makers.stack(folder / "project" / "stack.tif")  # for those who keep the files: it names no axis
    found = [(sample, stack.enter_context(open_dataset(sample.path))) for sample in samples]
    frames = [stack.enter_context(open_dataset(path)) for path in sorted(samples[2].path.parent.glob("t*.ome.tif"))]
    merged = frames[0].merge(*frames[1:], along="T", policy=StrictMerge())
    found.append((replace(samples[2], path=folder / "merged.ome.tif", kind="the three, merged"), merged))
    green = found[0][1].sel(C="EGFP", Z=slice(1.5, 4.5))
    part = replace(
        samples[0],
        path=folder / "part.ome.tif",
        kind="EGFP, 1.5 to 4.5 µm",
        pixels=samples[0].pixels[:, 1:4, :1],
        channels=("EGFP",),
    )
    return [*found, (part, green)]


def _row(sample: Sample, image: MicroscopyDataset, folder: Path) -> Row:
    from omio.cli.convert import stem

    (folder / "results").mkdir(exist_ok=True)
    report = image.to_ometiff(folder / "results" / f"{stem(sample.path.name)}.ome.tif")
    return Row(sample, image, report, (*_differences(sample, image, "opened"), *_check_result(sample, image, report)))


def _check_result(sample: Sample, image: MicroscopyDataset, report: WriteReport) -> tuple[str, ...]:
    """Read the OME-TIFF back, with omio and with tifffile alone."""
    import numpy as np
    import tifffile

    from omio.dataset.opening import open as open_dataset

    problems = [] if not report.lost else [f"written: lost {', '.join(report.lost)}"]
    with open_dataset(report.path) as again:
        problems += _differences(sample, again, "written")
        if not again.identical(image):
            problems.append("written: not identical when opened again")
    independent = tifffile.imread(report.path)
    if independent.size != sample.pixels.size or not np.array_equal(independent.ravel(), sample.pixels.ravel()):
        problems.append("written: tifffile reads other pixels")
    return tuple(problems)


def _differences(sample: Sample, image: MicroscopyDataset, when: str) -> tuple[str, ...]:
    """Say in what an image differs from what went in."""
    import numpy as np

    truth = {
        "shape": sample.pixels.shape,
        "dtype": sample.pixels.dtype,
        "pixel size": {dim: sample.pixel_size.get(dim) for dim in ("Z", "Y", "X")},
        "time increment": sample.time_increment,
    }
    found = {
        "shape": image.shape,
        "dtype": image.dtype,
        "pixel size": {dim: _rounded(size) for dim, size in image.metadata.pixel_size.items()},
        "time increment": image.metadata.time_increment,
    }
    if sample.channels:
        truth["channels"] = sample.channels
        found["channels"] = tuple(channel.name for channel in image.metadata.channels)
    problems = [f"{when}: {name} is {found[name]}, not {truth[name]}" for name in truth if found[name] != truth[name]]
    if not problems and not np.array_equal(image.load(), sample.pixels):
        problems.append(f"{when}: other pixels")
    return tuple(problems)


def _rounded(size: float | None) -> float | None:
    """Take off what the rational numbers of TIFF resolution tags add."""
    return None if size is None else round(size, 6)


def _show(rows: list[Row]) -> None:
    from rich.console import Console

    Console(file=sys.stdout, width=console.width(sys.stdout) or 100).print(_table(rows))


def _table(rows: list[Row]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("image")
    table.add_column("T Z C Y X S", no_wrap=True)
    for heading in ("XY µm", "Z µm", "T s"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("channels")
    table.add_column("as OME-TIFF", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    """Return two lines a cell: what counts above, what explains it below."""
    from rich.markup import escape

    from omio.dataset.text import bytes_text

    metadata = row.image.metadata
    spacing = (metadata.pixel_size["X"], metadata.pixel_size["Z"], metadata.time_increment)
    verdict = "[red]failed[/]" if row.problems else "[green]as it went in[/]"
    return (
        f"[bold]{escape(row.sample.path.name)}[/]\n[dim]{escape(row.sample.kind)}[/]",
        " ".join(map(str, row.image.shape)),
        *("-" if size is None else f"{_rounded(size):g}" for size in spacing),
        escape("\n".join(channel.name or "-" for channel in metadata.channels)),
        f"{verdict}\n[dim]{bytes_text(row.report.nbytes)}[/]",
    )


def _conclude(rows: list[Row], kept: Path | None, *, failed: bool) -> None:
    if not failed:
        console.out(
            f"{len(rows)} images opened, written as OME-TIFF and read back by omio and by tifffile:\n"
            "pixels, sizes, units, times and channels are those that went in."
        )
    if kept is not None:
        console.out(f"The files are in {kept}.")
