"""Reading references: a virtual Zarr, whose chunks are runs of bytes in other files.

``look``      what a reference file is known by
``entries``   what its JSON says: text, or where bytes lie
``parquet``   the same in Parquet
``store``     the Zarr store that this makes, within the folders that may be read

A reference is no format of images but a store, like a folder or a zip file: the backends of Zarr read what it holds.

Sources: kerchunk's specification of reference files, versions 0 and 1, and of Parquet references as fsspec reads them.
"""
