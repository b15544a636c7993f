"""`Facts`: what is known of an image, as plain values and arrays that follow every selection.

Facts along an axis lie along that axis, so selecting, cropping, striding and reordering keep them true by
construction. Everything else is `Static`. Nothing here needs pydantic or xarray: opening a file stays fast.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from omio.dims import DIMS, PLANE_DIMS, dims_of
from omio.errors import MetadataError
from omio.indexing import Index, Key, compose_keys, full_key, is_full, to_numpy
from omio.metadata.axes import AxisPositions, Listed, Regular, positions_of
from omio.metadata.frozen import freeze
from omio.metadata.original import Original
from omio.metadata.sources import follow_channels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

CHANNEL_FIELDS = (
    "name",
    "color",
    "excitation_nm",
    "emission_nm",
    "fluor",
    "acquisition_mode",
    "contrast_method",
    "illumination",
    "pinhole_um",
    "nd_filter",
    "window",
    "lut",
)
"""Facts that lie along C, in the order of `models.Channel`."""

PLANE_FIELDS = ("delta_t", "exposure", "stage_x", "stage_y", "stage_z", "label")
"""Facts that lie along (T, Z, C): seconds, seconds, µm, µm, µm, text."""

type Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Static:
    """What belongs to the image as a whole, in plain JSON-able values.

    Attributes
    ----------
    name, description
        Of the image.
    acquired
        ISO 8601 date and time.
    objective
        Fields of `models.Objective`.
    stage_position
        ``{"X": µm, "Y": µm, "Z": µm}`` as far as known.
    provenance
        Steps, oldest first: fields of `models.Step`.
    annotations
        Fields of `models.Annotation`: what the file's authors attached.
    original
        What the source says and no field holds; read when asked.
    sources
        Fact -> where it came from, such as ``"pixel_size.X": "file: OME Pixels PhysicalSizeX"``.
    """

    name: str | None = None
    description: str | None = None
    acquired: str | None = None
    objective: Mapping[str, Any] | None = None
    stage_position: Mapping[str, float] | None = None
    provenance: tuple[Mapping[str, Any], ...] = ()
    annotations: tuple[Mapping[str, Any], ...] = ()
    original: Original = field(default_factory=Original)
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze what images share."""
        freeze(self, "objective", "stage_position", "sources")


@dataclass(frozen=True, eq=False)
class PlaneTable:
    """Facts of planes, made when first asked and selected without being made.

    Attributes
    ----------
    loader
        Picklable; gives columns of shape (T, Z, C).
    shape
        T, Z, C that the loader gives.
    key
        What is selected of it.
    """

    loader: Callable[[], Columns]
    shape: tuple[int, int, int]
    key: Key | None = None

    @classmethod
    def of(cls, columns: Columns) -> PlaneTable:
        """Wrap columns that are at hand."""
        shape = next(iter(columns.values())).shape
        return cls(partial(dict, columns), (shape[0], shape[1], shape[2]))

    @cached_property
    def columns(self) -> Columns:
        """The selected columns."""
        full = self.loader()
        if self.key is None:
            return full
        t, z, c = (to_numpy(index) for index in self.key)
        return {name: values[t][:, z][:, :, c] for name, values in full.items()}

    def take(self, key: Key) -> PlaneTable:
        """Select; nothing is loaded."""
        if all(is_full(index, size) for index, size in zip(key, self.sizes, strict=True)):
            return self
        base = full_key(self.shape) if self.key is None else self.key
        return replace(self, key=compose_keys(base, key))

    @property
    def sizes(self) -> tuple[int, ...]:
        """T, Z, C of the selection."""
        return self.shape if self.key is None else tuple(len(index) for index in self.key)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the columns: they are made again, and large."""
        return {name: value for name, value in self.__dict__.items() if name != "columns"}


@dataclass(frozen=True, eq=False)
class Facts:
    """All that is known of an image besides its pixels.

    Attributes
    ----------
    sizes
        Dim -> length, T Z C Y X [S].
    axes
        Positions of T (s), Z, Y, X (µm) as far as known.
    channels
        Channel field -> one value a channel; None where unknown. A field nobody knows is absent.
    planes
        Facts along (T, Z, C), or None.
    static
        The rest.
    """

    sizes: Mapping[str, int]
    axes: Mapping[str, AxisPositions] = field(default_factory=dict)
    channels: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    planes: PlaneTable | None = None
    static: Static = field(default_factory=Static)

    def __post_init__(self) -> None:
        """Freeze what images share."""
        freeze(self, "sizes", "axes", "channels")

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        *,
        pixel_size: Mapping[str, float | None] | None = None,
        origin: Mapping[str, float] | None = None,
        time_increment: float | None = None,
        times: NDArray[np.float64] | None = None,
        channels: Iterable[Mapping[str, Any]] = (),
        planes: PlaneTable | None = None,
        **static: Any,
    ) -> Facts:
        """Describe an image of T Z C Y X [S] `shape`.

        Parameters
        ----------
        pixel_size
            µm per pixel of Z, Y, X; None or absent where unknown.
        origin
            µm of the first pixel's centre; 0 by default.
        time_increment, times
            Seconds between frames, or the seconds of each frame (three or more at even distances have an increment;
            two prove no rule).
        channels
            One mapping of `CHANNEL_FIELDS` a channel; shorter lists leave the rest unknown.
        planes
            Facts of planes.
        **static
            Fields of `Static`.

        Raises
        ------
        MetadataError
            For sizes that are not finite and positive, more channels than C, or times or planes of another number
            than the image has.
        """
        sizes = dict(zip(dims_of(len(shape)), shape, strict=True))
        axes: dict[str, AxisPositions] = {}
        for dim, spacing in (pixel_size or {}).items():
            if spacing is not None:
                axes[dim] = Regular((origin or {}).get(dim, 0.0), _checked(dim, spacing), sizes[dim])
        if times is not None:
            axes["T"] = _timed(times, sizes["T"])
        elif time_increment is not None:
            axes["T"] = Regular((origin or {}).get("T", 0.0), _checked("T", time_increment), sizes["T"])
        if planes is not None:
            _check_length("facts of planes (T, Z, C)", planes.sizes, tuple(sizes[dim] for dim in PLANE_DIMS))
        return cls(sizes, axes, channel_columns(channels, sizes["C"]), planes, Static(**static))

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths in the order of dims."""
        return tuple(self.sizes.values())

    def take(self, key: Key) -> Facts:
        """Select with one index a dim."""
        chosen = dict(zip(self.sizes, key, strict=True))
        static = self.static
        if not is_full(chosen["C"], self.sizes["C"]):
            static = replace(static, sources=follow_channels(static.sources, chosen["C"]))
        return replace(
            self,
            sizes={dim: len(index) for dim, index in chosen.items()},
            axes={dim: axis.take(chosen[dim]) for dim, axis in self.axes.items()},
            channels=_take_channels(self.channels, chosen["C"], self.sizes["C"]),
            planes=self.planes and self.planes.take(tuple(chosen[dim] for dim in PLANE_DIMS)),
            static=static,
        )

    def with_static(self, **changes: Any) -> Facts:
        """Replace fields of `static`."""
        return replace(self, static=replace(self.static, **changes))

    def with_step(self, action: str, **detail: Any) -> Facts:
        """Append a step to the provenance."""
        step = {"action": action, **{name: value for name, value in detail.items() if value is not None}}
        return self.with_static(provenance=(*self.static.provenance, step))

    def with_sources(self, sources: Mapping[str, str]) -> Facts:
        """Say where facts came from."""
        return self.with_static(sources={**self.static.sources, **sources})


def level_factor(full: int, reduced: int) -> float:
    """Return how many pixels of a dim of `full` one pixel of a level of `reduced` joins.

    Levels are made by halving with rounding up or down, so a ratio within a pixel of a whole number is that number.
    """
    ratio = full / reduced
    whole = round(ratio)
    return float(whole) if whole and full // whole <= reduced <= -(-full // whole) else ratio


def channel_columns(rows: Iterable[Mapping[str, Any]], count: int) -> dict[str, tuple[Any, ...]]:
    """Turn one mapping a channel into one tuple a field."""
    table = list(rows)
    if len(table) > count:
        raise MetadataError(f"{len(table)} channels are described, the image has {count}")
    unknown = {name for row in table for name in row} - set(CHANNEL_FIELDS)
    if unknown:
        raise MetadataError(f"unknown channel fields: {', '.join(sorted(unknown))}")
    table += [{}] * (count - len(table))
    columns = {name: tuple(row.get(name) for row in table) for name in CHANNEL_FIELDS}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}


def channel_rows(facts: Facts) -> list[dict[str, Any]]:
    """Turn the columns back into one mapping a channel."""
    count = facts.sizes["C"]
    return [{name: values[i] for name, values in facts.channels.items()} for i in range(count)]


def _take_channels(channels: Mapping[str, tuple[Any, ...]], index: Index, size: int) -> Mapping[str, tuple[Any, ...]]:
    if is_full(index, size):
        return channels
    chosen = {name: tuple(values[i] for i in index) for name, values in channels.items()}
    return {name: values for name, values in chosen.items() if any(value is not None for value in values)}


def _timed(times: NDArray[np.float64], count: int) -> AxisPositions:
    _check_length("times", np.shape(times), (count,))
    values = np.asarray(times, dtype=np.float64)
    return positions_of(values) if count > 2 else Listed(values)


def _check_length(what: str, given: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if given != wanted:
        raise MetadataError(f"{what} of shape {given} are given, the image has {wanted}")


def _checked(dim: str, spacing: float) -> float:
    if dim not in DIMS or dim == "C":
        raise MetadataError(f"{dim!r} has no spacing", remedy="Spacing belongs to T (s), Z, Y and X (µm).")
    value = float(spacing)
    if not np.isfinite(value) or value <= 0:
        raise MetadataError(f"the spacing of {dim} is {spacing!r}", remedy="Use a positive number, or None if unknown.")
    return value
