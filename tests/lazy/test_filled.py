from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from omio.lazy.filled import Fill, listening, tell


def test_what_is_told_in_any_thread_is_heard() -> None:
    with listening() as heard, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: tell(f"page {number}", "is cut"), range(100)))
    assert sorted(heard, key=lambda fill: int(fill.place[5:])) == [
        Fill(f"page {number}", "is cut", absent=False) for number in range(100)
    ]


def test_nobody_hears_what_is_told_before_and_after() -> None:
    tell("page 0", "is cut")
    with listening() as outer:
        with listening() as inner:
            tell("page 1", "is cut", absent=True)
        tell("page 2", "is cut")
    tell("page 3", "is cut")
    assert [fill.place for fill in inner] == ["page 1"]
    assert [fill.place for fill in outer] == ["page 1", "page 2"]
