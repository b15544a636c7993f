"""Projects from scripts: what runs, with functions of one's own, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio import errors
from tests.functional.files import imagej, small

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, value in (("ID1/FOV1/a", 1), ("ID1/FOV2/a", 2), ("ID2/FOV1/a", 3), ("ID2/FOV1/Preview", 9)):
        imagej(tmp_path / f"{name}.tif", small(value))
    return tmp_path


def brighter(image: Any, metadata: Any, gain: int = 1) -> tuple[Any, Any]:
    metadata["PhysicalSizeZ"] = 5
    return image * gain, metadata


def test_the_plan_alone_writes_nothing(project: Path) -> None:
    before = sorted(project.rglob("*"))
    records = omio.discover_bids_like_batch_images(project, output_suffix="_small")
    assert [(record.inputs, record.destination) for record in records] == [
        ((f"{name}.tif",), f"{name}_small.ome.tif") for name in ("ID1/FOV1/a", "ID1/FOV2/a", "ID2/FOV1/a")
    ]
    assert sorted(project.rglob("*")) == before


def test_subjects_tags_and_patterns_choose(project: Path) -> None:
    def inputs(**choice: Any) -> list[str]:
        return [record.inputs[0] for record in omio.discover_bids_like_batch_images(project, **choice)]

    assert inputs(subject_ids=["ID2"]) == ["ID2/FOV1/a.tif"]
    assert inputs(tag_folder_levels=["FOV2"]) == ["ID1/FOV2/a.tif"]
    assert inputs(tag_folder_levels=[["FOV1", "FOV2"]], image_patterns=["a*"]) == inputs()
    assert "ID2/FOV1/Preview.tif" in inputs(exclude_name_contains=())


def test_functions_of_ones_own_get_arrays_and_metadata(project: Path) -> None:
    report = omio.bids_batch_process(project, process_func=brighter, processing_options={"gain": 3})
    assert (len(report.processed), report.failed, report.discovered) == (3, (), 3)
    written = omio.open(project / "omio_converted" / "ID1" / "FOV2" / "a.ome.tif")
    np.testing.assert_array_equal(written.load(), small(2) * 3)
    assert written.pixel_size["Z"] == 5
    again = omio.bids_batch_process(project, process_func=brighter, processing_options={"gain": 3})
    assert (len(again.processed), len(again.skipped)) == (0, 3)
    assert len(omio.bids_batch_process(project, process_func=brighter, skip_processed=False).processed) == 3


@pytest.mark.parametrize("stacks", [True, "cell", ["cell", "other"]])
def test_imread_and_imwrite_are_such_functions(tmp_path: Path, stacks: Any) -> None:
    for name, value in (("cell_1", 1), ("cell_10", 10), ("cell_2", 2)):
        imagej(tmp_path / "ID1" / name / "a.tif", small(value))
    report = omio.bids_batch_process(
        tmp_path,
        folder_stacks=stacks,
        load_func=omio.imread,
        load_options={"merge_multiple_files_in_folder": True},
        process_func=brighter,
        save_func=omio.imwrite,
        save_options={"compression_level": 0},
    )
    (result,) = report.processed
    merged = omio.open(tmp_path / "omio_converted" / result.destination)
    assert merged.load()[:, 0, 0, 0, 0].tolist() == [1, 2, 10]


def test_what_fails_is_told_and_the_rest_is_done(project: Path) -> None:
    (project / "ID1" / "FOV2" / "a.tif").write_bytes(b"II*\0nothing")
    with pytest.warns(omio.OmioWarning, match=r"1 of 3 outputs failed:\n  ID1/FOV2/a"):
        report = omio.bids_batch_process(project)
    assert (len(report.processed), len(report.failed)) == (2, 1)
    assert report.error_report_path is not None
    assert "ID1/FOV2/a" in report.error_report_path.read_text()
    quiet = omio.bids_batch_process(project, write_error_reports=False, run_report_format="text", verbose=False)
    assert quiet.error_report_path is None
    assert not report.error_report_path.exists()
    assert "ID1/FOV2/a" in (quiet.report_path.parent / "omio-report.txt").read_text()
    assert not (quiet.report_path.parent / "omio-report.html").exists()


def test_a_conversion_that_fails_is_an_error_that_lists_all(project: Path) -> None:
    (project / "ID1" / "FOV2" / "a.tif").write_bytes(b"II*\0nothing")
    (project / "ID2" / "FOV1" / "a.tif").write_bytes(b"II*\0nothing")
    with pytest.raises(errors.ProjectError, match=r"(?s)2 of 4 outputs failed.*ID1/FOV2/a.*ID2/FOV1/a"):
        omio.bids_batch_convert(project, "ID", "FOV")
    assert (project / "omio_converted" / "ID1" / "FOV1" / "a.ome.tif").exists()


@pytest.mark.parametrize(
    ("mode", "exp", "count"),
    [("token", "FOV1", 1), ("startswith", "FOV1", 2), ("exact", "FOV10", 1), ("regex", "0$", 1)],
)
def test_folders_of_experiments_match_as_said(tmp_path: Path, mode: Any, exp: str, count: int) -> None:
    for name in ("FOV1", "FOV10"):
        imagej(tmp_path / "sub-1" / name / "a.tif")
    assert len(omio.bids_batch_convert(tmp_path, "sub-", exp, exp_match_mode=mode).processed) == count


def test_the_output_folder_may_lie_elsewhere(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere"
    omio.bids_batch_convert(project, "ID", "FOV", relative_path=out, compression_level=0)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("a.ome.tif")) == [
        "ID1/FOV1/a.ome.tif",
        "ID1/FOV2/a.ome.tif",
        "ID2/FOV1/a.ome.tif",
    ]
