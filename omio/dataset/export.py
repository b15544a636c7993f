"""Datasets as plain xarray objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omio.dataset.from_xarray import METADATA, VARIABLE

if TYPE_CHECKING:
    import xarray

    from omio.dataset.dataset import MicroscopyDataset


def to_xarray(image: MicroscopyDataset) -> xarray.Dataset:
    """Return a Dataset with one lazy variable ``image``; the metadata is JSON in ``attrs["omio"]``."""
    return image.data.to_dataset(name=VARIABLE).assign_attrs({METADATA: image.metadata.model_dump_json()})


def to_datatree(image: MicroscopyDataset) -> xarray.DataTree:
    """Return a DataTree with a node a level: ``level_0`` (full), ``level_1`` and so on.

    Levels stand beside each other, because xarray wants the coordinates of parent and child to agree.
    """
    import xarray as xr

    nodes = {f"level_{k}": to_xarray(level) for k, level in enumerate(image.levels)}
    return xr.DataTree.from_dict(nodes, name=image.name)
