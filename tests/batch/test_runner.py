"""Running planned jobs: what is done, what is skipped, what fails, and what is never touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends.discovery import REPORT_NAME
from omio.batch.planning.jobs import Job, Merge
from omio.batch.reporting import journal
from omio.batch.running.runner import run_jobs
from omio.errors import DamagedFileError, DestinationExistsError, PolicyError, SourceOverwriteError, WriteError
from omio.policies.merge import StrictMerge
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omio.batch.reporting.report import RunReport

PIXELS = makers.cells((1, 2, 2, 32, 40))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project of three images in two folders."""
    for name in ("a/cells.ome.tif", "a/more.ome.tif", "b/cells.ome.tif"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        makers.ome_tiff(path, PIXELS)
    return tmp_path / "project"


JOBS = tuple(Job((name,), name) for name in ("a/cells.ome.tif", "a/more.ome.tif", "b/cells.ome.tif"))


def run(root: Path, *jobs: Job, **options: Any) -> RunReport:
    options = {"workers": 1, "output": root / "out", **options}
    return run_jobs(jobs or JOBS, root=root, **options)


def counts(report: RunReport) -> tuple[int, int, int]:
    return len(report.processed), len(report.skipped), len(report.failed)


def inode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


class TestWhatIsWritten:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_each_job_becomes_a_file_in_the_mirrored_tree(self, root: Path, workers: int) -> None:
        report = run(root, workers=workers)
        assert counts(report) == (3, 0, 0)
        assert report.exit_code == 0
        assert not report.interrupted
        for job in JOBS:
            np.testing.assert_array_equal(tifffile.imread(root / "out" / job.destination), PIXELS.squeeze())
        assert {result.destination for result in report.processed} == {job.destination for job in JOBS}

    def test_inputs_are_merged_by_policy(self, root: Path) -> None:
        merge = Merge("T", StrictMerge().describe())
        report = run(root, Job(("a/cells.ome.tif", "b/cells.ome.tif"), "both.ome.tif", merge=merge))
        assert counts(report) == (1, 0, 0)
        with omio.open(root / "out/both.ome.tif") as image:
            assert image.sizes["T"] == 2

    def test_any_registered_writer_can_be_named(self, root: Path) -> None:
        report = run(root, Job(("a/cells.ome.tif",), "a.tif"), writer="imagej", policy={"compression": "none"})
        assert "provenance" in report.processed[0].lost
        with tifffile.TiffFile(root / "out/a.tif") as file:
            assert file.is_imagej

    def test_the_record_tells_sizes_and_names_no_folder_of_this_machine(self, root: Path) -> None:
        (root / "bad.ome.tif").write_bytes(b"II*\0 cut")
        report = run(root, *JOBS, Job(("bad.ome.tif",), "bad.ome.tif"))
        picture = report.processed[0].picture
        assert picture is not None
        assert picture.sizes == {"T": 1, "Z": 2, "C": 2, "Y": 32, "X": 40}
        assert picture.pixel_size == makers.PIXEL_SIZE
        assert picture.channels == makers.CHANNELS
        for path in (root / "out").rglob("*"):
            assert path.is_dir() or os.fsencode(root.parent) not in path.read_bytes(), path

    def test_the_output_says_which_job_made_it_and_is_otherwise_the_same(self, root: Path) -> None:
        run(root)
        with omio.open(root / "out/a/cells.ome.tif") as image, omio.open(root / "a/cells.ome.tif") as source:
            assert image.identical(source)
            (step,) = (step for step in image.metadata.provenance if step.action == "batch")
        assert step.model_dump()["destination"] == "a/cells.ome.tif"

    def test_thumbnails_are_small_pictures(self, root: Path) -> None:
        from PIL import Image

        picture = run(root).processed[0].picture
        assert picture is not None
        assert picture.thumbnail is not None
        with Image.open(root / "out" / picture.thumbnail) as thumbnail:
            assert thumbnail.size == (40, 32)
            assert len(thumbnail.convert("RGB").getcolors(10_000) or ()) > 10


class TestResuming:
    def test_what_is_done_is_skipped_and_not_touched(self, root: Path) -> None:
        first = run(root)
        before = [inode(root / "out" / job.destination) for job in JOBS]
        second = run(root)
        assert counts(second) == (0, 3, 0)
        assert [inode(root / "out" / job.destination) for job in JOBS] == before
        assert {item.picture for item in second.skipped if item.picture is None} == set()
        assert [item.fingerprint for item in second.skipped] == [item.fingerprint for item in first.processed]

    def test_resume_false_does_it_again(self, root: Path) -> None:
        run(root)
        assert counts(run(root, resume=False)) == (3, 0, 0)

    @pytest.mark.parametrize(
        "change",
        [
            lambda root: makers.ome_tiff(root / "a/cells.ome.tif", PIXELS + 1),
            lambda root: os.utime(root / "a/cells.ome.tif", ns=(1, 1)),
            lambda root: (root / "out/a/cells.ome.tif").unlink(),
        ],
        ids=["other pixels", "touched", "output gone"],
    )
    def test_a_changed_input_or_a_lost_output_runs_again(self, root: Path, change: Callable[[Path], Any]) -> None:
        run(root)
        change(root)
        report = run(root)
        assert [result.destination for result in report.processed] == ["a/cells.ome.tif"]
        with omio.open(root / "out/a/cells.ome.tif") as image, omio.open(root / "a/cells.ome.tif") as source:
            assert image.identical(source)

    def test_content_counts_where_size_and_time_are_kept(self, root: Path) -> None:
        path = root / "a/cells.ome.tif"
        run(root)
        status, content = path.stat(), bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert counts(run(root)) == (1, 2, 0)

    @pytest.mark.parametrize(
        "options", [{"policy": {"compression": "zstd"}}, {"process": omio.MicroscopyDataset.split_samples}]
    )
    def test_another_way_of_doing_it_runs_again(self, root: Path, options: dict[str, Any]) -> None:
        run(root)
        report = run(root, JOBS[0], policy={"compression": "zstd"})
        assert counts(report) == (1, 0, 0)
        with tifffile.TiffFile(root / "out/a/cells.ome.tif") as file:
            assert file.pages.first.compression == tifffile.COMPRESSION.ZSTD

    def test_what_overwriting_means_is_no_other_way(self, root: Path) -> None:
        run(root)
        assert counts(run(root, policy={"overwrite": "replace", "verify": True})) == (0, 3, 0)

    def test_a_failed_job_is_tried_again(self, root: Path) -> None:
        path = root / "a/cells.ome.tif"
        whole = path.read_bytes()
        path.write_bytes(whole[:300])
        assert counts(run(root)) == (2, 0, 1)
        path.write_bytes(whole)
        assert counts(run(root)) == (1, 2, 0)

    def test_outputs_are_known_without_their_report(self, root: Path) -> None:
        run(root)
        before = [inode(root / "out" / job.destination) for job in JOBS]
        (root / "out" / REPORT_NAME).unlink()
        report = run(root)
        assert counts(report) == (3, 0, 0)  # recorded anew
        assert [inode(root / "out" / job.destination) for job in JOBS] == before
        assert report.processed[0].picture is not None

    def test_the_whole_project_can_be_moved(self, root: Path) -> None:
        run(root)
        moved = root.rename(root.with_name("elsewhere"))
        assert counts(run(moved)) == (0, 3, 0)

    def test_a_copied_output_is_known(self, root: Path) -> None:
        run(root)
        shutil.copytree(root / "out", root / "copy", copy_function=shutil.copy)  # with other times
        assert counts(run(root, output=root / "copy")) == (0, 3, 0)

    def test_members_of_a_set_count(self, root: Path) -> None:
        names = _set_of_two(root)
        job = Job((names[0],), "set.ome.tif")
        assert [member[0] for member in run(root, job).processed[0].members] == [names[1]]
        assert counts(run(root, job)) == (0, 1, 0)
        os.utime(root / names[1], ns=(1, 1))
        assert counts(run(root, job)) == (1, 0, 0)


def _set_of_two(root: Path) -> tuple[str, str]:
    """Write an OME-TIFF of two files, a frame each."""
    names = ("set-0.ome.tif", "set-1.ome.tif")
    data = "".join(f'<TiffData IFD="0" FirstT="{t}"><UUID FileName="{name}">urn:uuid:{t}</UUID></TiffData>'
                   for t, name in enumerate(names))  # fmt: skip
    for t, name in enumerate(names):
        text = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:{t}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
            f'SizeX="8" SizeY="8" SizeZ="1" SizeC="1" SizeT="2"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}'
            "</Pixels></Image></OME>"
        )
        tifffile.imwrite(root / name, np.full((8, 8), t, np.uint16), description=text, metadata=None)
    return names


class TestForeignFiles:
    def test_a_foreign_file_fails_the_job_and_stays(self, root: Path) -> None:
        foreign = root / "out/a/cells.ome.tif"
        foreign.parent.mkdir(parents=True)
        foreign.write_bytes(b"mine")
        report = run(root)
        assert counts(report) == (2, 0, 1)
        assert report.failed[0].failure is not None
        assert report.failed[0].failure.kind == "DestinationExistsError"
        assert foreign.read_bytes() == b"mine"
        assert counts(run(root, policy={"overwrite": "replace"})) == (1, 2, 0)
        assert foreign.read_bytes() != b"mine"

    def test_an_output_that_was_changed_is_foreign_now(self, root: Path) -> None:
        run(root)
        path = root / "out/a/cells.ome.tif"
        tifffile.imwrite(path, np.zeros((3, 3), np.uint8), metadata=None)
        assert counts(run(root)) == (0, 2, 1)

    def test_an_image_of_another_job_is_foreign(self, root: Path) -> None:
        run(root, JOBS[0])
        (root / "out" / REPORT_NAME).unlink()
        (root / "out/a/cells.ome.tif").rename(root / "out/a/more.ome.tif")
        assert counts(run(root, JOBS[1])) == (0, 0, 1)

    def test_an_empty_leftover_is_neither_done_nor_kept(self, root: Path) -> None:
        path = root / "out/a/cells.ome.tif"
        path.parent.mkdir(parents=True)
        path.touch()
        assert counts(run(root)) == (3, 0, 0)
        np.testing.assert_array_equal(tifffile.imread(path), PIXELS.squeeze())

    def test_a_foreign_report_is_kept(self, root: Path) -> None:
        (root / "out").mkdir()
        for content, error in ((b"mine", DestinationExistsError), (b"mine\n", DamagedFileError)):
            (root / "out" / REPORT_NAME).write_bytes(content)
            with pytest.raises(error, match="no report"):
                run(root)
            assert (root / "out" / REPORT_NAME).read_bytes() == content


class TestPlansThatCannotRun:
    @pytest.mark.parametrize(
        ("jobs", "error"),
        [
            ((JOBS[0], replace(JOBS[1], destination=JOBS[0].destination)), DestinationExistsError),
            ((replace(JOBS[0], destination="../up.ome.tif"),), WriteError),
            ((replace(JOBS[0], destination=REPORT_NAME),), WriteError),
            ((replace(JOBS[0], destination="../a/more.ome.tif"), JOBS[1]), WriteError),
        ],
        ids=["collision", "outside", "report", "outside and input"],
    )
    def test_nothing_is_written(self, root: Path, jobs: tuple[Job, ...], error: type[Exception]) -> None:
        with pytest.raises(error):
            run(root, *jobs)
        assert not (root / "out").exists()

    def test_an_input_is_no_destination(self, root: Path) -> None:
        with pytest.raises(SourceOverwriteError, match="is an input"):
            run(root, replace(JOBS[0], destination="a/more.ome.tif"), JOBS[1], output=root)

    def test_unknown_writers_and_counted_names_are_refused(self, root: Path) -> None:
        with pytest.raises(PolicyError, match="There are ometiff"):
            run(root, writer="paper")
        with pytest.raises(PolicyError, match="increment"):
            run(root, policy={"overwrite": "increment"})

    def test_a_second_run_at_once_is_refused(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal, "PATIENCE", 0.1)
        (root / "out").mkdir()
        with journal.Journal.open(root / "out"), pytest.raises(WriteError, match="another run"):
            run(root)
        assert counts(run(root)) == (3, 0, 0)


def brighter(image: omio.MicroscopyDataset) -> omio.MicroscopyDataset:
    return image.map(lambda data: data + 1)


def mean_of(*paths: Path) -> float:
    return float(np.mean([tifffile.imread(path).mean() for path in paths]))


def save_text(value: object, path: Path) -> None:
    path.write_text(str(value), encoding="utf-8")


def save_nothing(value: object, path: Path) -> None:
    """Write elsewhere, or not at all."""


def die(image: omio.MicroscopyDataset) -> omio.MicroscopyDataset:
    if image.name == "doomed":
        os.kill(os.getpid(), 9)
    return image


class TestHooks:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_process_makes_what_is_written(self, root: Path, workers: int) -> None:
        assert counts(run(root, process=brighter, workers=workers)) == (3, 0, 0)
        np.testing.assert_array_equal(tifffile.imread(root / "out/a/cells.ome.tif"), PIXELS.squeeze() + 1)

    def test_load_and_save_replace_opening_and_writing(self, root: Path) -> None:
        job = Job(("a/cells.ome.tif", "b/cells.ome.tif"), "mean.txt")
        report = run(root, job, load=mean_of, save=save_text)
        assert counts(report) == (1, 0, 0)
        assert float((root / "out/mean.txt").read_text()) == pytest.approx(PIXELS.mean())
        assert counts(run(root, job, load=mean_of, save=save_text)) == (0, 1, 0)
        assert not list((root / "out").rglob("saving/*"))

    def test_what_a_writer_cannot_take_or_save_did_not_make_fails_the_job(self, root: Path) -> None:
        first = run(root, JOBS[0], load=mean_of)
        second = run(root, JOBS[0], save=save_nothing)
        told = [report.failed[0].failure for report in (first, second)]
        assert [failure.kind for failure in told if failure] == ["OptionError", "WriteError"]

    @pytest.mark.skipif(os.name != "posix", reason="ends itself by a signal")
    def test_a_worker_that_dies_fails_its_own_job_only(self, root: Path) -> None:
        doomed = omio.MicroscopyDataset.from_array(PIXELS).with_metadata(name="doomed")
        doomed.to_ometiff(root / "a/doomed.ome.tif")
        jobs = (*JOBS, Job(("a/doomed.ome.tif",), "a/doomed.ome.tif"))
        report = run(root, *jobs, process=die, workers=2)
        assert counts(report) == (3, 0, 1)
        assert report.failed[0].failure is not None
        assert report.failed[0].failure.kind == "WorkerError"
        assert "died" in report.failed[0].failure.message

    def test_hooks_that_cannot_travel_fail_their_jobs(self, root: Path) -> None:
        report = run(root, process=lambda image: image, workers=2)
        assert counts(report) == (0, 0, 3)
        assert all("cannot be sent to another process by pickle" in result.cause() for result in report.failed)


class TestErrors:
    def test_the_first_error_ends_the_run_where_that_is_wanted(self, root: Path) -> None:
        jobs = (Job(("gone.tif",), "gone.ome.tif"), *JOBS)
        report = run(root, *jobs, continue_on_error=False)
        assert counts(report) == (0, 0, 1)
        assert report.discovered == 4
        assert counts(run(root, *jobs)) == (3, 0, 1)

    def test_progress_hears_of_every_job(self, root: Path) -> None:
        heard = []
        run(root, progress=lambda done, planned, result: heard.append((done, planned, result.status)))
        assert heard == [(1, 3, "processed"), (2, 3, "processed"), (3, 3, "processed")]

    def test_warnings_are_in_the_report(self, root: Path) -> None:
        report = run(root, JOBS[0], process=_warn)
        assert report.processed[0].warnings == ("look at this",)


def _warn(image: omio.MicroscopyDataset) -> omio.MicroscopyDataset:
    import warnings

    warnings.warn("look at this", omio.OmioWarning, stacklevel=1)
    return image


class TestElsewhere:
    def test_anything_with_submit_can_do_the_work(self, root: Path) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as client:
            assert counts(run(root, client=client)) == (3, 0, 0)

    def test_a_dask_cluster(self, root: Path) -> None:
        pytest.importorskip("distributed")
        program = (
            "import sys, json\nfrom distributed import Client, LocalCluster\n"
            "from omio.batch.planning.jobs import Job\nfrom omio.batch.running.runner import run_jobs\n"
            "if __name__ == '__main__':\n"
            "    jobs = [Job.of(entry) for entry in json.loads(sys.argv[1])]\n"
            "    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:\n"
            "        with Client(cluster) as client:\n"
            "            report = run_jobs(jobs, root=sys.argv[2], output=sys.argv[3], client=client)\n"
            "    sys.exit(len(report.processed))\n"
        )
        script = root / "cluster.py"
        script.write_text(program, encoding="utf-8")
        plan = json.dumps([job.describe() for job in JOBS])
        done = subprocess.run(
            [sys.executable, script, plan, root, root / "out"], check=False, capture_output=True, timeout=60
        )
        assert done.returncode == 3, done.stderr.decode()

    def test_a_script_without_a_guard_is_told_so(self, root: Path) -> None:
        script = root / "careless.py"
        script.write_text(
            "from omio.batch.planning.jobs import Job\nfrom omio.batch.running.runner import run_jobs\n"
            "jobs = [Job(('a/cells.ome.tif',), 'x.ome.tif'), Job(('a/more.ome.tif',), 'y.ome.tif')]\n"
            f"run_jobs(jobs, root={str(root)!r}, output={str(root / 'out')!r}, workers=2)\n",
            encoding="utf-8",
        )
        done = subprocess.run([sys.executable, script], check=False, capture_output=True, timeout=60, text=True)
        assert done.returncode == 1
        assert "worker processes do not start" in done.stderr
