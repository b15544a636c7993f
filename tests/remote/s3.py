"""A server that speaks S3, moto, started for a test as a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.remote.nginx import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI-EXAMPLEKEY"}


@dataclass(frozen=True)
class S3:
    """A running server and the options by which it is reached; it has the bucket ``run``."""

    endpoint: str

    @property
    def options(self) -> dict[str, Any]:
        return {"endpoint_url": self.endpoint, **KEYS}

    @property
    def system(self) -> Any:
        import s3fs

        return s3fs.S3FileSystem(**self.options, skip_instance_cache=True)

    def put(self, name: str, content: bytes) -> str:
        """Put an object and return its URL."""
        self.system.pipe_file(f"run/{name}", content)
        return f"s3://run/{name}"


def lacking() -> str | None:
    """Say which package is not installed."""
    return next((name for name in ("moto", "flask", "s3fs") if importlib.util.find_spec(name) is None), None)


@contextmanager
def s3_server() -> Iterator[S3]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        server = S3(f"http://127.0.0.1:{port}")
        server.system.mkdir("run")
        yield server
    finally:
        process.terminate()
        process.wait(10)
