"""The planes of an image counted one after another: C fastest, then Z, then T."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from omio.errors import TileRangeError
from omio.naming import counted, span

if TYPE_CHECKING:
    from omio.image import Image


@dataclass(frozen=True)
class PlaneNumber:
    """One plane.

    Attributes
    ----------
    number
        Its place among all planes.
    t, z, c
        Its place along each dim.
    channel
        Name of its channel; None where unknown.
    """

    number: int
    t: int
    z: int
    c: int
    channel: str | None = None


class PlaneNumbers(Sequence[PlaneNumber]):
    """All planes, made one by one when asked."""

    def __init__(self, sizes: tuple[int, int, int], channels: tuple[str | None, ...]) -> None:
        self.sizes = sizes
        self._channels = channels

    @classmethod
    def of(cls, image: Image) -> PlaneNumbers:
        """Count the planes of an image."""
        facts = image.facts
        sizes = facts.sizes["T"], facts.sizes["Z"], facts.sizes["C"]
        return cls(sizes, facts.channels.get("name", (None,) * sizes[2]))

    def __len__(self) -> int:
        t, z, c = self.sizes
        return t * z * c

    @overload
    def __getitem__(self, number: int) -> PlaneNumber: ...
    @overload
    def __getitem__(self, number: slice) -> list[PlaneNumber]: ...
    def __getitem__(self, number: int | slice) -> PlaneNumber | list[PlaneNumber]:
        if isinstance(number, slice):
            return [self[at] for at in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise TileRangeError(f"no plane {number}", remedy=counted(len(self), "plane"))
        rest, c = divmod(number, self.sizes[2])
        t, z = divmod(rest, self.sizes[1])
        return PlaneNumber(number, t, z, c, self._channels[c])

    def number(self, *, t: int = 0, z: int = 0, c: int = 0) -> int:
        """Return the number of a plane; `TileRangeError` where there is none."""
        for name, at, size in zip("tzc", (t, z, c), self.sizes, strict=True):
            if not 0 <= at < size:
                raise TileRangeError(f"{name}={at} is outside of {span(size)}")
        return (t * self.sizes[1] + z) * self.sizes[2] + c

    def __repr__(self) -> str:
        return f"<{len(self)} planes: {', '.join(f'{n} {dim}' for n, dim in zip(self.sizes, 'TZC', strict=True))}>"
