"""`TiffWriter`: what the writers of the TIFF family share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

from omio.errors import OmioError
from omio.policies.write import WritePolicy
from omio.writers.base import Writer

if TYPE_CHECKING:
    from omio.image import Image
    from omio.writers.tiffplan import TiffPlan


class TiffWriter(Writer[WritePolicy]):
    """Writes TIFF by a plan: what cannot be planned cannot be written."""

    @abstractmethod
    def _plan(self, image: Image, policy: WritePolicy) -> TiffPlan:
        """Plan the file; raises the `OmioError` that says why there is none."""

    def is_incompatible(self, image: Image, policy: WritePolicy) -> Literal[False] | str:
        """Return False, or why this format cannot hold the image and which cast would help."""
        try:
            self._plan(image, policy)
        except OmioError as error:
            return str(error)
        return False
