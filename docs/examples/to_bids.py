"""Make a BIDS dataset of a project whose folders are subjects and, in these, experiments.

Run it as: python to_bids.py [PROJECT RESULT]
"""

from __future__ import annotations

import sys
from pathlib import Path

import made

from omio.batch import BidsLikeLayout, BidsOut, Project, RunReport


def convert(root: Path, output: Path) -> RunReport:
    """Convert what is not done yet; the plan says first what becomes of which file."""
    layout = BidsLikeLayout(sub="mouse-", exp="day")
    names = BidsOut(suffix="FLUO", ses="{experiment}", sample="brain", sample_type="tissue")
    project = Project(root, layout, output=output, to_bids=names)
    print(project.plan())
    return project.run(workers=2)


if __name__ == "__main__":
    root, output = map(Path, sys.argv[1:] or made.mice("bids"))
    report = convert(root, output)
    print(report.text())
    raise SystemExit(report.exit_code)
