"""Where facts came from, as far as they still stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omio.indexing import positions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.indexing import Index
    from omio.metadata.facts import Facts

_CHANNEL = re.compile(r"channels\[(\d+)\](.*)", re.DOTALL)
_TIME = ("time", "time_increment", "T")


def follow_channels(sources: Mapping[str, str], index: Index) -> Mapping[str, str]:
    """Give the sources of channels the numbers of the selected channels."""
    if not any(name.startswith("channels[") for name in sources):
        return sources
    numbered = {name: (int(match[1]), match[2]) for name in sources if (match := _CHANNEL.fullmatch(name))}
    kept = {name: where for name, where in sources.items() if name not in numbered}
    for new, old in enumerate(positions(index).tolist()):
        kept |= {f"channels[{new}]{rest}": sources[name] for name, (at, rest) in numbered.items() if at == old}
    return kept


def moved_channels(sources: Mapping[str, str], by: int) -> dict[str, str]:
    """Return the sources of channels alone, under numbers that are higher by `by`."""
    found = {name: match for name in sources if (match := _CHANNEL.fullmatch(name))}
    return {f"channels[{int(match[1]) + by}]{match[2]}": sources[name] for name, match in found.items()}


def standing(facts: Facts) -> dict[str, str]:
    """Return the sources of facts that are known: one that a projection or the user took away has none."""
    return {name: where for name, where in facts.static.sources.items() if _stands(facts, name)}


def _stands(facts: Facts, name: str) -> bool:
    if match := _CHANNEL.fullmatch(name):
        at, field = int(match[1]), match[2].removeprefix(".")
        return at < facts.sizes["C"] and facts.channels.get(field, (None,) * facts.sizes["C"])[at] is not None
    field, _, rest = name.partition(".")
    if field == "pixel_size":
        return rest in facts.axes
    if field in _TIME:
        return "T" in facts.axes
    if field in ("planes", "channels"):
        return bool(getattr(facts, field))
    return getattr(facts.static, field, "unheard of") is not None
