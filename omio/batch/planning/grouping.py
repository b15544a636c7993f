"""Which images of a project become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from omio.errors import PolicyError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from omio.batch.planning.layouts import Layout, Place

type MergeWord = Literal["folder", "tags", "stacks"]
type MergeChoice = MergeWord | Sequence[MergeWord] | None

WORDS = {
    "tags": "all images in the tag folders of an experiment",
    "stacks": "all images in sibling folders (tag folders, where the layout has some) that differ in name only in what "
    "follows the last underscore",
    "folder": "all images of a folder",
}
"""What each word makes one image; where several are given, the first of these that applies to an image does."""


@dataclass(frozen=True)
class Grouping:
    """Tells which images become one.

    Attributes
    ----------
    words
        Of `WORDS`, in their order.
    has_tags
        Of the layout.
    """

    words: tuple[str, ...]
    has_tags: bool

    @classmethod
    def of(cls, choice: MergeChoice, layout: Layout) -> Self:
        """Check what a user chose.

        Raises
        ------
        PolicyError
            For an unknown word, or tags where the layout has no tag folders.
        """
        given = () if choice is None else (choice,) if isinstance(choice, str) else tuple(choice)
        if unknown := [word for word in given if word not in WORDS]:
            known = "; ".join(f"{word!r}: {what}" for word, what in WORDS.items())
            raise PolicyError(f"no merging {', '.join(map(repr, unknown))}", remedy=f"There are {known}.")
        if "tags" in given and not layout.has_tags:
            remedy = "Name them, as in BidsLikeLayout(tag=...)."
            raise PolicyError(f"the layout {layout.kind!r} has no tag folders to merge", remedy=remedy)
        return cls(tuple(word for word in WORDS if word in given), layout.has_tags)

    def group(self, path: PurePosixPath, place: Place) -> tuple[PurePosixPath, str] | None:
        """Return the folder and the name of the image that a file becomes a part of; None where it stays alone."""
        folder = path.parent
        stack = folder.name.rpartition("_")[0]
        is_tag = place.experiment is not None
        for word in self.words:
            if word == "tags" and place.experiment is not None:
                return place.experiment, f"{place.experiment.name}_tags"
            if word == "stacks" and stack and is_tag == self.has_tags:
                return folder.parent, stack
            if word == "folder":
                return folder, folder.name
        return None
