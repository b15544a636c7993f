"""Which real files are in scope, and how a user opens those whose axes the file does not name."""

from __future__ import annotations

from tests.support.facts import facts

AXES = {
    "tiff-pims-stuck.tif": "TYX",
    "ij-microfilm-c1-max-mitosis.tif": "TYX",
    "tiff-skimage-multipage-rgb.tif": "TYXS",
}
"""Stacks that say nothing of T or Z: the caller names the axes."""

TILED = [
    f"mm-ndtiff-rgb/{level}/Magellan_expolore_multi_channel_NDTiffStack.tif"
    for level in ("Full resolution", "Downsampled_x2", "Downsampled_x4", "Downsampled_x8")
]
"""NDTiff explorations whose index has rows and columns: each place is a scene, which the record takes for T."""


def in_scope() -> list[str]:
    """Return the recorded items of formats that omio reads (OME-Zarr and Thorlabs are not among them yet)."""
    return [name for name, record in facts().items() if "bioformats" in record and not name.startswith("thor-")]
