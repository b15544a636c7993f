"""What a request may cost: time, turns, connections, bytes."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.serve.cache import ByteCache
from omio.serve.limits import Limits
from omio.serve.server import Server
from tests.serve.client import ask, first_id

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from omio.indexing import Key

SHORT = 0.4


@dataclass(frozen=True, eq=False)
class Slow(ArrayRecipe):
    """Pixels that come when they are let through."""

    gate: Any = None
    reads: Any = None

    def read(self, key: Key, out: NDArray[Any]) -> None:
        self.reads.append(key)
        self.gate.wait(10)
        super().read(key, out)


@dataclass(frozen=True, eq=False)
class Paced(Slow):
    """Tiles of 1000 x 1000 pixels, each of which takes a while."""

    @property
    def chunk(self) -> tuple[int, ...]:
        return (1, 1, 1, 1000, 1000)

    def read(self, key: Key, out: NDArray[Any]) -> None:
        time.sleep(0.05)
        super().read(key, out)


@pytest.fixture
def slow() -> Slow:
    return Slow(np.zeros((1, 1, 1, 64, 64), "uint8"), gate=threading.Event(), reads=[])


def shown(recipe: Slow, **limits: Any) -> Server:
    image = omio.MicroscopyDataset(recipe, Facts.of(recipe.shape))
    return Server([image], limits=Limits(**limits))


def chunk_of(server: Server) -> str:
    return f"zarr/{first_id(server)}/0.5/0.ome.zarr/0/c/0/0/0/0/0"


def test_an_answer_that_takes_too_long_is_given_up(slow: Slow) -> None:
    with shown(slow, seconds=SHORT) as server:
        path, before = chunk_of(server), time.monotonic()
        answer = ask(server, path)
        assert time.monotonic() - before < 5
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        slow.gate.set()
        assert ask(server, path).status == 200


def test_long_work_ends_at_its_next_step(slow: Slow) -> None:
    slow.gate.set()
    large = Paced(np.zeros((1, 1, 1, 6000, 6000), "uint8"), gate=slow.gate, reads=slow.reads)
    with shown(large, seconds=SHORT) as server:
        info = f"zarr/{first_id(server)}/0.5/0.ome.zarr"
        assert ask(server, f"{info}/zarr.json").status == 200
        assert ask(server, f"{info}/4/c/0/0/0/0/0").status == 503
        time.sleep(0.3)
        begun = len(slow.reads)
        time.sleep(0.3)
        assert begun == len(slow.reads) < 36


def test_no_more_may_wait_than_is_said(slow: Slow) -> None:
    with shown(slow, waiting=2, seconds=5) as server, ThreadPoolExecutor(8) as clients:
        path = chunk_of(server)
        waiting = [clients.submit(ask, server, path) for _ in range(8)]
        while sum(answer.done() for answer in waiting) < 6:
            time.sleep(0.01)
        slow.gate.set()
        statuses = sorted(answer.result().status for answer in waiting)
    assert statuses == [200] * 2 + [503] * 6


def test_what_nobody_waits_for_any_more_is_not_begun(slow: Slow) -> None:
    with omio.config(threads=1), shown(slow) as server:
        path = chunk_of(server)
        first = threading.Thread(target=ask, args=(server, path))
        first.start()
        while not slow.reads:
            time.sleep(0.01)
        with socket.create_connection(("127.0.0.1", server.port)) as impatient:
            target = f"{server.url.removeprefix(f'http://127.0.0.1:{server.port}')}{path}?"
            impatient.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
            while server._work._pending < 2:
                time.sleep(0.01)
        while server._work._pending > 1:
            time.sleep(0.01)
        slow.gate.set()
        first.join()
        time.sleep(0.1)
        assert len(slow.reads) == 1


def test_a_client_that_sends_slowly_is_dropped(image: omio.MicroscopyDataset) -> None:
    with Server([image], limits=Limits(seconds=SHORT)) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as slow_client:
            slow_client.sendall(b"GET / HTTP/1.1\r\n")
            began = time.monotonic()
            assert refuses_a_byte(slow_client)
        assert time.monotonic() - began < 4
        assert ask(server, "api/images").status == 200


def test_a_client_that_says_nothing_is_dropped(image: omio.MicroscopyDataset) -> None:
    with Server([image], limits=Limits(seconds=SHORT)) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as silent:
            began = time.monotonic()
            assert dropped(silent)
        assert time.monotonic() - began < 4


def refuses_a_byte(connection: socket.socket) -> bool:
    """Send a byte now and then for a while; whether that comes to an end before."""
    try:
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def dropped(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_client_that_takes_nothing_is_dropped() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 1, 1, 3000, 3000)).astype("uint8")
    with Server([omio.MicroscopyDataset.from_array(noise)], limits=Limits(seconds=0.8)) as server:
        path, own = chunk_of(server), server.url.removeprefix(f"http://127.0.0.1:{server.port}")
        with socket.socket() as greedy:
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.settimeout(5)
            greedy.connect(("127.0.0.1", server.port))
            request = f"GET {own}{path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
            greedy.sendall(request * 50)
            assert greedy.recv(1) == b"H"
            began = time.monotonic()
            while server._server.server_state.connections and time.monotonic() - began < 8:
                time.sleep(0.05)
            assert 0.5 < time.monotonic() - began < 6


def test_connections_are_counted(image: omio.MicroscopyDataset) -> None:
    with Server([image], limits=Limits(connections=4)) as server:
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
        time.sleep(0.1)
        assert ask(server, "api/images").status == 503
        for connection in held:
            connection.close()
        time.sleep(0.1)
        assert ask(server, "api/images").status == 200


def test_answers_are_no_larger_than_is_said(image: omio.MicroscopyDataset) -> None:
    with Server([image], limits=Limits(encoded=1000)) as server:
        answer = ask(server, chunk_of(server))
    assert (answer.status, answer.json["kind"]) == (413, "MemoryLimitError")


def test_the_cache_holds_the_latest_bytes() -> None:
    cache = ByteCache(10)
    cache.put("a", b"1234")
    cache.put("b", b"5678")
    assert cache.get("a") == b"1234"
    cache.put("c", b"90ab")
    assert (cache.get("b"), cache.get("a"), cache.nbytes) == (None, b"1234", 8)
    cache.put("a", b"1")
    cache.put("d", b"x" * 11)
    assert (cache.get("d"), cache.nbytes) == (None, 5)


def test_an_answer_is_made_once(slow: Slow) -> None:
    slow.gate.set()
    with shown(slow) as server:
        bodies = {ask(server, chunk_of(server)).body for _ in range(3)}
    assert (len(bodies), len(slow.reads)) == (1, 1)
