"""What is wrong with values that users give, in one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

UNKNOWN = "extra_forbidden"
"""What pydantic calls a field that there is not."""
_KIND = re.compile(r"[a-z]+(-[a-z]+)*\[.*\]$|constrained-[a-z]+$")
"""How pydantic calls the kinds that a value may be of."""


def problems(error: ValidationError) -> str:
    """Return each field that was refused, and why.

    Of a field that may be of several kinds pydantic tells why each of them does not fit, and names their types: what
    omio itself says of a value then stands for all.
    """
    found: dict[str, list[tuple[bool, str]]] = {}
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"] if not _KIND.match(str(part)))
        text = "there is no such field" if item["type"] == UNKNOWN else item["msg"].removeprefix("Value error, ")
        found.setdefault(place, []).append((item["type"] == "value_error", text))
    return "; ".join(
        ": ".join(part for part in (place, text) if part) for place, said in found.items() for text in _chosen(said)
    )


def _chosen(said: list[tuple[bool, str]]) -> dict[str, None]:
    """Return what is said of a place, once each."""
    own = [text for is_own, text in said if is_own]
    return dict.fromkeys(own or [text for _, text in said])
