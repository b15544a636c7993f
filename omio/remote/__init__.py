"""Files that are not on this machine: read by ranges of bytes, looked at rarely, written whole or not at all.

``urls``     addresses and how they are reached; nothing secret is in their text
``trouble``  what went wrong, and whether trying again may help
``wires``    ranges of bytes over HTTP, and by any file system of fsspec
``looks``    size and version of a file, and what of it came along with the look
``files``    a file that is read at positions, through a cache of blocks
``stores``   Zarr hierarchies
``uploads``  destinations

Only what a user names becomes a `Url`. Paths that a file contains are plain text, which nothing here accepts, so no
content of a file makes omio ask another host.
"""
