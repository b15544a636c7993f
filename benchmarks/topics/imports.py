"""Rows 1: what starting costs, in whole processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.case import Case, Group, bioformats_info, script

if TYPE_CHECKING:
    from benchmarks.data import Data

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
commands = parser.add_subparsers()
for name in ("info", "convert", "demo"):
    commands.add_parser(name).add_argument("path")
parser.parse_args(["info", "x"])
"""


def groups(data: Data) -> list[Group]:
    imagej, planes = str(data.imagej()), str(data.ome_planes())
    return [
        Group(
            "1a",
            "import",
            (
                script("numpy", "import numpy"),
                script("omio", "import omio"),
                script("pydantic with a model", "import pydantic\nclass M(pydantic.BaseModel):\n    a: int"),
            ),
            ("numpy",),
            goal=1.8,
            moonshot=1.6,
        ),
        Group(
            "1b",
            "import, open, first DataArray",
            (
                script("xarray", "import xarray"),
                script("omio", f"import omio\nomio.open({imagej!r}).data"),
                script("omio, open only", f"import omio\nomio.open({imagej!r}).metadata"),
            ),
            ("xarray",),
            goal=1.4,
            moonshot=1.2,
        ),
        Group(
            "1c",
            "info FILE",
            (
                script("tifffile series", f"import tifffile\nprint(tifffile.TiffFile({imagej!r}).series[0])"),
                Case("omio", (sys.executable, "-m", "omio", "info", imagej)),
                *bioformats_info(data.folder, imagej),
            ),
            ("tifffile series",),
            goal=1.5,
            moonshot=1.1,
        ),
        Group(
            "1c",
            "info of an OME-TIFF of 20,000 planes",
            (
                script("tifffile series", f"import tifffile\nprint(tifffile.TiffFile({planes!r}).series[0])"),
                Case("omio", (sys.executable, "-m", "omio", "info", planes)),
                *bioformats_info(data.folder, planes),
            ),
            ("tifffile series",),
        ),
        Group(
            "1c",
            "--help",
            (script("argparse", ARGPARSE), Case("omio", (sys.executable, "-m", "omio", "--help"))),
            ("argparse",),
            goal=1.3,
            moonshot=1.1,
        ),
    ]
