"""Collections: the scenes of a file, the images of a folder."""

from omio.collection.base import MicroscopyCollection
from omio.collection.opening import open_collection, open_folder

__all__ = ["MicroscopyCollection", "open_collection", "open_folder"]
