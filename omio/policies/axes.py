"""Axes policies: what the dims are that a file does not name. They return plans and read no pixel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from omio.dims import PLANE_DIMS, UNKNOWN, FileDims, Outer, assume
from omio.errors import AxesError
from omio.metadata.frozen import Frozen
from omio.policies.base import Policy


class AxesPolicy(Policy):
    """Base of axes policies. One of your own names a ``kind`` and says by `plan` what the dims are."""

    default_kind: ClassVar[str] = "require"

    @abstractmethod
    def plan(self, dims: FileDims) -> Outer:
        """Name the dims along which the planes of a file follow each other; asked where the file leaves one unnamed.

        Returns
        -------
        Outer
            Name and length of each dim, slowest first: each of T, Z, C at most once, and lengths that multiply to the
            number of planes. ``dims.named("TZ")`` makes one.

        Raises
        ------
        AxesError
            Where the policy does not apply to this file.
        """


class RequireNamed(AxesPolicy):
    """A file that leaves an axis unnamed is not opened; the error says what it has and how to name it."""

    kind: ClassVar[str] = "require"

    def plan(self, dims: FileDims) -> Outer:
        """Raise `AxesError`."""
        raise AxesError(
            f"{dims}, and the file does not say along which axis they follow{_letters(dims)}",
            path=dims.path,
            remedy=_remedy(len(dims.long)),
        )


class Assume(AxesPolicy):
    """The user's names for the file's own dims, also where the file has names: ``omio.open(path, axes="TYX")``.

    Attributes
    ----------
    axes
        A name for each dim in the order of the file, such as ``"TYX"``; dims of length 1 and S may be left out.
    sizes
        Deals the pages of a stack out to several dims: ``Assume("TZCYX", sizes={"Z": 10, "C": 2})`` makes T of 100
        pages 5 long. At most one dim may be left out.
    """

    kind: ClassVar[str] = "assume"

    axes: str
    sizes: Mapping[str, Annotated[int, Field(gt=0)]] = Frozen()

    def __init__(self, axes: str | None = None, **fields: Any) -> None:
        super().__init__(**({} if axes is None else {"axes": axes}), **fields)

    @field_validator("sizes")
    @classmethod
    def _are_of_the_axes(cls, sizes: Mapping[str, int], info: ValidationInfo) -> Mapping[str, int]:
        named = set(str(info.data.get("axes")).upper()) & set(PLANE_DIMS)
        if strange := set(sizes) - named:
            msg = f"{', '.join(sorted(strange))} is none of T, Z, C in axes"
            raise ValueError(msg)
        return Frozen(sizes)

    def plan(self, dims: FileDims) -> Outer:
        """Take the user's names."""
        return assume(dims, self.axes, self.sizes)


class LikeImageJ(AxesPolicy):
    """As ImageJ and Fiji open it: the pages of a TIFF without ImageJ's description are slices of one stack, Z.

    ImageJ makes an `ImageStack` of pages of equal size (`ij.io.Opener.openTiffStack`) and asks nothing else of the
    file, so that all of them are slices (`ij.ImagePlus`: where channels x slices x frames is not the size of the stack,
    slices are). tifffile's ``shaped`` descriptions mean nothing to it: a stack of 3 x 4 pages has 12 slices. Axes that
    the file does name stay. Samples stay S.
    """

    kind: ClassVar[str] = "imagej"

    def plan(self, dims: FileDims) -> Outer:
        """Make one Z of all pages; beside named dims, of the one that has no name."""
        if any(name in PLANE_DIMS for name, _ in dims.long):
            return _only(dims, "Z")
        return (("Z", dims.count),)


class AsTime(AxesPolicy):
    """The one axis that the file does not name is T; several are an error."""

    kind: ClassVar[str] = "time"

    def plan(self, dims: FileDims) -> Outer:
        """Name it."""
        return _only(dims, "T")


class AsDepth(AxesPolicy):
    """The one axis that the file does not name is Z; several are an error."""

    kind: ClassVar[str] = "depth"

    def plan(self, dims: FileDims) -> Outer:
        """Name it."""
        return _only(dims, "Z")


class AsChannels(AxesPolicy):
    """The one axis that the file does not name is C; several are an error."""

    kind: ClassVar[str] = "channels"

    def plan(self, dims: FileDims) -> Outer:
        """Name it."""
        return _only(dims, "C")


def _only(dims: FileDims, dim: str) -> Outer:
    names = [name if name in PLANE_DIMS else dim for name, _ in dims.long]
    if len(set(names)) == len(names):
        return dims.named("".join(names))
    cause = f"{dims} with the axes {dims.axes}, of which not one alone can be {dim}"
    raise AxesError(cause, path=dims.path, remedy=_remedy(len(dims.long)))


def _letters(dims: FileDims) -> str:
    strange = {name for name, _ in dims.long} - {UNKNOWN}
    return f" (it calls its axes {dims.axes})" if strange else ""


def _remedy(count: int) -> str:
    if count == 1:
        return (
            'Name it: axes="TYX" for time, "ZYX" for depth, "CYX" for channels; '
            'or choose a policy for all files: axes="time", "depth", "channels", "imagej".'
        )
    examples = {2: '"TZYX" or "ZCYX"'}.get(count, '"TZCYX"')
    return f'Name them, slowest first: axes={examples}; or open them as one stack of slices: axes="imagej".'
