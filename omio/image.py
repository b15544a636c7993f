"""`Image`: all that writers, policies and viewers may see of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from omio.lazy.recipe import Recipe
    from omio.metadata.facts import Facts
    from omio.metadata.models import ImageMetadata


class Image(Protocol):
    """A lazy T Z C Y X [S] image with facts and, maybe, coarser levels of the same."""

    @property
    def recipe(self) -> Recipe:
        """How to read the pixels."""
        ...

    @property
    def facts(self) -> Facts:
        """What is known of them."""
        ...

    @property
    def metadata(self) -> ImageMetadata:
        """The facts as validated models."""
        ...

    @property
    def sizes(self) -> Mapping[str, int]:
        """Dim -> length."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Native dtype."""
        ...

    @property
    def levels(self) -> tuple[Image, ...]:
        """Return this image and its coarser versions, finest first."""
        ...
