"""Who is answered, and with which headers: held to the promises one by one, over real connections."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from omio.errors import OptionError
from omio.serve import new_server, serve
from omio.serve.guard import origins
from tests.serve.client import ask, first_id

if TYPE_CHECKING:
    import omio
    from omio.serve.server import Server

VIEWER = "https://viewer.example.org"


def token(server: Server) -> str:
    return server.url.split("/")[3]


def test_only_this_machine_can_connect(server: Server) -> None:
    assert server._socket.getsockname()[0] == "127.0.0.1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: says which address of this machine leads out
        except OSError:
            pytest.skip("this machine has no other address")
        outer = probe.getsockname()[0]
    if outer.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError, match=r"refused|timed out"):
        socket.create_connection((outer, server.port), timeout=2).close()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_names_of_this_machine_are_answered(server: Server, name: str) -> None:
    assert ask(server, "api/images", host=f"{name}:{server.port}").status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "evil.example.org:{port}",
        "127.0.0.1.evil.example.org:{port}",
        "localhost.evil.example.org:{port}",
        "evil.example.org:{port}@127.0.0.1:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}1",
        "0.0.0.0:{port}",
        "127.0.0.2:{port}",
        "[::]:{port}",
        "2130706433:{port}",
    ],
)
def test_a_rebound_name_is_refused(server: Server, host: str) -> None:
    """A page of another site whose name now leads here sends that name, and knows the token or not."""
    answer = ask(server, "api/images", host=host.format(port=server.port))
    assert answer.status == 403
    assert b"images" not in answer.body


def test_a_request_without_a_host_is_refused(server: Server) -> None:
    assert raw(server, f"GET /{token(server)}/api/images HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert raw(server, f"GET /{token(server)}/api/images HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_two_hosts_are_refused(server: Server) -> None:
    hosts = f"Host: 127.0.0.1:{server.port}\r\nHost: evil.example.org\r\n"
    assert raw(server, f"GET /{token(server)}/api/images HTTP/1.1\r\n{hosts}\r\n").startswith(b"HTTP/1.1 400")


def raw(server: Server, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(text.encode())
        return connection.recv(65536)


def test_without_the_token_nothing_is_said(server: Server) -> None:
    own = token(server)
    wrong = ["", "x", own[:-1], own + "x", own.swapcase(), f"x/{own}", f"%2f{own}", "..", "*", "☃"]
    for text in wrong:
        for rest in ("", "/", "/api/images", f"/api/{first_id(server)}/info"):
            answer = ask(server, f"/{quoted(text)}{rest}", whole=True)
            assert (answer.status, answer.json["cause"]) == (403, "no token, or another one"), (text, rest)


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode()) if not text.isascii() else text


def test_a_token_is_long_and_of_one_server_alone(image: omio.MicroscopyDataset, server: Server) -> None:
    with serve(image) as other:
        assert token(other) != token(server)
        assert len(token(other)) >= 43  # 32 bytes
        answer = ask(other, f"/{token(server)}/api/images", whole=True)
    assert answer.status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_only_get_and_head_are_answered(server: Server, method: str) -> None:
    answer = ask(server, "api/images", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_a_body(server: Server) -> None:
    get, head = ask(server, "api/images"), ask(server, "api/images", method="HEAD")
    assert head.body == b""
    assert head.headers["content-length"] == str(len(get.body))


def paths_that_lead_elsewhere(own: str) -> list[str]:
    up = ("../", "%2e%2e/", "%2e%2e%2f", "..%2f", "..\\", "..%5c", "....//", "%252e%252e%252f", "..%00/")
    starts = ("", "static/", f"api/{own}/associated/", f"zarr/{own}/0.5/0.ome.zarr/", "dzi/", "api/", "zarr/")
    climbing = [start + step * 8 + "etc/passwd" for start in starts for step in up]
    absolute = [f"{start}{path}" for start in starts for path in ("/etc/passwd", "file:///etc/passwd", "C:\\x")]
    remote = [f"{start}http://127.0.0.1:1/x" for start in starts]
    return climbing + [path.replace(" ", "%20") for path in absolute + remote]


def test_no_path_of_a_request_leads_to_a_file(server: Server) -> None:
    for path in paths_that_lead_elsewhere(first_id(server)):
        answer = ask(server, path)
        assert answer.status in (400, 404), path
        assert b"root:" not in answer.body
        assert answer.json["cause"]


def test_absolute_targets_are_paths_like_any_other(server: Server) -> None:
    assert ask(server, "http://evil.example.org/", whole=True).status == 403
    assert ask(server, f"http://127.0.0.1:{server.port}/{token(server)}/api/images", whole=True).status == 403


@pytest.mark.parametrize(
    "path", ["api", "api/", "static", "static/", "zarr", "zarr/", "dzi/", "zarr/{id}/0.5/0.ome.zarr/"]
)
def test_no_folder_is_listed(server: Server, path: str) -> None:
    assert ask(server, path.format(id=first_id(server))).status == 404


def test_every_answer_carries_the_headers_that_browsers_heed(server: Server) -> None:
    answers = [
        ask(server, "api/images"),
        ask(server, "api/none/info"),
        ask(server, "/", whole=True),
        ask(server, "api/images", method="POST"),
        ask(server, f"api/{first_id(server)}/pixel?x=1&y=1"),
        ask(server, f"zarr/{first_id(server)}/0.5/0.ome.zarr/0/c/0/0/0/0/0"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"].startswith(("private", "no-store"))
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert policy.endswith("frame-ancestors 'none'")
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers


def test_no_origin_may_read_unless_it_is_named(server: Server) -> None:
    for origin in (VIEWER, "null", f"http://127.0.0.1:{server.port}"):
        assert "access-control-allow-origin" not in ask(server, "api/images", Origin=origin).headers


def test_a_named_origin_may_read_and_no_other(image: omio.MicroscopyDataset) -> None:
    with serve(image, allow_origin=[VIEWER]) as open_to_one:
        named = ask(open_to_one, "api/images", Origin=VIEWER)
        others = [
            ask(open_to_one, "api/images", Origin=origin)
            for origin in ("null", f"{VIEWER}.evil.example.org", "http://viewer.example.org", f"{VIEWER}:444", "")
        ]
        asked: dict[str, Any] = {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Private-Network": "true",
        }
        before = ask(open_to_one, "api/images", method="OPTIONS", Origin=VIEWER, **asked)
        refused = ask(open_to_one, "api/images", method="OPTIONS", Origin="null", **asked)
        without_token = ask(open_to_one, "/x/api/images", whole=True, method="OPTIONS", Origin=VIEWER)
    assert named.headers["access-control-allow-origin"] == VIEWER
    assert named.headers["vary"] == "Origin"
    assert all("access-control-allow-origin" not in answer.headers for answer in others)
    assert all(answer.headers["vary"] == "Origin" for answer in others)
    assert (before.status, before.headers["access-control-allow-methods"]) == (204, "GET, HEAD")
    assert before.headers["access-control-allow-private-network"] == "true"
    assert refused.status == 405
    assert without_token.status == 403


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "", "viewer.example.org", f"{VIEWER}/", f"{VIEWER}/page", "file://", "https://*.example.org",
     "https://user@example.org", f"{VIEWER}, https://b.org", "HTTPS://viewer.example.org", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(image: omio.MicroscopyDataset, origin: str) -> None:
    with pytest.raises(OptionError, match="no origin"):
        serve(image, allow_origin=[origin])


def test_one_origin_may_be_given_as_text() -> None:
    assert origins(VIEWER) == (VIEWER,)
    assert origins(["http://localhost:8080", VIEWER]) == ("http://localhost:8080", VIEWER)


def test_a_url_may_not_be_endless(server: Server) -> None:
    assert ask(server, "api/images?x=" + "1" * 5000).status == 400


def test_an_upgrade_is_no_other_protocol(server: Server) -> None:
    answer = ask(server, "api/images", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="13")
    assert answer.status == 200


def test_only_embedded_pictures_are_shown_by_other_pages(image: omio.MicroscopyDataset, server: Server) -> None:
    assert ask(server, "api/images").headers["cross-origin-resource-policy"] == "same-origin"
    with new_server([image], embedded=True) as embedded:
        answer = ask(embedded, "api/images", Origin="https://elsewhere.example.org")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert ask(embedded, "/x/api/images", whole=True).status == 403
