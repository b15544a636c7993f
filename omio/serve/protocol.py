"""HTTP/1.1 as uvicorn speaks it, without patience for clients that send or take nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from omio.serve.limits import Limits


def impatient(limits: Limits) -> type[asyncio.Protocol]:
    """Return a protocol that drops a connection whose request, or whose taking of an answer, is not done in time."""

    class Impatient(H11Protocol):
        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wind()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._stop()  # a request is there whole: making the answer has a clock of its own
            elif self._clock is None:
                self._wind()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._wind()

        def resume_writing(self) -> None:
            super().resume_writing()
            self._stop()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _wind(self) -> None:
            self._stop()
            self._clock = asyncio.get_running_loop().call_later(limits.seconds, self.transport.abort)

        def _stop(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
            self._clock = None

    return Impatient
