"""A headless Chromium that looks at a server; what it asks for and complains of is held against each test."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import omio
from omio.testing import makers
from tests.serve.browser.looker import Looker

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
pytest.importorskip("starlette", reason="the extra serve is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from omio.serve.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images as files."""
    folder = tmp_path_factory.mktemp("images")
    makers.ome_tiff(folder / "cells.ome.tif")
    makers.stack(folder / "plain.tif")
    wide = np.tile(makers.stained(), (10, 10, 1))
    tifffile.imwrite(
        folder / "tissue.tif",
        wide,
        photometric="rgb",
        tile=(256, 256),
        resolution=(5000, 5000),
        resolutionunit="CENTIMETER",
    )
    with tifffile.TiffWriter(folder / "scenes.ome.tif", ome=True) as writer:
        writer.write(makers.cells((1, 1, 1, 96, 128))[0, 0], metadata={"axes": "CYX", "Name": "left"})
        writer.write(makers.cells((1, 1, 1, 48, 64))[0, 0], metadata={"axes": "CYX", "Name": "right"})
    return folder


@pytest.fixture(scope="package")
def cells(folder: Path) -> omio.MicroscopyDataset:
    """T 3, Z 5, C 2, Y 96, X 128 of 16 bits, whose pixels have a size."""
    return omio.open(folder / "cells.ome.tif")


@pytest.fixture(scope="package")
def tissue(folder: Path) -> omio.MicroscopyDataset:
    """Y 960, X 1280 of RGB, whose pixels are 2 µm wide."""
    return omio.open(folder / "tissue.tif")


@pytest.fixture(scope="package")
def server(folder: Path) -> Iterator[Server]:
    from omio.serve.server import Server

    plain = omio.open(folder / "plain.tif", axes="ZYX")
    names = ("cells.ome.tif", "tissue.tif", "scenes.ome.tif")
    with Server([*(folder / name for name in names), plain]) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM)
        yield running
        running.close()


@pytest.fixture
def looker(browser: Browser, server: Server) -> Iterator[Looker]:
    """Someone who looks at the server on a desktop, and to whom nothing strange may happen."""
    with Looker(browser, server.url) as person:
        yield person
        assert person.strange == []


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Looker]:
    """The same on a phone."""
    with Looker(browser, server.url, width=390, height=844, is_touch=True) as person:
        yield person
        assert person.strange == []
