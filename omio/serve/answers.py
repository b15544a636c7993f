"""Answers over HTTP: JSON, bytes with entity tags and ranges, and errors that name no place on this machine."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from omio.errors import (
    ChangedFileError,
    DamagedFileError,
    FileMissingError,
    MemoryLimitError,
    OmioError,
    SceneError,
    SelectionError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

KEPT = "private, max-age=3600"
"""What an image shows does not change while its server runs: its files are checked before they are read."""
_ABSOLUTE = re.compile(r"(?<![\w.:/\\-])(?:[A-Za-z][\w+.-]*:)?[\\/](?:[^\s'\"<>|:;,/\\]*[\\/])*(?=[^\s'\"<>|:;,/\\])")
"""The folders of an absolute path or URL."""
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (MemoryLimitError, 413),
    (SelectionError, 404),
    (SceneError, 404),
    (IndexError, 404),
    (FileMissingError, 422),
    (DamagedFileError, 422),
    (ChangedFileError, 422),
    (TypeError, 400),
    (ValueError, 400),
)
"""What an error means to a client; anything else is 422: the request was right, the image is not."""


def to_json(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a JSON document; numbers that JSON has not are null."""
    from omio.metadata.original import jsonable

    content = json.dumps(jsonable(document), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(content.encode(), status, headers=headers, media_type="application/json")


def problem(status: int, cause: str, headers: Mapping[str, str] | None = None, **more: str | None) -> Response:
    """Answer that something is wrong; not to be kept."""
    document = {"error": status, "cause": cause, "place": None, "remedy": None, **more}
    return to_json(document, status, {"cache-control": "no-store", **(headers or {})})


def failure(error: OmioError) -> Response:
    """Answer what went wrong with an image, without saying where on this machine it lies."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 422)
    texts = (error.cause, error.place, error.remedy)
    cause, place, remedy = (None if text is None else without_places(text, error.path) for text in texts)
    return problem(status, cause or "unknown", place=place, remedy=remedy, kind=type(error).__name__)


def without_places(text: str, path: object = None) -> str:
    """Take the folders off absolute paths in a text.

    >>> without_places("cannot read /data/ab/cells.czi: no such file")
    'cannot read cells.czi: no such file'
    """
    folder = str(path).replace("\\", "/").rpartition("/")[0] if path else ""
    for known in (folder, folder.replace("/", "\\")):  # a folder whose name holds a space is known only from the error
        if len(known) > 1:
            text = text.replace(f"{known}{'/' if '/' in known else chr(92)}", "").replace(known, "…")
    return _ABSOLUTE.sub("", text)


def tag_of(*facts: object) -> str:
    """Return an entity tag: equal facts give equal tags."""
    return f'"{hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the client says that it has what `tag` stands for."""
    given = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
    return tag in given or "*" in given


def unchanged(tag: str) -> Response:
    """Answer that the client has it already."""
    return Response(status_code=304, headers={"etag": tag, "cache-control": KEPT})


def content(request: Request, body: bytes, media_type: str, tag: str) -> Response:
    """Answer with bytes, or with the one range of them that was asked for."""
    headers = {"etag": tag, "cache-control": KEPT, "accept-ranges": "bytes"}
    wanted = request.headers.get("range")
    if wanted is None or request.headers.get("if-range", tag) != tag:
        return Response(body, headers=headers, media_type=media_type)
    run = range_of(wanted, len(body))
    if run is None:
        return Response(body, headers=headers, media_type=media_type)
    if not len(run):
        return problem(416, "no such range", headers={"content-range": f"bytes */{len(body)}"})
    told = {"content-range": f"bytes {run.start}-{run.stop - 1}/{len(body)}", **headers}
    return Response(body[run.start : run.stop], 206, headers=told, media_type=media_type)


def range_of(text: str, size: int) -> range | None:
    """Return the bytes that a header means: none beyond the end; None where it is not one range (RFC 9110, 14.2).

    >>> range_of("bytes=2-5", 10), range_of("bytes=-3", 10), range_of("bytes=20-", 10), range_of("bytes=1-2,5-6", 10)
    (range(2, 6), range(7, 10), range(0, 0), None)
    """
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", text.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    stop = min(size, int(last) + 1) if last else size
    return range(int(first), stop) if int(first) < stop else range(0)
