"""What omio adds to the images it writes: the attribute ``omio``, and OME-XML beside the arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omio.backends.zarr.reader import ZarrReader
from omio.lazy.leaf import lease

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.backends.zarr.store import StoreStamp


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


@dataclass(frozen=True)
class StoreXml:
    """An OME-XML document within a hierarchy."""

    stamp: StoreStamp
    key: str

    @property
    def path(self) -> str:
        """The hierarchy."""
        return self.stamp.path

    def read(self) -> bytes:
        """Return its bytes."""
        with lease(ZarrReader, self.stamp) as reader:
            return reader.content(self.key)
