"""How commands list the planes that are not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LISTED = 20
"""So many planes of a state are listed; --json gives all."""


def lines(found: Mapping[str, Any], label: str = "planes") -> Iterator[str]:
    """Lay out what `omio.checks.Condition.to_dict` gives."""
    states = {state: found[state] for state in ("damaged", "missing")}
    counts = [f"{found['whole']} of {found['planes']} whole"]
    counts += [f"{len(planes)} {state}" for state, planes in states.items() if planes]
    yield f"  {label}: {', '.join(counts)}"
    for state, planes in states.items():
        for plane in planes[:LISTED]:
            yield f"    {plane['plane']} {state}: " + ": ".join(filter(None, (plane["place"], plane["cause"])))
        if len(planes) > LISTED:
            yield f"    and {len(planes) - LISTED} more {state}"
