"""`Server`: a thread that answers on a port of this machine until it is stopped, or the process ends."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

import uvicorn

from omio.arguments import checked
from omio.errors import OmioError, OptionError
from omio.naming import counted
from omio.serve.app import make_app
from omio.serve.catalogue import Catalogue
from omio.serve.guard import Guard, origins
from omio.serve.limits import Limits
from omio.serve.protocol import impatient
from omio.serve.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from omio.serve.catalogue import Source

ADDRESS = "127.0.0.1"
_BACKLOG = 128


@checked
class Server:
    """Shows images in a browser and as OME-Zarr; see `omio.serve`.

    It answers this machine alone, and whoever knows the token in the URL. As a context manager it stops at the end of
    the block.

    Parameters
    ----------
    sources
        Datasets, collections, or paths.
    port
        0: any that is free.
    allow_origin
        Origins whose pages may read, such as ``"https://viewer.example.org"``.
    embedded
        Whether pages of any origin that know the URL may show pictures of it; that lets none read their pixels.
    limits
        What a request may cost.

    Raises
    ------
    OmioError
        A path that cannot be opened, an origin that is none, a port that is taken.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        port: int = 0,
        allow_origin: Sequence[str] | str = (),
        embedded: bool = False,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        allowed = origins(allow_origin)
        self._catalogue = Catalogue(sources)
        self._token = secrets.token_urlsafe(32)
        self._work = Work(limits)
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        app = make_app(self._catalogue, self._work, limits)
        self._server = uvicorn.Server(
            uvicorn.Config(
                Guard(app, self._token, self.port, allowed, limits, embedded),
                http=impatient(limits),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=limits.connections,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="omio-server", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the page is. It holds the token: whoever has it can see the images."""
        return f"http://{ADDRESS}:{self.port}/{self._token}/"

    @property
    def zarr_url(self) -> str:
        """The first image as OME-Zarr 0.5."""
        return self.zarr()

    def zarr(self, number: int = 0, *, scene: int = 0, version: Literal["0.4", "0.5"] = "0.5") -> str:
        """Return the URL of an image as OME-Zarr: of the image of that number in the list of the page."""
        return f"{self.url}zarr/{self._entry(number)}/{version}/{scene}.ome.zarr"

    def tile_url(self, number: int = 0, **words: object) -> str:
        """Return the URL of the tiles of an image, as maps want it: they fill in ``{z}``, ``{x}`` and ``{y}``.

        Parameters
        ----------
        number
            Of the image in the list of the page.
        **words
            What tiles take: ``t=1``, ``c="0,2"``, ``edge="pad"``.
        """
        return f"{self.url}api/{self._entry(number)}/tile/{{z}}/{{x}}/{{y}}.png?{urlencode(words)}".rstrip("?")

    def _entry(self, number: int) -> str:
        entries = tuple(self._catalogue.entries)
        if not 0 <= number < len(entries):
            raise OptionError(f"no image {number}", remedy=counted(len(entries), "image"))
        return entries[number]

    def wait(self) -> None:
        """Wait until the server is stopped."""
        while self._thread.is_alive():  # in short naps: Windows cannot interrupt a long one
            self._thread.join(0.2)

    def stop(self) -> None:
        """Answer no more; harmless when repeated."""
        self._server.should_exit = True
        self._work.close()
        self._thread.join()
        self._socket.close()
        self._catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self._thread.is_alive() else "stopped"
        return f"<Server {self.url} {state}>"


def _listening(port: int) -> socket.socket:
    """Return a socket that takes connections from this machine."""
    # asyncio turns Nagle's delay of 40 ms off only where the protocol is named
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # a port can be used again at once; on Windows this would share it with others
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((ADDRESS, port))
    except (OSError, OverflowError) as error:
        found.close()
        remedy = "Choose another, or 0 for any that is free."
        raise OmioError(f"port {port} cannot be used: {error}", remedy=remedy) from error
    found.listen(_BACKLOG)
    return found
