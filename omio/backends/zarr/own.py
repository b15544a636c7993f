"""What omio adds to the images it writes: the attribute ``omio``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from omio.metadata.facts import channel_columns, channel_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.metadata.facts import Facts


@dataclass(frozen=True)
class OwnPart:
    """The attribute ``omio``.

    Attributes
    ----------
    samples
        How many neighbouring channels are the samples of one; None: channels are channels.
    metadata
        Where the OME-XML lies, from the image's group.
    chosen
        Fact of channels -> numbers of those for which it was only chosen, because viewers want one.
    is_there
        False: the image is none that omio wrote.
    """

    samples: int | None = None
    metadata: str | None = None
    chosen: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    is_there: bool = False

    def without_chosen(self, facts: Facts) -> Facts:
        """Return facts of channels without those that nobody knew."""
        if not self.chosen:
            return facts
        rows = [
            {name: value for name, value in row.items() if number not in self.chosen.get(name, ())}
            for number, row in enumerate(channel_rows(facts))
        ]
        return replace(facts, channels=channel_columns(rows, facts.sizes["C"]))


def own_part(attributes: Mapping[str, Any]) -> OwnPart:
    """Read the attribute; what is not as omio writes it says nothing."""
    own = attributes.get("omio")
    if not isinstance(own, dict):
        return OwnPart()
    samples, metadata, chosen = own.get("samples"), own.get("metadata"), own.get("chosen")
    return OwnPart(
        samples if isinstance(samples, int) and samples > 0 else None,
        metadata if isinstance(metadata, str) else None,
        {name: tuple(numbers) for name, numbers in chosen.items() if isinstance(numbers, list)}
        if isinstance(chosen, dict)
        else {},
        is_there=True,
    )
