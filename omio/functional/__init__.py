"""One call a task, for scripts and newcomers: thin over the classes.

``read``       `imread`;  ``write``: `imwrite`;  ``convert``: `imconvert`
``templates``  empty images and metadata, metadata brought up to date
``cache``      removing the copies that ``imread(..., zarr_store="disk")`` made
``viewer``     `open_in_napari`
"""

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

convert_to_ometiff = imconvert
write_ometiff = imwrite

__all__ = [
    "OME_metadata_checkup",
    "cleanup_omio_cache",
    "convert_to_ometiff",
    "create_empty_image",
    "create_empty_metadata",
    "imconvert",
    "imread",
    "imwrite",
    "open_in_napari",
    "update_metadata_from_image",
    "version",
    "write_ometiff",
]
