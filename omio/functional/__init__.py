"""One call a task, for scripts and newcomers: thin over the classes.

``read``       `imread`;  ``write``: `imwrite`;  ``convert``: `imconvert`
``templates``  empty images and metadata, metadata brought up to date
``cache``      removing the copies that ``imread(..., zarr_store="disk")`` made
``batch``      `bids_batch_convert`, `bids_batch_process`;  ``hooks``: a user's functions in them
``viewer``     `open_in_napari`

``reading``    from names to datasets;  ``images``: between datasets and arrays with a dict;  ``voice``: what is told

Each name is imported at first use: reading a file needs no batch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omio.backends.thorlabs.templates import (
        batch_create_thorlabs_raw_yaml_templates as batch_create_thorlabs_raw_yaml_templates,
    )
    from omio.backends.thorlabs.templates import create_thorlabs_raw_yaml as create_thorlabs_raw_yaml
    from omio.functional.batch import bids_batch_convert as bids_batch_convert
    from omio.functional.batch import bids_batch_process as bids_batch_process
    from omio.functional.batch import convert_bids_batch_to_ometiff as convert_bids_batch_to_ometiff
    from omio.functional.batch import discover_bids_like_batch_images as discover_bids_like_batch_images
    from omio.functional.cache import cleanup_omio_cache as cleanup_omio_cache
    from omio.functional.convert import convert_to_ometiff as convert_to_ometiff
    from omio.functional.convert import imconvert as imconvert
    from omio.functional.read import imread as imread
    from omio.functional.templates import OME_metadata_checkup as OME_metadata_checkup
    from omio.functional.templates import create_empty_image as create_empty_image
    from omio.functional.templates import create_empty_metadata as create_empty_metadata
    from omio.functional.templates import update_metadata_from_image as update_metadata_from_image
    from omio.functional.templates import version as version
    from omio.functional.viewer import open_in_napari as open_in_napari
    from omio.functional.write import imwrite as imwrite
    from omio.functional.write import write_ometiff as write_ometiff

_HOMES = {
    "omio.backends.thorlabs.templates": (
        "batch_create_thorlabs_raw_yaml_templates",
        "create_thorlabs_raw_yaml",
    ),
    "omio.functional.batch": (
        "bids_batch_convert",
        "bids_batch_process",
        "convert_bids_batch_to_ometiff",
        "discover_bids_like_batch_images",
    ),
    "omio.functional.cache": ("cleanup_omio_cache",),
    "omio.functional.convert": (
        "convert_to_ometiff",
        "imconvert",
    ),
    "omio.functional.read": ("imread",),
    "omio.functional.templates": (
        "OME_metadata_checkup",
        "create_empty_image",
        "create_empty_metadata",
        "update_metadata_from_image",
        "version",
    ),
    "omio.functional.viewer": ("open_in_napari",),
    "omio.functional.write": (
        "imwrite",
        "write_ometiff",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'omio.functional' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
