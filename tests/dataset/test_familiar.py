"""Names of BioImage: what they say is what omio knows, and nothing besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tifffile

import omio
from omio import MicroscopyDataset

if TYPE_CHECKING:
    from pathlib import Path


def image(**known: object) -> MicroscopyDataset:
    return MicroscopyDataset.from_array(np.zeros((2, 3, 4, 5), np.uint16), "ZCYX", **known)  # type: ignore[arg-type]


def test_channel_names_follow_a_selection() -> None:
    named = image(channels=["DAPI", "GFP", "RFP"])
    assert named.channel_names == ("DAPI", "GFP", "RFP")
    assert named.sel(C=["RFP", "DAPI"]).channel_names == ("RFP", "DAPI")


def test_channels_without_a_name_are_not_given_one() -> None:
    assert image().channel_names == (None, None, None)
    assert image(channels=[{"name": "DAPI"}, {"color": "#FF0000"}, {}]).channel_names == ("DAPI", None, None)


def test_physical_pixel_sizes_are_in_the_order_z_y_x() -> None:
    known = image(pixel_size={"X": 0.1, "Y": 0.2, "Z": 1.5})
    sizes = known.physical_pixel_sizes
    assert (sizes.Z, sizes.Y, sizes.X) == (1.5, 0.2, 0.1)
    assert tuple(sizes) == (1.5, 0.2, 0.1)
    assert sizes._asdict() == known.pixel_size


def test_unknown_pixel_sizes_are_none_not_one() -> None:
    assert image().physical_pixel_sizes == (None, None, None)
    assert image(pixel_size={"X": 0.1, "Y": 0.1}).isel(Z=0).physical_pixel_sizes == (None, 0.1, 0.1)


def test_scenes_are_the_keys_of_a_collection(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "two.ome.tif", ome=True) as writer:
        for name in ("left", "right"):
            writer.write(np.zeros((4, 5), np.uint8), metadata={"axes": "YX", "Name": name})
    images = omio.open_collection(tmp_path / "two.ome.tif")
    assert images.scenes == tuple(images) == ("left", "right")
