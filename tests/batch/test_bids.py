"""BIDS microscopy in and out; the official validator is asked where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.batch import BidsLikeLayout, BidsOut, Job, Project
from omio.batch.bids.files import settle, sidecar, write_dataset_files
from omio.batch.bids.images import open_bids
from omio.errors import DamagedFileError, MetadataError, OmioWarning, PolicyError, ProjectError
from omio.policies.write import WritePolicy
from omio.testing import makers

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = makers.cells((1, 3, 1, 16, 20))
NAME = "sub-01_sample-A_chunk-2_FLUO"
OUT = BidsOut(suffix="FLUO", sample_type="tissue")


def dataset(root: Path, fields: dict[str, dict[str, Any]], **image: Any) -> Path:
    """Write an image in ``sub-01/micr`` and JSON files by their paths."""
    path = root / "sub-01" / "micr" / f"{NAME}.tif"
    path.parent.mkdir(parents=True)
    tifffile.imwrite(path, PIXELS[0, 0, 0], **image)
    for name, values in fields.items():
        (root / name).write_text(json.dumps(values))
    return path


def test_sidecars_are_inherited_and_the_nearest_is_right(tmp_path: Path) -> None:
    path = dataset(
        tmp_path,
        {
            "FLUO.json": {"PixelSize": [9, 9], "PixelSizeUnits": "nm", "Magnification": 20, "Manufacturer": "far"},
            "sub-01_FLUO.json": {"PixelSize": [500, 250], "NumericalAperture": 0.8},
            f"sub-01/micr/{NAME}.json": {"Manufacturer": "near"},
            "SEM.json": {"Manufacturer": "another suffix"},
            "sub-02_FLUO.json": {"Manufacturer": "another subject"},
        },
    )
    told = open_bids(path).metadata
    assert told.pixel_size == {"Z": None, "Y": 0.25, "X": 0.5}
    assert told.objective is not None
    assert (told.objective.magnification, told.objective.na) == (20, 0.8)
    assert told.original["BIDS"]["Manufacturer"] == "near"
    assert told.sources["pixel_size.X"] == "file: sub-01_FLUO.json PixelSize"
    assert "user" not in told.sources.values()


def test_the_place_of_a_chunk_is_its_stage_position(tmp_path: Path) -> None:
    matrix = [[1, 0, 3], [0, 1, 4], [0, 0, 1]]
    fields = {
        "PixelSize": [1, 1],
        "PixelSizeUnits": "mm",
        "ChunkTransformationMatrix": matrix,
        "ChunkTransformationMatrixAxis": ["Y", "X"],
    }
    position = open_bids(dataset(tmp_path, {"FLUO.json": fields})).metadata.stage_position
    assert position is not None
    assert (position.X, position.Y, position.Z) == (4000, 3000, None)


@pytest.mark.parametrize(("said", "is_told"), [(2.0009, False), (2.002, True)])
def test_what_differs_by_more_than_the_tolerance_is_told(tmp_path: Path, said: float, *, is_told: bool) -> None:
    fields = {"FLUO.json": {"PixelSize": [2, said], "PixelSizeUnits": "um"}}
    path = dataset(tmp_path, fields, resolution=(5000, 5000), resolutionunit="CENTIMETER")
    if is_told:
        with pytest.warns(OmioWarning, match=r"FLUO\.json says otherwise: Y: 2 µm in the image, 2\.002 µm"):
            image = open_bids(path)
    else:
        image = open_bids(path)
    assert image.metadata.pixel_size == {"Z": None, "Y": 2.0, "X": 2.0}


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_damaged_sidecar_is_named(tmp_path: Path, content: bytes) -> None:
    path = dataset(tmp_path, {})
    (tmp_path / "FLUO.json").write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"FLUO\.json"):
        open_bids(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"PixelSize": "big", "PixelSizeUnits": "um"},
        {"PixelSize": [0, -1], "PixelSizeUnits": "um"},
        {"PixelSize": [1, 1], "PixelSizeUnits": "px"},
        {"PixelSize": [1, 1], "PixelSizeUnits": 7},
        {"PixelSize": [1, 1]},
        {"PixelSizeUnits": "um", "ChunkTransformationMatrix": [1], "ChunkTransformationMatrixAxis": [["X"]]},
        {"Magnification": "20x", "Immersion": 3},
    ],
)
def test_fields_of_another_kind_are_kept_and_not_believed(tmp_path: Path, fields: dict[str, Any]) -> None:
    told = open_bids(dataset(tmp_path, {"FLUO.json": fields})).metadata
    assert told.pixel_size == {"Z": None, "Y": None, "X": None}
    assert told.objective is None
    assert told.stage_position is None
    assert told.original["BIDS"] == fields


def image(**known: Any) -> Any:
    return omio.MicroscopyDataset.from_array(PIXELS, **known)


def test_a_sidecar_says_what_the_image_does() -> None:
    known = image(pixel_size={"Z": 1.5, "Y": 0.2, "X": 0.1}).with_metadata(
        objective={"na": 1.2, "magnification": 60.0, "immersion": "Water"}, stage_position={"X": 1, "Y": 2, "Z": 3}
    )
    job = Job(("a",), "a.ome.tif", labels={"chunk": "1"}, sidecar={"Manufacturer": "Zeiss"})
    assert sidecar(job, known) == {
        "PixelSize": [0.1, 0.2, 1.5],
        "PixelSizeUnits": "um",
        "NumericalAperture": 1.2,
        "Magnification": 60.0,
        "Immersion": "Water",
        "ChunkTransformationMatrix": [[1, 0, 0, 1], [0, 1, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]],
        "ChunkTransformationMatrixAxis": ["X", "Y", "Z"],
        "Manufacturer": "Zeiss",
    }


def test_an_unknown_pixel_size_is_an_error_that_says_so() -> None:
    with pytest.raises(MetadataError, match=r"that of Z is unknown.*BidsOut"):
        sidecar(Job(("a",), "a.ome.tif", sidecar={}), image(pixel_size={"Y": 0.2, "X": 0.1}))
    given = {"PixelSize": [0.1, 0.2, 1], "PixelSizeUnits": "um"}
    assert sidecar(Job(("a",), "a.ome.tif", sidecar=given), image(pixel_size={"X": 0.1})) == given
    with pytest.raises(MetadataError, match=r"X: 0\.3 µm in the image"):
        sidecar(Job(("a",), "a.ome.tif", sidecar=given), image(pixel_size={"X": 0.3}))


def test_a_bigtiff_is_named_so_before_it_is_written() -> None:
    job = Job(("a",), "sub-1/micr/a.ome.tif", sidecar={})
    name, policy = settle(job, image(), WritePolicy())
    assert (name, policy.bigtiff) == ("sub-1/micr/a.ome.tif", False)
    huge = image().isel(T=np.zeros(3_000_000, np.intp))
    name, policy = settle(job, huge, WritePolicy())
    assert (name, policy.bigtiff) == ("sub-1/micr/a.ome.btf", True)
    assert settle(Job(("a",), "a.ome.tif"), huge, WritePolicy()) == ("a.ome.tif", WritePolicy())


def project(root: Path, *paths: str, **options: Any) -> Project:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        makers.ome_tiff(root / path, PIXELS)
    return Project(root, BidsLikeLayout(exp="TP", tag="TAG_"), **{"to_bids": OUT, **options})


def test_names_of_a_bids_dataset(tmp_path: Path) -> None:
    made = project(tmp_path, "sub-01/exp_TP1/a.ome.tif", "sub-01/exp_TP1/b.ome.tif", "sub-02/TP2/TAG_7/a.ome.tif")
    assert [job.destination for job in made.jobs()] == [
        "sub-01/micr/sub-01_sample-expTP1_run-1_FLUO.ome.tif",
        "sub-01/micr/sub-01_sample-expTP1_run-2_FLUO.ome.tif",
        "sub-02/micr/sub-02_sample-TP2_FLUO.ome.tif",
    ]
    templates = BidsOut(suffix="SEM", sample_type="tissue", ses="{experiment}", sample="S{name}", chunk="{tag}")
    assert [job.destination for job in project(tmp_path, to_bids=templates).jobs()] == [
        "sub-01/ses-expTP1/micr/sub-01_ses-expTP1_sample-Sa_SEM.ome.tif",
        "sub-01/ses-expTP1/micr/sub-01_ses-expTP1_sample-Sb_SEM.ome.tif",
        "sub-02/ses-TP2/micr/sub-02_ses-TP2_sample-Sa_chunk-7_SEM.ome.tif",
    ]


def test_all_names_that_cannot_be_are_told_at_once(tmp_path: Path) -> None:
    made = project(tmp_path, "sub-01/TP1/a.ome.tif", "sub-01/TP1/b.ome.tif", "sub-01/TP_1/c.ome.tif")
    with pytest.raises(ProjectError, match="'TP1' and 'TP_1' would all be sample-tp1"):
        made.jobs()
    twice = OUT.model_copy(update={"run": None, "sample": "one"})
    with pytest.raises(ProjectError, match=r"a\.ome\.tif, .*b\.ome\.tif, .*c\.ome\.tif would all be sub-01/micr"):
        project(tmp_path, to_bids=twice).jobs()
    unknown = OUT.model_copy(update={"sample": "{mouse}", "chunk": "{name}"})
    with pytest.raises(ProjectError) as caught:
        project(tmp_path, to_bids=unknown).jobs()
    assert str(caught.value).count("no label for sample-") == 3
    assert str(caught.value).count("chunk- has no number") == 3
    with pytest.raises(PolicyError, match="suffix"):
        Project(tmp_path, to_bids={"suffix": "XRAY", "sample_type": "tissue"})


def test_root_files_are_extended_and_never_replaced(tmp_path: Path) -> None:
    job = Job(("a",), "a.ome.tif", labels={"sub": "01", "sample": "A"}, sidecar={})
    assert write_dataset_files(tmp_path, [job], OUT) == ()
    (tmp_path / "a.ome.btf").touch()
    (tmp_path / "participants.tsv").write_text("participant_id\tsex\nsub-00\tF\n")
    (tmp_path / "dataset_description.json").write_text('{"Name": "mine", "License": "CC0"}')
    write_dataset_files(tmp_path, [job], OUT)
    assert (tmp_path / "participants.tsv").read_text() == "participant_id\tsex\nsub-00\tF\nsub-01\tn/a\n"
    assert (tmp_path / "samples.tsv").read_text() == (
        "sample_id\tparticipant_id\tsample_type\nsample-A\tsub-01\ttissue\n"
    )
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    assert (description["Name"], description["License"], description["DatasetType"]) == ("mine", "CC0", "raw")
    assert write_dataset_files(tmp_path, [job], OUT) == ()
    (tmp_path / "samples.tsv").write_text("something\n")
    with pytest.raises(DamagedFileError, match="no column sample_id"):
        write_dataset_files(tmp_path, [job], OUT)
    assert (tmp_path / "samples.tsv").read_text() == "something\n"


def validated(root: Path) -> list[str]:
    """Return the errors of the official validator."""
    if shutil.which("bids-validator-deno") is None:
        pytest.skip("bids-validator-deno is not installed")
    command = ["bids-validator-deno", str(root), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    issues = json.loads(told)["issues"]["issues"]
    return [f"{issue['code']} {issue['location']}" for issue in issues if issue["severity"] == "error"]


def test_the_official_validator_finds_no_error(tmp_path: Path) -> None:
    paths = ("sub-01/TP1/a.ome.tif", "sub-01/TP1/b.ome.tif", "sub-02/TP2/TAG_1/a.ome.tif")
    made = project(tmp_path / "in", *paths, output=tmp_path / "out")
    assert not made.run(workers=1).failed
    assert len(list((tmp_path / "out").rglob("*.json"))) == 4
    assert validated(tmp_path / "out") == []
    wrong = next((tmp_path / "out").rglob("*run-1_FLUO.json"))  # the witness does look
    wrong.write_text('{"PixelSize": [1, 1], "PixelSizeUnits": "um"}')
    assert any("PIXEL" in error for error in validated(tmp_path / "out"))


def test_what_was_written_is_read_as_bids(tmp_path: Path) -> None:
    made = project(tmp_path / "in", "sub-01/TP1/a.ome.tif", output=tmp_path / "out")
    made.run(workers=1)
    (job,) = Project(tmp_path / "out", "bids", output="again").jobs()
    assert job.reader == "bids"
    assert job.labels == {"sub": "01", "sample": "TP1", "suffix": "FLUO"}
    again = open_bids(tmp_path / "out" / job.inputs[0])
    np.testing.assert_array_equal(again.load(), PIXELS)
    assert again.metadata.original["BIDS"]["PixelSize"] == [0.325, 0.325, 1.5]
