"""`MetadataPolicy`: what images that become one say together."""

from __future__ import annotations

from typing import ClassVar, Literal

from omio.metadata.sharing import Sharing
from omio.policies.base import Policy


class MetadataPolicy(Policy):
    """What a merged image says of what its parts may say differently: one word a fact.

    One model with a word a fact, and no class a word: the words take no parameters, and a choice reads at a glance,
    ``metadata={"objective": "first", "name": "require"}``.

    - ``require``: all parts say the same; unknown is not the same as known.
    - ``agree``: what several parts know must be equal; the first part's stands, unknown where it does not know.
    - ``first``: the first part's stands, whatever the others say.
    - ``union``: what several parts know must be equal; what the first does not know is taken from the others. Of
      annotations and of `original`, everything of every part is kept.

    What a part says and the merged image does not is in the provenance, `original` apart: that is read when asked.

    Attributes
    ----------
    channels
        Names, colours, wavelengths, … where merging along another dim than C; along C each part brings its own.
    objective, stage_position
        Compared and filled entry by entry.
    name, description, acquired
        Of the image.
    annotations, original
        What the authors attached, and what the sources say besides.
    """

    kind: ClassVar[str] = "metadata"

    channels: Sharing = "require"
    objective: Sharing = "agree"
    name: Sharing = "first"
    description: Sharing = "first"
    acquired: Sharing = "first"
    stage_position: Sharing = "first"
    annotations: Literal["require", "first", "union"] = "union"
    original: Literal["first", "union"] = "union"

    def words(self, along: str) -> dict[str, Sharing]:
        """Return the word of each fact that a merge along a dim shares."""
        return {fact: getattr(self, fact) for fact in type(self).model_fields if fact != "channels" or along != "C"}
