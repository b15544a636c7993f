"""What the benchmarks make of what they measure."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from benchmarks import page, plot, report, summary
from benchmarks.case import Case, Group, elsewhere, script
from benchmarks.child import digest
from benchmarks.measure import Result, Sample, environment, measure

if TYPE_CHECKING:
    from pathlib import Path


def sample(seconds: float, *, digest: str = "same", peak: float = 50.0, steps: tuple[float, ...] = ()) -> Sample:
    return Sample(seconds, peak, 1.0, 30.0, digest, steps=steps, cpu_seconds=2 * seconds)


def result(samples: dict[str, list[Sample]], **goals: Any) -> Result:
    cases = tuple(Case(name, ("true",)) for name in samples)
    return Result(Group("3a", "read", cases, ("peer", "other"), **goals), samples)


def test_a_ratio_is_the_median_of_the_quotients_of_each_round() -> None:
    """A machine that was busy in one round was so for both."""
    found = result({"peer": [sample(1), sample(10), sample(1)], "omio": [sample(0.5), sample(5), sample(2)]})
    assert found.ratio("omio") == 0.5
    assert found.ratio("peer") == 1.0


def test_the_fastest_peer_that_ran_counts_as_one() -> None:
    found = result({"peer": [sample(3)], "other": [sample(2)], "omio": [sample(1)]})
    assert found.peer == "other"
    assert found.cpu_ratio("omio") == 0.5
    alone = result({"omio": [sample(1)]})
    assert alone.ratio("omio") is None
    assert alone.cpu_ratio("omio") is None


def test_a_bar_is_met_or_not_or_there_is_none() -> None:
    samples = {"peer": [sample(2)], "omio": [sample(1)]}
    assert [report.met(result(samples, goal=goal)) for goal in (0.5, 0.49, None)] == [True, False, None]


def test_every_bar_of_a_row_counts() -> None:
    samples = {"peer": [sample(2)], "omio": [sample(1, peak=60)], "slow": [sample(1.5)]}
    assert report.met(result(samples, goal=1.0, goal_mb=60, goal_ms=1000, beside=("slow", 0.7)))
    for short in ({"goal_mb": 59}, {"goal_ms": 999}, {"beside": ("slow", 0.6)}):
        assert report.met(result(samples, **{"goal": 1.0} | short)) is False


def test_a_slope_is_the_power_of_the_size() -> None:
    group = Group("9a", "open", tuple(Case(str(n), ()) for n in (1, 10, 100)), sizes=(1, 10, 100), goal_slope=1.1)
    flat = Result(group, {str(n): [sample(0.003)] for n in (1, 10, 100)})
    square = Result(group, {str(n): [sample(0.003 * n * n)] for n in (1, 10, 100)})
    assert flat.slope == pytest.approx(0)
    assert square.slope == pytest.approx(2)
    assert report.met(flat)
    assert report.met(square) is False


def test_results_that_differ_are_problems() -> None:
    found = result({"peer": [sample(1)], "omio": [sample(1, digest="other")]})
    assert found.differing() == ["omio"]
    assert report.problems(found) == ["3a read: omio gives another result"]


def test_results_are_held_to_the_source_where_it_is_known() -> None:
    found = result({"omio": [sample(1)]})
    assert not found.differing()
    found.expected = "what the source holds"
    assert found.differing() == ["omio"]


def test_memory_above_its_bar_is_a_problem_and_slowness_is_none() -> None:
    found = result({"peer": [sample(1)], "omio": [sample(9, peak=151)]}, goal=1.0, goal_mb=150)
    assert report.problems(found) == ["3a read: omio takes peak_mb 151, more than 150"]


def test_a_case_that_fails_is_told_and_one_that_is_not_installed_is_left_out(tmp_path: Path) -> None:
    absent, broken = script("peer", "import no_such_peer"), script("omio", "raise ValueError('broken')")
    found = measure(Group("3a", "read", (absent, broken), ("peer",)), 2, environment(tmp_path))
    assert not found.samples
    assert report.problems(found) == ["3a read: omio failed: ValueError: broken"]


def test_cases_take_turns(tmp_path: Path) -> None:
    log = tmp_path / "log"
    cases = tuple(script(name, f"open({str(log)!r}, 'a').write({name!r})") for name in "ab")
    found = measure(Group("1a", "import", cases), 2, environment(tmp_path))
    assert log.read_text() == "abab"
    assert [len(samples) for samples in found.samples.values()] == [2, 2]


def test_a_case_that_takes_minutes_runs_once(tmp_path: Path) -> None:
    cases = (script("peer", "pass"), script("omio", "pass"), replace(script("slow", "pass"), once=True))
    found = measure(Group("1a", "import", cases, ("peer",)), 3, environment(tmp_path))
    assert [len(samples) for samples in found.samples.values()] == [3, 3, 1]
    assert found.ratio("slow") == found.samples["slow"][0].seconds / found.samples["peer"][0].seconds


def test_a_digest_tells_values_apart_and_not_dims_of_length_one() -> None:
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3)
    assert digest(pixels) == digest(pixels[None]) == digest(pixels.T.copy().T)
    assert len({digest(pixels), digest(pixels + 1), digest(pixels.T), digest(pixels.astype("uint32"))}) == 4


def test_a_peer_without_its_environment_is_no_case(tmp_path: Path) -> None:
    assert elsewhere(tmp_path, "bioio", "bioio", "open:bioio", "image.tif") == ()
    python = tmp_path / "env" / "bioio" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (case,) = elsewhere(tmp_path, "bioio", "bioio", "open:bioio", "image.tif")
    assert case.argv[0] == str(python)


def test_what_was_measured_is_kept_and_shown(tmp_path: Path) -> None:
    steps = tuple(number / 1000 for number in range(1, 101))
    compared = result({"peer": [sample(2)], "other": [sample(4)], "omio": [sample(1, steps=steps)]}, goal=0.4)
    sizes = Group("9a", "open", tuple(Case(f"{n} GB", ()) for n in (1, 10)), sizes=(1, 10), unit="GB", goal_slope=0.1)
    grown = Result(sizes, {"1 GB": [sample(0.002)], "10 GB": [sample(0.02)]})
    report.write(tmp_path / "read.json", [compared, grown], scale=1.0, load=((1.0, 1.0, 1.0), (2.0, 1.0, 1.0)))
    assert json.loads((tmp_path / "read.json").read_text())["machine"]["versions"]["tifffile"] == tifffile.__version__
    shown = summary.tables(tmp_path)
    assert "- load of the machine meanwhile: 1.0 to 2.0" in shown
    assert "| 3a | read | peer 2 s | 0.40 |  | 0.50, 1 s, CPU 0.50 | **no** |  | other 2.00 |" in shown
    assert "| 9a | open | 1 GB: 2 ms; 10 GB: 20 ms | 1.00 | 1.00 | 1 to 1 MB | slope 0.1 | **no** |" in shown
    assert "| 3a | read | omio | 50.5 ms | 96 ms | 100 ms |" in shown
    assert plot.draw(tmp_path) == f"drawn: {tmp_path / 'benchmarks.svg'}"
    assert "</svg>" in (tmp_path / "benchmarks.svg").read_text()


def test_nothing_measured_is_said(tmp_path: Path) -> None:
    assert "holds no results" in summary.tables(tmp_path)
    assert "holds no results" in plot.draw(tmp_path)


def test_the_pages_keep_what_is_around_their_tables(tmp_path: Path) -> None:
    described, readme = pages = tmp_path / "page.md", tmp_path / "README.md"
    for each in pages:
        each.write_text(f"before\n\n{page.BEGIN}\n\nstale\n\n{page.END}\n\nafter\n")
    page.write(tmp_path, *pages)
    page.write(tmp_path, *pages)
    for each, begin in ((described, "Nothing was measured yet"), (readme, "| | tifffile, czifile | bioio |")):
        text = each.read_text()
        assert text.startswith(f"before\n\n{page.BEGIN}\n\n{begin}")
        assert text.endswith(f"{page.END}\n\nafter\n")
        assert "stale" not in text


def test_the_readme_tells_how_much_longer_others_take(tmp_path: Path) -> None:
    cases = {"tifffile": [sample(3)], "omio": [sample(2)], "bioio": [sample(50)]}
    group = Group("2a", next(iter(summary.SHORT)), tuple(Case(name, ()) for name in cases), ("tifffile",))
    nothing = (0.0, 0.0, 0.0)
    report.write(tmp_path / "open.json", [Result(group, cases)], scale=1.0, load=(nothing, nothing))
    shown = summary.beside(summary.rows(summary.read(tmp_path)))
    assert shown.splitlines()[2:] == ["| open an ImageJ TIFF of 2,000 planes | 1.50 | 25 |  |  |"]
