"""One call a task, for scripts and newcomers: thin over the classes.

``read``       `imread`;  ``write``: `imwrite`;  ``convert``: `imconvert`
``templates``  empty images and metadata, metadata brought up to date
``cache``      removing the copies that ``imread(..., zarr_store="disk")`` made
``batch``      `bids_batch_convert`, `bids_batch_process`
``viewer``     `open_in_napari`
"""

from omio.backends.thorlabs.templates import batch_create_thorlabs_raw_yaml_templates, create_thorlabs_raw_yaml
from omio.functional.batch import bids_batch_convert, bids_batch_process, discover_bids_like_batch_images
from omio.functional.cache import cleanup_omio_cache
from omio.functional.convert import imconvert
from omio.functional.read import imread
from omio.functional.templates import (
    OME_metadata_checkup,
    create_empty_image,
    create_empty_metadata,
    update_metadata_from_image,
    version,
)
from omio.functional.viewer import open_in_napari
from omio.functional.write import imwrite

convert_bids_batch_to_ometiff = bids_batch_convert
convert_to_ometiff = imconvert
write_ometiff = imwrite

__all__ = [
    "OME_metadata_checkup",
    "batch_create_thorlabs_raw_yaml_templates",
    "bids_batch_convert",
    "bids_batch_process",
    "cleanup_omio_cache",
    "convert_bids_batch_to_ometiff",
    "convert_to_ometiff",
    "create_empty_image",
    "create_empty_metadata",
    "create_thorlabs_raw_yaml",
    "discover_bids_like_batch_images",
    "imconvert",
    "imread",
    "imwrite",
    "open_in_napari",
    "update_metadata_from_image",
    "version",
    "write_ometiff",
]
