"""Peers that cannot share omio's environment: omio-microscopy also installs a package called ``omio``.

``python -m benchmarks.environments`` makes them (omio-microscopy imports napari, so it takes about 1 GB). Rows that
need an environment that is not there are left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.data import default_folder

REQUIREMENTS = {"omio-microscopy": ("omio-microscopy==0.3.0",)}


def python_of(folder: Path, name: str) -> str | None:
    """Return the interpreter of an environment, or None where it was not made."""
    for inside in ("bin/python", "Scripts/python.exe"):
        python = folder / "env" / name / inside
        if python.exists():
            return str(python)
    return None


def make(folder: Path, name: str) -> None:
    """Create an environment and install the peer from PyPI, compiled."""
    subprocess.run([sys.executable, "-m", "venv", folder / "env" / name], check=True)
    python = python_of(folder, name)
    assert python is not None
    subprocess.run([python, "-m", "pip", "install", *REQUIREMENTS[name]], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.environments", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_folder())
    folder = parser.parse_args().data
    for name in REQUIREMENTS:
        if python_of(folder, name) is None:
            make(folder, name)


if __name__ == "__main__":
    main()
