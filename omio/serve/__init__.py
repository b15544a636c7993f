"""Images in a browser and as OME-Zarr by URL, from this machine to this machine; needs the extra ``serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omio.arguments import checked_call
from omio.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omio.serve.catalogue import Source
    from omio.serve.server import Server


@checked_call
def serve(
    *sources: Source,
    port: int = 0,
    open: bool = False,  # noqa: A002 - the word that users know
    allow_origin: Sequence[str] | str = (),
) -> Server:
    """Show images in a browser, and as OME-Zarr by URL, until the server is stopped or the process ends.

    Parameters
    ----------
    sources
        Datasets, collections, or paths of files, folders and patterns.
    port
        Of this machine; 0: any that is free.
    open
        Open the page in the user's browser.
    allow_origin
        Origins whose pages may read, each exactly, such as ``"https://viewer.example.org"``:
        for viewers that lie elsewhere.

    Raises
    ------
    MissingDependencyError
        The extra ``serve`` is not installed.
    OmioError
        A path that cannot be opened, an origin that is none, a port that is taken.
    """
    server = new_server(sources, port=port, allow_origin=allow_origin)
    if open:
        import webbrowser

        webbrowser.open(server.url)
    return server


def new_server(sources: Sequence[Source], **options: Any) -> Server:
    """Return a `Server`, which tells what the options are; `MissingDependencyError` where the extra is missing."""
    try:
        from omio.serve.server import Server
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        remedy = 'Install it: pip install "omio[serve]".'
        raise MissingDependencyError(f"{error.name} is not installed", remedy=remedy) from error
    return Server(sources, **options)
