"""`ImageMetadata` as objects of ome-types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omio.errors import MetadataError
from omio.metadata._coords import from_metadata
from omio.ome.write import ome_xml

if TYPE_CHECKING:
    from ome_types import OME

    from omio.metadata.models import ImageMetadata


def to_ome(metadata: ImageMetadata) -> OME:
    """Return an ``OME`` of one ``Image`` without pixels; what OME has no place for is in its native annotation.

    Raises
    ------
    MetadataError
        Where the dtype of the pixels is not known: OME says nothing of an image without it.
    UnwritableError
        For a dtype that OME does not have.
    """
    from ome_types import from_xml

    if metadata.dtype is None:
        raise MetadataError("the dtype of the pixels is not known", remedy="Take the metadata of a dataset.")
    return from_xml(ome_xml(from_metadata(metadata), np.dtype(metadata.dtype), in_tiff=False).text)
