"""What images that become one say together, fact by fact.

A *word* a fact decides: ``require`` that all say the same, unknown included; ``agree``: what several know must be
equal, and the first one's stands; ``first``: the first one's stands whatever the others say; ``union``: what several
know must be equal, and what the first does not know is taken from the others.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from omio.metadata.compare import short
from omio.metadata.facts import CHANNEL_FIELDS
from omio.metadata.original import Original, jsonable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from omio.metadata.facts import Facts

type Sharing = Literal["require", "agree", "first", "union"]
type Told = dict[tuple[Any, ...], Any]
"""What an image knows of a fact: (fact, detail, …) -> value, unknown left out."""

_LISTS = ("annotations", "original")
"""Facts that are joined whole: more of them contradicts nothing."""


def disagreements(parts: Sequence[tuple[int, Facts]], words: Mapping[str, Sharing]) -> Iterator[tuple[int, str]]:
    """Yield the number of each part that says something else than those before, and what.

    Parameters
    ----------
    parts
        Number and facts of each part, the first one first.
    words
        Fact -> word.
    """
    for fact, word in words.items():
        if word == "require":
            yield from _unequal(parts, fact)
        elif word != "first" and fact not in _LISTS:
            yield from _contradicting(parts, fact)


def _unequal(parts: Sequence[tuple[int, Facts]], fact: str) -> Iterator[tuple[int, str]]:
    first = parts[0][1]
    wanted = told(first, fact)
    for number, part in parts[1:]:
        said = told(part, fact)
        if said != wanted:
            count = min(first.sizes["C"], part.sizes["C"])  # a further channel is told of as a size
            for key in dict.fromkeys((*wanted, *said)):
                if wanted.get(key) != said.get(key) and not (fact == "channels" and key[1] >= count):
                    yield number, f"{_label(key)}: {_shown(key, wanted.get(key))} and {_shown(key, said.get(key))}"


def _contradicting(parts: Sequence[tuple[int, Facts]], fact: str) -> Iterator[tuple[int, str]]:
    known: dict[tuple[Any, ...], tuple[int, Any]] = {}
    for number, part in parts:
        for key, value in told(part, fact).items():
            teller, before = known.setdefault(key, (number, value))
            if before != value:
                place = "" if teller == parts[0][0] else f" in part {teller}"
                yield number, f"{_label(key)}: {_shown(key, before)}{place} and {_shown(key, value)}"


def told(part: Facts, fact: str) -> Told:
    """Return what an image knows of a fact."""
    if fact == "channels":
        columns = part.channels.items()
        return {
            (fact, at, name): value for name, values in columns for at, value in enumerate(values) if value is not None
        }
    value = getattr(part.static, fact)
    if fact in _LISTS:
        return {(fact,): jsonable(value)} if value else {}
    if fact in ("objective", "stage_position"):
        return {(fact, name): entry for name, entry in (value or {}).items() if entry is not None}
    return {} if value is None else {(fact,): value}


def _label(key: tuple[Any, ...]) -> str:
    words = ["channel" if word == "channels" else str(word) for word in key]
    return " ".join(words).removesuffix("_nm").removesuffix("_um")


def _shown(key: tuple[Any, ...], value: Any) -> str:
    if value is None:
        return "unknown"
    name = str(key[-1])
    unit = " nm" if name.endswith("_nm") else " µm" if name.endswith("_um") or key[0] == "stage_position" else ""
    return short(f"{value:.15g}" if isinstance(value, float) else value) + unit


def shared(parts: Sequence[Facts], words: Mapping[str, Sharing]) -> Facts:
    """Return the first part's facts with those of the others that the words ask for."""
    joined = parts[0]
    others = list({id(part): part for part in parts[1:] if part is not joined}.values())
    for fact, word in words.items():
        if word == "union" and fact not in _LISTS:
            joined = _filled(joined, others, fact)
    if words.get("annotations") == "union":
        joined = joined.with_static(annotations=_all_annotations(parts))
    if words.get("original") == "union":
        joined = joined.with_static(original=_all_originals(parts))
    return joined


def _filled(first: Facts, others: Iterable[Facts], fact: str) -> Facts:
    known = told(first, fact)
    sources: dict[str, str] = {}
    for other in others:
        added = {key: value for key, value in told(other, fact).items() if key not in known}
        known |= added
        sources |= _sources(other, added)
    if fact == "channels":
        count = range(first.sizes["C"])
        columns = {name: tuple(known.get((fact, at, name)) for at in count) for name in CHANNEL_FIELDS}
        channels = {name: values for name, values in columns.items() if any(value is not None for value in values)}
        return replace(first, channels=channels).with_sources(sources)
    whole: Any = known.get((fact,)) if (fact,) in known else {key[1]: value for key, value in known.items()} or None
    return first.with_static(**{fact: whole}).with_sources(sources)


def _sources(part: Facts, keys: Iterable[tuple[Any, ...]]) -> dict[str, str]:
    """Return where a part has facts from, by the names under which sources are kept."""
    names = [f"channels[{key[1]}].{key[2]}" if key[0] == "channels" else ".".join(key) for key in keys]
    return {name: part.static.sources[name] for name in names if name in part.static.sources}


def _all_annotations(parts: Sequence[Facts]) -> tuple[Mapping[str, Any], ...]:
    distinct = {id(part.static.annotations): part.static.annotations for part in parts}
    found = {json.dumps(jsonable(note), sort_keys=True): note for notes in distinct.values() for note in notes}
    return tuple(found.values())


def _all_originals(parts: Sequence[Facts]) -> Original:
    pieces = [piece for part in parts for piece in _originals(part.static.original)]
    return Original(partial(_load_originals, tuple(pieces)))


def _originals(original: Original) -> tuple[Original, ...]:
    """Take what was joined apart again, so that it does not nest."""
    loader = original.loader
    if isinstance(loader, partial) and loader.func is _load_originals:
        return tuple(loader.args[0])
    return (original,)


def _load_originals(originals: tuple[Original, ...]) -> Mapping[str, Any]:
    first = originals[0]
    if all(other == first for other in originals[1:]):
        return first
    return {"parts": [dict(original) for original in originals]}
