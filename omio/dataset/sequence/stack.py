"""The files of a sequence that are alike, each compared with the first before it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from omio.lazy.files import AlikeFiles

if TYPE_CHECKING:
    from omio.dataset.sequence.models import Model
    from omio.lazy.recipe import Recipe


@dataclass(frozen=True, eq=False)
class FileStack(AlikeFiles):
    """Files on a grid.

    Attributes
    ----------
    model
        The file that was opened. Where there are `stamps`, all others were compared with it at opening; else each is
        when it is first read, and one that is not like it is a `MergeError`.
    """

    model: Model = field(kw_only=True)

    def _made(self, number: int, name: str) -> Recipe:
        return self.model.checked(self._path(name)) if self.stamps is None else super()._made(number, name)
