"""Merging files: what is opened, how time goes on, what the provenance says."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
import tifffile

import omio
from omio import CroppedMerge, MergePolicy, MicroscopyDataset, OmioWarning, PaddedMerge, StrictMerge
from omio.errors import MergeError, PolicyError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import FileRecipe
from omio.metadata.axes import Listed, Regular
from omio.metadata.facts import Facts, PlaneTable
from omio.policies.pad import PadPlan, PadPolicy, ZeroPad

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANY = 200


def movie(path: Path, value: int, *, frames: int = 2, delta: float = 2.0, **known: Any) -> MicroscopyDataset:
    """Write a movie whose frames say when they were taken, and open it."""
    times = [delta * number for number in range(frames)]
    tifffile.imwrite(
        path,
        np.full((frames, 8, 8), value, "uint16"),
        metadata={"axes": "TYX", "Plane": {"DeltaT": times, "DeltaTUnit": ["s"] * frames}, **known},
        ome=True,
    )
    return omio.open(path)


def delta_t(image: MicroscopyDataset) -> list[float]:
    assert image.facts.planes is not None
    values: list[float] = image.facts.planes.columns["delta_t"].ravel().tolist()
    return values


def seconds(image: MicroscopyDataset) -> list[float]:
    values: list[float] = image.facts.axes["T"].values().tolist()
    return values


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[MicroscopyDataset]:
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        tifffile.imwrite(folder / f"t{number:03d}.tif", np.full((8, 8), number, "uint16"))
    return [omio.open(path) for path in sorted(folder.iterdir())]


class TestWhatIsOpened:
    @pytest.mark.parametrize("policy", ["strict", "padded", "cropped"])
    def test_merging_opens_no_file_and_a_plane_one(self, parts: list[MicroscopyDataset], policy: str) -> None:
        HANDLES.clear()
        merged = omio.merge(parts, policy=policy)
        assert len(HANDLES) == 0
        assert (merged.isel(T=150).load() == 150).all()
        assert len(HANDLES) == 1

    def test_one_by_one_is_as_flat_as_at_once(self, parts: list[MicroscopyDataset]) -> None:
        one_by_one = parts[0]
        for part in parts[1:]:
            one_by_one = one_by_one.merge(part)
        at_once = omio.merge(parts)
        assert all(isinstance(item, FileRecipe) for item in one_by_one.recipe.parts())
        assert one_by_one.recipe.token() == at_once.recipe.token()
        assert one_by_one.facts.axes == at_once.facts.axes

    def test_a_merge_can_be_sent_away(self, parts: list[MicroscopyDataset]) -> None:
        sent = pickle.dumps(omio.merge(parts).recipe)
        assert len(sent) < 400 * MANY
        assert (pickle.loads(sent).load()[:, 0, 0, 0, 0] == np.arange(MANY)).all()  # noqa: S301 - our own bytes

    def test_a_changed_file_is_told_when_it_is_read(self, tmp_path: Path) -> None:
        parts = [movie(tmp_path / f"{name}.ome.tif", 1, TimeIncrement=2.0) for name in "ab"]
        (tmp_path / "b.ome.tif").unlink()
        merged = omio.merge(parts)
        assert (merged.isel(T=0).load() == 1).all()
        with pytest.raises(omio.errors.FileMissingError, match=r"b\.ome\.tif"):
            merged.load()


class TestWhatCanBeMerged:
    def images(self) -> list[MicroscopyDataset]:
        return [MicroscopyDataset.from_array(np.full((2, 2), value, "uint8"), name=str(value)) for value in range(4)]

    def test_sequences_and_mappings_in_order(self) -> None:
        a, b, c, d = self.images()
        for merged in (
            omio.merge([a, (b, c), d]),
            omio.merge({"z": a, "a": [b, {"k": c}], "m": d}),
            a.merge([b], c, d),
        ):
            assert merged.load().ravel()[::4].tolist() == [0, 1, 2, 3]
            assert merged.name == "0"
        assert omio.merge(a).sizes["T"] == 1
        assert omio.merge(image for image in (a, b)).sizes["T"] == 2

    def test_a_collection_gives_its_scenes(self, tmp_path: Path) -> None:
        with tifffile.TiffWriter(tmp_path / "two.ome.tif", ome=True) as writer:
            for value in (1, 2):
                writer.write(np.full((8, 8), value, "uint8"), metadata={"axes": "YX"})
        merged = omio.merge(omio.open_collection(tmp_path / "two.ome.tif"), along="Z")
        assert merged.load()[0, :, 0, 0, 0].tolist() == [1, 2]

    def test_what_is_no_dataset_is_named(self) -> None:
        empty: tuple[Any, ...] = ([], {}, [[]])
        for none in empty:
            with pytest.raises(MergeError, match="nothing to merge"):
                omio.merge(none)
        for wrong in ("a.tif", ["a.tif"], [3], np.zeros((2, 2))):
            with pytest.raises(MergeError, match=r"cannot merge .*omio.open"):
                omio.merge(wrong)  # type: ignore[arg-type]

    def test_dims_that_nothing_grows_along(self) -> None:
        first, *others = self.images()
        for along in ("X", "S", "t", ""):
            with pytest.raises(MergeError, match=r"Merge along T, Z or C, or M \(mosaic by stage positions\)"):
                first.merge(*others, along=along)

    def test_a_subclass_stays_what_it_is(self) -> None:
        class Mine(MicroscopyDataset):
            pass

        assert type(omio.merge([Mine.from_array(np.zeros((2, 2))), *self.images()], dtype="promote")) is Mine


class TestTimes:
    def parts(self, folder: Path, **known: Any) -> list[MicroscopyDataset]:
        dates = ("2026-11-20T10:00:00", "2026-11-20T10:01:00")
        return [movie(folder / f"{at}.ome.tif", at, AcquisitionDate=date, **known) for at, date in enumerate(dates)]

    def test_continue_goes_on_with_the_interval(self, tmp_path: Path) -> None:
        merged = omio.merge(self.parts(tmp_path, TimeIncrement=2.0))
        assert merged.facts.axes["T"] == Regular(0, 2, 4)
        assert delta_t(merged) == [0, 2, 0, 2]

    def test_restart_keeps_each_parts_seconds(self, tmp_path: Path) -> None:
        merged = omio.merge(self.parts(tmp_path, TimeIncrement=2.0), times="restart")
        assert seconds(merged) == delta_t(merged) == [0, 2, 0, 2]
        assert merged.metadata.time_increment is None

    def test_stamps_move_positions_and_planes(self, tmp_path: Path) -> None:
        merged = omio.merge(self.parts(tmp_path, TimeIncrement=2.0), times="stamps")
        assert seconds(merged) == delta_t(merged) == [0, 2, 60, 62]
        assert str(merged.metadata.acquired) == "2026-11-20 10:00:00"

    def test_stamps_one_by_one_are_stamps_at_once(self, tmp_path: Path) -> None:
        dates = [f"2026-11-20T10:0{minute}:00" for minute in (0, 1, 3)]
        a, b, c = (movie(tmp_path / f"{d[-4]}{n}.ome.tif", 1, AcquisitionDate=d) for n, d in enumerate(dates))
        one_by_one = a.merge(b, times="stamps").merge(c, times="stamps")
        assert delta_t(one_by_one) == delta_t(omio.merge([a, b, c], times="stamps")) == [0, 2, 60, 62, 180, 182]

    @pytest.mark.parametrize(("times", "expected"), [("continue", [0, 2, 0, 2]), ("stamps", [0, 2, 60, 62])])
    def test_what_is_written_is_what_was_merged(self, times: str, expected: list[float], tmp_path: Path) -> None:
        merged = omio.merge(self.parts(tmp_path, TimeIncrement=2.0), times=times)
        merged.to_ometiff(tmp_path / "out.ome.tif")
        again = omio.open(tmp_path / "out.ome.tif")
        assert delta_t(again) == expected
        assert seconds(again) == seconds(merged)

    def test_single_frames_follow_their_dates_without_an_interval(self) -> None:
        frames = [
            MicroscopyDataset.from_array(np.zeros((2, 2), "uint8")).with_metadata(acquired=f"2026-11-20T10:0{at}:00")
            for at in (0, 1, 3)
        ]
        assert seconds(omio.merge(frames, times="stamps")) == [0, 60, 180]
        assert "T" not in omio.merge(frames).facts.axes
        assert "T" not in omio.merge(frames, times="restart").facts.axes
        timed = frames[1].with_metadata(time_increment=2.0)
        assert seconds(omio.merge([timed, frames[2]], times="stamps")) == [0, 120]

    @pytest.mark.parametrize("times", ["continue", "restart", "stamps"])
    def test_a_single_part_keeps_its_interval(self, times: str) -> None:
        frame = MicroscopyDataset.from_array(np.zeros((2, 2), "uint8"), time_increment=2.0)
        dated = frame.with_metadata(acquired="2026-11-20T10:00:00")
        assert omio.merge([dated], times=times).facts.axes["T"] == Regular(0, 2, 1)

    def test_parts_with_and_without_time_do_not_mix(self) -> None:
        still = MicroscopyDataset.from_array(np.zeros((2, 2, 2), "uint8"), "TYX")
        timed = still.with_metadata(time_increment=2.0)
        for times in ("continue", "restart"):
            with pytest.raises(MergeError, match="part 2: T positions: only one of them knows any"):
                timed.merge(still, times=times)

    def test_stamps_cannot_date_frames_that_know_no_seconds(self) -> None:
        still = MicroscopyDataset.from_array(np.zeros((2, 2, 2), "uint8"), "TYX")
        dated = still.with_metadata(acquired="2026-11-20T10:00:00")
        with pytest.raises(MergeError, match="part 1: T positions: its date says when the first of 2 frames was taken"):
            dated.merge(dated, times="stamps")

    def test_uneven_intervals_are_kept(self) -> None:
        facts = [
            Facts.of((2, 1, 1, 2, 2), times=np.array(times), planes=PlaneTable.of({"delta_t": np.zeros((2, 1, 1))}))
            for times in ([0.0, 1.0], [5.0, 9.0])
        ]
        a, b = (MicroscopyDataset(ArrayRecipe(np.zeros(fact.shape)), fact) for fact in facts)
        joined = a.merge(b).facts.axes["T"]
        assert isinstance(joined, Listed)
        assert joined.values().tolist() == [0, 1, 5, 9]


class Square(PadPolicy):
    """Pads by what stands in the middle of nowhere: a policy of somebody's own."""

    kind: ClassVar[str] = "square-for-these-tests"
    value: float = 5

    def plan(self, sizes: Mapping[str, int], widths: Mapping[str, Any], to: Mapping[str, int]) -> PadPlan:
        return super().plan(sizes, widths, to or dict.fromkeys("YX", max(sizes["Y"], sizes["X"])))

    def fill_value(self) -> float:
        return self.value


class Lenient(StrictMerge):
    """A merge policy of somebody's own."""

    kind: ClassVar[str] = "lenient-for-these-tests"
    reason: str = "none"


class TestPolicies:
    POLICIES: ClassVar[tuple[MergePolicy, ...]] = (
        StrictMerge(dtype="promote", times="stamps", names="number"),
        StrictMerge(metadata={"objective": "first", "channels": "union", "annotations": "first"}),
        PaddedMerge(pad=ZeroPad(align="center")),
        PaddedMerge(pad={"kind": "constant", "value": 3}),
        PaddedMerge(pad="reflect", names="source"),
        PaddedMerge(pad=Square(value=7, align="end")),
        CroppedMerge(align="end"),
        Lenient(reason="because"),
    )

    @pytest.mark.parametrize("policy", POLICIES, ids=str)
    def test_the_provenance_rebuilds_the_policy(self, policy: MergePolicy) -> None:
        image = MicroscopyDataset.from_array(np.zeros((2, 2), "uint8"))
        dated = image.with_metadata(acquired="2026-11-20T10:00:00")
        step = dated.merge(dated, policy=policy).metadata.provenance[-1].model_dump(mode="json")
        again = MergePolicy.resolve(json.loads(json.dumps(step))["policy"])
        assert again == policy
        assert type(again) is type(policy)

    def test_ones_own_work_by_name(self) -> None:
        wide = MicroscopyDataset.from_array(np.ones((2, 3), "uint8"))
        assert wide.merge(wide, policy=Lenient.kind, reason="x").facts.static.provenance[-1]["policy"]["reason"] == "x"
        assert wide.pad(policy=Square.kind).load()[0, 0, 0].tolist() == [[1, 1, 1], [1, 1, 1], [5, 5, 5]]
        assert wide.pad(policy=Square.kind, value=2, align="end").load()[0, 0, 0, 0].tolist() == [2, 2, 2]
        with pytest.warns(OmioWarning, match="part 2 is padded in Y from 2 to 3, X from 3 to 4"):
            merged = wide.pad({"X": (0, 1), "Y": (0, 1)}).merge(wide, policy="padded", pad=Square.kind)
        assert merged.load()[1, 0, 0, -1].tolist() == [5, 5, 5, 5]

    def test_unknown_ones_are_told_with_those_that_are_known(self) -> None:
        image = MicroscopyDataset.from_array(np.zeros((2, 2)))
        with pytest.raises(PolicyError, match=r"no policy 'loose' here. There are .*cropped, .*mosaic, .*padded"):
            image.merge(image, policy="loose")
        with pytest.raises(PolicyError, match=r"no policy 'wrap' here. There are .*constant, .*edge, .*reflect"):
            image.pad(policy="wrap")
        with pytest.raises(PolicyError, match=r"PaddedMerge: pad: no policy 'wrap' here. There are .*constant, .*edge"):
            PaddedMerge(pad="wrap")
        with pytest.raises(PolicyError, match="StrictMerge: colour: there is no such field"):
            image.merge(image, colour="red")


class TestPaddingAndCropping:
    def images(self) -> tuple[MicroscopyDataset, MicroscopyDataset]:
        pixels = np.arange(48, dtype="uint8").reshape(6, 8)
        whole = MicroscopyDataset.from_array(pixels, pixel_size={"Y": 0.5, "X": 0.5})
        return whole, whole.isel(X=slice(2, 6))

    def test_what_happened_is_warned_of_once_and_recorded(self) -> None:
        whole, part = self.images()
        with pytest.warns(OmioWarning) as caught:
            merged = whole.merge(part, whole, policy=PaddedMerge(pad={"align": "center"}))
        assert [str(item.message) for item in caught] == ["to merge them, part 2 is padded in X from 4 to 8"]
        assert caught[0].filename == __file__
        parts = merged.facts.static.provenance[-1]["parts"]
        assert [entry.get("padded") for entry in parts] == [None, {"X": [2, 2]}, None]

    def test_long_lists_are_cut_in_the_warning_only(self) -> None:
        whole, part = self.images()
        with pytest.warns(OmioWarning, match="and 5 more") as caught:
            merged = part.merge(*[whole] * 15, policy=CroppedMerge(align="center"))
        assert len(caught) == 1
        assert sum("cropped" in entry for entry in merged.facts.static.provenance[-1]["parts"]) == 15

    def test_nothing_is_said_where_nothing_happens(self) -> None:
        whole, _ = self.images()
        for policy in ("padded", "cropped"):
            assert whole.merge(whole, policy=policy).facts.static.provenance[-1]["parts"] == [
                {"at": [0, 1]},
                {"at": [1, 2]},
            ]

    def test_crops_lie_where_they_were_cut(self) -> None:
        whole, part = self.images()
        with pytest.warns(OmioWarning, match="part 1 is cropped in X from 8 to 4"):
            merged = whole.merge(part, policy=CroppedMerge(align="center"))
        assert merged.facts.axes["X"] == Regular(1.0, 0.5, 4)
        np.testing.assert_array_equal(merged.load()[0], merged.load()[1])
        with pytest.raises(MergeError, match="part 2: X origin: 0 µm and 1 µm"):
            whole.merge(part, policy="cropped")

    def test_crops_follow_planes(self) -> None:
        planes = PlaneTable.of({"delta_t": np.arange(4.0).reshape(4, 1, 1)})
        image = MicroscopyDataset(ArrayRecipe(np.zeros((4, 1, 1, 2, 2))), Facts.of((4, 1, 1, 2, 2), planes=planes))
        with pytest.warns(OmioWarning, match="part 1 is cropped in T from 4 to 2"):
            merged = image.merge(image.isel(T=slice(0, 2)), along="Z", policy="cropped")
        assert merged.facts.planes is not None
        assert merged.facts.planes.columns["delta_t"][:, :, 0].tolist() == [[0, 0], [1, 1]]

    def test_fill_is_a_value_of_the_promoted_dtype(self) -> None:
        small = MicroscopyDataset.from_array(np.zeros((2, 2), "uint8"))
        large = MicroscopyDataset.from_array(np.zeros((2, 3), "uint16"))
        pad = {"kind": "constant", "value": 300}
        with pytest.warns(OmioWarning, match="X from 2 to 3"):
            merged = small.merge(large, policy=PaddedMerge(pad=pad, dtype="promote"))
        assert merged.load()[0, 0, 0, 0].tolist() == [0, 0, 300]
        with pytest.raises(PolicyError, match="uint8 pixels cannot hold the fill value 300"):
            small.pad({"X": 1}, policy=pad)

    def test_floats_take_any_number_and_nan(self) -> None:
        image = MicroscopyDataset.from_array(np.zeros((1, 1), "float32"))
        for value in (0.1, float("nan"), float("inf")):
            padded = image.pad({"X": (0, 1)}, policy="constant", value=value)
            np.testing.assert_array_equal(padded.load()[0, 0, 0, 0, 1], np.float32(value))
            policy = padded.metadata.provenance[-1].model_dump()["policy"]
            assert np.array_equal(PadPolicy.resolve(json.loads(json.dumps(policy))).fill_value(), value, equal_nan=True)
        with pytest.raises(PolicyError, match="cannot hold"):
            image.pad({"X": 1}, policy="constant", value=1e300)
