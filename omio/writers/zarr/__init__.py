"""Writing Zarr: chunks are cut, encoded and put by us, the documents are zarr-python's.

``plan``      arrays, chunks, shards, and the blocks in which all levels are made
``encode``    codecs of chunks, and shards
``reduce``    halving part of a level
``stream``    carries a plan out, in threads or on a cluster
``written``   reads back what was just written, to make coarser levels of it
``parts``     the images of a hierarchy with their documents; ``sets`` puts several together, ``document`` words them
``places``    folders, zip files and URLs (``remote``) to write to; ``targets`` take single files there
``journal``   what of an interrupted conversion is done
``omezarr``   OME-Zarr; ``plain`` Zarr as xarray writes it; ``reference`` Zarr over the chunks of other files
"""
