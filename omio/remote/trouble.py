"""What goes wrong on the way to a file elsewhere, as errors of omio; what may pass is tried again, a few times.

File systems of fsspec raise what their clients raise. Their texts may hold signed addresses and keys, so omio's errors
repeat them only with every secret taken out, and without the original error behind them.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from omio.errors import (
    ChangedFileError,
    FileAccessError,
    FileMissingError,
    MissingDependencyError,
    OmioError,
    OptionError,
    RemoteError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from omio.remote.urls import Url

TRIES = 4
"""So often a request is made in all where the trouble may pass."""
FIRST_PAUSE = 0.2
"""Seconds before the second try; each further pause is about twice as long."""

type Kind = Literal["missing", "denied", "changed", "passing", "package", "option", "answer"]

_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
_BY_STATUS: dict[int, Kind] = {
    401: "denied",
    403: "denied",
    404: "missing",
    410: "missing",
    412: "changed",
    416: "changed",
}
_CLIENTS = ("aiohttp", "botocore", "aiobotocore", "urllib3", "requests")
_DENIED = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError")


@dataclass(frozen=True)
class Trouble:
    """An error of a file system, understood.

    Attributes
    ----------
    kind
        What it means; ``"passing"`` is worth another try.
    status
        Number of the HTTP answer, where there was one.
    text
        What the client says.
    """

    kind: Kind
    status: int | None
    text: str

    @classmethod
    def of(cls, error: BaseException) -> Trouble:
        """Look at an error and what it came from: many clients hide a refusal behind "not found"."""
        chain = list(_chain(error))
        status = next((found for link in chain if (found := _status(link)) is not None), None)
        kind = _kind(chain, status)
        return cls(kind, status, next(filter(None, (str(link).strip() for link in reversed(chain))), ""))

    def error(self, url: Url, tries: int = 1) -> OmioError:
        """Return the error to raise."""
        said = url.hides(self.text)
        told = f"the server answers {self.status}" if self.status else said
        if self.kind == "missing":
            return FileMissingError("no such file or folder", path=url)
        if self.kind == "denied":
            return FileAccessError(
                f"access is denied: {told}", path=url, remedy="Give credentials in storage_options=."
            )
        if self.kind == "changed":
            return ChangedFileError("changed after it was opened", path=url, remedy="Open it again.")
        if self.kind == "package":
            remedy = INSTALL if url.scheme in BROUGHT else None
            return MissingDependencyError(f"{url.scheme}:// needs a package: {said}", path=url, remedy=remedy)
        if self.kind == "option":
            return OptionError(f"the file system cannot be made: {said}", path=url, remedy="See storage_options=.")
        after = f" after {tries} tries" if tries > 1 else ""
        return RemoteError(f"cannot be read{after}: {told or 'no reason is given'}", path=url)


INSTALL = 'pip install "omio[cloud]"'
BROUGHT = ("http", "https", "s3", "s3a", "gs", "gcs")
"""Schemes for which the extra brings a package."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(10):
        if link is None:
            return
        yield link
        link = link.__cause__


def _status(error: BaseException) -> int | None:
    """Return the number of the answer, as aiohttp, botocore and gcsfs keep it."""
    response = getattr(error, "response", None)
    told = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    for number in (told, getattr(error, "status", None)):
        if isinstance(number, int):
            return number
    number = getattr(error, "code", None)
    return number if isinstance(number, int) and 400 <= number < 600 else None


def _kind(chain: list[BaseException], status: int | None) -> Kind:
    if status is not None:
        return "passing" if status in _PASSING else _BY_STATUS.get(status, "answer")
    if any(isinstance(link, PermissionError) or type(link).__name__ in _DENIED for link in chain):
        return "denied"
    if any(isinstance(link, ImportError) for link in chain):
        return "package"
    clients = [link for link in chain if type(link).__module__.partition(".")[0] in _CLIENTS]
    if clients or any(isinstance(link, TimeoutError | ConnectionError) for link in chain):
        return "passing"
    if isinstance(chain[-1], FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return "missing"
    if isinstance(chain[-1], OSError):
        return "passing"
    return "option" if isinstance(chain[-1], TypeError | ValueError) else "answer"


def pause(tries: int) -> float:
    """Return the seconds to wait after so many tries; not the same for all who wait."""
    return FIRST_PAUSE * 2.0 ** (tries - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def patiently[R](call: Callable[[], R], url: Url) -> R:
    """Return what `call` returns; passing trouble is tried again.

    Raises
    ------
    FileMissingError, FileAccessError, ChangedFileError, MissingDependencyError, OptionError, RemoteError
        What cannot be helped.
    """
    tries = 1
    while True:
        try:
            return call()
        except Exception as error:
            if (hopeless := _hopeless(error, url, tries)) is not None:
                raise hopeless from None
        time.sleep(pause(tries))
        tries += 1


async def patiently_async[R](call: Callable[[], Awaitable[R]], url: Url) -> R:
    """Do as `patiently`, without keeping others from their work."""
    import asyncio

    tries = 1
    while True:
        try:
            return await call()
        except Exception as error:
            if (hopeless := _hopeless(error, url, tries)) is not None:
                raise hopeless from None
        await asyncio.sleep(pause(tries))
        tries += 1


def _hopeless(error: Exception, url: Url, tries: int) -> OmioError | None:
    """Return what cannot be helped by another try; None for what may pass."""
    if isinstance(error, OmioError):
        return error
    trouble = Trouble.of(error)
    return None if trouble.kind == "passing" and tries < TRIES else trouble.error(url, tries)
