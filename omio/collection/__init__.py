"""Collections: the scenes of a file, the images of a folder."""

from omio.collection.base import MicroscopyCollection
from omio.collection.opening import open_collection, open_folder
from omio.collection.plate import Plate, Well

__all__ = ["MicroscopyCollection", "Plate", "Well", "open_collection", "open_folder"]
