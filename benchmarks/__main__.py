"""``python -m benchmarks [TOPIC ...]`` measures and keeps JSON; ``table``, ``page`` and ``plot`` show it."""

from __future__ import annotations

import argparse
import compileall
import importlib
import os
import shutil
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import page, plot, report, summary
from benchmarks.case import cpus
from benchmarks.data import Data, default_folder
from benchmarks.measure import Result, environment, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.case import Group

NAMED = (
    "open",
    "read",
    "convert",
    "zarr",
    "merge",
    "raster",
    "czi",
    "memory",
    "scale",
    "interactive",
    "batch",
    "cluster",
)
TOPICS = {"import": "imports"} | {name: name for name in NAMED}
"""Topics and their modules."""
SHOWN = {"table": summary.tables, "page": page.write, "plot": plot.draw}
PACKAGE = Path(__file__).resolve().parent
QUICK_SCALE = 0.01


def main() -> int:
    options = _parse()
    if options.topics and options.topics[0] in SHOWN:
        print(SHOWN[options.topics[0]](options.results))
        return 0
    return _quick(options) if options.quick else _measured(options)


def _measured(options: argparse.Namespace) -> int:
    """Measure topic after topic, and keep each row when it has ended."""
    _compile()
    results: list[Result] = []
    for topic in options.topics or TOPICS:
        before, found = os.getloadavg(), []
        for result in _run(topic, Data(options.data, options.scale, topic), options):
            found.append(result)
            if not options.row:
                load = (before, os.getloadavg())
                report.write(options.results / f"{topic}.json", found, scale=options.scale, load=load)
        results += found
    print(report.table(results))
    return 0


def _quick(options: argparse.Namespace) -> int:
    """Try topics beside each other, in a folder of their own that holds no environments, so peers are few."""
    options.rounds = 1
    topics = options.topics or list(TOPICS)
    data = [Data(options.data / "quick", QUICK_SCALE, topic) for topic in topics]
    for topic, made in zip(topics, data, strict=True):
        _groups(topic, made)  # makes the files
    with ThreadPoolExecutor(cpus()) as pool:
        found = list(pool.map(lambda topic, made: list(_run(topic, made, options)), topics, data))
    results = [result for of_topic in found for result in of_topic]
    print(report.table(results))
    problems = [problem for result in results for problem in report.problems(result)]
    print(*problems, sep="\n", file=sys.stderr)
    return 1 if problems else 0


def _groups(topic: str, data: Data) -> list[Group]:
    found: list[Group] = importlib.import_module(f"benchmarks.topics.{TOPICS[topic]}").groups(data)
    return found


def _run(topic: str, data: Data, options: argparse.Namespace) -> Iterator[Result]:
    surroundings = environment(_search_path(data.folder))
    try:
        for group in _groups(topic, data):
            if not options.row or group.row.startswith(options.row):
                rounds = options.rounds if options.quick else group.rounds or options.rounds
                result = measure(group, rounds, surroundings)
                print(*report.lines(result), sep="\n", file=sys.stderr, flush=True)
                yield result
    finally:
        shutil.rmtree(data.outputs())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "topics",
        nargs="*",
        metavar="TOPIC",
        choices=[*TOPICS, *SHOWN],
        help=f"of {', '.join(TOPICS)}; all by default. Or {' or '.join(SHOWN)}",
    )
    parser.add_argument("--row", help="only rows whose number begins so; nothing is kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes of the data")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round on small data, without peers that need environments: does it work, do results agree, is memory"
        " bounded? Times are not judged, nothing is kept",
    )
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--results", type=Path, default=PACKAGE / "results")
    return parser.parse_args()


def _compile() -> None:
    """Write bytecode, for a first start that compiles would be measured as one."""
    for folder in (sysconfig.get_path("purelib"), PACKAGE, PACKAGE.parent / "omio"):
        compileall.compile_dir(str(folder), quiet=2, workers=0)


def _search_path(data: Path) -> Path:
    """Return a folder that holds this package and nothing else: environments bring their own ``omio``."""
    search = data / "path"
    search.mkdir(parents=True, exist_ok=True)
    link = search / "benchmarks"
    if link.resolve() != PACKAGE:
        link.unlink(missing_ok=True)
        link.symlink_to(PACKAGE, target_is_directory=True)
    return search


if __name__ == "__main__":
    sys.exit(main())
