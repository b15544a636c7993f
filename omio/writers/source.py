"""What a writer reads: the image's recipe, cast where the policy says so, and the files behind it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omio.dims import dims_of
from omio.errors import PolicyError, UnwritableError
from omio.lazy.leaf import FileRecipe, FileStamp
from omio.lazy.tree import Cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from omio.image import Image
    from omio.indexing import Key
    from omio.lazy.recipe import Recipe
    from omio.policies.write import OutputPolicy


def check_not_empty(shape: Sequence[int]) -> None:
    """Refuse images without a pixel.

    Raises
    ------
    UnwritableError
        A dim has length 0.
    """
    if empty := [dim for dim, size in zip(dims_of(len(shape)), shape, strict=True) if not size]:
        raise UnwritableError(f"the image is empty: {', '.join(empty)} of length 0")


def target_dtype(image: Image, policy: OutputPolicy) -> np.dtype[Any]:
    """Return the dtype that is written.

    Raises
    ------
    PolicyError
        Where ``cast`` names no dtype of numbers, or real numbers for complex pixels.
    """
    if policy.cast is None:
        return image.dtype.newbyteorder("=")
    try:
        dtype = np.dtype(policy.cast).newbyteorder("=")
    except TypeError:
        raise PolicyError(f"cast={policy.cast!r} names no dtype", remedy='Write for instance "uint16".') from None
    if dtype.kind not in "biufc" or (image.dtype.kind == "c" and dtype.kind != "c"):
        raise PolicyError(f"cast={policy.cast!r}: {image.dtype} pixels cannot become {dtype}")
    return dtype


def source_of(image: Image, policy: OutputPolicy) -> Recipe:
    """Return the recipe of the pixels to write."""
    dtype = target_dtype(image, policy)
    return image.recipe if image.recipe.dtype == dtype else ExactCast(image.recipe, dtype)


def stamps_of(image: Image) -> tuple[FileStamp, ...]:
    """Return the files that an image is read from, those of a set included, each once."""
    found: dict[FileStamp, None] = {}
    for leaf in image.recipe.leaves():
        if isinstance(leaf, FileRecipe):
            found[leaf.stamp] = None
            found.update(dict.fromkeys(_stamps(leaf.arguments)))
    return tuple(found)


def _stamps(value: Any) -> Iterator[FileStamp]:
    """Find the stamps that a reader's arguments name."""
    if isinstance(value, FileStamp):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _stamps(part)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _stamps(getattr(value, part.name))


class ExactCast(Cast):
    """Another dtype: fractions are rounded (halves to even), and integers that do not fit are an error."""

    def read(self, key: Key, out: NDArray[Any]) -> None:
        """Read, check and convert."""
        pixels = self.base.load(key)
        if self.dtype.kind in "iu" and not np.can_cast(pixels.dtype, self.dtype):
            pixels = np.rint(pixels) if pixels.dtype.kind == "f" else pixels
            self._check(pixels)
        out[...] = pixels.astype(self.dtype)

    def _check(self, pixels: NDArray[Any]) -> None:
        limits = np.iinfo(self.dtype)
        low, high = pixels.min(), pixels.max()  # NaN is neither
        if not (low >= limits.min and high <= limits.max):
            worst = high if low >= limits.min else low
            raise UnwritableError(
                f"a pixel is {worst}, which {self.dtype} does not hold", remedy="Cast to a wider dtype, or scale first."
            )

    def token(self) -> tuple[Any, ...]:
        """Join base and dtype."""
        return ("exact cast", self.base.token(), self.dtype.str)
