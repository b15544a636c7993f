"""What omio adds to the images it writes: the attribute ``omio``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class OwnPart:
    """The attribute ``omio``.

    Attributes
    ----------
    samples
        How many neighbouring channels are the samples of one; None: channels are channels.
    metadata
        Where the OME-XML lies, from the image's group.
    """

    samples: int | None = None
    metadata: str | None = None


def own_part(attributes: Mapping[str, Any]) -> OwnPart:
    """Read the attribute; what is not as omio writes it says nothing."""
    own = attributes.get("omio")
    if not isinstance(own, dict):
        return OwnPart()
    samples, metadata = own.get("samples"), own.get("metadata")
    return OwnPart(
        samples if isinstance(samples, int) and samples > 0 else None, metadata if isinstance(metadata, str) else None
    )
