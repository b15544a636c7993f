"""Which real files are in scope, and how a user opens those whose axes the file does not name."""

from __future__ import annotations

from tests.support.facts import facts

AXES = {
    "tiff-pims-stuck.tif": "TYX",
    "ij-microfilm-c1-max-mitosis.tif": "TYX",
    "tiff-skimage-multipage-rgb.tif": "TYXS",
}
"""Stacks that say nothing of T or Z: the caller names the axes."""


def in_scope() -> list[str]:
    """Return the recorded items of formats that omio reads (OME-Zarr and Thorlabs are not among them yet)."""
    return [name for name, record in facts().items() if "bioformats" in record and not name.startswith("thor-")]
