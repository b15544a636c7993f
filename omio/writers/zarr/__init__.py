"""Writing Zarr: chunks are cut, encoded and put by us, the documents are zarr-python's.

``plan``      arrays, chunks, shards, and the blocks in which all levels are made
``encode``    codecs of chunks, and shards
``stream``    carries a plan out
"""
