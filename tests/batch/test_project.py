"""The plan of a project: deterministic, each image once, no two outputs alike."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omio.backends import discovery
from omio.batch import BidsLikeLayout, FolderLayout, Job, Project
from omio.errors import FileMissingError, PolicyError, ProjectError
from omio.policies.merge import PaddedMerge
from omio.testing import makers
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PAGE = (
    "sub-01/exp_TP001/image.tif",
    "sub-01/exp_TP002/TAG_01/image1.czi",
    "sub-01/exp_TP002/TAG_02/image2.czi",
    "sub-01/exp_TP003/image1.tif",
    "sub-01/exp_TP003/image2.tif",
    "sub-02/exp_TP001/image.tif",
)
"""The tree of the page that users know."""
LAYOUT = BidsLikeLayout(sub="sub-", exp="TP", tag="TAG_")


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def plan(root: Path, *args: Any, **options: Any) -> dict[str, Sequence[str]]:
    return {job.destination: job.inputs for job in Project(root, *args, **options).jobs()}


def test_the_tree_is_mirrored(tmp_path: Path) -> None:
    touch(tmp_path, *PAGE)
    expected = {path.rsplit(".", 1)[0] + ".ome.tif": (path,) for path in PAGE}
    assert plan(tmp_path, LAYOUT) == expected
    assert plan(tmp_path, LAYOUT, output=tmp_path.parent / "elsewhere") == expected


def test_tag_folders_of_an_experiment_become_one(tmp_path: Path) -> None:
    found = plan(touch(tmp_path, *PAGE), LAYOUT, merge="tags")
    assert found["sub-01/exp_TP002/exp_TP002_tags.ome.tif"] == PAGE[1:3]
    assert len(found) == 5


def test_folders_become_one(tmp_path: Path) -> None:
    found = plan(touch(tmp_path, *PAGE), LAYOUT, merge="folder")
    assert found["sub-01/exp_TP003/exp_TP003.ome.tif"] == PAGE[3:5]
    assert found["sub-01/exp_TP002/TAG_01/TAG_01.ome.tif"] == PAGE[1:2]
    both = plan(tmp_path, LAYOUT, merge=("folder", "tags"))
    assert sorted(map(len, both.values())) == [1, 1, 2, 2]


def test_stacks_of_sibling_folders_become_one(tmp_path: Path) -> None:
    touch(tmp_path, "a/FOV1_1/x.tif", "a/FOV1_2/x.tif", "a/FOV10_1/x.tif", "a/single/x.tif")
    assert plan(tmp_path, "folder", merge="stacks") == {
        "a/FOV1.ome.tif": ("a/FOV1_1/x.tif", "a/FOV1_2/x.tif"),
        "a/FOV10.ome.tif": ("a/FOV10_1/x.tif",),
        "a/single/x.ome.tif": ("a/single/x.tif",),
    }


def test_stacks_of_a_layout_with_tags_are_its_tag_folders(tmp_path: Path) -> None:
    found = plan(touch(tmp_path, *PAGE), LAYOUT, merge="stacks")
    assert found["sub-01/exp_TP002/TAG.ome.tif"] == PAGE[1:3]
    assert len(found) == 5


def test_merges_say_how(tmp_path: Path) -> None:
    touch(tmp_path, *PAGE)
    project = Project(tmp_path, LAYOUT, merge="tags", along="Z", merge_policy="padded", options={"axes": "TYX"})
    merged = [job.merge for job in project.jobs() if job.merge]
    assert [merge.along for merge in merged] == ["Z"]
    assert merged[0].policy == PaddedMerge().describe()
    assert {job.options["axes"] for job in project.jobs()} == {"TYX"}


def test_equal_stems_of_a_folder_keep_their_endings(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.tif", "a/x.czi", "a/y.tif", "b/x.tif", "a/X.LSM")
    assert list(plan(tmp_path, "folder")) == [
        "a/X.LSM.ome.tif",
        "a/x.czi.ome.tif",
        "a/x.tif.ome.tif",
        "a/y.ome.tif",
        "b/x.ome.tif",
    ]


def test_dots_in_names_stay(tmp_path: Path) -> None:
    touch(tmp_path, "exp.001.tif", "exp.002.tif")
    assert list(plan(tmp_path, "folder")) == ["exp.001.ome.tif", "exp.002.ome.tif"]


def test_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, *(f"s/t{number}.tif" for number in (10, 2, 1)))
    assert plan(tmp_path, "folder", merge="folder") == {"s/s.ome.tif": ("s/t1.tif", "s/t2.tif", "s/t10.tif")}
    assert list(plan(tmp_path / "s", "folder", merge="folder")) == ["s.ome.tif"]


def test_outputs_are_no_inputs(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.tif", "omio_converted/a/x.ome.tif", "a/omio_converted/x.ome.tif", "mine/a/x.ome.tif")
    assert list(plan(tmp_path, "folder", output="mine").values()) == [("a/x.tif",)]
    touch(tmp_path, f"mine/{discovery.REPORT_NAME}")
    assert list(plan(tmp_path, "folder", output="other").values()) == [("a/x.tif",)]
    with pytest.raises(ProjectError, match="among the images"):
        plan(tmp_path, "folder", output=".")


def test_patterns_and_exclusions(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.tif", "a/x_Preview.tif", "a/x.czi", "a/raw.bin")
    layout = FolderLayout(patterns=("*.tif", "*.bin"), exclude="Preview")
    assert [inputs for (inputs,) in plan(tmp_path, layout).values()] == ["a/raw.bin", "a/x.tif"]


def test_each_scene_is_a_job(tmp_path: Path) -> None:
    source = real("czi-well-s2.czi")
    (tmp_path / "plate.czi").symlink_to(source)
    jobs = Project(tmp_path, "folder").jobs()
    assert len(jobs) == 2
    assert len({job.scene for job in jobs}) == 2
    assert all(job.destination.startswith("plate_") for job in jobs)


def test_images_elsewhere_are_told(tmp_path: Path) -> None:
    touch(tmp_path, *PAGE, "notes/a.tif")
    found = Project(tmp_path, LAYOUT, merge="tags").plan()
    assert found.elsewhere == ("notes/a.tif",)
    text = str(found)
    assert "2 merged along T (strict): sub-01/exp_TP002/TAG_01/image1.czi, " in text
    assert "5 outputs of 6 images" in text
    assert "1 image elsewhere, not taken: notes/a.tif" in text


def test_a_project_without_images_says_what_was_sought(tmp_path: Path) -> None:
    touch(tmp_path, "mice/a.tif")
    with pytest.raises(ProjectError, match=r"startswith 'sub-' / experiment: token 'TP'.*such as mice/a\.tif"):
        plan(tmp_path, BidsLikeLayout(exp="TP"))
    with pytest.raises(FileMissingError):
        plan(tmp_path / "no")


@pytest.mark.parametrize(
    ("options", "told"),
    [({"merge": "all"}, "no merging 'all'"), ({"merge": "tags"}, "no tag folders"), ({"along": "X"}, "along 'X'")],
)
def test_choices_that_there_are_not(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        Project(tmp_path, "folder", **options)
    with pytest.raises(PolicyError, match="ometiff"):
        Project(touch(tmp_path, "a.tif"), "folder").jobs("nosuch")


PARTS = st.sampled_from(("sub-1", "SUB-1", "TP1", "TP1_2", "TAG_1", "a", "A", "a.ome", "a.ome.tif"))
NAMES = st.builds("{}{}".format, PARTS, st.sampled_from((".tif", ".TIF", ".czi", ".ome.tif", ".txt")))
PATHS = st.builds(lambda folders, name: "/".join((*folders, name)), st.lists(PARTS, max_size=3), NAMES)


@contextmanager
def listed(paths: Sequence[str]) -> Iterator[None]:
    """Let a tree of empty files be found in the order given."""
    alone = mock.patch.object(discovery, "look", lambda files: tuple(discovery.Found(f, (f,), ("0",)) for f in files))
    images = [path for path in paths if discovery.named()(path)]
    with alone, mock.patch.object(discovery, "walk", return_value=images):
        yield


@given(st.lists(PATHS, unique=True, min_size=1), st.data(), st.sampled_from((None, "folder", "stacks")))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plans_are_deterministic_and_free_of_collisions(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], data: st.DataObject, merge: Any
) -> None:
    images = sorted(path for path in paths if discovery.named()(path))
    project = Project(tmp_path_factory.getbasetemp(), "folder", merge=merge)
    if not images:
        return
    with listed(paths):
        jobs = project.jobs()
    with listed(data.draw(st.permutations(paths))):
        assert project.jobs() == jobs
    assert sorted(name for job in jobs for name in job.inputs) == images
    check_destinations(jobs)


def check_destinations(jobs: Sequence[Job]) -> None:
    names = [job.destination.casefold() for job in jobs]
    assert len(set(names)) == len(names)
    folders = {"/".join(name.split("/")[:count]) for name in names for count in range(1, name.count("/") + 1)}
    assert not folders & set(names)


def test_a_project_is_run(tmp_path: Path) -> None:
    for name in ("sub-01/TP1/a.tif", "sub-01/TP2/a.tif"):
        (tmp_path / name).parent.mkdir(parents=True)
        makers.imagej(tmp_path / name, makers.cells((1, 1, 1, 16, 16)))
    report = Project(tmp_path, BidsLikeLayout(exp="TP")).run(workers=1)
    assert not report.failed
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ome.tif"))
    assert written == ["omio_converted/sub-01/TP1/a.ome.tif", "omio_converted/sub-01/TP2/a.ome.tif"]
