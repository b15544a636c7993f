"""One dataset in many processes: forked while it is open or being read, or sent to new ones."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.concurrency.oracle import KINDS, lay, wrong

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from omio.dataset import MicroscopyDataset

SECONDS = 30
SMALL_PICKLE = 8192
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # which is what is tried here
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def forked(image: MicroscopyDataset, truth: NDArray[Any], seed: int) -> int:
    """Read in a child that is forked now; return its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.alarm(SECONDS)
        code = wrong(image, truth, seed)
    finally:
        os._exit(code)


def codes(children: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@forks
@pytest.mark.parametrize("kind", KINDS)
def test_children_of_a_reader_read_and_leave_its_files_alone(tmp_path: Path, kind: str) -> None:
    image = lay(kind, tmp_path)
    truth = image.load()

    children = [forked(image, truth, seed) for seed in range(4)]

    assert wrong(image, truth, 9) == 0
    assert codes(children) == [0] * 4


@forks
@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_in_the_midst_of_reading_reads(tmp_path: Path, kind: str) -> None:
    image = lay(kind, tmp_path)
    truth = image.load()
    done = Event()

    def read(seed: int) -> int:
        found = 0
        while not done.is_set():
            found += wrong(image, truth, seed)
        return found

    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read, seed) for seed in range(4)]
        try:
            found = codes([forked(image, truth, seed) for seed in range(3)])
        finally:
            done.set()
        assert [future.result() for future in reading] == [0] * 4
    assert found == [0] * 3


def load_pickled(content: bytes) -> NDArray[Any]:
    image: MicroscopyDataset = pickle.loads(content)  # noqa: S301 - made here
    return image.load()


def test_new_processes_read_what_they_are_sent(tmp_path: Path) -> None:
    images = {kind: lay(kind, tmp_path / kind) for kind in KINDS}
    sent = {kind: pickle.dumps(image) for kind, image in images.items()}
    assert {kind: len(content) for kind, content in sent.items() if len(content) > SMALL_PICKLE} == {}

    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = dict(zip(sent, pool.map(load_pickled, sent.values()), strict=True))

    for kind, image in images.items():
        np.testing.assert_array_equal(found[kind], image.load(), kind)


@pytest.mark.skipif(sys.platform == "win32", reason="the test sends by fork")
def test_what_was_opened_and_never_read_is_sent_by_fork(tmp_path: Path) -> None:
    images = [lay(kind, tmp_path / kind) for kind in KINDS]
    sent = [pickle.dumps(image) for image in images]

    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        found = list(pool.map(load_pickled, sent))

    assert all(np.array_equal(pixels, image.load()) for pixels, image in zip(found, images, strict=True))
