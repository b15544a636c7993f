"""What is wrong with values that users give, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def problems(error: ValidationError) -> str:
    """Return each field that was refused, and why."""
    return "; ".join(
        ": ".join(part for part in (".".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, ")) if part)
        for item in error.errors()
    )
