"""Hostile OME-TIFF files: the outcomes that their manifest accepts, and no other."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pytest

import omio
from omio.errors import OmioError
from tests.support.clock import within
from tests.support.real import SHARED

FOLDER = SHARED / "hostile"
MANIFEST = FOLDER / "manifest.json"
ENTRIES = json.loads(MANIFEST.read_text())["files"] if MANIFEST.exists() else []
FILES = [entry for entry in ENTRIES if entry["fmt"] == "tiff" and entry["id"].startswith(("ome_", "omf_", "ctl_ome"))]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("entry", FILES, ids=[entry["id"] for entry in FILES])
def test_outcome_is_one_of_those_accepted(entry: dict[str, Any], strict: bool) -> None:  # noqa: FBT001
    path = FOLDER / "corpus" / entry["path"]
    with within(5), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            image = omio.open(path, strict=strict)
            outcome = _judged(image, entry, warned=bool(told))
        except OmioError as error:
            outcome = {"error" if error.path and error.cause else "error without file or cause"}
    assert outcome & set(entry["accept"]), outcome


def _judged(image: omio.MicroscopyDataset, entry: dict[str, Any], *, warned: bool) -> set[str]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pixels = np.asarray(image)
    assert entry["check"].get("leak_pixel") not in pixels
    for size in image.metadata.pixel_size.values():
        assert size is None or (math.isfinite(size) and size > 0)
    if "px_um" in entry["check"]:
        assert image.metadata.pixel_size["X"] == entry["check"]["px_um"]
    oracle = entry["oracle"] and np.load(FOLDER / "oracle" / entry["oracle"])
    same = oracle is not None and np.array_equal(pixels.squeeze(), oracle.squeeze())
    return ({"oracle"} if same else set()) | ({"warned"} if warned or told else set())
