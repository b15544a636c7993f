"""`ImageMetadata` and the models it is made of: frozen, validated, JSON-able."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_serializer,
    field_validator,
)

from omio.errors import MetadataError
from omio.metadata.frozen import Frozen
from omio.metadata.original import Original, jsonable

if TYPE_CHECKING:
    from ome_types import OME

    from omio.metadata.flat import FlatMetadata


type Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True, ser_json_inf_nan="strings"
    )


class Axis(_Model):
    """One dim: its length and, where known, where its pixels lie.

    ``spacing`` and ``origin`` (centre of the first pixel) are in ``unit``: µm for Z, Y, X and s for T. The spacing is
    negative where positions fall from one pixel to the next.
    """

    name: str
    size: int = Field(ge=0)
    spacing: float | None = Field(default=None, allow_inf_nan=False)
    origin: float | None = None
    unit: str | None = None

    @field_validator("spacing")
    @classmethod
    def _apart(cls, value: float | None) -> float | None:
        if value == 0:
            raise ValueError("neighbours lie apart: unknown is None")
        return value


class Channel(_Model):
    """One channel. Unknown is None.

    ``color`` is ``#RRGGBB``; ``window`` the display range in pixel values; ``lut`` a colour table of 256 entries as
    hexadecimal RRGGBB text without separators.
    """

    name: str | None = None
    color: str | None = None
    excitation_nm: Positive | None = None
    emission_nm: Positive | None = None
    fluor: str | None = None
    acquisition_mode: str | None = None
    contrast_method: str | None = None
    illumination: str | None = None
    pinhole_um: float | None = None
    nd_filter: float | None = None
    window: tuple[float, float] | None = None
    lut: str | None = None

    @field_validator("color")
    @classmethod
    def _hex(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch("#[0-9A-Fa-f]{6}", value) is None:
            raise ValueError("a colour is written #RRGGBB")
        return value if value is None else value.upper()


class Objective(_Model):
    """The objective lens."""

    name: str | None = None
    manufacturer: str | None = None
    magnification: float | None = None
    calibrated_magnification: float | None = None
    na: float | None = None
    immersion: str | None = None
    correction: str | None = None
    working_distance_um: float | None = None


class StagePosition(_Model):
    """Where the stage stood, in µm."""

    X: float | None = None
    Y: float | None = None
    Z: float | None = None


class Annotation(_Model):
    """A value that the file's authors attached.

    ``kind`` is the OME annotation type: map (list of [key, value]), xml (text), long, double, boolean, comment, tag,
    term, timestamp, list, file. ``value`` is what JSON holds, and NaN or infinity in a double.
    """

    kind: Literal["map", "xml", "long", "double", "boolean", "comment", "tag", "term", "timestamp", "list", "file"] = (
        "map"
    )
    value: Any = None
    namespace: str | None = None
    description: str | None = None
    id: str | None = None

    @field_validator("value")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        plain = jsonable(value)
        return float(plain) if info.data.get("kind") == "double" and plain in _NO_NUMBERS else plain


_NO_NUMBERS = ("nan", "inf", "-inf", "NaN", "Infinity", "-Infinity")
"""As `jsonable` and as pydantic's JSON spell them."""


class Step(_Model):
    """One step of how the image came to be; further fields say what the action needs."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)
    action: str


class ImageMetadata(_Model):
    """Everything known of an image besides its pixels.

    ``pixel_size`` is in µm, ``time_increment`` in s; None where unknown. ``sources`` tells for each fact whether the
    file, the user or a policy said it, and where. ``original`` is what the source says and no field holds.
    """

    name: str | None = None
    description: str | None = None
    dtype: str | None = None
    acquired: datetime | None = None
    axes: tuple[Axis, ...]
    channels: tuple[Channel, ...] = ()
    pixel_size: Annotated[Mapping[str, float | None], AfterValidator(Frozen)] = Field(default_factory=Frozen)
    time_increment: float | None = None
    objective: Objective | None = None
    stage_position: StagePosition | None = None
    provenance: tuple[Step, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    original: Original = Field(default_factory=Original)
    sources: Annotated[Mapping[str, str], AfterValidator(Frozen)] = Field(default_factory=Frozen)

    @field_validator("original", mode="before")
    @classmethod
    def _wrap(cls, value: Any) -> Any:
        return value if isinstance(value, Original) else Original(dict(value).copy)

    @field_serializer("original")
    def _unwrap(self, value: Original) -> dict[str, Any]:
        return dict(value)

    @property
    def sizes(self) -> dict[str, int]:
        """Dim -> length."""
        return {axis.name: axis.size for axis in self.axes}

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths in the order of the axes."""
        return tuple(axis.size for axis in self.axes)

    def to_flat(self) -> FlatMetadata:
        """Return one flat dict of OME's names; see `omio.metadata.flat`."""
        from omio.metadata.flat import flat

        return flat(self)

    def to_ome(self) -> OME:
        """Return an ``OME`` object of ome-types that describes this image, without pixels."""
        from omio.ome.models import to_ome

        return to_ome(self)

    def axis(self, name: str) -> Axis:
        """Return the axis of that name; `MetadataError` where there is none."""
        found = next((axis for axis in self.axes if axis.name == name), None)
        if found is None:
            raise MetadataError(f"no axis {name!r}", remedy=f"There are {', '.join(self.sizes)}.")
        return found
