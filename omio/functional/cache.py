"""`cleanup_omio_cache`: removing copies that omio made, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omio.arguments import checked_call
from omio.dataset.folders import is_plain_folder
from omio.functional.voice import LOG, voice
from omio.naming import spelled
from omio.store.cache.entries import FOLDER, entries
from omio.store.cache.finding import copies_of, folder_in, tidy
from omio.store.cache.making import user_folder

if TYPE_CHECKING:
    from omio.functional.reading import PathLike


@checked_call
def cleanup_omio_cache(fname: PathLike, full_cleanup: bool = False, verbose: bool = True) -> list[str]:
    """Remove copies that ``imread(..., zarr_store="disk")`` or `MicroscopyDataset.cached` made.

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

    Raises
    ------
    WriteError
        A copy holds files that omio did not write, or cannot be removed.
    """
    path = Path(spelled(fname))
    with voice(verbose=verbose):
        is_home = path.name == FOLDER or is_plain_folder(str(path))
        home = folder_in(path) if is_home else path.parent / FOLDER
        found = list(entries(home)) if is_home or full_cleanup else []
        if not is_home:
            found += [entry for entry in copies_of(path) if entry not in found]
        for entry in found:
            entry.remove()
        tidy((home,) if is_home else (home, user_folder()))
        LOG.info("removed %d copies of %s", len(found), path.name)
    return [str(entry.path) for entry in found]
