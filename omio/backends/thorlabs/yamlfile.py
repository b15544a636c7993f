"""The YAML file that a user writes beside a RAW file that has no usable XML.

Required are ``T, Z, C, Y, X, bits``, optional ``pixelunit``, ``PhysicalSizeX/Y/Z``, ``TimeIncrement`` and
``TimeIncrementUnit``. Lengths are in µm and times in seconds unless units are given.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omio.backends.thorlabs.readings import Reading, dtype_of
from omio.errors import DamagedFileError, MetadataError, OmioWarning
from omio.metadata.facts import Facts
from omio.metadata.original import Original
from omio.units import length_factor, number, time_factor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REQUIRED = ("T", "Z", "C", "Y", "X", "bits")
LENGTHS = ("PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ")
OPTIONAL = ("pixelunit", *LENGTHS, "TimeIncrement", "TimeIncrementUnit")
MAX_BYTES = 64 << 10
MAX_COUNT = 2**31
GUESS = "# omio guessed: "
_GUESS = re.compile(rf"^{GUESS}(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class YamlSidecar:
    """What a YAML file says.

    Attributes
    ----------
    path
        Of the YAML file.
    values
        Its keys, checked.
    """

    path: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, path: str) -> YamlSidecar:
        """Load and check the file.

        Raises
        ------
        DamagedFileError
            It is no YAML, not flat, or refers to itself.
        MetadataError
            Naming every key that is missing or has a bad value.
        """
        text = _text(path)
        values = _flat(text, path)
        problems = [*_missing(values), *wrong(values)]
        if problems:
            raise MetadataError("; ".join(problems), path=path, remedy="Edit the file.")
        _warn(text, values, path)
        return cls(path, values)

    @property
    def name(self) -> str:
        """Name of the file."""
        return Path(self.path).name

    def readings(self) -> tuple[Reading, ...]:
        """Return the one way to read the RAW file."""
        t, z, c, y, x = (self.values[dim] for dim in "TZCYX")
        dtype = dtype_of(self.values["bits"])
        return (Reading((t, z, c, y, x), dtype or ""),)

    def facts(self, reading: Reading) -> Facts:
        """Return what the file says of the image."""
        um = length_factor(self.values.get("pixelunit") or "micron") or 1.0
        seconds = time_factor(self.values.get("TimeIncrementUnit") or "s") or 1.0
        sizes = {key[-1]: self.values[key] * um for key in LENGTHS if self.values.get(key)}
        step = self.values.get("TimeIncrement")
        told = {f"pixel_size.{dim}": f"PhysicalSize{dim}" for dim in sizes}
        told |= {"time_increment": "TimeIncrement"} if step else {}
        return Facts.of(
            reading.sizes,
            pixel_size=sizes,
            time_increment=step * seconds if step else None,
            original=Original(_Rest(self)),
            sources={fact: f"user: {self.name} {key}" for fact, key in told.items()},
        )


@dataclass(frozen=True)
class _Rest:
    """Keys that no field holds, and units, as the user wrote them."""

    sidecar: YamlSidecar

    def __call__(self) -> Mapping[str, Any]:
        kept = {key: value for key, value in self.sidecar.values.items() if key not in (*REQUIRED, *LENGTHS)}
        return {"yaml": kept} if kept else {}


def _text(path: str) -> str:
    if os.stat(path).st_size > MAX_BYTES:  # noqa: PTH116 - a plain string
        raise DamagedFileError(f"is larger than {MAX_BYTES >> 10} KiB, which no sidecar is", path=path)
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DamagedFileError(f"is not UTF-8: {error.reason}", path=path) from None


def _flat(text: str, path: str) -> dict[str, Any]:
    """Load a flat mapping; nothing that refers, nests or makes objects is ever built."""
    import yaml

    try:
        trouble = _unsafe(yaml.parse(text, Loader=yaml.SafeLoader))
        values = {} if trouble else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # dates that no calendar has are ValueErrors
        raise DamagedFileError(f"is no YAML: {' '.join(str(error).split())}", path=path) from None
    if trouble or not isinstance(values, dict | None):
        raise DamagedFileError(trouble or "is not a list of keys and values", path=path)
    return {str(key): _plain(str(key), value) for key, value in (values or {}).items()}


def _plain(key: str, value: Any) -> Any:
    """Return a number where YAML takes one for text: ``1e-3`` has no point."""
    is_text = key in (*LENGTHS, "TimeIncrement") and isinstance(value, str)
    return (number(value) or value) if is_text else value


def _unsafe(events: Iterator[Any]) -> str | None:
    """Return what a flat mapping of plain values does not have."""
    import yaml

    depth, keys, expects_key = 0, set(), True
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return "has anchors or aliases, which no sidecar needs"
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            depth += 1
            if depth > 1:
                return "has values that are lists or mappings"
        elif isinstance(event, yaml.ScalarEvent):
            if expects_key and event.value in keys:
                return f"has {event.value[:40]!r} twice"
            keys |= {event.value} if expects_key else set()
            expects_key = not expects_key
    return None


def _missing(values: Mapping[str, Any]) -> Iterator[str]:
    for key in REQUIRED:
        if values.get(key) is None:
            yield f"{key} is {'empty' if key in values else 'missing'}"


def wrong(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys whose values cannot be; None is unknown."""
    known = {key: value for key, value in values.items() if value is not None}
    for key in REQUIRED:
        value = known.get(key, 1)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < MAX_COUNT:
            yield f"{key} is {value!r}, no whole number above 0"
        elif key == "bits" and dtype_of(value) is None:
            yield f"bits is {value}, not 1 to 16 or 32"
    for key in (*LENGTHS, "TimeIncrement"):
        if not _is_positive(known.get(key, 1)):
            yield f"{key} is {known[key]!r}, no number above 0"
    for key, factor in (("pixelunit", length_factor), ("TimeIncrementUnit", time_factor)):
        unit = known.get(key)
        if unit is not None and (not isinstance(unit, str) or factor(unit) is None):
            yield f"{key} is {unit!r}, no unit that omio knows"


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _warn(text: str, values: Mapping[str, Any], path: str) -> None:
    """Tell of keys that nothing reads, and of sizes that are still the template's guess."""
    told = []
    if unknown := sorted(set(values) - {*REQUIRED, *OPTIONAL}):
        told.append(f"keys that omio does not know: {', '.join(unknown)}")
    guess = _GUESS.search(text)
    if guess and guess[1].strip() == guessed(values):
        told.append(
            "its sizes are still those that the template guessed: correct them, or remove the line of the guess"
        )
    if told:
        warnings.warn(f"{path}: {'; '.join(told)}", OmioWarning, stacklevel=4)


def guessed(values: Mapping[str, Any]) -> str:
    """Return the sizes in one line."""
    return ", ".join(f"{key} {values[key]}" for key in REQUIRED)
