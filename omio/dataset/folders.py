"""Folders that are no image themselves, but hold some."""

from __future__ import annotations

import os
from pathlib import Path

from omio.errors import FileMissingError, SceneError

_LISTED = 10


def is_plain_folder(path: str) -> bool:
    """Whether the path is a folder that no backend reads as one image."""
    if not os.path.isdir(path):  # noqa: PTH112 - a Path would raise for names that no file can have
        return False
    from omio.backends.discovery import is_image_folder  # a file needs nothing of it

    return not is_image_folder(Path(path))


def only_image(path: str) -> str:
    """Return the one image of a plain folder; any other path is returned as it is.

    Raises
    ------
    FileMissingError, SceneError
        The folder holds no image, or several.
    """
    if not is_plain_folder(path):
        return path
    from omio.backends.discovery import image_files

    found = image_files(path)
    if len(found) == 1:
        return found[0]
    if not found:
        remedy = "open_folder() takes a pattern of names, and looks into folders below with recursive=True."
        raise FileMissingError("no image in the folder", path=path, remedy=remedy)
    listed = ", ".join(Path(image).name for image in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    remedy = f"Open one of {listed}{more}; open_folder() gives all of them."
    raise SceneError(f"holds {len(found)} images", path=path, remedy=remedy)
