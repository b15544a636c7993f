"""The published suite for backends passes a good one, and catches one that breaks each of its rules."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from omio.dataset.opening import build
from omio.testing import BackendTests
from tests.testing import toy

if TYPE_CHECKING:
    from pathlib import Path

    from omio.backends.base import Backend

BREAKING: dict[str, type[Backend]] = {
    "test_says_what_it_is": toy.Nameless,
    "test_claims_its_file": toy.Shy,
    "test_claims_nothing_strange": toy.Greedy,
    "test_other_content_under_its_name_is_not_claimed": toy.Greedy,
    "test_can_read_never_raises": toy.Raising,
    "test_scenes_are_named_once": toy.Twins,
    "test_pixels_and_metadata_agree": toy.Longer,
    "test_unknown_is_none": toy.Guessing,
    "test_numbers_are_sane": toy.Infinite,
    "test_original_is_json": toy.Forgetting,
    "test_parts_equal_the_whole": toy.Shifted,
    "test_reads_into_views": toy.Spilling,
    "test_levels_grow_coarser": toy.Growing,
    "test_recipes_travel": toy.Heavy,
    "test_opening_reads_no_pixel": toy.Eager,
    "test_threads_do_not_disturb_each_other": toy.Sharing,
    "test_survives_its_backend": toy.Once,
    "test_missing_file_is_named": toy.Bare,
    "test_reads_no_file_but_its_own": toy.Curious,
    "test_closes_its_files": toy.Holding,
    "test_lazy_is_eager": toy.LazyOnly,
    "test_a_changed_file_is_told": toy.Trusting,
    "test_a_file_cut_anywhere_is_told": toy.Silent,
    "test_a_lenient_reader_warns_of_what_it_fills": toy.QuietlyLenient,
    "test_flipped_bytes_cost_no_more_than_an_error": toy.Careless,
}


class TestToy(BackendTests):
    backend = toy.Toy

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return toy.write_toy(tmp_path / "image.toy")


def follow(rule: str, backend: type[Backend], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call one rule of the suite for a backend, as pytest would."""
    suite: Any = type("Suite", (BackendTests,), {"backend": backend})()
    path = toy.write_toy(folder / "image.toy")
    made: dict[str, Any] = {"path": path, "tmp_path": folder, "monkeypatch": monkeypatch}
    wanted = inspect.signature(getattr(suite, rule)).parameters
    if {"reader", "image"} & set(wanted):
        made["reader"] = backend(str(path))
    if "image" in wanted:
        made["image"] = build(made["reader"], "0", 0, "auto", None)
    getattr(suite, rule)(**{name: made[name] for name in wanted})


def test_each_rule_has_a_backend_that_breaks_it() -> None:
    assert set(BREAKING) == {name for name in dir(BackendTests) if name.startswith("test_")}


@pytest.mark.parametrize(("rule", "backend"), BREAKING.items(), ids=BREAKING.keys())
def test_who_breaks_a_rule_is_caught(
    rule: str, backend: type[Backend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    follow(rule, toy.Toy, tmp_path / "good", monkeypatch)
    with pytest.raises((Exception, pytest.fail.Exception)):
        follow(rule, backend, tmp_path / "bad", monkeypatch)
