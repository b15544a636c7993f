"""What stands before every route: Host, token, method, origin, and the headers that each answer carries.

Names that come to mean this machine while a page of theirs is open (DNS rebinding) do not get past the Host, other
programs not past the token, other pages not past the missing CORS headers.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from omio.errors import OptionError
from omio.serve.answers import problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from omio.serve.limits import Limits

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names of this machine."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",  # the URL holds the token
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def origins(given: Sequence[str] | str) -> tuple[str, ...]:
    """Return the origins that may read, as browsers write them.

    Raises
    ------
    OptionError
        What is no origin: a scheme and a host alone, no ``*`` and no path.
    """
    found = (given,) if isinstance(given, str) else tuple(given)
    wrong = [repr(origin) for origin in found if not _is_origin(origin)]
    if wrong:
        remedy = 'Name each exactly, such as "https://viewer.example.org".'
        raise OptionError(f"allow_origin: {', '.join(wrong)} is no origin", remedy=remedy)
    return found


def _is_origin(text: object) -> bool:
    if not isinstance(text, str):
        return False
    parts = urlsplit(text)
    exact = f"{parts.scheme}://{parts.netloc}" == text == text.lower()
    return exact and parts.scheme in ("http", "https") and bool(parts.hostname) and not set("@*;, ") & set(text)


@dataclass(frozen=True)
class Guard:
    """Lets through GET and HEAD below the token, asked of this machine by name, and takes the token off the path."""

    app: ASGIApp
    token: str
    port: int
    origins: tuple[str, ...]
    limits: Limits
    embedded: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), origin)
            await send(message)

        refused = self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, marked)
            return
        rest = scope["path"][1 + len(self.token) :]
        await self.app({**scope, "path": rest, "raw_path": rest.encode()}, receive, marked)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return problem(403, "another Host than this machine")
        token = scope["path"].split("/", 2)[1:2] or [""]
        if not hmac.compare_digest(token[0].encode(), self.token.encode()) or not scope["path"].startswith("/"):
            return problem(403, "no token, or another one")
        if scope["method"] == "OPTIONS" and headers.get("origin", "") in self.origins:
            return _preflight(headers)
        if scope["method"] not in ("GET", "HEAD"):
            return problem(405, "only GET and HEAD are answered", headers={"allow": "GET, HEAD"})
        if len(scope["raw_path"]) + len(scope["query_string"]) > self.limits.url:
            return problem(400, f"a URL of more than {self.limits.url} characters")
        return None

    @property
    def _hosts(self) -> tuple[str, ...]:
        plain = LOOPBACK if self.port == 80 else ()  # browsers leave out the usual port
        return (*(f"{name}:{self.port}" for name in LOOPBACK), *plain)

    def _mark(self, headers: MutableHeaders, origin: str) -> None:
        headers.update(_ALWAYS)
        headers["content-security-policy"] = _POLICY + (" ".join(self.origins) or "'none'")
        headers.setdefault("cache-control", "private, no-cache")
        if self.embedded:
            headers["cross-origin-resource-policy"] = "cross-origin"
        if not self.origins:
            return
        headers.add_vary_header("Origin")
        if origin in self.origins:
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = "Content-Length, Content-Range, Accept-Ranges, ETag"
            headers["cross-origin-resource-policy"] = "cross-origin"


def _preflight(headers: Headers) -> Response:
    """Tell a page of an allowed origin what it may send."""
    told = {
        "access-control-allow-methods": "GET, HEAD",
        "access-control-allow-headers": "Range, If-None-Match, If-Range",
        "access-control-max-age": "600",
    }
    if headers.get("access-control-request-private-network") == "true":
        told["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=told)
