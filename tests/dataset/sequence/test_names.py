from __future__ import annotations

from pathlib import Path

import pytest

import omio
from omio.dataset.sequence.fields import NamePattern
from omio.dataset.sequence.names import list_files, matching_files
from omio.errors import AxesError, FileMissingError, UnsupportedFormatError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def matched(folder: Path, pattern: str, order: str | None = None) -> dict[str, dict[str, str]]:
    found = matching_files(str(folder / pattern), order)
    return {
        name: dict(zip(found.dims, texts, strict=True))
        for name, texts in zip(found.listing.names, found.texts, strict=True)
    }


class TestFields:
    def test_of_file_names(self, tmp_path: Path) -> None:
        touch(tmp_path, "a_t001_GFP.tif", "a_t002_RFP.tif", "a_t003_.tif", "b_t001_GFP.tif", "a_t001_GFP.tif.bak")
        assert matched(tmp_path, "a_t{T:03d}_{C}.tif") == {
            "a_t001_GFP.tif": {"T": "001", "C": "GFP"},
            "a_t002_RFP.tif": {"T": "002", "C": "RFP"},
        }

    def test_of_folder_names(self, tmp_path: Path) -> None:
        touch(tmp_path, "p1/t1/GFP.tif", "p1/t2/GFP.tif", "p2/t1/GFP.tif", "p1/notes.txt", "p1/t3")
        found = matched(tmp_path, "p1/t{T}/{C}.tif")
        assert found == {
            str(Path("t1", "GFP.tif")): {"T": "1", "C": "GFP"},
            str(Path("t2", "GFP.tif")): {"T": "2", "C": "GFP"},
        }

    def test_a_width_is_the_least_there_is(self, tmp_path: Path) -> None:
        touch(tmp_path, "t1.tif", "t01.tif", "t100.tif")
        assert set(matched(tmp_path, "t{T:02d}.tif")) == {"t01.tif", "t100.tif"}

    def test_neighbours_are_told_apart_by_their_width(self, tmp_path: Path) -> None:
        touch(tmp_path, "i00102.tif")
        assert matched(tmp_path, "i{T:03d}{Z:02d}.tif") == {"i00102.tif": {"T": "001", "Z": "02"}}
        with pytest.raises(AxesError, match="two numbers stand side by side"):
            matched(tmp_path, "i{T}{Z}.tif")

    def test_are_what_the_user_calls_them(self, tmp_path: Path) -> None:
        touch(tmp_path, "1_2.tif")
        assert matched(tmp_path, "{T}_{Z}.tif", "ZT") == {"1_2.tif": {"Z": "1", "T": "2"}}
        with pytest.raises(AxesError, match="names 3 fields, the pattern has 2"):
            matched(tmp_path, "{T}_{Z}.tif", "ZTC")

    def test_that_are_no_dims(self, tmp_path: Path) -> None:
        for pattern in ("{Q}.tif", "{T}_{T}.tif", "{S}.tif"):
            with pytest.raises(AxesError, match="the pattern has fields"):
                matched(tmp_path, pattern)

    def test_signs_stand_for_themselves(self, tmp_path: Path) -> None:
        touch(tmp_path, "a.b(1).tif", "aXb(1).tif")
        assert set(matched(tmp_path, "a.b({T}).tif")) == {"a.b(1).tif"}


class TestRegularExpressions:
    def read(self, pattern: str, *names: str, order: str | list[int] | None = None) -> list[dict[str, str]]:
        dims, texts = NamePattern(pattern, order, "run").read(names)
        return [dict(zip(dims, row, strict=True)) for row in texts]

    def test_named_groups(self) -> None:
        assert self.read(r"_(?P<T>\d+)_(?P<C>\w+)\.", "a_1_GFP.tif") == [{"T": "1", "C": "GFP"}]
        assert self.read(r"(?P<t>\d+)_(?P<ch>\d)", "7_2") == [{"T": "7", "C": "2"}]

    def test_letters_that_the_name_says(self) -> None:
        assert self.read(r"_(T)(\d+)_(Z)(\d+)", "a_T1_Z2") == [{"T": "1", "Z": "2"}]
        assert self.read(r"(ch|z)(\d+)_(ch|z)(\d+)", "z2_ch1") == [{"Z": "2", "C": "1"}]

    def test_folders_count(self) -> None:
        name = str(Path("t1", "GFP.tif"))
        assert self.read(r"t(?P<T>\d+)/(?P<C>\w+)", name) == [{"T": "1", "C": "GFP"}]

    def test_groups_without_a_name(self) -> None:
        assert self.read(r"(\d+)_(\d+)", "1_2", order="ZT") == [{"Z": "1", "T": "2"}]
        assert self.read(r"(\d+)_([A-Z]+)", "1_GFP", order="TC") == [{"T": "1", "C": "GFP"}]
        with pytest.raises(AxesError, match="axes_order= names groups without a name"):
            self.read(r"(\d+)_(\d+)", "1_2")

    def test_integers_leave_dims_that_have_names(self) -> None:
        assert self.read(r"(?P<T>\d)(?P<Z>\d)", "12", order=[1, 0]) == [{"T": "1", "Z": "2"}]
        with pytest.raises(AxesError, match="does not number 2 fields"):
            self.read(r"(?P<T>\d)(?P<Z>\d)", "12", order=[1, 2])

    def test_names_that_do_not_match_are_listed(self) -> None:
        with pytest.raises(AxesError, match=r"2 names do not match .*: b.tif, c.tif"):
            self.read(r"t(?P<T>\d+)", "t1.tif", "b.tif", "c.tif")

    def test_all_names_say_the_same_dims(self) -> None:
        with pytest.raises(AxesError, match=r"z2 has the fields \['z'\], t1 has \['t'\]"):
            self.read(r"([tz])(\d+)", "t1", "z2")

    def test_no_regular_expression(self) -> None:
        with pytest.raises(AxesError, match="is no regular expression"):
            self.read("(", "a")


class TestListing:
    def test_a_glob_is_in_natural_order(self, tmp_path: Path) -> None:
        touch(tmp_path, "t10.tif", "t2.tif", "t1.tif", ".t0.tif")
        listing = list_files(tmp_path / "*.tif")
        assert listing.names == ("t1.tif", "t2.tif", "t10.tif")
        assert listing.path("t2.tif") == str(tmp_path / "t2.tif")

    def test_a_glob_of_folders(self, tmp_path: Path) -> None:
        touch(tmp_path, "p1/a.tif", "p2/a.tif", "p10/x/a.tif")
        assert list_files(tmp_path / "p*" / "*.tif").names == (str(Path("p1", "a.tif")), str(Path("p2", "a.tif")))
        assert len(list_files(tmp_path / "**" / "*.tif").names) == 3

    def test_a_list_stays_in_its_order(self, tmp_path: Path) -> None:
        listing = list_files([tmp_path / "b" / "2.tif", str(tmp_path / "a" / "1.tif")])
        assert listing.folder == str(tmp_path)
        assert [listing.path(name) for name in listing.names] == [
            str(tmp_path / "b" / "2.tif"),
            str(tmp_path / "a" / "1.tif"),
        ]

    @pytest.mark.parametrize(
        "folders", [("", ""), ("x", "y"), ("x", ""), ("ab", "a"), ("/q", "r"), ("/q", "/r"), ("/", "/")]
    )
    def test_paths_come_back_as_they_were(self, folders: tuple[str, str]) -> None:
        paths = [str(Path(folder, f"{number}.tif")) for number, folder in enumerate(folders)]
        listing = list_files(paths)
        assert [listing.path(name) for name in listing.names] == [str(Path(path).absolute()) for path in paths]

    def test_nothing_matches(self, tmp_path: Path) -> None:
        for pattern in ("*.tif", "t[0-9].tif", "absent/t{T}.tif"):
            with pytest.raises(FileMissingError, match="no file matches the pattern") as caught:
                omio.open_sequence(tmp_path / pattern)
            assert caught.value.path == str(tmp_path / pattern)
        with pytest.raises(FileMissingError, match="list of files is empty"):
            omio.open([], along="T")

    def test_remote_files_are_not_listed(self) -> None:
        for files in ("s3://bucket/t{T}.tif", "https://host/*.tif", ["s3://bucket/a.tif", "s3://bucket/b.tif"]):
            with pytest.raises(UnsupportedFormatError, match="remote folders are not listed"):
                omio.open_sequence(files, along=None if "{" in files else "T")

    def test_an_existing_path_is_a_file_whatever_its_name(self, tmp_path: Path) -> None:
        from tests.dataset.sequence.files import write

        write(tmp_path, {"t{T}[1].tif": 3, "t1.tif": 1})
        assert omio.open(tmp_path / "t{T}[1].tif").load().max() == 3
