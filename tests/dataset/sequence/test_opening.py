from __future__ import annotations

import io
import logging
import os
import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.backends import registry
from omio.backends.tiff.likeness import Likeness
from omio.dataset.sequence.assembling import MOST_COMPARED
from omio.dataset.sequence.stack import FileStack
from omio.errors import AxesError, ChangedFileError, ClosedError, FileMissingError, MergeError, OptionError, PolicyError
from omio.lazy.arrays import ArrayRecipe
from omio.lazy.handles import HANDLES
from omio.lazy.leaf import FileStamp
from omio.testing import makers
from tests.dataset.sequence.files import corners, write

if TYPE_CHECKING:
    from omio.lazy.recipe import Recipe


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every image file that is opened, by Python or by the system call."""
    opened: list[str] = []

    def noting(function: Any) -> Any:
        def note(path: Any, *rest: Any, **named: Any) -> Any:
            if str(path).endswith(".tif"):
                opened.append(Path(path).name)
            return function(path, *rest, **named)

        return note

    monkeypatch.setattr(os, "open", noting(os.open))
    monkeypatch.setattr("builtins.open", noting(open))
    monkeypatch.setattr("io.open", noting(io.open))
    return opened


class TestPlaces:
    def test_fields_in_folder_names(self, tmp_path: Path) -> None:
        names = {f"pos1/t{t}/{c}.tif": 10 * t + i for t in (9, 10) for i, c in enumerate(("DAPI", "GFP"))}
        write(tmp_path, names)
        image = omio.open(tmp_path / "pos1" / "t{T}" / "{C}.tif")
        assert corners(image) == [[[90, 91]], [[100, 101]]]
        assert [channel.name for channel in image.metadata.channels] == ["DAPI", "GFP"]
        assert image.metadata.sources["channels[1].name"] == "file name"

    def test_a_glob_along_a_dim(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in (10, 9, 1)})
        assert corners(omio.open(tmp_path / "*.tif", along="Z")) == [[[1], [9], [10]]]

    def test_a_list_along_a_dim(self, tmp_path: Path) -> None:
        write(tmp_path, {f"{t}.tif": t for t in (1, 2, 3)})
        image = omio.open([tmp_path / f"{t}.tif" for t in (3, 1, 2, 1)], along="C")
        assert corners(image) == [[[3, 1, 2, 1]]]
        assert "name" not in image.facts.channels
        assert image.metadata.provenance[0].model_dump()["files"] == ["3.tif", "1.tif", "2.tif", "1.tif"]

    def test_a_pattern_for_a_glob(self, tmp_path: Path) -> None:
        write(tmp_path, {f"w{c}_t{t}_z{z}.tif": 100 * t + 10 * z + c for t in (1, 2) for z in (0, 1) for c in (4, 5)})
        image = omio.open(tmp_path / "w*.tif", pattern=r"w(?P<C>\d)_t(?P<T>\d+)_z(?P<Z>\d+)")
        assert corners(image) == [[[t * 100 + z * 10 + c for c in (4, 5)] for z in (0, 1)] for t in (1, 2)]

    def test_as_tifffile_places_them(self, tmp_path: Path) -> None:
        names = {f"img_T{t:03d}_Z{z:02d}.tif": 10 * t + z for t in range(3) for z in range(2)}
        write(tmp_path, names)
        pattern = r"_(T)(\d+)_(Z)(\d+)"
        with tifffile.TiffSequence(str(tmp_path / "*.tif"), pattern=pattern) as sequence:
            expected = sequence.asarray()
        image = omio.open(tmp_path / "*.tif", pattern=pattern)
        np.testing.assert_array_equal(image.load()[:, :, 0], expected)

    def test_categories_as_tifffile_spells_them(self, tmp_path: Path) -> None:
        write(tmp_path, {"RFP_1.tif": 1, "GFP_1.tif": 2, "RFP_2.tif": 3, "GFP_2.tif": 4})
        pattern, numbers = r"(?P<C>[A-Z]+)_(?P<T>\d)", {"C": {"RFP": 0, "GFP": 1}}
        with tifffile.TiffSequence(str(tmp_path / "*.tif"), pattern=pattern, categories=numbers) as sequence:
            expected = sequence.asarray()
        image = omio.open(tmp_path / "*.tif", pattern=pattern, categories=numbers)
        np.testing.assert_array_equal(image.load()[:, 0].swapaxes(0, 1), expected)
        assert image.sel(C="GFP").load().max() == 4
        assert image.identical(omio.open(tmp_path / "{C}_{T}.tif", categories={"C": ["RFP", "GFP"]}))

    def test_texts_are_in_natural_order(self, tmp_path: Path) -> None:
        write(tmp_path, {f"ch{c}.tif": c for c in (10, 9, 1)})
        image = omio.open(tmp_path / "{C}.tif")
        assert [channel.name for channel in image.metadata.channels] == ["ch1", "ch9", "ch10"]

    def test_text_where_numbers_belong(self, tmp_path: Path) -> None:
        write(tmp_path, {"pre.tif": 1, "post.tif": 2})
        with pytest.raises(AxesError, match=r"post.tif: T takes numbers, not 'post'. Name the order: categories"):
            omio.open(tmp_path / "*.tif", pattern=r"(?P<T>\w+)\.")
        for given in ({"files": tmp_path / "*.tif", "pattern": r"(?P<T>\w+)\."}, {"files": tmp_path / "{T}.tif"}):
            image = omio.open_sequence(**given, categories={"T": ["pre", "post"]})
            assert corners(image) == [[[1]], [[2]]]

    def test_a_text_without_category(self, tmp_path: Path) -> None:
        write(tmp_path, {"GFP.tif": 1, "YFP.tif": 2})
        with pytest.raises(AxesError, match=r"YFP.tif: C has no category for 'YFP'"):
            omio.open(tmp_path / "{C}.tif", categories={"C": ["GFP"]})

    def test_a_category_without_file_is_missing(self, tmp_path: Path) -> None:
        write(tmp_path, {"GFP.tif": 1})
        with pytest.raises(MergeError, match="1 file is missing: C=RFP"):
            omio.open(tmp_path / "{C}.tif", categories={"C": ["GFP", "RFP"]})

    def test_two_files_for_one_place(self, tmp_path: Path) -> None:
        write(tmp_path, {"t1.tif": 1, "t01.tif": 2})
        with pytest.raises(AxesError, match=r"have the same place"):
            omio.open(tmp_path / "t{T}.tif")

    def test_fields_that_are_tiles(self, tmp_path: Path) -> None:
        names = {f"t{t}_y{y}_x{x}.tif": 100 * t + 10 * y + x for t in (0, 1) for y in (1, 2, 3) for x in (0, 1)}
        write(tmp_path, names, resolution=(1e4, 1e4), resolutionunit="CENTIMETER")
        image = omio.open(tmp_path / "t{T}_y{Y}_x{X}.tif")
        assert image.shape == (2, 1, 1, 12, 10)
        expected = [[100 + 10 * y + x for x in (0, 1)] for y in (1, 2, 3)]
        assert image.load()[1, 0, 0, ::4, ::5].tolist() == expected
        assert image.pixel_size["X"] == pytest.approx(1.0)
        assert image.isel(X=slice(3, 8), Y=slice(3, 5)).load()[0, 0, 0].tolist() == [
            [10] * 2 + [11] * 3,
            [20] * 2 + [21] * 3,
        ]

    def test_tiles_that_are_not_alike(self, tmp_path: Path) -> None:
        sizes = {"y0_x0": (4, 5), "y0_x1": (4, 3), "y1_x0": (2, 5), "y1_x1": (2, 3)}
        for at, (name, size) in enumerate(sizes.items()):
            write(tmp_path, {f"{name}.tif": at}, size=size, description=name)
        image = omio.open(tmp_path / "y{Y}_x{X}.tif")
        assert image.load()[0, 0, 0].tolist() == [[0] * 5 + [1] * 3] * 4 + [[2] * 5 + [3] * 3] * 2
        steps = [step.model_dump() for step in image.metadata.provenance]
        assert [step["action"] for step in steps] == ["open", "merge", "merge"]
        assert [(part["at"], part.get("description")) for part in steps[1]["parts"]] == [
            ([0, 5], None),
            ([5, 8], "y0_x1"),
        ]
        write(tmp_path, {"y1_x1.tif": 3}, size=(3, 3), dtype="uint8")
        with pytest.raises(MergeError, match=r"2 conflicts:\s+part 2 \(y1_x1.tif\): Y size: 2 and 3\s+.*dtype"):
            omio.open(tmp_path / "y{Y}_x{X}.tif")

    def test_files_that_have_planes_themselves(self, tmp_path: Path) -> None:
        for t in range(2):
            pixels = np.arange(3 * 4 * 5, dtype="uint8").reshape(3, 4, 5) + 100 * t
            tifffile.imwrite(tmp_path / f"t{t}.tif", pixels, photometric="minisblack")
        image = omio.open(tmp_path / "t{T}.tif", axes="ZYX")
        assert image.shape == (2, 3, 1, 4, 5)
        assert image.load()[1, 2, 0, 0, 0] == 140
        along = omio.open(tmp_path / "t{T}.tif", axes="TYX")
        assert along.load()[:, 0, 0, 0, 0].tolist() == [0, 20, 40, 100, 120, 140]


class TestWords:
    def test_nothing_says_where_files_stand(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.tif": 1, "b.tif": 2})
        for files in (tmp_path / "*.tif", [tmp_path / "a.tif", tmp_path / "b.tif"]):
            with pytest.raises(AxesError, match=r'along which axis they lie. Say along="T", or .* pattern='):
                omio.open(files)

    def test_one_file_needs_no_word(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.tif": 1})
        assert omio.open(tmp_path / "*.tif").identical(omio.open(tmp_path / "a.tif"))
        assert omio.open([tmp_path / "a.tif"], along="T").sizes["T"] == 1

    @pytest.mark.parametrize("word", [{"along": "T"}, {"policy": "padded"}, {"validate_shapes": False}])
    def test_words_for_many_files_mean_nothing_for_one(self, tmp_path: Path, word: dict[str, Any]) -> None:
        write(tmp_path, {"a.tif": 1})
        with pytest.raises(OptionError, match=f"no option {next(iter(word))}.*give a pattern, a glob or a list"):
            omio.open(tmp_path / "a.tif", **word)

    @pytest.mark.parametrize(
        ("words", "error", "said"),
        [
            ({"along": "T", "pattern": "(?P<T>.)"}, OptionError, "both say where files stand"),
            ({"along": "Q"}, AxesError, "is no dim"),
            ({"along": "T", "categories": {"C": ["a"]}}, OptionError, "does not look at"),
            ({"pattern": "(?P<C>.)", "categories": {"T": ["a"]}}, OptionError, "categories= has T"),
            ({"pattern": "(?P<C>.)", "categories": {"C": "ab"}}, OptionError, "categories of C"),
            ({"pattern": "(?P<C>.)", "categories": {"C": {"a": 1, "b": 1}}}, OptionError, "List each once"),
            ({"pattern": "(?P<C>.)", "categories": ["a"]}, OptionError, "Give names by dim"),
            ({"along": "T", "on_missing": "skip"}, OptionError, "on_missing='skip'"),
            ({"along": "T", "reader": 5}, OptionError, "reader=5. Give a function"),
            ({"along": "T", "reader": np.load, "validate_shapes": True}, OptionError, "no headers"),
            ({"along": "T", "fill_value": -1}, PolicyError, "uint16 pixels cannot hold the fill value -1"),
            ({"along": "T", "fill_value": float("nan")}, PolicyError, "uint16 pixels cannot hold"),
            ({"along": "T", "colour": 1}, OptionError, "no option colour"),
        ],
    )
    def test_that_mean_nothing(self, tmp_path: Path, words: dict[str, Any], error: type[Exception], said: str) -> None:
        write(tmp_path, {"a.tif": 1, "b.tif": 2})
        with pytest.raises(error, match=said):
            omio.open(tmp_path / "*.tif", **words)

    def test_fields_leave_nothing_to_say(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match="fields in braces say where files stand"):
            omio.open(tmp_path / "{T}.tif", along="T")

    def test_a_level_of_all_files(self, tmp_path: Path) -> None:
        for t in range(2):
            with tifffile.TiffWriter(tmp_path / f"t{t}.tif") as file:
                file.write(np.full((16, 16), t, "uint8"), subifds=1, metadata=None)
                file.write(np.full((8, 8), 10 + t, "uint8"), subfiletype=1, metadata=None)
        assert omio.open(tmp_path / "t{T}.tif", level=1).load()[:, 0, 0, 0, 0].tolist() == [10, 11]
        with pytest.raises(omio.errors.SceneError, match="There are levels 0 to 1"):
            omio.open(tmp_path / "t{T}.tif", level=2)


class TestGaps:
    def test_are_filled_with_a_value(self, tmp_path: Path) -> None:
        write(tmp_path, {"t0_z0.tif": 1, "t0_z1.tif": 2, "t1_z1.tif": 3, "t3_z0.tif": 4, "t3_z1.tif": 5})
        with pytest.warns(omio.OmioWarning, match=r"3 files are missing: T=1, Z=0; T=2, Z=0; T=2, Z=1.* filled with 9"):
            image = omio.open(tmp_path / "t{T}_z{Z}.tif", on_missing="fill", fill_value=9)
        assert corners(image) == [[[1], [2]], [[9], [3]], [[9], [9]], [[4], [5]]]
        assert image.metadata.provenance[0].model_dump()["filled"] == [[1, 0], [2, 0], [2, 1]]

    def test_of_a_list(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.tif": 1, "c.tif": 3})
        files = [tmp_path / name for name in ("a.tif", "b.tif", "c.tif")]
        with pytest.raises(FileMissingError, match=r"1 of 3 files are not there: b.tif"):
            omio.open(files, along="T")
        with pytest.warns(omio.OmioWarning, match="T=1; they are filled with zeros"):
            assert corners(omio.open(files, along="T", strict=False)) == [[[1]], [[0]], [[3]]]
        with pytest.raises(FileMissingError, match="1 of 1 files"):
            omio.open([tmp_path / "b.tif"], along="T", strict=False)

    def test_float_files_may_be_filled_with_nan(self, tmp_path: Path) -> None:
        write(tmp_path, {"t0.tif": 1, "t1.tif": 2, "t3.tif": 4}, dtype="float32")
        with pytest.warns(omio.OmioWarning, match="filled with nan"):
            image = omio.open(tmp_path / "t{T}.tif", strict=False, fill_value=float("nan"))
        assert np.isnan(image.isel(T=2).load()).all()

    def test_numbers_that_count_nothing(self, tmp_path: Path) -> None:
        write(tmp_path, {"20260101.tif": 1, "20261231.tif": 2, "99999999.tif": 3})
        for strict in (True, False):
            with pytest.raises(MergeError, match=r"3 files for .* places: T 20260101 to 99999999"):
                omio.open(tmp_path / "{T}.tif", strict=strict)

    def test_of_files_that_are_not_alike(self, tmp_path: Path) -> None:
        for t in (0, 1, 3):
            write(tmp_path, {f"t{t}.tif": t + 1}, description=f"frame {t}")
        with pytest.warns(omio.OmioWarning, match="T=2; they are filled with 5"):
            image = omio.open(tmp_path / "t{T}.tif", strict=False, fill_value=5)
        assert corners(image) == [[[1]], [[2]], [[5]], [[4]]]

    def test_are_described_as_their_channel_is(self, tmp_path: Path) -> None:
        for t, c, seconds in ((0, "a", 0.0), (0, "b", 0.0), (1, "a", 5.0), (3, "a", 20.0), (3, "b", 20.0)):
            name = {"a": "DAPI", "b": "GFP"}[c]
            pixels = np.full((1, 1, 1, 4, 5), t + 1, "uint16")
            plane = {"DeltaT": [seconds], "DeltaTUnit": ["s"]}
            tifffile.imwrite(
                tmp_path / f"t{t}_{c}.ome.tif",
                pixels,
                metadata={"axes": "TZCYX", "Channel": {"Name": name}, "Plane": plane},
            )
        with pytest.warns(omio.OmioWarning, match="3 files are missing: T=1, C=b; T=2, C=a; T=2, C=b"):
            image = omio.open(tmp_path / "t{T}_{C}.ome.tif", strict=False)
        assert [channel.name for channel in image.metadata.channels] == ["DAPI", "GFP"]
        assert corners(image) == [[[1, 1]], [[2, 0]], [[0, 0]], [[4, 4]]]
        assert image.facts.planes is not None
        seconds_of = image.facts.planes.columns["delta_t"][:, 0]
        np.testing.assert_array_equal(seconds_of, [[0, 0], [5, np.nan], [np.nan, np.nan], [20, 20]])

    def test_have_no_times(self, tmp_path: Path) -> None:
        class Timed(omio.Backend):
            """One pixel, taken at the seconds that the file says."""

            name = "timed"
            extensions = (".timed",)

            def scenes(self) -> tuple[str, ...]:
                return ("0",)

            def array(self, scene: str, level: int = 0) -> Recipe:
                return ArrayRecipe(np.ones((1, 1, 1, 1, 1), np.uint8))

            def metadata(self, scene: str) -> omio.Facts:
                return omio.Facts.of((1, 1, 1, 1, 1), times=np.array([float(Path(self.path).read_text())]))

        for t, seconds in ((0, 0.0), (1, 5.5), (3, 20.0)):
            (tmp_path / f"t{t}.timed").write_text(str(seconds))
        omio.register_backend(Timed)
        try:
            with pytest.warns(omio.OmioWarning, match="T=2"):
                image = omio.open(tmp_path / "t{T}.timed", strict=False)
        finally:
            registry.unregister("timed")
        np.testing.assert_array_equal(image.facts.axes["T"].values(), [0, 5.5, np.nan, 20])
        assert image.isel(T=3).metadata.axis("T").origin == 20
        repr(image)


class TestComparing:
    def many(self, folder: Path, count: int = 6, **changed: Any) -> Path:
        write(folder, {f"t{t}.tif": t for t in range(count)})
        if changed:
            write(folder, {"t3.tif": 3}, **changed)
        return folder / "t{T}.tif"

    def test_of_one_file_opened_the_others_are_not_looked_at(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pattern = self.many(tmp_path)
        omio.open(pattern).load()  # what is imported is imported now
        HANDLES.clear()
        opened = counted(monkeypatch)
        image = omio.open(pattern, validate_shapes=False)
        assert set(opened) == {"t0.tif"}
        opened.clear()
        assert corners(image.isel(T=2)) == [[[2]]]
        assert set(opened) == {"t0.tif", "t2.tif"}  # the tags of the first only now, to compare with
        compared = len(opened)
        opened.clear()
        HANDLES.clear()
        image.isel(T=2).load()
        assert len(opened) < compared

    def test_a_plane_of_compared_files_is_read_from_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        image = omio.open(self.many(tmp_path))
        opened = counted(monkeypatch)
        image.isel(T=4).load()
        assert set(opened) == {"t4.tif"}

    def test_all_ways_give_the_same_image(self, tmp_path: Path) -> None:
        pattern = self.many(tmp_path)
        images = [omio.open(pattern, validate_shapes=way) for way in (None, True, False)]
        images.append(omio.open(pattern, policy=omio.StrictMerge()))
        assert [isinstance(image.recipe, FileStack) for image in images] == [True, True, True, False]
        for image in images[1:]:
            assert image.identical(images[0])
            assert image.metadata.axes == images[0].metadata.axes
            assert image.metadata.provenance[0] == images[0].metadata.provenance[0]

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"size": (4, 6)}, "X size|shape"),
            ({"dtype": "uint8"}, "dtype"),
            ({"resolution": (1e4, 1e4), "resolutionunit": "CENTIMETER"}, "X"),
        ],
    )
    def test_a_file_that_differs_is_found_when_it_is_read(
        self, tmp_path: Path, changed: dict[str, Any], said: str
    ) -> None:
        image = omio.open(self.many(tmp_path, **changed), validate_shapes=False)
        assert corners(image.isel(T=2)) == [[[2]]]
        with pytest.raises(MergeError, match=rf"t3.tif: does not fit .*t0.tif.*{said}.*validate_shapes=True"):
            image.load()
        with pytest.raises(MergeError):
            omio.open(tmp_path / "t{T}.tif")

    def test_metadata_of_its_own_is_told_of(self, tmp_path: Path) -> None:
        image = omio.open(self.many(tmp_path, description="the third"), validate_shapes=False)
        with pytest.warns(omio.OmioWarning, match=r"t3.tif: .*validate_shapes=True: .*description differs"):
            assert corners(image.isel(T=3)) == [[[3]]]
        corners(image.isel(T=3))

    def test_another_layout_is_read_right(self, tmp_path: Path) -> None:
        image = omio.open(self.many(tmp_path, compression="zlib"), validate_shapes=False)
        assert corners(image) == [[[t]] for t in range(6)]

    def test_files_with_metadata_of_their_own_are_opened(self, tmp_path: Path) -> None:
        for t in range(3):
            write(tmp_path, {f"t{t}.tif": t}, description=f"frame {t}")
        image = omio.open(tmp_path / "t{T}.tif")
        parts = image.metadata.provenance[1].model_dump()["parts"]
        assert [part.get("description") for part in parts] == [None, "frame 1", "frame 2"]
        assert image.metadata.description == "frame 0"
        unchecked = omio.open(tmp_path / "t{T}.tif", validate_shapes=False)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert corners(unchecked) == [[[0]], [[1]], [[2]]]
        assert [str(warning.message).partition(": ")[0] for warning in caught] == [str(tmp_path / "t1.tif")]

    def test_files_of_many_planes_are_opened_when_they_are_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pixels = np.arange(4 * 3 * 6 * 5, dtype="uint16").reshape(4, 3, 6, 5)
        for t, planes in enumerate(pixels):
            told = {"axes": "ZYX", "Plane": {"DeltaT": [float(t), t + 0.25, t + 0.5]}}
            tifffile.imwrite(tmp_path / f"t{t}.ome.tif", planes, metadata=told)
        every = omio.open(tmp_path / "t{T}.ome.tif")
        assert every.facts.planes is not None
        HANDLES.clear()
        opened = counted(monkeypatch)
        image = omio.open(tmp_path / "*.ome.tif", along="T", validate_shapes=False)
        assert set(opened) == {"t0.ome.tif"}
        assert image.sizes == every.sizes
        assert image.facts.planes is None
        opened.clear()
        again = pickle.loads(pickle.dumps(image))  # noqa: S301 - our own
        np.testing.assert_array_equal(again.isel(T=2).load()[0, :, 0], pixels[2])
        assert set(opened) <= {"t0.ome.tif", "t2.ome.tif"}
        np.testing.assert_array_equal(image.load()[:, :, 0], pixels)

    @pytest.mark.parametrize("other", [{"shape": (2, 6, 5)}, {"shape": (3, 6, 6)}, {"dtype": "uint8"}], ids=str)
    def test_a_file_of_many_planes_that_differs_is_named(self, tmp_path: Path, other: dict[str, Any]) -> None:
        alike = {"shape": (3, 6, 5), "dtype": "uint16"}
        for t, words in enumerate((alike, alike, {**alike, **other})):
            tifffile.imwrite(tmp_path / f"t{t}.ome.tif", np.zeros(**words), metadata={"axes": "ZYX"})
        image = omio.open(tmp_path / "*.ome.tif", along="T", validate_shapes=False)
        assert not image.isel(T=1).load().any()
        with pytest.raises(MergeError, match=r"t2\.ome\.tif: does not fit .*t0\.ome\.tif"):
            image.load()

    def test_pyramids_keep_their_levels(self, tmp_path: Path) -> None:
        for t in range(2):
            with tifffile.TiffWriter(tmp_path / f"t{t}.ome.tif") as tiff:
                tiff.write(np.full((64, 64), t, np.uint8), subifds=1, metadata={"axes": "YX"})
                tiff.write(np.full((32, 32), t, np.uint8), subfiletype=1)
        image = omio.open(tmp_path / "t{T}.ome.tif", validate_shapes=False)
        assert [level.shape[-2:] for level in image.levels] == [(64, 64), (32, 32)]

    def test_many_are_not_compared_unless_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        pattern = self.many(tmp_path)
        monkeypatch.setattr("omio.dataset.sequence.assembling.MOST_COMPARED", 5)
        looked: list[str] = []
        holds = Likeness.holds_for

        def note(self: Likeness, path: str) -> bool:
            looked.append(path)
            return holds(self, path)

        monkeypatch.setattr(Likeness, "holds_for", note)
        with caplog.at_level(logging.INFO, logger="omio"):
            omio.open(pattern)
        assert {Path(path).name for path in looked} == {"t0.tif", "t5.tif"}
        assert caplog.messages == [
            "6 files: the first and the last are compared now, the others when they are first read"
        ]
        looked.clear()
        omio.open(pattern, validate_shapes=True)
        assert len({Path(path).name for path in looked}) == 6
        assert MOST_COMPARED == 1000

    def test_a_file_that_changes_is_noticed(self, tmp_path: Path) -> None:
        compared, taken = (omio.open(self.many(tmp_path), validate_shapes=way) for way in (True, False))
        taken.isel(T=3).load()
        HANDLES.clear()
        write(tmp_path, {"t3.tif": 99}, description="longer than it was before")
        for image in (compared, taken):
            with pytest.raises(ChangedFileError, match=r"t3\.tif"):
                image.isel(T=3).load()

    def test_a_file_that_is_gone_is_named(self, tmp_path: Path) -> None:
        image = omio.open(self.many(tmp_path), validate_shapes=False)
        (tmp_path / "t3.tif").unlink()
        with pytest.raises(FileMissingError, match=r"t3\.tif"):
            image.load()
        image.close()

    def test_conflicts_of_all_files_are_listed(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}_z{z}.tif": 0 for t in (0, 1) for z in (0, 1)})
        write(tmp_path, {"t0_z1.tif": 0}, size=(4, 9))
        write(tmp_path, {"t1_z1.tif": 0}, dtype="uint8")
        with pytest.raises(MergeError, match="2 conflicts") as caught:
            omio.open(tmp_path / "t{T}_z{Z}.tif")
        first, second = caught.value.conflicts
        assert "t0_z1.tif" in first
        assert "t1_z1.tif" in second

    def test_files_of_other_sizes_are_merged_by_policy(self, tmp_path: Path) -> None:
        write(tmp_path, {"t0.tif": 1, "t1.tif": 2})
        write(tmp_path, {"t2.tif": 3}, size=(6, 7))
        with pytest.warns(omio.OmioWarning, match="padded"):
            image = omio.open(tmp_path / "t{T}.tif", policy=omio.PaddedMerge())
        assert image.shape == (3, 1, 1, 6, 7)
        assert corners(image) == [[[1]], [[2]], [[3]]]


class TestSets:
    def members(self, folder: Path, count: int = 2) -> list[Path]:
        """Write the planes of one image to several files that name each other."""
        uuids = [
            f"urn:uuid:00000000-0000-4000-8000-{folder.stat().st_ino % 10**6:06d}{number:06d}"
            for number in range(count)
        ]
        names = [f"z{number}.ome.tif" for number in range(count)]
        data = "".join(
            f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1"><UUID FileName="{name}">{uuid}</UUID></TiffData>'
            for z, (name, uuid) in enumerate(zip(names, uuids, strict=True))
        )
        for z, (name, uuid) in enumerate(zip(names, uuids, strict=True)):
            xml = (
                f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{uuid}"><Image ID="Image:0">'
                f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="5" SizeY="4" SizeZ="{count}" '
                f'SizeC="1" SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}</Pixels></Image></OME>'
            )
            tifffile.imwrite(folder / name, np.full((4, 5), z + 1, "uint8"), description=xml, metadata=None)
        return [folder / name for name in names]

    def test_members_are_one_image(self, tmp_path: Path) -> None:
        files = self.members(tmp_path)
        for given in (files, files[::-1], tmp_path / "*.ome.tif"):
            image = omio.open(given)
            assert corners(image) == [[[1], [2]]]
            assert image.identical(omio.open(given[0] if isinstance(given, list) else files[0]))

    def test_members_count_once(self, tmp_path: Path) -> None:
        for t in range(3):
            (tmp_path / f"t{t}").mkdir()
            self.members(tmp_path / f"t{t}")
        along = omio.open(tmp_path / "t*" / "*.tif", along="T")
        assert corners(along) == [[[1], [2]]] * 3
        fields = omio.open(tmp_path / "t{T}" / "z{Z}.ome.tif")
        assert fields.shape == along.shape
        assert len(fields.metadata.provenance[0].model_dump()["files"]) == 3
        assert omio.open(tmp_path / "t0" / "z{Z}.ome.tif").shape == (1, 2, 1, 4, 5)


class TestEnds:
    @pytest.mark.parametrize(
        "way", [{"validate_shapes": True}, {"validate_shapes": False}, {"reader": tifffile.imread}]
    )
    def test_the_working_folder_may_change(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: dict[str, Any]
    ) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in range(3)})
        monkeypatch.chdir(tmp_path)
        images = [omio.open("t{T}.tif", **way)]
        images += [omio.open(given, along="T", **way) for given in ("*.tif", ["t0.tif", "t1.tif", "t2.tif"])]
        monkeypatch.chdir("/")
        for image in images:
            again = pickle.loads(pickle.dumps(image))  # noqa: S301 - our own bytes
            assert corners(again) == [[[0]], [[1]], [[2]]]

    def test_closing_ends_it(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in range(3)})
        image = omio.open(tmp_path / "t{T}.tif")
        part = image.isel(T=1)
        part.load()
        before = len(HANDLES)
        image.close()
        assert len(HANDLES) < before
        for ended in (image, part):
            with pytest.raises(ClosedError):
                ended.load()

    def test_it_is_small_when_pickled(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t:03d}.tif": t % 100 for t in range(300)})
        for way, each in ((True, 48), (False, 32)):
            image = omio.open(tmp_path / "t{T}.tif", validate_shapes=way)
            image.load()
            data = pickle.dumps(image)
            assert len(data) < 4000 + 300 * each
            again = pickle.loads(data)  # noqa: S301 - our own bytes
            assert again.recipe.digest == image.recipe.digest
            assert again.identical(image)
            assert again.metadata == image.metadata

    def test_its_leaves_are_its_files(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in range(3)})
        for way in (True, False):
            recipe = omio.open(tmp_path / "t{T}.tif", validate_shapes=way).recipe
            assert [leaf.stamp for leaf in recipe.leaves()] == [  # type: ignore[attr-defined]
                FileStamp.of(tmp_path / f"t{t}.tif") for t in range(3)
            ]

    def test_dask_cuts_it_by_file(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in range(4)})
        image = omio.open(tmp_path / "t{T}.tif", chunks="file")
        assert image.chunks[0] == (1, 1, 1, 1)
        np.testing.assert_array_equal(image.data.values, image.load())

    def test_it_is_written_and_never_over_its_sources(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in range(3)})
        image = omio.open(tmp_path / "t{T}.tif", validate_shapes=False)
        image.to_ometiff(tmp_path / "all.ome.tif")
        np.testing.assert_array_equal(omio.open(tmp_path / "all.ome.tif").load(), image.load())
        with pytest.raises(omio.errors.SourceOverwriteError):
            image.to_ometiff(tmp_path / "t1.tif", overwrite="replace")

    def test_files_that_know_their_times_keep_them(self, tmp_path: Path) -> None:
        made = makers.sequence(tmp_path)
        image = omio.open(made.path)
        np.testing.assert_array_equal(image.load(), made.pixels)
        assert image.metadata.time_increment == made.time_increment

    def test_one_file_is_held_open(self, tmp_path: Path) -> None:
        write(tmp_path, {f"t{t}.tif": t for t in range(40)}, description="x")
        HANDLES.clear()
        omio.open(tmp_path / "t{T}.tif")
        assert len(HANDLES) <= 1
        omio.open(tmp_path / "t{T}.tif").load()
        assert len(HANDLES) <= HANDLES.capacity
