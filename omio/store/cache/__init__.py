"""Copies of images on disk, for repeated access: Zarr arrays in a folder ``.omio_cache``.

``identity``   what a copy is of: the content of files, and what is made of it
``entries``    copies that are there: whose, whole, damaged, removed
``locks``      one process makes a copy, the others wait for it
``making``     where copies lie, and making one whole or not at all
"""
