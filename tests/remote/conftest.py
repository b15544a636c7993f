"""Servers, one of each for all tests here; and a process-wide cache that no test inherits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from omio.lazy.handles import HANDLES
from omio.remote import trouble
from omio.remote.cache import CACHE
from tests.remote.nginx import Nginx, nginx, nginx_program
from tests.remote.s3 import S3, lacking, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Know nothing of files elsewhere, and wait for nobody."""
    CACHE.forget_all()
    monkeypatch.setattr(trouble, "FIRST_PAUSE", 0.001)
    yield
    HANDLES.clear()


@pytest.fixture(scope="session")
def http_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    if nginx_program() is None:
        pytest.skip("nginx is not installed")
    with nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture
def http(http_server: Nginx) -> Nginx:
    http_server.requests()
    return http_server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    if package := lacking():
        pytest.skip(f"{package} is not installed")
    with s3_server() as server:
        yield server


@pytest.fixture
def folder() -> str:
    """Return the URL of a folder in memory that no other test uses."""
    return f"memory://test-{uuid4().hex}"
