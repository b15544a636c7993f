"""`Writer`: what a target format must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from omio.image import Image
    from omio.policies.write import WritePolicy
    from omio.writers.report import WriteReport


class Writer(ABC):
    """Writes one format.

    Lifecycle: ``is_incompatible`` answers without touching the disk; ``write`` streams the pixels beside the
    destination and moves the result into place when it is whole. A source is never overwritten.
    """

    name: ClassVar[str]
    extensions: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def is_incompatible(self, image: Image, policy: WritePolicy) -> Literal[False] | str:
        """Return False where this format can hold the image, else the reason and the cast that would help."""

    @abstractmethod
    def lost(self, image: Image, policy: WritePolicy) -> tuple[str, ...]:
        """Return what the format could not hold of this image."""

    @abstractmethod
    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        """Write and report.

        Raises
        ------
        UnwritableError
            The format cannot hold the image.
        DestinationExistsError, SourceOverwriteError, WriteError
            The destination; nothing is left under its name that was not there before.
        """
