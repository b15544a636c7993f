from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import omio
from omio import Backend
from omio.collection.folder import folder_stack
from omio.collection.scenes import Opening
from omio.errors import ClosedError, FileMissingError, MergeError, OmioError, SceneError
from tests.support.real import real


def image(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.full((4, 6), value, np.uint16))
    return path


def scenes(path: Path, count: int) -> Path:
    with tifffile.TiffWriter(path, ome=True) as writer:
        for number in range(count):
            writer.write(np.full((4, 6), number, np.uint16), metadata={"axes": "YX", "Name": f"field {number}"})
    return path


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that tells which files are looked into."""
    opened: list[str] = []
    look = Opening.reader

    def reader(opening: Opening, path: str) -> Backend:
        opened.append(path)
        return look(opening, path)

    monkeypatch.setattr(Opening, "reader", reader)
    return opened


class TestKeys:
    def test_are_paths_in_natural_order(self, tmp_path: Path) -> None:
        for number in (10, 2, 1):
            image(tmp_path / f"t{number}.tif", number)
        folder = omio.open_folder(tmp_path)
        assert list(folder) == ["t1.tif", "t2.tif", "t10.tif"]
        assert [found.load().max() for found in folder.values()] == [1, 2, 10]
        assert len(folder) == 3
        assert folder["t2.tif"] is folder["t2.tif"] is folder[1] is folder[-2]

    def test_of_folders_below_have_forward_slashes(self, tmp_path: Path) -> None:
        image(tmp_path / "b" / "deep" / "x.tif")
        image(tmp_path / "a.tif")
        assert list(omio.open_folder(tmp_path)) == ["a.tif"]
        assert list(omio.open_folder(tmp_path, recursive=True)) == ["a.tif", "b/deep/x.tif"]

    def test_follow_a_pattern_of_names(self, tmp_path: Path) -> None:
        for name in ("t1.tif", "t2.tif", "dark.tif"):
            image(tmp_path / name)
        assert list(omio.open_folder(tmp_path, pattern="t*.tif")) == ["t1.tif", "t2.tif"]

    def test_name_the_scenes_of_a_file_that_has_several(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif")
        scenes(tmp_path / "b.ome.tif", 2)
        folder = omio.open_folder(tmp_path)
        assert list(folder) == ["a.tif", "b.ome.tif#field 0", "b.ome.tif#field 1"]
        assert folder["b.ome.tif#field 1"].load().max() == 1
        assert "b.ome.tif" not in folder
        with pytest.raises(SceneError, match=r"'b\.ome\.tif' has 2 scenes\. There are b\.ome\.tif#field 0, "):
            folder["b.ome.tif"]

    def test_are_paths_alone_where_the_scene_is_chosen(self, tmp_path: Path) -> None:
        scenes(tmp_path / "b.ome.tif", 2)
        assert list(omio.open_folder(tmp_path, scene="field 1")) == ["b.ome.tif"]
        assert omio.open_folder(tmp_path, scene=1)["b.ome.tif"].load().max() == 1

    def test_may_hold_the_mark_of_scenes(self, tmp_path: Path) -> None:
        image(tmp_path / "a#1.tif", 7)
        scenes(tmp_path / "b#2.ome.tif", 2)
        folder = omio.open_folder(tmp_path)
        assert list(folder) == ["a#1.tif", "b#2.ome.tif#field 0", "b#2.ome.tif#field 1"]
        assert [found.load().max() for found in folder.values()] == [7, 0, 1]

    def test_that_are_not_there_are_key_errors(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif")
        folder = omio.open_folder(tmp_path)
        assert folder.get("c.tif") is None
        assert "c.tif" not in folder
        with pytest.raises(SceneError, match=r"no image 'c\.tif'\. There are a\.tif\."):
            folder["c.tif"]
        for number in (1, -2):
            with pytest.raises(SceneError, match="There are 1"):
                folder[number]


class TestOpening:
    def test_the_scenes_of_a_file_opens_it_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        scenes(tmp_path / "b.ome.tif", 5)
        folder, opened = omio.open_folder(tmp_path), watched(monkeypatch)
        assert [found.load().max() for found in folder.values()] == [0, 1, 2, 3, 4]
        assert len(opened) == 1

    def test_one_key_opens_one_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(5):
            image(tmp_path / f"{number}.tif", number)
        folder, opened = omio.open_folder(tmp_path), watched(monkeypatch)
        assert folder["3.tif"].load().max() == 3
        assert opened == [str(tmp_path / "3.tif")]

    def test_a_loop_opens_each_file_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(5):
            image(tmp_path / f"{number}.tif", number)
        folder, opened = omio.open_folder(tmp_path), watched(monkeypatch)
        assert [found.load().max() for found in folder.values()] == [0, 1, 2, 3, 4]
        assert len(opened) == 5

    def test_does_not_depend_on_the_current_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        image(tmp_path / "tiles" / "a.tif", 6)
        monkeypatch.chdir(tmp_path)
        folder = omio.open_folder("tiles")
        monkeypatch.chdir("tiles")
        assert folder["a.tif"].load().max() == 6
        assert folder.files == (str(tmp_path / "tiles" / "a.tif"),)

    def test_a_damaged_file_raises_its_own_error_alone(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif")
        (tmp_path / "b.tif").write_bytes(b"II*\0" + b"\xff" * 40)
        image(tmp_path / "c.tif", 3)
        folder = omio.open_folder(tmp_path)
        assert list(folder) == ["a.tif", "b.tif", "c.tif"]
        assert folder["c.tif"].load().max() == 3
        with pytest.raises(OmioError, match=r"b\.tif") as caught:
            folder["b.tif"]
        assert not isinstance(caught.value, SceneError)

    def test_options_reach_every_file(self, tmp_path: Path) -> None:
        for number in range(2):
            tifffile.imwrite(tmp_path / f"{number}.tif", np.zeros((3, 4, 6), np.uint8), photometric="minisblack")
        folder = omio.open_folder(tmp_path, axes="ZYX")
        assert [found.sizes["Z"] for found in folder.values()] == [3, 3]

    @pytest.mark.parametrize("kwargs", [{}, {"pattern": "*.czi"}, {"recursive": True}])
    def test_nothing_to_open_says_what_was_looked_for(self, tmp_path: Path, kwargs: dict[str, object]) -> None:
        (tmp_path / "notes.txt").write_text("none")
        wanted = "names like '\\*.czi'" if "pattern" in kwargs else "ending a backend knows"
        with pytest.raises(FileMissingError, match=f"looked for .*{wanted}"):
            omio.open_folder(tmp_path, **kwargs)  # type: ignore[arg-type]

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FileMissingError, match="no such folder"):
            omio.open_folder(image(tmp_path / "a.tif"))

    def test_a_companion_set_counts_once(self) -> None:
        folder = omio.open_folder(real("companion-multifile"))
        assert len(folder) == 1
        assert len(folder.files) > 1


class TestTheCollection:
    def test_is_short_and_opens_nothing_to_show_itself(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(30):
            image(tmp_path / f"{number}.tif")
        folder = omio.open_folder(tmp_path)
        opened = watched(monkeypatch)
        shown = ", ".join(f"{number}.tif" for number in range(10))
        assert repr(folder) == f"<MicroscopyCollection {tmp_path.name}: {shown}, … (30 in all)>"
        assert not opened

    def test_merges(self, tmp_path: Path) -> None:
        for number in range(3):
            image(tmp_path / f"{number}.tif", number)
        merged = omio.open_folder(tmp_path).merge(along="Z")
        assert merged.sizes["Z"] == 3
        assert merged.load()[0, :, 0, 0, 0].tolist() == [0, 1, 2]

    def test_merge_names_every_conflict(self, tmp_path: Path) -> None:
        image(tmp_path / "0.tif")
        for number in (1, 2):
            tifffile.imwrite(tmp_path / f"{number}.tif", np.zeros((5, 6), np.uint16))
        with pytest.raises(MergeError) as caught:
            omio.open_folder(tmp_path).merge()
        assert len(caught.value.conflicts) == 2

    def test_closing_ends_what_was_taken_from_it(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif")
        with omio.open_folder(tmp_path) as folder:
            taken = folder["a.tif"]
        with pytest.raises(ClosedError):
            taken.load()
        with pytest.raises(ClosedError):
            folder["a.tif"]
        folder.close()

    def test_tells_files_and_details(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif")
        folder = omio.open_folder(tmp_path)
        assert folder.files == (str(tmp_path / "a.tif"),)
        assert folder.path == str(tmp_path)
        assert folder.backend is None
        assert folder.details("a.tif") == omio.open_collection(tmp_path / "a.tif").details("0")


class TestAPlainFolder:
    def test_opens_as_a_collection(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif")
        assert list(omio.open_collection(tmp_path)) == ["a.tif"]

    def test_of_one_image_opens_as_that(self, tmp_path: Path) -> None:
        image(tmp_path / "a.tif", 5)
        assert omio.open(tmp_path).load().max() == 5

    def test_of_several_lists_ten_of_them(self, tmp_path: Path) -> None:
        for number in range(12):
            image(tmp_path / f"{number}.tif")
        with pytest.raises(
            SceneError, match=r"holds 12 images. Open one of 0.tif, .*9.tif and 2 more; open_folder\(\)"
        ):
            omio.open(tmp_path)

    def test_of_none_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileMissingError, match="no image in the folder"):
            omio.open(tmp_path)


class TestStacks:
    def make(self, root: Path, *names: str) -> None:
        for value, name in enumerate(names):
            image(root / name / "image.tif", value)

    def test_take_the_files_of_all_siblings(self, tmp_path: Path) -> None:
        self.make(tmp_path, "FOV1_001", "FOV1_002", "FOV10_001", "FOV1_010", "FOV1_001_old", "FOV1_notes", "FOV1")
        image(tmp_path / "FOV1_002" / "second.tif", 9)
        folder = omio.open_folder(tmp_path / "FOV1_002", stack=True)
        assert list(folder) == [
            "FOV1_001/image.tif",
            "FOV1_002/image.tif",
            "FOV1_002/second.tif",
            "FOV1_010/image.tif",
        ]
        assert folder.merge(along="T").load()[:, 0, 0, 0, 0].tolist() == [0, 1, 9, 3]

    def test_are_in_natural_order(self, tmp_path: Path) -> None:
        self.make(tmp_path, "FOV1_t1", "FOV1_t10", "FOV1_t2", "FOV1_z1", "FOV10_t3")
        found = [Path(path).name for path in folder_stack(tmp_path / "FOV1_t10")]
        assert found == ["FOV1_t1", "FOV1_t2", "FOV1_t10"]

    def test_need_a_number(self, tmp_path: Path) -> None:
        self.make(tmp_path, "FOV1")
        with pytest.raises(FileMissingError, match="<TAG>_001"):
            folder_stack(tmp_path / "FOV1")
        with pytest.raises(FileMissingError, match="no such folder"):
            folder_stack(tmp_path / "FOV2_001")

    def test_are_found_from_within(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.make(tmp_path, "FOV1_1", "FOV1_2")
        monkeypatch.chdir(tmp_path / "FOV1_1")
        assert len(folder_stack(".")) == len(folder_stack("../FOV1_2/")) == 2
