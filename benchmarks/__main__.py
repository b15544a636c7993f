"""``python -m benchmarks [TOPIC ...]``: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import shutil
import sys
import sysconfig
from pathlib import Path

from benchmarks import report
from benchmarks.data import Data, default_folder
from benchmarks.measure import Result, environment, measure

TOPICS = ("imports", "open", "read", "convert", "czi", "merge", "zarr", "raster", "batch", "memory", "cluster")
PACKAGE = Path(__file__).resolve().parent


def main() -> None:
    options = _parse()
    data = Data(options.data, 0.05 if options.quick else options.scale)
    rounds = 3 if options.quick else options.rounds
    _compile()
    search = _search_path(options.data)
    results: list[Result] = []
    for topic in options.topics or TOPICS:
        for group in importlib.import_module(f"benchmarks.topics.{topic}").groups(data):
            if options.row and not group.row.startswith(options.row):
                continue
            results.append(measure(group, group.rounds or rounds, environment(search)))
            print(*report.lines(results[-1]), sep="\n", file=sys.stderr)
    shutil.rmtree(data.outputs())
    _write(options.json, results, data.scale, rounds)
    print(report.table(results))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}; all by default")
    parser.add_argument("--row", help="only rows whose number begins so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes of the data")
    parser.add_argument("--quick", action="store_true", help="small data, three rounds: a look, not a measurement")
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--json", type=Path, default=PACKAGE / "results" / "latest.json")
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
    if not link.exists():
        link.symlink_to(PACKAGE, target_is_directory=True)
    return search


def _write(path: Path, results: list[Result], scale: float, rounds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": report.machine(),
        "scale": scale,
        "rounds": rounds,
        "results": [report.as_json(result) for result in results],
    }
    path.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
