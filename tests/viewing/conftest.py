"""A display of its own for the windows of the tests, and napari in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """Start Xvfb on a free display, so that no test draws on the screen of whoever runs it."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1300x850x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        name = f":{pipe.readline().strip()}"
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = name
    yield name
    os.environ.pop("DISPLAY") if before is None else os.environ.update(DISPLAY=before)
    server.terminate()
    server.wait(10)


@pytest.fixture(scope="session")
def napari() -> Any:
    """Import napari, whose own warnings are no business of ours, and find its plug-ins."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("napari")
        from npe2 import PluginManager

        PluginManager.instance().discover()
    return module


@pytest.fixture(scope="session")
def window(display: str, napari: Any) -> Iterator[Any]:
    """Open one window for all tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = napari.Viewer()
        yield found
        found.close()


@pytest.fixture
def viewer(window: Any) -> Iterator[Any]:
    """Return the window without layers."""
    window.canvas.overlays.scale_bar.visible = False
    yield window
    window.layers.clear()
