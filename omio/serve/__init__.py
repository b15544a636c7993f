"""Images in a browser and as OME-Zarr by URL, from this machine to this machine; needs the extra ``serve``."""
