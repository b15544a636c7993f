"""Reports: read back, repaired, and told to people."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.backends.discovery import REPORT_NAME
from omio.batch.reporting import html, journal
from omio.batch.reporting.records import Failure, Picture, Result
from omio.batch.reporting.report import INTERRUPTED, RunReport
from omio.batch.running.fingerprint import Stamp
from omio.batch.running.runner import run_jobs
from omio.errors import DamagedFileError, FileMissingError, OmioWarning
from tests.batch.acquisitions import make

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.text(max_size=20)
PICTURES = st.builds(
    Picture,
    st.just({"T": 1, "Z": 3, "C": 2, "Y": 4, "X": 5}),
    TEXTS,
    st.fixed_dictionaries({dim: st.none() | st.floats(1e-3, 1e3) for dim in "ZYX"}),
    st.none() | st.floats(0.1, 10),
    st.tuples(TEXTS, TEXTS),
    st.none() | st.just(".omio/thumbnails/none.png"),
)
RESULTS = st.builds(
    Result,
    TEXTS,
    st.sampled_from(["processed", "failed"]),
    st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    written=st.lists(TEXTS, max_size=2).map(tuple),
    lost=st.lists(TEXTS, max_size=2).map(tuple),
    warnings=st.lists(TEXTS, max_size=2).map(tuple),
    failure=st.none() | st.builds(Failure, TEXTS, TEXTS, st.none() | TEXTS, TEXTS),
    stamp=st.none() | st.builds(Stamp, st.integers(0), st.integers(0), TEXTS),
    members=st.lists(st.tuples(TEXTS, st.integers(0), st.integers(0)), max_size=2).map(tuple),
    picture=st.none() | PICTURES,
)


@given(RESULTS)
def test_a_result_comes_back_from_its_line(result: Result) -> None:
    assert Result.of(json.loads(json.dumps(result.describe()))) == result


def test_fields_of_later_versions_are_passed_over() -> None:
    told = {**Result("a", "processed", ("b",)).describe(), "mood": "good"}
    assert Result.of(told) == Result("a", "processed", ("b",))


@pytest.fixture
def report(tmp_path: Path) -> RunReport:
    jobs = [item.job for item in make(tmp_path / "project", 12)]
    return run_jobs(jobs, root=tmp_path / "project", output=tmp_path / "out", workers=1)


def test_the_report_that_is_read_is_the_one_that_was_returned(report: RunReport) -> None:
    assert RunReport.read(report.report_path) == report
    assert RunReport.read(report.report_path.parent) == report
    assert (len(report.processed), len(report.failed), report.discovered) == (10, 2, 12)
    assert report.error_report_path is not None
    assert report.error_report_path.read_text(encoding="utf-8").count("Traceback") == 2


def test_no_report_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        RunReport.read(tmp_path)


def test_a_torn_line_is_repaired_by_the_next_run(report: RunReport) -> None:
    path = report.report_path
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
    killed = RunReport.read(path)
    assert killed.interrupted
    assert killed.exit_code == INTERRUPTED
    assert len(killed.processed) + len(killed.failed) == 11
    with journal.Journal.open(path.parent) as opened:
        assert len(opened.results) == len(killed.processed)
        assert opened.dangling.keys() == {json.loads(lines[-2])["destination"]}
    assert path.read_bytes() == b"".join(lines[:-2])


@pytest.mark.parametrize("length", [0, 5, 18])
def test_a_torn_first_line_begins_anew(tmp_path: Path, length: int) -> None:
    path = tmp_path / REPORT_NAME
    path.write_bytes(b'{"omio-report": 1}\n'[:length])
    with journal.Journal.open(tmp_path) as opened:
        opened.append("run", jobs=0)
    assert path.read_bytes().splitlines() == [b'{"omio-report": 1}', b'{"event": "run", "jobs": 0}']


def test_the_last_line_is_found_wherever_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "STEP", 7)
    path = tmp_path / REPORT_NAME
    whole = b'{"omio-report": 1}\n{"event": "run", "jobs": 0}\n'
    for torn in range(30):
        path.write_bytes(whole + b'{"event": "end", "seconds": 1}'[:torn])
        with journal.Journal.open(tmp_path):
            pass
        assert path.read_bytes() == whole


def test_a_damaged_line_in_the_middle_is_told_of(report: RunReport) -> None:
    lines = report.report_path.read_bytes().splitlines(keepends=True)
    report.report_path.write_bytes(b"".join([*lines[:3], b"\0\0\0\n", *lines[3:]]))
    with pytest.warns(OmioWarning, match="1 damaged line"):
        assert RunReport.read(report.report_path) == report


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / REPORT_NAME).write_bytes(b'{"omio-report": 2}\n')
    with pytest.raises(DamagedFileError, match="Update omio"):
        RunReport.read(tmp_path)


def test_the_text_counts_and_names_causes(report: RunReport) -> None:
    text = report.text()
    assert text.startswith("10 converted, 2 failed, of 12\n")
    assert all(result.inputs[0] in text for result in report.failed)


def test_raw_files_that_failed_are_listed_for_templates(tmp_path: Path) -> None:
    from omio.batch.planning.jobs import Job

    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    (root / "sub/Image_001.raw").write_bytes(b"0123")
    report = run_jobs([Job(("sub/Image_001.raw",), "a.ome.tif")], root=root, output=root / "out", workers=1)
    path = report.report_path.with_name("omio-report-raw.txt")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [(path.parent / line).resolve() for line in lines] == [(root / "sub/Image_001.raw").resolve()]
    (root / "sub/Image_001.raw").unlink()
    run_jobs([], root=root, output=root / "out", workers=1)
    assert not path.exists()


class Reader(HTMLParser):
    """Collects what an HTML page has."""

    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return reader


def fake(results: list[Result], path: Path, **fields: Any) -> RunReport:
    of = {status: tuple(item for item in results if item.status == status) for status in ("processed", "failed")}
    values = {
        "processed": of["processed"],
        "skipped": (),
        "failed": of["failed"],
        "discovered": len(results),
        "report_path": path / REPORT_NAME,
        "error_report_path": None,
        "seconds": 1.0,
        "interrupted": False,
        "started": "2026-01-01T00:00:00+00:00",
        "root": "..",
    }
    return RunReport(**{**values, **fields})


def test_the_page_holds_all_that_it_shows(report: RunReport) -> None:
    page = read(report.report_path.with_name("omio-report.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert page.sources
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    text = " ".join(page.texts)
    for result in (*report.processed, *report.failed):
        assert result.inputs[0] in text
    assert text.index("Failed") < text.index("Converted")


@given(st.lists(RESULTS, max_size=4))
def test_the_page_is_sound_whatever_the_names(results: list[Result]) -> None:
    from pathlib import Path

    tag = "<script>alert(1)</script>&amp;"
    failure = Failure(tag, tag, tag, tag)
    hostile = [Result(tag, status, (tag,), warnings=(tag,), failure=failure) for status in ("processed", "failed")]
    reader = read(html.page(fake([*results, *hostile], Path("/nowhere"))))
    assert "script" not in reader.tags
    assert " ".join(reader.texts).count(tag) >= 5


def test_ten_thousand_jobs_make_a_page_that_opens(tmp_path: Path) -> None:
    thumbnail = tmp_path / "thumbnail.png"
    thumbnail.write_bytes(bytes(6000))
    sizes = {"T": 10, "Z": 20, "C": 2, "Y": 2048, "X": 2048}
    spacing = dict.fromkeys("ZYX", 0.325)
    picture = Picture(sizes, "uint16", spacing, 2.5, ("EGFP", "mCherry"), thumbnail.name)
    names = [f"sub-{k // 100:03d}/exp_TP{k % 10:03d}/TAG_{k:05d}.ome.tif" for k in range(10_000)]
    results = [Result(name, "processed", (name,), (name,), 1.5, 10**8, picture=picture) for name in names]
    page = html.page(fake(results, tmp_path))
    assert len(page.encode()) < 12_000_000
    assert "Thumbnails of the first " in page
    assert page.count("<img") * 6000 <= html.THUMBNAIL_BYTES
