"""What names say: groups of a regular expression, and which dims they stand for."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from omio.dims import DIMS
from omio.errors import AxesError

type AxesOrder = str | Sequence[int] | None

_SPELLINGS = {**{dim: dim for dim in DIMS}, "CH": "C", "TP": "T"}


def named_dims(names: Sequence[str], order: AxesOrder, where: str) -> tuple[str, ...]:
    """Return the dims that fields stand for: as they are called, or as the user calls them in their order.

    Raises
    ------
    AxesError
        For names that are no dims or repeat, and for an order of another length.
    """
    dims = tuple(order.upper()) if isinstance(order, str) else tuple(_SPELLINGS.get(name.upper(), "") for name in names)
    if not names or len(set(dims)) != len(dims) or not set(dims) <= set(DIMS):
        remedy = "Use each of T, Z, C, and Y, X for tiles, at most once; axes_order= names groups without a name."
        raise AxesError(f"the pattern has fields {order or list(names)}", path=where, remedy=remedy)
    if len(dims) != len(names):
        raise AxesError(f"axes_order={order!r} names {len(dims)} fields, the pattern has {len(names)}", path=where)
    if order is not None and not isinstance(order, str) and sorted(order) != list(range(len(dims))):
        raise AxesError(f"axes_order={order!r} does not number {len(dims)} fields from 0, each once", path=where)
    return dims


class NamePattern:
    r"""A regular expression for names.

    Its groups are named by dims, ``(?P<T>\d+)``; or each follows a group of letters that the name itself says,
    ``_(T)(\d+)_(Z)(\d+)``; or they are named by `order` as they stand.
    """

    def __init__(self, pattern: str, order: AxesOrder, where: str) -> None:
        try:
            self.expression = re.compile(pattern)
        except re.error as error:
            raise AxesError(f"pattern={pattern!r} is no regular expression: {error}", path=where) from None
        self.order, self.where = order, where
        self.labels = {number: name for name, number in self.expression.groupindex.items()}
        count = self.expression.groups
        self.fields = tuple(self.labels.get(number, "") for number in range(1, count + 1))
        if not self.labels and isinstance(order, str) and len(order) == count:
            self.fields = tuple(order)

    def read(self, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return the dims, and the texts of each name.

        Raises
        ------
        AxesError
            Listing names that do not match, or naming one that has other dims than the first.
        """
        found = [self.expression.search(name.replace(os.sep, "/")) for name in names]
        if wrong := [name for name, match in zip(names, found, strict=True) if match is None]:
            listed = ", ".join(wrong[:10]) + (" …" if len(wrong) > 10 else "")
            raise AxesError(f"{len(wrong)} names do not match {self.expression.pattern!r}: {listed}", path=self.where)
        parsed = [self._groups(match.groups()) for match in found if match is not None]
        fields = parsed[0][0]
        for name, (own, _) in zip(names, parsed, strict=True):
            if own != fields:
                raise AxesError(f"{name} has the fields {list(own)}, {names[0]} has {list(fields)}", path=self.where)
        return named_dims(fields, self.order, self.where), tuple(texts for _, texts in parsed)

    def _groups(self, groups: tuple[str | None, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the fields of one name and their texts; groups that took no part are left out."""
        told = tuple(text for text in groups if text is not None)
        if all(self.fields) and len(told) == len(groups):
            return self.fields, told
        fields: list[str] = []
        texts: list[str] = []
        letters: str | None = None
        for number, text in enumerate(groups, start=1):
            label = self.labels.get(number)
            if text is None:
                continue
            if label is None and letters is None and text[:1].isalpha():
                letters = text
                continue
            fields.append(label or letters or "")
            texts.append(text)
            letters = None
        return tuple(fields), tuple(texts)
