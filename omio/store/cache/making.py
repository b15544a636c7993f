"""Where copies lie, and making one: once, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio import settings
from omio.errors import OmioWarning, WriteError
from omio.store.atomic import as_write_errors, check_room, sweep
from omio.store.cache.entries import FOLDER, MANIFEST, Check, Entry, entry_at, seal
from omio.store.cache.locks import locked, sweep_locks
from omio.store.folders import folder_destination, repair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omio.store.cache.identity import Identity

LONGEST_STEM = 100
"""Bytes of an entry's name that are the stem's."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Wanted:
    """A copy that is asked for.

    Attributes
    ----------
    stem
        Of its name.
    identity
        What it is a copy of.
    nbytes
        What it takes at most.
    fill
        Writes all files of it into a folder, and returns what was written.
    about
        What else the manifest tells of it.
    """

    stem: str
    identity: Identity
    nbytes: int
    fill: Callable[[Path], Mapping[str, Check]]
    about: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the entry."""
        return f"{safe_stem(self.stem)}-{self.identity.key}.zarr"


def safe_stem(stem: str) -> str:
    """Return a stem that all systems take for a name: no forbidden signs, no device of Windows, not too long.

    >>> safe_stem("a:b?"), safe_stem("nul.1"), len(safe_stem("x" * 300))
    ('a_b_', '_nul.1', 100)
    """
    cut = stem.encode("utf-8", "replace")[:LONGEST_STEM].decode("utf-8", "ignore")
    safe = _FORBIDDEN.sub("_", cut)
    return f"_{safe}" if _DEVICES.fullmatch(safe) else safe


def user_folder() -> Path:
    """Return the cache folder that is used where there is no other."""
    return settings.current().cache_dir / FOLDER


def provide(wanted: Wanted, home: Path | None, *, reuse: bool = True) -> Entry:
    """Return a copy: one that is there, or made now.

    Parameters
    ----------
    home
        The folder in which ``.omio_cache`` lies; where that cannot be written, and with None, the user's cache folder
        is used, which is told once.
    reuse
        False: made anew; one that another process makes meanwhile is taken.

    Raises
    ------
    WriteError
        No room, no folder that can be written, or a place that is taken by what is no copy.
    ChangedFileError
        A source changed meanwhile.
    """
    folders = [user_folder()] if home is None else list(dict.fromkeys((home / FOLDER, user_folder())))
    if reuse:
        for folder in folders:
            if (entry := _found(folder, wanted)) is not None:
                return entry
    folder = _writable(folders)
    path = folder / wanted.name
    with as_write_errors(path), locked(path) as waited:
        if (reuse or waited) and (entry := _found(folder, wanted)) is not None:
            return entry
        return _made(path, wanted)


def _found(folder: Path, wanted: Wanted) -> Entry | None:
    entry = entry_at(folder / wanted.name)
    if entry is None or not entry.fits(wanted.identity) or not entry.is_whole():
        return None
    with contextlib.suppress(OSError):  # when it was last used, where that can be kept
        os.utime(entry.path / MANIFEST)
    return entry


def _made(path: Path, wanted: Wanted) -> Entry:
    clean(path.parent)
    check_room(path, path, wanted.nbytes)
    with folder_destination(path, is_ours=_may_go, overwrite="replace", sources=wanted.identity.stamps) as pending:
        files = wanted.fill(pending.temp)
        home = path.parent.parent
        manifest = seal(pending.temp, wanted.identity, files, home, made_at=time.time(), **wanted.about)
    return Entry(path, manifest)


def _may_go(path: Path) -> bool:
    entry = entry_at(path)
    return entry is not None and not entry.strangers()


def clean(folder: Path) -> None:
    """Remove what killed processes left in a cache folder."""
    repair(folder)
    sweep(folder)
    sweep_locks(folder)


def _writable(folders: list[Path]) -> Path:
    """Return the first folder that can be written, and tell where that is not the one that was meant.

    Raises
    ------
    WriteError
        There is none.
    """
    reasons = []
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):  # rights alone do not tell: network drives refuse regardless
                pass
        except OSError as error:
            reasons.append(f"{folder} cannot be written: {error.strerror or error}")
            continue
        if reasons:
            _tell_once(folders[0], f"{'; '.join(reasons)}; copies go to {folder}")
        return folder
    raise WriteError("; ".join(reasons), remedy="Name a folder, or set OMIO_CACHE_DIR.")


def _tell_once(folder: Path, text: str) -> None:
    if folder not in _told:
        _told.add(folder)
        warnings.warn(text, OmioWarning, skip_file_prefixes=(_PACKAGE,))


_told: set[Path] = set()
"""Folders of which it was told that they cannot be written."""
_PACKAGE = str(Path(__file__).parents[2])
"""Warnings name the line that called omio."""
