"""`WriteReport`: what a writer did, and what the target could not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class WriteReport:
    """What was written.

    Attributes
    ----------
    path
        The name that was used.
    nbytes
        Bytes on disk.
    lost
        What the target cannot hold, one line each, such as ``"channels[0].lut"``; empty when reading it back gives
        the same dataset.
    seconds
        Time it took.
    digests
        With ``verify=True``: SHA-256 of the pixels as read from the source and from the output.
    details
        Compression, tiles, levels, …
    """

    path: str
    nbytes: int
    lost: tuple[str, ...]
    seconds: float
    digests: tuple[str, str] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
