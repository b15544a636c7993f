"""Readers of OME-Zarr that nobody here wrote, each in an environment of its own, as they exclude one another.

``python -m benchmarks.environments readers`` makes the environments, in the folder that ``OMIO_READERS`` names or, by
default, where benchmarks keep theirs. Where one is absent, tests that ask it skip.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = {
    "ome-zarr": """
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
node = next(iter(Reader(parse_url(path))()))
first = node.metadata["coordinateTransformations"][0]
answer = {"shapes": [level.shape for level in node.data], "scale": first[0]["scale"], "origin": first[1]["translation"],
          "sum": int(node.data[0].sum().compute()), "channels": node.metadata["channel_names"]}
""",
    "ngff-zarr": """
import ngff_zarr
found = ngff_zarr.from_ngff_zarr(path)
image = found.images[0]
answer = {"shapes": [level.data.shape for level in found.images], "scale": [image.scale[dim] for dim in image.dims],
          "origin": [image.translation[dim] for dim in image.dims], "sum": int(image.data.sum().compute()),
          "channels": [channel.label for channel in found.metadata.omero.channels]}
""",
    "napari-ome-zarr": """
from napari_ome_zarr import napari_get_reader
layers = [layer for layer in napari_get_reader(path)(path) if layer[2] == "image"]
answer = {"shapes": [level.shape for level in layers[0][0]], "scale": list(layers[0][1]["scale"]),
          "sum": sum(int(layer[0][0].sum().compute()) for layer in layers),
          "channels": [layer[1]["name"].rpartition(": ")[2] for layer in layers]}
""",
    "large-image": """
import large_image_source_zarr
source = large_image_source_zarr.open(path + "/.zattrs")
told = source.getMetadata()
frames = [source.getRegion(format="numpy", frame=frame)[0] for frame in range(len(told["frames"]))]
answer = {"shapes": [[told["sizeY"], told["sizeX"]]], "scale": [told["mm_y"] * 1000, told["mm_x"] * 1000],
          "sum": sum(int(frame.astype("int64").sum()) for frame in frames), "channels": told["channels"]}
""",
    "ome-zarr-models": """
import warnings
warnings.simplefilter("error")
import zarr
from ome_zarr_models import open_ome_zarr
from ome_zarr_models.v05.bioformats2raw import BioFormats2Raw
group = zarr.open_group(path, mode="r")
is_set = "bioformats2raw.layout" in group.attrs.get("ome", {})  # its list of kinds lacks these
answer = {"kind": type(BioFormats2Raw.from_zarr(group) if is_set else open_ome_zarr(group)).__name__}
""",
}
_FRAME = "import json, sys\npath = sys.argv[1]\n{}\nprint(json.dumps(answer))"


def asked(reader: str, path: Path | str) -> dict[str, Any]:
    """Return what a reader says of a hierarchy, in a folder or at a URL."""
    folder = Path(os.environ.get("OMIO_READERS") or Path(tempfile.gettempdir()) / "omio-benchmarks")
    python = folder / "env" / reader / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment of {reader}: python -m benchmarks.environments readers makes it")
    command = [str(python), "-c", _FRAME.format(SCRIPTS[reader]), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
