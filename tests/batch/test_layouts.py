"""What folders mean, told by names alone."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.batch import BidsLayout, BidsLikeLayout, FolderLayout, Layout, Level, LevelsLayout, Place
from omio.batch.bids.names import ENTITIES, INDEXES, SUFFIXES, BidsName, value_of
from omio.batch.planning.matching import Mode, meets
from omio.errors import PolicyError

WORDS = st.text("TPFOV_019", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("name", "word", "mode", "meant"),
    [
        ("exp_TP001", "TP", "token", True),
        ("TP001", "TP", "token", True),
        ("TP", "TP", "token", True),
        ("exp_TPA", "TP", "token", False),
        ("FOV10", "FOV1", "token", False),
        ("FOV1_left", "FOV1", "token", True),
        ("TAG_left", "TAG_", "token", True),
        ("MYTAG_1", "TAG_", "token", False),
        ("a.b", "a.b", "token", True),
        ("aXb", "a.b", "token", False),
        ("FOV10", "FOV1", "startswith", True),
        ("exp_TP001", "TP", "startswith", False),
        ("TP", "TP", "exact", True),
        ("TP1", "TP", "exact", False),
        ("exp_TP001", "TP0+1$", "regex", True),
        ("anything", "", "exact", True),
    ],
)
def test_names_meet_words(name: str, word: str, mode: Mode, *, meant: bool) -> None:
    assert meets(name, word, mode) is meant


@given(WORDS.filter(lambda word: "_" not in word), st.lists(WORDS, max_size=3))
def test_a_token_is_the_word_or_the_word_and_a_number(word: str, others: list[str]) -> None:
    tokens = [token for other in others for token in other.split("_")]
    name = "_".join(tokens)
    numbered = not word[-1].isdigit()
    rest = [token.removeprefix(word) for token in tokens if token.startswith(word)]
    assert meets(name, word) is any(not end or (numbered and end.isdigit()) for end in rest)


def places(layout: Layout, *paths: str) -> list[Place | None]:
    return [layout.place(PurePosixPath(path)) for path in paths]


def test_subjects_experiments_and_tags() -> None:
    layout = BidsLikeLayout(sub="sub-", exp="TP", tag="TAG_")
    direct, tagged = places(layout, "sub-01/exp_TP001/a.tif", "sub-01/exp_TP002/TAG_01/a.czi")
    assert direct == Place({"subject": "sub-01", "experiment": "exp_TP001"})
    labels = {"subject": "sub-01", "experiment": "exp_TP002", "tag": "TAG_01"}
    assert tagged == Place(labels, PurePosixPath("sub-01/exp_TP002"))


@pytest.mark.parametrize(
    "path",
    [
        "a.tif",
        "sub-01/a.tif",
        "sub-01/other/a.tif",
        "sub-01/TP1/deep/a.tif",
        "sub-01/TP1/TAG_1/deep/a.tif",
        "x/TP1/a.tif",
    ],
)
def test_images_elsewhere_have_no_place(path: str) -> None:
    assert places(BidsLikeLayout(exp="TP", tag="TAG_"), path) == [None]


def test_tag_folders_count_only_where_a_tag_is_named() -> None:
    assert places(BidsLikeLayout(exp="TP"), "sub-01/TP1/TAG_1/a.tif") == [None]
    assert not BidsLikeLayout(exp="TP").has_tags


def test_only_the_subjects_that_are_named() -> None:
    found = places(BidsLikeLayout(sub="ID", subjects=("ID1",)), "ID1/e/a.tif", "ID10/e/a.tif")
    assert [place is not None for place in found] == [True, False]


def test_levels_of_any_number_and_name() -> None:
    levels = (
        Level(name="mouse", words=("ID",), match="startswith"),
        Level(name="day"),
        Level(name="FOV", words=("FOV1",)),
    )
    layout = LevelsLayout(levels=levels)
    right, wrong = places(layout, "ID7/monday/FOV1/a.tif", "ID7/monday/FOV10/a.tif")
    assert right == Place({"mouse": "ID7", "day": "monday", "FOV": "FOV1"}, PurePosixPath("ID7/monday"))
    assert wrong is None
    deeper = LevelsLayout(levels=levels[:1], deeper=True)
    assert places(deeper, "ID7/a/b/c.tif") == [Place({"mouse": "ID7"}, PurePosixPath())]


def test_bids_names_are_read_and_must_fit_their_folder() -> None:
    name = "sub-01_ses-02_sample-A_stain-DAPI_run-1_chunk-2_FLUO.ome.tif"
    (place,) = places(BidsLayout(), f"sub-01/ses-02/micr/{name}")
    assert place is not None
    assert place.labels["stain"] == "DAPI"
    assert place.labels["suffix"] == "FLUO"
    wrong = (
        f"sub-02/ses-02/micr/{name}",
        f"sub-01/micr/{name}",
        f"sub-01/ses-02/anat/{name}",
        "sub-01/micr/sub-01_FLUO.tif",
        "sub-01/micr/sub-01_sample-A_photo.tif",
        "sub-01/micr/sub-01_sample-A_task-x_SEM.tif",
    )
    assert places(BidsLayout(), *wrong) == [None] * len(wrong)


@given(
    st.dictionaries(st.sampled_from(ENTITIES), st.from_regex("[0-9]{1,3}", fullmatch=True), min_size=1),
    st.sampled_from(sorted(SUFFIXES)),
)
def test_a_bids_name_is_read_as_it_was_made(values: dict[str, str], suffix: str) -> None:
    name = BidsName({entity: values[entity] for entity in ENTITIES if entity in values}, suffix)
    assert BidsName.of(f"{name.stem()}.ome.tif") == name


@given(st.sampled_from(ENTITIES), st.text(max_size=8))
def test_values_of_entities_hold_what_bids_allows(entity: str, text: str) -> None:
    value = value_of(entity, text)
    assert value == "" or (value.isascii() and (value.isdigit() if entity in INDEXES else value.isalnum()))


@pytest.mark.parametrize(
    "layout",
    [
        FolderLayout(patterns="*.czi", exclude=("Preview",)),
        BidsLayout(),
        BidsLikeLayout(exp="TP", tag="TAG_", match="regex", subjects=("sub-01",)),
        LevelsLayout(levels=(Level(name="a", words=("x", "y")), Level(name="b", optional=True)), deeper=True),
    ],
    ids=lambda layout: layout.kind,
)
def test_a_layout_survives_json(layout: Layout) -> None:
    assert Layout.resolve(json.loads(json.dumps(layout.describe()))) == layout


def test_a_word_that_is_no_expression_is_told_at_once() -> None:
    with pytest.raises(PolicyError, match="no regular expression"):
        Layout.resolve("bids-like", exp="(", match="regex")
    with pytest.raises(PolicyError, match="bids-like"):
        Layout.resolve("nosuch")


class Mine(Layout):
    """Every image whose folder is called as the layout says."""

    kind: ClassVar[str] = "tests-mine"
    word: str = "good"

    def place(self, path: PurePosixPath) -> Place | None:
        """Look at the folder."""
        return Place({"word": self.word}) if path.parent.name == self.word else None

    def sought(self) -> str:
        """Say the folder."""
        return f"folders {self.word!r}"


def test_own_layouts_are_found_by_name() -> None:
    assert Layout.resolve("tests-mine", word="x") == Mine(word="x")
