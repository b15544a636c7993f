"""Carl Zeiss Image files (CZI): scenes, mosaics and pyramids, read by position.

``segments``     the container
``directory``    the sub-block directory as columns;  ``checks``: whether it can be true
``catalog``      which images there are;  ``layout``: where their tiles lie;  ``levels``: pyramids
``decode``       codecs;  ``subblocks``: pixels, masks and metadata of sub-blocks
``reading``      tiles into arrays
``xmltree``      the metadata document;  ``facts``, ``planes``: what it says
``attachments``  what else the file carries
``document``     an open file;  ``backend``: the plug-in
"""

from omio.backends.czi.backend import CziBackend

__all__ = ["CziBackend"]
