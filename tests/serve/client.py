"""A plain HTTP client that sends what it is told to, right or wrong."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omio.serve.server import Server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    server: Server, path: str, *, method: str = "GET", host: str | None = "", whole: bool = False, **headers: str
) -> Answer:
    """Ask for a path below the token, or with ``whole=True`` for just that; an empty host is the right one."""
    target = path if whole else urlsplit(server.url).path + path
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        if host is not None:
            connection.putheader("Host", host or f"127.0.0.1:{server.port}")
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


def first_id(server: Server) -> str:
    """Return the id of the first image."""
    return str(ask(server, "api/images").json["images"][0]["id"])
