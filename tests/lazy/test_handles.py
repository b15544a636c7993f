from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from omio.lazy.handles import HandleCache


class Door:
    opened = 0

    def __init__(self) -> None:
        type(self).opened += 1
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_handle_is_opened_once_and_kept() -> None:
    cache = HandleCache(capacity=2)
    with cache.lease("a", Door) as first:
        pass
    with cache.lease("a", Door) as second:
        assert second is first
    assert not first.closed


def test_the_least_recently_used_idle_handle_is_closed() -> None:
    cache = HandleCache(capacity=2)
    doors = []
    for key in "abc":
        with cache.lease(key, Door) as door:
            doors.append(door)
    assert [door.closed for door in doors] == [1, 0, 0]
    assert len(cache) == 2


def test_a_handle_in_use_outlives_the_limit_and_its_retirement() -> None:
    cache = HandleCache(capacity=1)
    with cache.lease("a", Door) as held:
        with cache.lease("b", Door):
            pass
        cache.retire("a")
        assert held.closed < 1
        with cache.lease("a", Door) as other:
            assert other is not held
    assert held.closed == 1


def test_a_failed_opening_is_not_remembered() -> None:
    cache = HandleCache()

    def fails() -> Door:
        raise OSError("no")

    with pytest.raises(OSError, match="no"), cache.lease("a", fails):
        pass
    with cache.lease("a", Door) as door:
        assert not door.closed


def test_threads_share_one_opening() -> None:
    cache = HandleCache()
    Door.opened = 0
    barrier = threading.Barrier(8)

    def use(_: int) -> int:
        barrier.wait()
        with cache.lease("a", Door) as door:
            return id(door)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1
    assert Door.opened == 1


def test_many_threads_and_few_places_never_see_a_closed_handle() -> None:
    cache = HandleCache(capacity=2)

    def use(number: int) -> bool:
        with cache.lease(number % 5, Door) as door:
            return not door.closed

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(4000)))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_starts_empty() -> None:
    from omio.lazy.handles import HANDLES

    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    with HANDLES.lease(("test", "fork"), Door):
        context = multiprocessing.get_context("fork")
        counts = context.SimpleQueue()
        child = context.Process(target=lambda: counts.put(len(HANDLES)))
        child.start()
        child.join()
        assert counts.get() == 0
        assert len(HANDLES) >= 1
    HANDLES.retire(("test", "fork"))


class Jammed(Door):
    def close(self) -> None:
        super().close()
        raise OSError("will not close")


def test_an_error_while_closing_does_not_hide_that_of_reading() -> None:
    cache = HandleCache(capacity=0)
    with pytest.raises(ValueError, match="unreadable"), cache.lease("a", Jammed):
        raise ValueError("unreadable")
    with pytest.raises(OSError, match="will not close"), cache.lease("a", Jammed):
        pass


def test_one_that_will_not_close_leaves_no_other_open() -> None:
    cache = HandleCache(capacity=2)
    with cache.lease("a", Jammed), cache.lease("b", Door) as door:
        pass
    with pytest.raises(OSError, match="will not close"):
        cache.clear()
    assert door.closed == 1
    assert len(cache) == 0


def test_clearing_while_others_read() -> None:
    cache = HandleCache(capacity=4)
    errors: list[BaseException] = []

    def use(number: int) -> None:
        try:
            with cache.lease(number % 50, Door):
                pass
            if number % 5 == 0:
                cache.clear()
        except Exception as error:
            errors.append(error)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(20000)))
    assert not errors
