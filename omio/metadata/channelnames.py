"""Names of channels that come together from several images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omio.metadata.facts import Facts

type Names = Literal["keep", "require", "number", "source"]


def clashes(parts: Sequence[Facts]) -> Iterator[tuple[int, str]]:
    """Yield the number of each part, from 1, that brings a name which is taken, and the name."""
    taken: dict[str, int] = {}
    for number, part in enumerate(parts, start=1):
        for name in part.channels.get("name", ()):
            if name is not None and taken.setdefault(name, number) != number:
                yield number, name


def told_apart(parts: Sequence[Facts], names: Names, files: Sequence[str | None]) -> list[Facts]:
    """Rename the channels whose name an earlier part has: ``DAPI 2`` (number), ``DAPI (b.tif)`` (source)."""
    if names not in ("number", "source"):
        return list(parts)
    taken = {str(name) for part in parts for name in part.channels.get("name", ())}
    earlier: set[str] = set()
    renamed = []
    for part, file in zip(parts, files, strict=True):
        clashing = {at: name for at, name in enumerate(part.channels.get("name", ())) if name in earlier}
        earlier.update(name for name in part.channels.get("name", ()) if name is not None)
        told = {at: f"{name} ({file})" if names == "source" else name for at, name in clashing.items()}
        fresh = {at: _free(name, taken) for at, name in told.items()}
        renamed.append(_with_names(part, fresh, names) if fresh else part)
    return renamed


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} {number}"
    taken.add(found)
    return found


def _with_names(part: Facts, fresh: Mapping[int, str], names: Names) -> Facts:
    column = tuple(fresh.get(at, name) for at, name in enumerate(part.channels["name"]))
    sources = {f"channels[{at}].name": f"policy: merge names={names}" for at in fresh}
    return replace(part, channels={**part.channels, "name": column}).with_sources(sources)
