"""`ImageMetadata` and the models it is made of: frozen, validated, JSON-able."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from omio.metadata.original import Original

if TYPE_CHECKING:
    from ome_types import OME


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)


class Axis(_Model):
    """One dim: its length and, where known, where its pixels lie.

    ``spacing`` and ``origin`` (centre of the first pixel) are in ``unit``: µm for Z, Y, X and s for T.
    """

    name: str
    size: int
    spacing: float | None = None
    origin: float | None = None
    unit: str | None = None


class Channel(_Model):
    """One channel. Unknown is None.

    ``color`` is ``#RRGGBB``; ``window`` the display range in pixel values; ``lut`` a colour table of 256 entries as
    hexadecimal RRGGBB text without separators.
    """

    name: str | None = None
    color: str | None = None
    excitation_nm: float | None = None
    emission_nm: float | None = None
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
        if value is not None and (len(value) != 7 or value[0] != "#"):
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
    term, timestamp, list, file.
    """

    kind: Literal["map", "xml", "long", "double", "boolean", "comment", "tag", "term", "timestamp", "list", "file"] = (
        "map"
    )
    value: Any = None
    namespace: str | None = None
    description: str | None = None
    id: str | None = None


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
    pixel_size: Mapping[str, float | None] = Field(default_factory=dict)
    time_increment: float | None = None
    objective: Objective | None = None
    stage_position: StagePosition | None = None
    provenance: tuple[Step, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    original: Original = Field(default_factory=Original)
    sources: Mapping[str, str] = Field(default_factory=dict)

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

    def to_flat(self) -> dict[str, Any]:
        """Return one flat dict of OME's names; see `omio.metadata.flat`."""
        from omio.metadata.flat import flat

        return flat(self)

    def to_ome(self) -> OME:
        """Return an ``OME`` object of ome-types that describes this image, without pixels."""
        from omio.ome.models import to_ome

        return to_ome(self)

    def axis(self, name: str) -> Axis:
        """Return the axis of that name."""
        return next(axis for axis in self.axes if axis.name == name)
