"""Files that are not on this machine: read by ranges of bytes, and looked at rarely.

``urls``     addresses and how they are reached; nothing secret is in their text
``trouble``  what went wrong, and whether trying again may help
``wires``    ranges of bytes over HTTP, and by any file system of fsspec
``cache``    the latest looks at files, and blocks of their bytes
``looks``    what is there: size and version of a file, or a folder by its documents
``files``    a file that is read at positions, through the cache
``stores``   Zarr hierarchies

Only what a user names becomes a `Url`. Paths that a file contains are plain text, which nothing here accepts, so no
content of a file makes omio ask another host.
"""
