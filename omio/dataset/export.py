"""Datasets written to files, and as plain xarray objects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray

    from omio.dataset.dataset import MicroscopyDataset
    from omio.policies.write import OutputPolicy
    from omio.writers.report import WriteReport


def written(
    image: MicroscopyDataset,
    writer: str,
    path: str | os.PathLike[str],
    policy: OutputPolicy | dict[str, Any] | None,
    fields: Mapping[str, Any],
) -> WriteReport:
    """Write with a writer of the registry, as its own policy says."""
    from omio.writers import registry

    kind = registry.load(writer)
    return kind().write(image, os.fspath(path), kind.policies.resolve(policy, **fields))


def to_xarray(image: MicroscopyDataset) -> xarray.Dataset:
    """Return a Dataset with one lazy variable ``image``; the metadata is JSON in ``attrs["omio"]``."""
    from omio.dataset.from_xarray import METADATA, VARIABLE

    return image.data.to_dataset(name=VARIABLE).assign_attrs({METADATA: image.metadata.model_dump_json()})


def to_datatree(image: MicroscopyDataset) -> xarray.DataTree:
    """Return a DataTree with a node a level: ``level_0`` (full), ``level_1`` and so on.

    Levels stand beside each other, because xarray wants the coordinates of parent and child to agree.
    """
    import xarray as xr

    nodes = {f"level_{k}": to_xarray(level) for k, level in enumerate(image.levels)}
    return xr.DataTree.from_dict(nodes, name=image.name)
