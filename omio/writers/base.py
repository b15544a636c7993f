"""`Writer`: what a target format must do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from omio.policies.write import OutputPolicy, WritePolicy

if TYPE_CHECKING:
    from omio.image import Image
    from omio.writers.report import WriteReport


class Writer[P: OutputPolicy](ABC):
    """Writes one format.

    Lifecycle: ``is_incompatible`` answers without touching the disk; ``write`` streams the pixels beside the
    destination and moves the result into place when it is whole. A source is never overwritten.
    """

    name: ClassVar[str]
    policies: ClassVar[type[OutputPolicy]] = WritePolicy
    """Policies that say how it writes."""
    extensions: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def is_incompatible(self, image: Image, policy: P) -> Literal[False] | str:
        """Return False where this format can hold the image, else the reason and the cast that would help."""

    @abstractmethod
    def lost(self, image: Image, policy: P) -> tuple[str, ...]:
        """Return what the format could not hold of this image."""

    @abstractmethod
    def write(self, image: Image, path: str, policy: P) -> WriteReport:
        """Write and report.

        Raises
        ------
        UnwritableError
            The format cannot hold the image.
        DestinationExistsError, SourceOverwriteError, WriteError
            The destination; nothing is left under its name that was not there before.
        """
