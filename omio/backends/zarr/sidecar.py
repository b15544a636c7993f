"""OME-XML within a hierarchy: what Bio-Formats' tools, and omio, put beside the arrays.

Source: OME-NGFF 0.5, "bioformats2raw.layout": ``OME/METADATA.ome.xml`` describes the series in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from omio.backends.zarr.reader import ZarrReader
from omio.errors import DamagedFileError
from omio.lazy.leaf import lease
from omio.metadata.axes import same_step
from omio.metadata.compare import lengths
from omio.metadata.original import Original
from omio.ome.document import document_of
from omio.ome.facts import facts_of
from omio.ome.pixels import Pixels

if TYPE_CHECKING:
    import numpy as np

    from omio.backends.zarr.store import StoreStamp
    from omio.metadata.facts import Facts

KEY = "OME/METADATA.ome.xml"


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
        """Return its bytes.

        Raises
        ------
        DamagedFileError
            There is none.
        """
        found = self.find()
        if found is None:
            raise DamagedFileError("is missing", path=self.path, place=self.key)
        return found

    def find(self) -> bytes | None:
        """Return its bytes; None where there is none."""
        with lease(ZarrReader, self.stamp, *self.stamp.outside) as reader:
            return reader.contents([self.key])[0]


def enriched(facts: Facts, stamp: StoreStamp, number: int, dtype: np.dtype[Any]) -> tuple[Facts, tuple[str, ...]]:
    """Add what the OME-XML says of a series beyond its own document, and return what contradicts it.

    The document of the series comes first. The XML counts only where its image has the same shape and pixel type.
    """
    source = StoreXml(stamp, KEY)
    if source.find() is None:
        return facts, ()
    try:
        images = document_of(source).images
        pixels = Pixels.of(images[number]) if number < len(images) else None
    except DamagedFileError as error:
        return facts, (f"{KEY} is not used: {error.cause}",)
    if pixels is None or pixels.shape(1) != facts.shape or pixels.dtype != dtype or pixels.said_samples > 1:
        return facts, (f"{KEY} is not used: it describes no such image",)
    told, problems = facts_of(images[number], source, facts.shape)
    return _joined(facts, told), (*(f"{KEY} {text}" for text in problems), *_contradictions(facts, told))


def _joined(facts: Facts, told: Facts) -> Facts:
    """Keep what the first say, and take the rest from the others."""
    mine, theirs = facts.static, told.static
    names = ("name", "description", "acquired", "objective", "stage_position")
    taken = {name: getattr(theirs, name) for name in names if getattr(mine, name) is None}
    sources = {fact: f"{text} in {KEY}" for fact, text in theirs.sources.items()}
    return replace(
        facts,
        axes={**told.axes, **facts.axes},
        channels={name: _known(facts.channels.get(name), values) for name, values in told.channels.items()}
        | {name: values for name, values in facts.channels.items() if name not in told.channels},
        planes=told.planes,
        static=replace(
            mine,
            annotations=theirs.annotations,
            original=Original(partial(_originals, mine.original, theirs.original)),
            sources={**sources, **mine.sources},
            **taken,
        ),
    )


def _known(first: tuple[Any, ...] | None, other: tuple[Any, ...]) -> tuple[Any, ...]:
    if first is None:
        return other
    return tuple(b if a is None else a for a, b in zip(first, other, strict=True))


def _contradictions(facts: Facts, told: Facts) -> tuple[str, ...]:
    pairs = {dim: (axis, told.axes[dim]) for dim, axis in facts.axes.items() if dim in told.axes}
    found = [
        f"{dim} spacing: {lengths(dim, a.spacing, b.spacing)}"
        for dim, (a, b) in pairs.items()
        if a.spacing is not None and b.spacing is not None and not same_step(a, b)
    ]
    names, others = facts.channels.get("name", ()), told.channels.get("name", ())
    found += [f"channel {a!r} and {b!r}" for a, b in zip(names, others, strict=False) if a and b and a != b]
    return tuple(f"{KEY} contradicts it: {text}; the first is kept" for text in found)


def _originals(first: Original, xml: Original) -> dict[str, Any]:
    return {**first, **({"OME-XML": dict(xml)} if xml else {})}
