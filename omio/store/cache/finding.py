"""Which copies a path means: those of a file, those in a folder, or one of them itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from omio.store.cache.entries import FOLDER, Entry, entries, entry_at, unreadable
from omio.store.cache.making import clean, user_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def folder_in(folder: Path) -> Path:
    """Return the cache folder in a folder, which may be one itself."""
    return folder if folder.name == FOLDER else folder / FOLDER


def copies_of(file: Path) -> list[Entry]:
    """Return the copies of a file, beside it and in the user's cache folder; the file itself may be gone."""
    folders = dict.fromkeys((file.parent / FOLDER, user_folder()))
    return [entry for folder in folders for entry in entries(folder) if entry.is_of(file)]


def copies_at(path: Path) -> list[Entry]:
    """Return the copy that a path is, or those of a file, or those in a folder and of the image that this may be."""
    entry = entry_at(path)
    if entry is not None:
        return [entry]
    return [*(entries(folder_in(path)) if path.is_dir() else ()), *copies_of(path)]


def folders_of(path: Path) -> list[Path]:
    """Return the cache folders in which copies that a path means may lie."""
    if entry_at(path) is not None:
        return [path.parent]
    beside = dict.fromkeys((path.parent / FOLDER, user_folder()))
    return [folder_in(path), *beside] if path.is_dir() else list(beside)


def unreadable_at(path: Path) -> list[Path]:
    """Return what is named like a copy in a folder, or is that path, and has a manifest that cannot be read."""
    return [*unreadable(folder_in(path)), *(found for found in unreadable(path.parent) if found == path)]


def tidy(folders: Iterable[Path]) -> None:
    """Remove what killed processes left in cache folders, and those that are empty."""
    for folder in folders:
        clean(folder)
        with contextlib.suppress(OSError):  # not empty, or not there
            folder.rmdir()
