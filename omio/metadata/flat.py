"""`ImageMetadata` as one flat dict of OME's names, for scripts and the function API.

A `FlatMetadata` is a plain dict to look at, to change and to store as JSON; it remembers the models it was made of, so
that every call that takes it knows which keys were changed, and keeps what no key holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from omio.errors import MetadataError
from omio.metadata.original import jsonable
from omio.units import to_s, to_um

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omio.metadata.facts import Facts
    from omio.metadata.models import Annotation, ImageMetadata

NAMESPACE = "omio:metadata"
"""Of the map annotation that holds a user's own keys."""
_OF_OME = {"axes", "pixel_size", "time_increment"}
"""Fields that have keys of their own."""
_SETTABLE = ("name", "description", "acquired", "objective", "stage_position")
"""Keys of ``Annotations`` that are fields one can set."""
_RECORDS = ("dtype", "provenance", "sources", "annotations")
"""Keys of ``Annotations`` that are no notes of the user's own."""


class FlatMetadata(dict[str, Any]):
    """Metadata as plain values; setting a key is honoured by every call that takes the dict.

    Attributes
    ----------
    model
        What it was made of; None for a template, all of whose keys are the user's.
    facts
        The same with facts of planes; of the unfolded image where samples (S) were folded into C.
    files
        Paths of the files it was read from: known to this process and its pickles, and written nowhere.
    """

    model: ImageMetadata | None = None
    facts: Facts | None = None
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, metadata: Mapping[str, Any] | None) -> Self:
        """Take a dict as it is, or a plain one (from JSON, say) as all the user's own.

        Raises
        ------
        MetadataError
            It is no dict.
        """
        if not isinstance(metadata, Mapping | None):
            raise MetadataError(f"the metadata is {metadata!r:.80}", remedy="Give a dict, or None.")
        return metadata.copy() if isinstance(metadata, cls) else cls(metadata or {})

    def copy(self) -> Self:
        """Return a dict that may be changed apart from this one."""
        clone = type(self)(jsonable_copy(self))
        clone.__dict__.update(self.__dict__)
        return clone

    @property
    def notes(self) -> dict[str, Any]:
        """What ``Annotations`` holds, by text."""
        notes = self.get("Annotations") or {}
        if not isinstance(notes, Mapping):
            raise MetadataError(f"Annotations is {notes!r:.80}", remedy="Give a dict.")
        return {str(name): value for name, value in notes.items()}

    @property
    def steps(self) -> tuple[dict[str, Any], ...]:
        """The provenance that ``Annotations`` holds."""
        steps = self.notes.get("provenance") or ()
        if not isinstance(steps, list | tuple) or not all(
            isinstance(step, Mapping) and "action" in step for step in steps
        ):
            raise MetadataError(f"the provenance in Annotations is {steps!r:.80}", remedy="Leave it as it was read.")
        return tuple(map(dict, steps))

    @property
    def named_axes(self) -> str | None:
        """What ``axes`` says; None where it says nothing."""
        axes = self.get("axes")
        if not isinstance(axes, str | None):
            raise MetadataError(f"axes is {axes!r:.80}", remedy='Give letters such as "TZCYX".')
        return axes or None

    @property
    def samples(self) -> int:
        """What ``SamplesPerPixel`` says; 1 where it says nothing."""
        told = self.get("SamplesPerPixel") or 1
        if not isinstance(told, int | float) or told != int(told):
            raise MetadataError(f"SamplesPerPixel is {told!r:.80}", remedy="Give a whole number.")
        return int(told)

    def changes(self) -> dict[str, Any]:
        """Return what the user changed, as arguments of `MicroscopyDataset.with_metadata`.

        Raises
        ------
        MetadataError
            For a unit that is none, or a length that is no number.
        """
        old = {} if self.model is None else _values(self.model)
        found: dict[str, Any] = {}
        if sizes := dict(_lengths(self, old)):
            found["pixel_size"] = sizes
        if _changed(self, old, "TimeIncrement", "TimeIncrementUnit"):
            found["time_increment"] = _in_seconds(self)
        return found | self._told(old)

    def _told(self, old: Mapping[str, Any]) -> dict[str, Any]:
        """Return changes of what has no key of OME."""
        notes, before = self.notes, old.get("Annotations", {})
        fresh = {name: value for name, value in notes.items() if name not in before or before[name] != value}
        fresh |= dict.fromkeys(set(before) - set(notes) - {"dtype", "provenance", "sources"})
        found = {name: fresh[name] for name in _SETTABLE if name in fresh}
        if "channels" in fresh:
            found["channels"] = fresh["channels"] or [{}] * self["SizeC"]
        original = {name: value for name, value in fresh.items() if name.startswith("original_")}
        apart = {*_SETTABLE, *_RECORDS, *original, "channels"}
        own = {name: value for name, value in fresh.items() if name not in apart}
        own |= {str(name): value for name, value in self.items() if name not in KEYS and old.get(name) != value}
        if original:
            found["original"] = {name.removeprefix("original_"): value for name, value in original.items()}
        if own or "annotations" in fresh:
            found["annotations"] = self._annotations(own)
        return found

    def _annotations(self, own: Mapping[str, Any]) -> list[Any]:
        before = () if self.model is None else self.model.annotations
        pairs = dict(own_notes(before)) | dict(own)
        kept = list(self.notes.get("annotations", ()))
        value = [[name, _encoded(item)] for name, item in pairs.items() if item is not None]
        return [*kept, {"kind": "map", "namespace": NAMESPACE, "value": value}] if value else kept


def flat(metadata: ImageMetadata, facts: Facts | None = None, files: Sequence[str] = ()) -> FlatMetadata:
    """Return the metadata as plain values.

    The keys are ``axes``, ``shape``, ``SizeT`` … ``SizeX`` (``SizeS`` for RGB), ``PhysicalSizeX/Y/Z`` with
    ``PhysicalSizeXUnit`` …, ``TimeIncrement`` with ``TimeIncrementUnit``, ``Channel_Count``, ``SamplesPerPixel`` (3
    for RGB, also where its samples were made channels just now), ``unit``, and ``Annotations``: everything that is no
    size, what the source says beyond it as ``original_<name>``. A size that is not known is None, and so is its unit.
    """
    made = FlatMetadata(_values(metadata))
    made.model, made.facts, made.files = metadata, facts, tuple(files)
    return made


def own_notes(annotations: Sequence[Annotation]) -> Iterator[tuple[str, Any]]:
    """Yield the keys that users added to a flat dict."""
    for note in annotations:
        if note.namespace == NAMESPACE and note.kind == "map":
            yield from ((name, _decoded(text)) for name, text in note.value)


def _values(metadata: ImageMetadata) -> dict[str, Any]:
    sizes = {f"Size{axis.name}": axis.size for axis in metadata.axes}
    lengths: dict[str, Any] = {}
    for dim in "XYZ":
        value = metadata.pixel_size.get(dim)
        lengths |= {f"PhysicalSize{dim}": value, f"PhysicalSize{dim}Unit": None if value is None else "µm"}
    increment = metadata.time_increment
    return {
        "axes": "".join(axis.name for axis in metadata.axes),
        "shape": metadata.shape,
        **sizes,
        **lengths,
        "TimeIncrement": increment,
        "TimeIncrementUnit": None if increment is None else "s",
        "Channel_Count": metadata.sizes.get("C", 1),
        "SamplesPerPixel": _samples(metadata),
        "unit": "micron" if any(value is not None for value in metadata.pixel_size.values()) else None,
        "Annotations": _annotations(metadata),
    }


KEYS = frozenset(
    {"axes", "shape", "TimeIncrement", "TimeIncrementUnit", "Channel_Count", "SamplesPerPixel", "unit", "Annotations"}
    | {f"Size{dim}" for dim in "TZCYXS"}
    | {f"PhysicalSize{dim}{end}" for dim in "XYZ" for end in ("", "Unit")}
)
"""All keys that OME or omio gives a meaning."""


def _samples(metadata: ImageMetadata) -> int:
    """Return the samples of a pixel, also where they were made channels since the file was opened."""
    if "S" in metadata.sizes:
        return metadata.sizes["S"]
    last = next((step for step in reversed(metadata.provenance) if step.action in _ON_SAMPLES), None)
    split = last is not None and last.action == "split_samples"
    return int(getattr(last, "samples", None) or metadata.sizes.get("C", 1)) if split else 1


_ON_SAMPLES = ("open", "split_samples", "join_samples")


def _annotations(metadata: ImageMetadata) -> dict[str, Any]:
    fields = metadata.model_dump(mode="json", exclude_none=True, exclude=_OF_OME | {"original"})
    fields["annotations"] = [
        note for note in fields["annotations"] if note.get("namespace") != NAMESPACE or note.get("kind") != "map"
    ]
    known = {name: value for name, value in fields.items() if value not in ([], {})}
    known |= {f"original_{name}": jsonable(value) for name, value in metadata.original.items()}
    return known | dict(own_notes(metadata.annotations))


def _changed(new: Mapping[str, Any], old: Mapping[str, Any], *names: str) -> bool:
    return any(new.get(name) != old.get(name) for name in names)


def _lengths(new: Mapping[str, Any], old: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Yield the spacing, in µm, of each dim whose value or unit was changed.

    ``unit`` is that of the values that were set; where none was, it says of all what they really are.
    """
    numbers = [dim for dim in "XYZ" if _changed(new, old, f"PhysicalSize{dim}")]
    relabelled = _changed(new, old, "unit") and new.get("unit") is not None
    for dim in "XYZ":
        own = _changed(new, old, f"PhysicalSize{dim}Unit")
        common = relabelled and not own and (dim in numbers or not numbers)
        if dim in numbers or own or common:
            unit = new.get("unit") if common else new.get(f"PhysicalSize{dim}Unit")
            yield dim, _converted(f"PhysicalSize{dim}", new.get(f"PhysicalSize{dim}"), unit or "µm")


def _converted(name: str, value: Any, unit: str) -> float | None:
    return None if value is None else _number(name, value, unit, to_um(_plain(name, value), unit))


def _in_seconds(new: Mapping[str, Any]) -> float | None:
    name, value, unit = "TimeIncrement", new.get("TimeIncrement"), new.get("TimeIncrementUnit") or "s"
    return None if value is None else _number(name, value, unit, to_s(_plain(name, value), unit))


def _plain(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise MetadataError(f"{name} is {value!r}", remedy="Give a number, or None if unknown.") from None


def _number(name: str, value: Any, unit: str, converted: float | None) -> float:
    if converted is None:
        raise MetadataError(f"{name} is {value!r} {unit!r}", remedy='Write a unit such as "µm", "nm" or "s".')
    return converted


def _encoded(value: Any) -> str:
    """Write a value as text: plain text as it is, all else as JSON."""
    return value if isinstance(value, str) and _decoded(value) == value else json.dumps(jsonable(value))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def jsonable_copy(value: Any) -> Any:
    """Copy nested dicts and lists, so that a change in one is none in the other."""
    if isinstance(value, Mapping):
        return {name: jsonable_copy(item) for name, item in value.items()}
    return [jsonable_copy(item) for item in value] if isinstance(value, list) else value
