"""What lies in the folder of an acquisition."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from omio.errors import FileAccessError, FileMissingError, UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPERIMENT = "experiment.xml"
YAML = (".yaml", ".yml")
HEAD_BYTES = 4096
_PREVIEW = re.compile(r"(.+_Preview)\.tiff?", re.IGNORECASE)


@dataclass(frozen=True)
class Acquisition:
    """The folder, listed once."""

    folder: Path

    @classmethod
    def of(cls, path: str) -> Acquisition:
        """Return the acquisition that a folder, or a file in it, belongs to."""
        place = Path(path)
        return cls(place if place.is_dir() else place.parent)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all files, in order."""
        try:
            with os.scandir(self.folder) as entries:
                return tuple(sorted(entry.name for entry in entries if entry.is_file()))
        except PermissionError as error:
            raise FileAccessError(f"cannot be listed: {error.strerror}", path=self.folder) from None
        except (FileNotFoundError, NotADirectoryError):
            raise FileMissingError("no such folder", path=self.folder) from None

    def path(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.folder / name)

    def named(self, *wanted: str) -> list[str]:
        """Return the files of these names, whatever the case of their letters."""
        return [name for name in self.names if name.lower() in wanted]

    @property
    def raws(self) -> list[str]:
        """RAW files that hold images."""
        return [name for name in self.names if name.lower().endswith(".raw") and not is_mask(name)]

    @property
    def previews(self) -> dict[str, str]:
        """Name -> file of the previews, one a channel: the frames that ThorImage showed last."""
        found = ((match[1], name) for name in self.names if (match := _PREVIEW.fullmatch(name)))
        return dict(found)

    @property
    def masks(self) -> list[str]:
        """RAW files that mark the regions of interest."""
        return [name for name in self.names if is_mask(name)]

    def only(self, names: Iterable[str], what: str, path: str) -> str | None:
        """Return the one file there is, None where there is none.

        Raises
        ------
        UnsupportedFormatError
            There are several.
        """
        found = list(names)
        if len(found) > 1:
            raise UnsupportedFormatError(f"there are several {what}: {', '.join(found)}", path=path, remedy="Keep one.")
        return self.path(found[0]) if found else None


def is_mask(name: str) -> bool:
    """Whether a file is the ``ROIMask.raw`` that ThorImage writes beside its images."""
    return name.lower().startswith("roimask") and name.lower().endswith(".raw")


def acquisition_at(path: Path, head: bytes) -> Acquisition | None:
    """Return the acquisition that a folder or an ``Experiment.xml`` means, None where it means none.

    Other programs use the name as well, so the first bytes of the XML are looked at.
    """
    if path.is_dir():
        found = Acquisition(path)
        return found if any(_is_ours(_head(found.path(name))) for name in found.named(EXPERIMENT)) else None
    return Acquisition(path.parent) if path.name.lower() == EXPERIMENT and _is_ours(head) else None


def _is_ours(head: bytes) -> bool:
    return b"<ThorImage" in head.replace(b"\0", b"")  # also in UTF-16


def _head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""
