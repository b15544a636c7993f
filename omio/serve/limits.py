"""What a request may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one server gives at most.

    Attributes
    ----------
    side
        Pixels of a picture along Y and along X.
    encoded
        Bytes of an answer.
    decoded
        Bytes of pixels that one answer reads at once.
    cached
        Bytes of answers that are kept.
    waiting
        Requests that may wait for their turn; more are refused.
    connections
        Open at a time.
    seconds
        Until an answer must be made, and until a client must have sent its request or taken what it was sent.
    url
        Characters of a path with its query.
    """

    side: int = 4096
    encoded: int = 64 << 20
    decoded: int = 256 << 20
    cached: int = 128 << 20
    waiting: int = 256
    connections: int = 256
    seconds: float = 30.0
    url: int = 4096
