"""What a worker of a cluster brings back to the process that writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from omio.writers.pyramid import halved_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.policies.write import Downsampling
    from omio.writers.cut import Block
    from omio.writers.pyramid import Spool


class Sink(Protocol):
    """Takes the blocks of a level, of which the next one is made."""

    def add(self, block: Block, pixels: NDArray[Any]) -> None:
        """Take a block, T Z C Y X [S]."""
        ...


@dataclass(frozen=True)
class Parcel:
    """Files that the worker could not put itself, and blocks of the level that waits.

    Attributes
    ----------
    how
        How a level is made of the one before; None where none waits.
    """

    is_shared: ClassVar[bool] = False
    how: Downsampling | None
    files: list[tuple[str, bytes]] = field(default_factory=list)
    reduced: list[tuple[Block, NDArray[Any]]] = field(default_factory=list)

    def put(self, key: str, content: bytes) -> None:
        """Pack a file."""
        self.files.append((key, content))

    def add(self, block: Block, pixels: NDArray[Any]) -> None:
        """Pack a block, halved; one of zeros is what a level has where nothing was written."""
        planes = None if self.how is None else halved_planes(pixels, self.how)
        if planes is not None and planes.any():
            self.reduced.append((block, planes))

    def deliver(self, sink: Spool | None) -> None:
        """Give the blocks to the level that waits."""
        if sink is not None:
            for block, planes in self.reduced:
                sink.keep(block, planes)
