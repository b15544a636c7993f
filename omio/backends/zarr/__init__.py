"""Zarr: OME-Zarr images, plates and bioformats2raw sets, and plain arrays, in folders and zip files.

``store``        where a path becomes a store;  ``local``: folders, from which nothing leads out
``fetch``        bytes by key;  ``codecs``: how chunks are encoded;  ``stored``: arrays of them;  ``reader``: all three
``documents``    what groups and arrays say;  ``tree``: where the images lie
``upgrade``      OME documents of other versions, brought to one form;  ``multiscales``: what they say
``facts``        physical sizes, channels;  ``own``, ``sidecar``: what omio and Bio-Formats' tools put beside them
``axes``         names of dims of plain arrays;  ``coordinates``: positions that xarray keeps
``hierarchy``    what both plug-ins share;  ``backend``: for OME-Zarr;  ``plain``: for arrays without OME metadata
"""
