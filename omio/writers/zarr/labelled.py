"""Groups in the form of xarray: coordinates beside an array, all else of the metadata as JSON."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from omio.metadata._coords import to_coordinates, to_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from omio.metadata.facts import Facts
    from omio.writers.zarr.encode import Version

IMAGE = "image"
"""Name of the array."""
METADATA = "omio"
"""Attribute that holds the metadata as JSON."""


def metadata_attribute(facts: Facts, dtype: np.dtype[Any]) -> dict[str, Any]:
    """Return the attribute that tells all but pixels."""
    return {METADATA: to_metadata(facts, dtype).model_dump_json()}


def group_files(facts: Facts, dtype: np.dtype[Any], version: Version) -> dict[str, bytes]:
    """Return key -> content of a group and its coordinates, as xarray writes them; the array is not among them."""
    import xarray as xr
    from zarr.storage import MemoryStore

    kept: dict[str, Any] = {}
    named = xr.Dataset(coords=to_coordinates(facts), attrs=metadata_attribute(facts, dtype))
    named.to_zarr(MemoryStore(kept), zarr_format=version, consolidated=False)
    return {key: value.to_bytes() for key, value in kept.items()}


def consolidated(files: Mapping[str, bytes], version: Version) -> dict[str, bytes]:
    """Copy all documents into the root's, as xarray does and asks for: opening then reads one file."""
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.errors import ZarrUserWarning
    from zarr.storage import MemoryStore

    make = default_buffer_prototype().buffer.from_bytes
    kept = {key: make(content) for key, content in files.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)  # Zarr 3 does not specify it yet
        zarr.consolidate_metadata(MemoryStore(kept), zarr_format=version)
    return {key: value.to_bytes() for key, value in kept.items()}


def image_attributes(facts: Facts, dims: Sequence[str], version: Version) -> dict[str, Any]:
    """Return the attributes by which xarray knows the dims and coordinates of the array."""
    beside = " ".join(name for name, (along, *_) in to_coordinates(facts).items() if along != (name,))
    return {**({"coordinates": beside} if beside else {}), **dims_attribute(dims, version)}


def dims_attribute(dims: Sequence[str], version: Version) -> dict[str, Any]:
    """Return what names dims in Zarr 2; Zarr 3 has a field of its own."""
    return {"_ARRAY_DIMENSIONS": list(dims)} if version == 2 else {}
