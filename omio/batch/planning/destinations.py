"""Names of outputs: the tree of the inputs, mirrored; no two alike, also where upper and lower case are the same."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath


@dataclass(frozen=True)
class Wish:
    """What an output would be called.

    Attributes
    ----------
    folder
        Below the output folder.
    stem
        Its name without ending.
    original
        Name of the source with its own ending: taken instead of the stem where that is not enough.
    scene
        Key of the scene where the source has several.
    """

    folder: PurePosixPath
    stem: str
    original: str
    scene: str | None = None

    def name(self, base: str) -> str:
        """Return the name with the scene."""
        return base if self.scene is None else f"{base}_{safe(self.scene)}"


def safe(key: str) -> str:
    """Turn the key of a scene into a part of a file name that all systems allow.

    >>> safe("A1"), safe("pos 3/tile:2")
    ('A1', 'pos-3-tile-2')
    """
    return re.sub(r"[^\w.+-]+", "-", key).strip(".-") or "scene"


def mirrored(wishes: Sequence[Wish], ending: str) -> tuple[str, ...]:
    """Return a destination for each wish, all different.

    Where names of a folder are equal, each keeps the ending of its source (``a.tif.ome.tif``, ``a.czi.ome.tif``);
    those that are equal then get a counter from the second on.
    """
    plain = [_path(wish, wish.stem, ending) for wish in wishes]
    count = Counter(map(str.casefold, plain))
    full = (_path(wish, wish.original, ending) for wish in wishes)
    names = [path if count[path.casefold()] == 1 else longer for path, longer in zip(plain, full, strict=True)]
    return tuple(_numbered(names, ending, {parent.casefold() for wish in wishes for parent in _folders(wish.folder)}))


def _path(wish: Wish, base: str, ending: str) -> str:
    return (wish.folder / f"{wish.name(base)}{ending}").as_posix()


def _folders(folder: PurePosixPath) -> Iterator[str]:
    return (above.as_posix() for above in (folder, *folder.parents))


def _numbered(names: Sequence[str], ending: str, taken: set[str]) -> Iterator[str]:
    """Count up names that are taken, by a folder or another name, those of later ones included."""
    wanted = Counter(map(str.casefold, names))
    for name in names:
        free, number = name, 1
        while free.casefold() in taken or (free != name and free.casefold() in wanted):
            number += 1
            free = f"{name.removesuffix(ending)}_{number}{ending}"
        taken.add(free.casefold())
        yield free
