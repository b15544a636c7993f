"""What readers filled, because it cannot be read or is not there: told to whoever listens.

Warnings of it are for people, and come once. Whoever has to know for every plane listens while it is read: readers
`tell` in the thread that they happen to work in.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fill(NamedTuple):
    """Pixels that stand in the place of others.

    Attributes
    ----------
    place
        Where in the file these should be.
    cause
        Why they are not.
    absent
        Whether the file does not hold them at all; else what it holds cannot be read.
    """

    place: str
    cause: str
    absent: bool


_listeners: list[list[Fill]] = []
_changing = Lock()


def tell(place: str, cause: str, *, absent: bool = False) -> None:
    """Say that pixels were filled; costs nothing where nobody listens. Safe in any thread."""
    for listener in tuple(_listeners):
        listener.append(Fill(place, cause, absent))


@contextmanager
def listening() -> Iterator[list[Fill]]:
    """Collect what is filled anywhere in this process inside the ``with`` block."""
    heard: list[Fill] = []
    with _changing:
        _listeners.append(heard)
    try:
        yield heard
    finally:
        with _changing:
            _listeners[:] = [listener for listener in _listeners if listener is not heard]
