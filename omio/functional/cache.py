"""`cleanup_omio_cache`: removing copies that omio made, and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from omio.dataset.folders import is_plain_folder
from omio.functional.voice import LOG, voice
from omio.store.cache.entries import FOLDER, entries
from omio.store.cache.making import clean, user_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.functional.reading import PathLike


def cleanup_omio_cache(fname: PathLike, full_cleanup: bool = False, verbose: bool = True) -> list[str]:
    """Remove copies that ``imread(..., zarr_store="disk")`` made.

    Parameters
    ----------
    fname
        A file: the copies of this file, beside it or in the user's cache folder. A folder: all copies in it.
    full_cleanup
        With a file: all copies in its folder.
    verbose
        False: no log.

    Returns
    -------
    The copies that were removed. What has no manifest of omio's stays, whatever its name is.
    """
    path = Path(fname)
    with voice(verbose=verbose):
        is_home = path.name == FOLDER or is_plain_folder(str(path))
        removed = _remove_all(path) if is_home else _remove_of(path, everything=full_cleanup)
        LOG.info("removed %d copies of %s", len(removed), path.name)
    return removed


def _remove_of(file: Path, *, everything: bool) -> list[str]:
    removed = _remove_all(file.parent) if everything else []
    for folder in (file.parent / FOLDER, user_folder()):
        mine = [entry for entry in entries(folder) if entry.is_of(file)]
        for entry in mine:
            entry.remove()
        removed += [str(entry.path) for entry in mine]
        _drop_if_empty(folder)
    return removed


def _remove_all(folder: Path) -> list[str]:
    removed = []
    for place in _places(folder):
        for entry in entries(place):
            entry.remove()
            removed.append(str(entry.path))
        clean(place)
        _drop_if_empty(place)
    return removed


def _places(folder: Path) -> Iterator[Path]:
    yield folder if folder.name == FOLDER else folder / FOLDER


def _drop_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not empty, or not there
        folder.rmdir()
