"""Styles: against the values of large_image, and what they refuse."""

from __future__ import annotations

import hashlib
import json
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import omio
from omio.errors import PolicyError, SelectionError, TileRangeError
from omio.policies.style import Style
from omio.raster.styled import Styled
from tests.support.real import SHARED

GOLDEN = SHARED / "contract" / "golden" / "li_golden.json"
NAMES = ["DAPI", "CY5", "A594", "CY3", "AF488"]
EDGES = (80, 4016)
"""Edges of the bins of 16 values within which 2 % of the pixels lie: what "min:0.02" and "max:0.02" mean there."""


def fluo() -> NDArray[np.uint16]:
    y, x = np.mgrid[0:512, 0:512]
    return np.stack([(x * (c + 1) * 8 + y) % 4096 for c in range(5)]).astype(np.uint16)


def dataset(pixels: NDArray[Any] | None = None, axes: str = "CYX") -> omio.MicroscopyDataset:
    pixels = fluo() if pixels is None else pixels
    names = NAMES[: pixels.shape[axes.index("C")]] if "C" in axes else []
    return omio.MicroscopyDataset.from_array(pixels, axes, channels=names)


SPELLED: list[dict[str, Any]] = [
    {"channels": ["DAPI"], "clim": "minmax"},
    {"channels": ["DAPI"], "clim": (0, 4095)},
    {"channels": ["DAPI"], "clim": (1000, 2000)},
    {"channels": {"DAPI": "#f00"}, "clim": (0, 4095)},
    {"channels": ["DAPI"], "clim": "dtype"},
    {"channels": ["DAPI"], "clim": "auto"},
    {"channels": ["DAPI"], "clim": EDGES},
    {"channels": ["DAPI"], "clim": (0, 4095), "palette": ("#000", "#f00", "#ff0", "#fff"), "discrete": True},
    {"channels": ["DAPI"], "clim": (0, 4095), "nodata": 8},
    {"channels": ["DAPI"], "clim": (1000, 2000), "clip": False},
    {"channels": {"DAPI": "#f00", "CY3": "#0f0", "AF488": "#00f"}, "clim": "minmax"},
    {"channels": {"DAPI": "#f80", "CY5": "#08f"}, "clim": (0, 4095)},
    {"channels": {"DAPI": "#fff", "CY5": "#fff"}, "clim": (0, 4095), "blend": "multiply"},
]
"""How the styles of the golden file are said here, in their order."""


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"golden values not here: {GOLDEN}")
@pytest.mark.parametrize("number", range(len(SPELLED)))
def test_colours_equal_those_of_large_image(number: int) -> None:
    golden = json.loads(GOLDEN.read_text())["styles"][number]
    fields = {"palette": "gray", **SPELLED[number]}
    styled = dataset().style(**fields)
    picture = styled.render()
    count = golden["png"]["shape"][2] if len(golden["png"]["shape"]) == 3 else 1
    plain = colors_of(picture, count)
    assert hashlib.md5(plain.tobytes(), usedforsecurity=False).hexdigest() == golden["png"]["md5"]
    precise = colors_of(styled.render(dtype="float32") * 255, golden["shape"][2])
    for y, x, values in golden["samples"]:
        expected = np.clip(values, 0, 255)
        np.testing.assert_allclose(precise[y, x].ravel(), expected, atol=1e-3)


def colors_of(picture: NDArray[Any], count: int) -> NDArray[Any]:
    """Return one gray sample, or four with alpha."""
    if count == 1:
        np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
        return np.ascontiguousarray(picture[..., 0])
    alpha = np.full((*picture.shape[:2], 1), 255, picture.dtype)
    return np.concatenate([picture[..., :3], alpha], axis=-1)
