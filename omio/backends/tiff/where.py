"""Which page holds which plane: small picklable values that recipes carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from omio.indexing import positions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from omio.backends.tiff.document import TiffDocument
    from omio.indexing import Index

type Pages = NDArray[np.intp]


class PlaneMap(Protocol):
    """Says which page holds which plane."""

    def pages(self, document: TiffDocument, t: Index, z: Index, c: Index) -> Pages:
        """Return page numbers of shape (len(t), len(z), len(c)); -1 where the file has no such plane."""
        ...


@dataclass(frozen=True)
class Affine:
    """A regular stack: plane (t, z, c) is page ``first + t * strides[0] + z * strides[1] + c * strides[2]``."""

    first: int = 0
    strides: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def ordered(cls, order: str, sizes: Mapping[str, int], first: int = 0) -> Affine:
        """Describe pages that follow each other in `order`, such as ``"TZC"`` where C varies fastest."""
        strides, step = {"T": 0, "Z": 0, "C": 0}, 1
        for dim in reversed(order):
            strides[dim] = step
            step *= sizes.get(dim, 1)
        return cls(first, (strides["T"], strides["Z"], strides["C"]))

    def pages(self, document: TiffDocument, t: Index, z: Index, c: Index) -> Pages:
        """Compute the page numbers."""
        steps = [positions(index) * stride for index, stride in zip((t, z, c), self.strides, strict=True)]
        return self.first + steps[0][:, None, None] + steps[1][:, None] + steps[2]


@dataclass(frozen=True)
class Chosen:
    """Pages picked one by one: plane (t, z, c) is ``numbers[t * strides[0] + z * strides[1] + c * strides[2]]``."""

    numbers: tuple[int, ...]
    strides: tuple[int, int, int]

    def pages(self, document: TiffDocument, t: Index, z: Index, c: Index) -> Pages:
        """Look the page numbers up."""
        places = Affine(0, self.strides).pages(document, t, z, c)
        return np.array(self.numbers, dtype=np.intp)[places]


def stack_of(numbers: range | tuple[int, ...], order: str, sizes: Mapping[str, int]) -> Affine | Chosen:
    """Return the map of planes that lie on these pages in `order`, such as ``"TZC"`` where C varies fastest."""
    strides = Affine.ordered(order, sizes).strides
    if isinstance(numbers, range):
        t, z, c = (stride * numbers.step for stride in strides)
        return Affine(numbers.start, (t, z, c))
    return Chosen(numbers, strides)


@dataclass(frozen=True, repr=False)
class Table:
    """An irregular stack: ``builder(document, *arguments)`` gives the page numbers of all planes, (T, Z, C).

    The table is made once while the file is open (`TiffDocument.memo`); the recipe carries only the builder, a
    module-level function.
    """

    builder: Callable[..., Pages]
    arguments: tuple[Any, ...] = ()

    def pages(self, document: TiffDocument, t: Index, z: Index, c: Index) -> Pages:
        """Look the page numbers up."""
        table = document.memo(self.builder, *self.arguments)
        return table[positions(t)][:, positions(z)][:, :, positions(c)]

    def __repr__(self) -> str:
        """Name the builder, so that equal recipes have equal tokens in all processes."""
        function = self.builder.func if isinstance(self.builder, partial) else self.builder
        return f"Table({function.__module__}.{function.__qualname__}, {self.arguments!r})"


@dataclass(frozen=True)
class Where:
    """From which pages a recipe reads.

    Attributes
    ----------
    planes
        Which page holds which plane.
    frame
        Height, width and samples of every page as stored; other pages are refused.
    level
        0 for pages of the main chain, k for their k-th SubIFD.
    run
        None, or the page behind whose pixels all planes lie one after another without IFDs of their own (ImageJ over
        4 GB, STK); `planes` then counts along this run.
    orientation
        Value of the Orientation tag: pixels are given upright.
    strict
        False: fill what is damaged with 0 and warn once.
    """

    planes: PlaneMap
    frame: tuple[int, int, int]
    level: int = 0
    run: int | None = None
    orientation: int = 1
    strict: bool = True
