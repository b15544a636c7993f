from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import omio
from omio import MetadataPolicy, MicroscopyDataset
from omio.errors import MergeError, PolicyError
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts

LENS = {"magnification": 63.0, "na": 1.4}


def image(channels: Any = ("DAPI",), **known: Any) -> MicroscopyDataset:
    rows = [{"name": row} if isinstance(row, str) else row for row in channels]
    facts = Facts.of((1, 1, len(rows), 2, 2), channels=rows, **known)
    return MicroscopyDataset(ArrayRecipe(np.zeros(facts.shape, "uint8")), facts)


def conflicts(*parts: MicroscopyDataset, **fields: Any) -> tuple[str, ...]:
    with pytest.raises(MergeError) as caught:
        omio.merge(parts, **fields)
    return caught.value.conflicts


class TestWords:
    def test_first_leaves_what_others_say_to_the_provenance(self) -> None:
        parts = [image(objective={**LENS, "na": na}, name=name) for na, name in ((1.4, "a"), (0.8, "b"))]
        assert conflicts(*parts) == ("part 2: objective na: 1.4 and 0.8",)
        merged = omio.merge(parts, metadata={"objective": "first"})
        assert merged.facts.static.objective == {**LENS}
        told = merged.facts.static.provenance[-1]["parts"][1]
        assert (told["name"], told["objective"]["na"]) == ("b", 0.8)

    def test_first_of_channels_leaves_what_others_say_to_the_provenance(self) -> None:
        merged = omio.merge([image(), image(["EGFP"])], metadata={"channels": "first"})
        assert merged.metadata.channels[0].name == "DAPI"
        assert merged.facts.static.provenance[-1]["parts"][1]["channels"] == {"name": ["EGFP"]}

    def test_require_asks_for_the_unknown_too(self) -> None:
        parts = [image(name="a"), image(), image(name="b")]
        assert conflicts(*parts, metadata={"name": "require"}) == (
            "part 2: name: a and unknown",
            "part 3: name: a and b",
        )
        assert conflicts(image(objective=LENS), image(), metadata={"objective": "require"}) == (
            "part 2: objective magnification: 63 and unknown",
            "part 2: objective na: 1.4 and unknown",
        )
        notes = [image(annotations=({"kind": "comment", "value": text},)) for text in "xy"]
        assert len(conflicts(*notes, metadata={"annotations": "require"})) == 1

    def test_agree_compares_all_who_know(self) -> None:
        parts = [image(), image(objective=LENS), image(objective={"na": 0.8})]
        assert conflicts(*parts) == ("part 3: objective na: 1.4 in part 2 and 0.8",)
        assert omio.merge(parts[:2]).facts.static.objective is None

    def test_union_fills_what_the_first_does_not_know(self) -> None:
        colored = image([{"color": "#00FF00", "emission_nm": 509.0}]).facts
        colored = colored.with_sources({"channels[0].color": "file: somewhere"})
        parts = [
            image(objective={"na": 1.4}),
            MicroscopyDataset(ArrayRecipe(np.zeros(colored.shape, "uint8")), colored),
            image(objective={"magnification": 63.0}, name="b", stage_position={"X": 1.0}),
        ]
        words = dict.fromkeys(("channels", "objective", "name", "stage_position"), "union")
        merged = omio.merge(parts, metadata=words)
        channel = merged.metadata.channels[0]
        assert (channel.name, channel.color, channel.emission_nm) == ("DAPI", "#00FF00", 509.0)
        assert merged.facts.static.objective == LENS
        assert merged.facts.static.stage_position == {"X": 1.0}
        assert merged.name == "b"
        assert merged.metadata.sources["channels[0].color"] == "file: somewhere"

    def test_union_does_not_choose_between_contradictions(self) -> None:
        parts = [image([{}]), image(["DAPI"]), image(["EGFP"])]
        told = conflicts(*parts, metadata={"channels": "union"})
        assert told == ("part 3: channel 0 name: DAPI in part 2 and EGFP",)

    def test_annotations_and_originals_of_the_first_alone(self) -> None:
        parts = [image(annotations=({"kind": "comment", "value": text},)) for text in "xy"]
        assert len(omio.merge(parts).metadata.annotations) == 2
        first = omio.merge(parts, metadata={"annotations": "first", "original": "first"})
        assert [note.value for note in first.metadata.annotations] == ["x"]

    def test_channels_are_each_parts_own_along_c(self) -> None:
        merged = omio.merge([image(), image(["EGFP"])], along="C", metadata={"channels": "require"})
        assert [channel.name for channel in merged.metadata.channels] == ["DAPI", "EGFP"]

    def test_unknown_words_are_refused(self) -> None:
        with pytest.raises(PolicyError, match="MetadataPolicy: objective: Input should be 'require', 'agree'"):
            MetadataPolicy(objective="last")
        with pytest.raises(PolicyError, match="metadata: MetadataPolicy: lens"):
            omio.StrictMerge(metadata={"lens": "first"})


class TestChannelNames:
    def names(self, *parts: MicroscopyDataset, **fields: Any) -> list[str | None]:
        return [channel.name for channel in omio.merge(parts, along="C", **fields).metadata.channels]

    def test_are_kept_as_the_files_say(self) -> None:
        assert self.names(image(), image(), image([{}])) == ["DAPI", "DAPI", None]

    def test_that_clash_are_all_told(self) -> None:
        assert conflicts(image(["a", "b"]), image(["b"]), image(["a"]), along="C", names="require") == (
            "part 2: channel name: 'b' is that of an earlier part",
            "part 3: channel name: 'a' is that of an earlier part",
        )
        assert self.names(image(), image(["EGFP"]), names="require") == ["DAPI", "EGFP"]

    def test_are_numbered_past_those_that_exist(self) -> None:
        parts = [image(), image(), image(["DAPI 2", "EGFP"]), image()]
        assert self.names(*parts, names="number") == ["DAPI", "DAPI 3", "DAPI 2", "EGFP", "DAPI 4"]

    def test_of_no_file_have_no_source(self) -> None:
        assert conflicts(image(), image(), along="C", names="source") == (
            "part 2: channel name: 'DAPI' is that of an earlier part, and no file names this one",
        )

    def test_one_by_one_are_numbered_as_at_once(self) -> None:
        parts = [image(), image(), image()]
        one_by_one = parts[0].merge(parts[1], along="C", names="number").merge(parts[2], along="C", names="number")
        assert [channel.name for channel in one_by_one.metadata.channels] == self.names(*parts, names="number")

    def test_say_that_a_policy_made_them(self) -> None:
        told = omio.merge([image(), image()], along="C", names="number").metadata.sources
        assert told == {"channels[1].name": "policy: merge names=number"}

    def test_sources_of_channels_follow_them(self) -> None:
        parts = [image().facts.with_sources({"channels[0].name": f"file {at}"}) for at in "ab"]
        images = [MicroscopyDataset(ArrayRecipe(np.zeros(part.shape, "uint8")), part) for part in parts]
        told = omio.merge(images, along="C").metadata.sources
        assert told == {"channels[0].name": "file a", "channels[1].name": "file b"}
