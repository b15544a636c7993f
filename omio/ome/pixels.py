"""Sizes, order of planes and pixel type of an image, checked before anything is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.errors import DamagedFileError
from omio.ome.channels import channel_elements
from omio.ome.markup import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.ome.document import OmeImage

LARGEST = (1 << 31) - 1
"""The schema's type of sizes, PositiveInt."""

DTYPES = {
    "int8": "i1", "int16": "i2", "int32": "i4", "uint8": "u1", "uint16": "u2", "uint32": "u4", "bit": "u1",
    "float": "f4", "double": "f8", "complex": "c8", "double-complex": "c16",
}  # fmt: skip
"""The enumeration PixelType; schema 2003 begins some with a capital."""


@dataclass(frozen=True)
class Pixels:
    """Attributes of a ``Pixels`` element.

    Attributes
    ----------
    sizes
        T, Z, C, Y, X as the file counts them: C counts samples.
    order
        Order of planes, such as ``"TZC"`` where C varies fastest.
    dtype
        Of the pixels; None where the type is unknown.
    samples
        Samples of each channel, as far as the channels say; all 1 where they do not.
    """

    sizes: Mapping[str, int]
    order: str
    dtype: np.dtype[Any] | None
    samples: tuple[int, ...]

    @classmethod
    def of(cls, image: OmeImage) -> Pixels:
        """Read them.

        Raises
        ------
        DamagedFileError
            For sizes that are absent, not positive, or beyond the schema's; for an order that names no order.
        """
        sizes = {dim: _size(image, f"Size{dim}") for dim in "TZCYX"}
        kind = image.pixels.get("Type") or image.pixels.get("PixelType") or ""
        code = DTYPES.get(kind.lower())
        samples = tuple(channel.samples or 1 for channel in channel_elements(image))
        return cls(sizes, _order(image, sizes), None if code is None else np.dtype(code), samples)

    def shape(self, stored: int | None = None, *, joined: bool = True) -> tuple[int, ...]:
        """Return the T Z C Y X [S] shape.

        Parameters
        ----------
        stored
            Samples of a pixel as they lie in the file; by default what the channels say.
        joined
            Whether SizeC counts these samples, as it should.
        """
        t, z, c, y, x = (self.sizes[dim] for dim in "TZCYX")
        samples = self.said_samples if stored is None else stored
        if samples == 1:
            return (t, z, c, y, x)
        return (t, z, c // samples if joined and c % samples == 0 else c, y, x, samples)

    @property
    def said_samples(self) -> int:
        """Samples of a pixel, where the channels say one number and it fits SizeC; else 1."""
        wanted = max(self.samples, default=1)
        return wanted if len(self.samples) * wanted == self.sizes["C"] else 1


def _size(image: OmeImage, name: str) -> int:
    raw = image.pixels.get(name)
    size = whole(raw)
    if size is None or not 1 <= size <= LARGEST:
        cause = "is absent" if raw is None else f"is {raw[:40]!r}, not a whole number from 1 to {LARGEST}"
        raise DamagedFileError(f"{name} {cause}", path=image.document.path, place=f"OME-XML {image.place}")
    return size


def _order(image: OmeImage, sizes: Mapping[str, int]) -> str:
    order = image.pixels.get("DimensionOrder", "")
    if sorted(order) == sorted("XYZCT") and order.startswith("XY"):
        return order[:1:-1]
    if sum(sizes[dim] > 1 for dim in "ZCT") < 2:
        return "TZC"
    raise DamagedFileError(
        f"DimensionOrder is {order[:40]!r}, not XY and the letters Z, C, T",
        path=image.document.path,
        place=f"OME-XML {image.place}",
    )
