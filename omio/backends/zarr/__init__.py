"""Zarr: OME-Zarr images, plates and bioformats2raw sets, and plain arrays, in folders and zip files.

``store``        where the documents and chunks lie;  ``tree``: groups and arrays
``upgrade``      documents of other versions, brought to one form;  ``multiscales``: what they say
``facts``        physical sizes, channels
``reader``       pixels
``backend``      the plug-in for OME-Zarr;  ``plain``: for arrays without OME metadata
"""
