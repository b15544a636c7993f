"""nginx, started for a test, on a free port; it writes down each request."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONFIG = """{user}
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format short '$request_method $status $body_bytes_sent $request_uri';
  access_log {folder}/access.log short;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    root {files};
    location /secret/ {{ return 403; }}
    location /busy/ {{ return 503; }}
    location /whole/ {{ alias {files}/; max_ranges 0; }}
  }}
}}
"""


@dataclass(frozen=True)
class Request:
    method: str
    status: int
    nbytes: int
    uri: str


@dataclass
class Nginx:
    """A running server: its address, the folder it serves, and what it was asked."""

    url: str
    files: Path
    log: Path

    def requests(self) -> list[Request]:
        """Return the requests since the last call.

        Each is written down just after its answer, in turn: when a last one of our own is there, all are.
        """
        end = f"/end-{self._seen}"
        with suppress(HTTPError):
            urlopen(self.url + end)  # noqa: S310 - our own
        while end not in self.log.read_text():
            time.sleep(0.005)
        lines = self.log.read_text().splitlines()
        fresh, self._seen = lines[self._seen : -1], len(lines)
        return [Request(method, int(status), int(nbytes), uri) for method, status, nbytes, uri in map(str.split, fresh)]

    _seen: int = 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no server on port {port}; it ended with {process.poll()}")


def nginx_program() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")


@contextmanager
def nginx(folder: Path) -> Iterator[Nginx]:
    """Serve a folder, which is made."""
    files, port = folder / "files", free_port()
    files.mkdir()
    user = "user root;" if getpass.getuser() == "root" else ""  # else its worker could not read what tests write
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(user=user, folder=folder, files=files, port=port))
    program = nginx_program()
    assert program is not None
    process = subprocess.Popen([program, "-c", str(config), "-e", str(folder / "error.log")])
    try:
        wait_for(port, process)
        yield Nginx(f"http://127.0.0.1:{port}", files, folder / "access.log")
    finally:
        process.terminate()
        process.wait(10)
