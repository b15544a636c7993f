"""What is taken from the system, in a fresh process: bounded by what is in flight, never by the file.

Measured is by how much the highest memory of the process (``VmHWM``) grows when a call that was made on a small file is
made on a large one, so that neither Python nor imports count.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from tests.operations import samples

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")

FRAME = """
import json, sys
import omio

def highest():
    with open("/proc/self/status") as status:
        return int(status.read().partition("VmHWM:")[2].split()[0]) / 1024

{call}

small, large = json.loads(sys.argv[1])
with omio.config(threads=2):
    call(small)
    before = highest()
    held = call(large)
    print(highest() - before)
"""


def growth(call: str, small: Any, large: Any) -> float:
    """Return by how many MB a call takes more on something large than on something small."""
    command = [sys.executable, "-c", FRAME.replace("{call}", call), json.dumps([small, large], default=str)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def holes(path: Path, frames: int, side: int) -> Path:
    """Write an ImageJ hyperstack whose pixels are holes of the disk."""
    shape = (frames, side, side)
    mapped = tifffile.memmap(path, shape=shape, dtype="uint16", imagej=True, metadata={"axes": "TYX"})
    mapped[0, 0, :3] = 1, 2, 3
    mapped.flush()
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("holes")
    holes(folder / "small.tif", 2, 512)
    holes(folder / "large.tif", 128, 1024)  # 256 MiB
    return folder


CALLS = {
    "the first plane": ("def call(path): return omio.open(path).isel(T=0).load()", 8),
    "a memory map": ("def call(path): return int(omio.open(path).memmap()[-1, 0, 0, -1, -1])", 4),
    "a notebook": ("def call(path): return omio.open(path)._repr_html_()", 24),
    "layers": (
        "from omio.viewing.layers import layers_of\n"
        "def call(path): return [layer.layer_data for layer in layers_of(omio.open(path), omio.ViewPolicy())]",
        24,
    ),
    "a projection": ("def call(path): return omio.open(path).project('T', 'std').load()", 100),
    "an OME-TIFF": (
        "def call(path): return omio.open(path).to_ometiff(path + '.ome.tif', overwrite='replace')",
        150,
    ),
    "an OME-TIFF with levels": (
        "def call(path): return omio.open(path).to_ometiff(path + '.ome.tif', overwrite='replace', levels=3)",
        150,
    ),
    "an OME-Zarr": (
        "def call(path): return omio.open(path).to_omezarr(path + '.ome.zarr', overwrite='replace')",
        200,
    ),
    "tiles": (
        "def call(path):\n"
        "    image = omio.open(path)\n"
        "    with omio.config(cache_bytes='16MiB'):\n"
        "        return [image.tile(0, x, y, t=t, size=256).sum() for t in range(image.sizes['T'])\n"
        "                for y in range(2) for x in range(2)]",
        32,
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_large_file_takes_no_more_than_what_is_in_flight(folder: Path, name: str) -> None:
    call, bar = CALLS[name]
    assert growth(call, folder / "small.tif", folder / "large.tif") < bar


def behind_one_ifd(path: Path, frames: int) -> Path:
    """Write what ImageJ writes of more than 4 GB: one page, all planes of 1 MiB behind it; here they are holes."""
    text = f"ImageJ=1.54f\nimages={frames}\nframes={frames}\nhyperstack=true\n"
    tifffile.imwrite(path, samples.noise(512, 1024), description=text, metadata=None)
    with tifffile.TiffFile(path) as file, path.open("r+b") as content:
        content.truncate(file.pages.first.dataoffsets[0] + frames * (1 << 20))
    return path


LOOK = """
def call(path):
    image = omio.open(path, chunks="1GiB")
    part = image.isel(T=slice(None, None, 7))
    return image, repr(image), image.metadata, image.data, image.isel(T=-1).load(), part.isel(T=-1).load()
"""


def test_a_terabyte_is_opened_and_looked_at_as_a_gigabyte_is(tmp_path: Path) -> None:
    """A graph of dask has a task a chunk, some hundred bytes each: the only thing that grows."""
    small, large = behind_one_ifd(tmp_path / "small.tif", 1000), behind_one_ifd(tmp_path / "large.tif", 1_000_000)
    assert large.stat().st_size > 1 << 39
    assert growth(LOOK, small, large) < 64


def long_chain(path: Path, pages: int) -> Path:
    """Write pages of 8 x 8, each IFD before its pixels, as writers of streams do; tifffile reads it alike."""
    tags = [(256, 4, 8), (257, 4, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 0), (278, 4, 8), (279, 4, 64)]
    entries = np.array([(code, kind, 1, value) for code, kind, value in tags], "<u2, <u2, <u4, <u4")
    page = np.dtype([("count", "<u2"), ("entries", entries.dtype, len(tags)), ("next", "<u4"), ("pixels", "u1", 64)])
    chain = np.zeros(pages, page)
    starts = 8 + page.itemsize * np.arange(pages, dtype="<u4")
    chain["count"], chain["entries"], chain["pixels"] = len(tags), entries, (np.arange(pages) % 251)[:, None]
    chain["entries"]["f3"][:, 5] = starts + page.itemsize - 64
    chain["next"][:-1] = starts[1:]
    path.write_bytes(b"II*\0\x08\0\0\0" + chain.tobytes())
    return path


WALK = """
from omio.backends.tiff.document import TiffDocument
def call(path):
    document = TiffDocument(path)
    return document, document.ifds().kinds
"""


def test_a_page_that_is_not_read_takes_less_than_a_hundred_bytes(tmp_path: Path) -> None:
    pages = 200_000
    few, many = long_chain(tmp_path / "few.tif", 100), long_chain(tmp_path / "many.tif", pages)
    assert tifffile.imread(few, key=99)[0, 0] == 99
    assert omio.open(many, axes="TYX").isel(T=pages - 1).load().max() == (pages - 1) % 251
    assert growth(WALK, few, many) * (1 << 20) / pages < 100


MERGE = """
def call(folder):
    images = [omio.open(path) for path in sorted(__import__("pathlib").Path(folder).iterdir())]
    merged = omio.merge(images, along="T")
    merged.to_ometiff(folder + ".ome.tif", overwrite="replace")
    return images, merged
"""


def test_four_hundred_files_are_merged_in_little_memory(tmp_path: Path) -> None:
    few, many = (samples.folder(tmp_path / str(count), count) for count in (4, 400))
    assert growth(MERGE.replace("open(path)", "open(path, axes='YX')"), few, many) < 48
