"""Opens references as people without omio do: zarr-python and xarray through fsspec, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_SCRIPT = """
import hashlib, json, sys, warnings

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "omio":
            raise ImportError("omio is not to be had here")

sys.meta_path.insert(0, Forbidden())
warnings.simplefilter("ignore")  # xarray and zarr warn of string types; omio has no part in it here
import fsspec, imagecodecs.numcodecs, imagecodecs.zarr, numpy, xarray, zarr
from zarr.storage import FsspecStore

imagecodecs.zarr.register_codecs(verbose=False)
imagecodecs.numcodecs.register_codecs(verbose=False)

def digest(array):
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return hashlib.sha256(numpy.ascontiguousarray(native)).hexdigest()

def look(path, group):
    options = {"fo": path, "target_protocol": "file", "remote_protocol": "file"}
    store = FsspecStore(fsspec.filesystem("reference", asynchronous=True, **options), read_only=True)
    found = zarr.open_group(store, mode="r", path=group)["image"]
    labelled = xarray.open_zarr(
        "reference://", storage_options=options, consolidated=False, group=group or None, chunks=None
    )
    return {
        "pixels": digest(found[...]),
        "labelled": digest(labelled["image"].values),
        "dims": list(labelled["image"].dims),
        "coordinates": {
            name: digest(labelled[name].values) for name in labelled.coords if labelled[name].dtype.kind == "f"
        },
        "attributes": sorted(labelled.attrs),
    }

print(json.dumps([look(*each) for each in json.loads(sys.stdin.read())]))
"""


def digest(array: NDArray[Any]) -> str:
    """Return what tells arrays of one shape and dtype apart."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def looked_at(references: Sequence[tuple[Path, str]], folder: Path) -> list[dict[str, Any]]:
    """Return what zarr-python and xarray see of groups of references, opened where relative names lead somewhere."""
    asked = json.dumps([(str(path), group) for path, group in references])
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], input=asked, capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
