"""``omio view``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from PIL import Image

from omio.cli import main
from omio.testing import makers
from omio.viewing import viewers
from tests.support.packages import hide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    return makers.ome_tiff(tmp_path / "cells.ome.tif").path


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


class TestTerminal:
    def test_draws_picture_bar_and_sizes(self, cells: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["view", str(cells)]) == 0
        out = capsys.readouterr().out
        for word in ("█", "━ 10 µm", "■ EGFP", "■ mCherry", "T 3  Z 5  C 2  Y 96  X 128", "T 2.5 s, Z 3 µm"):
            assert word in out
        assert "\x1b" not in out

    @pytest.mark.parametrize(
        ("environment", "code"),
        [
            ({"FORCE_COLOR": "1", "COLORTERM": "truecolor"}, "\x1b[38;2;"),
            ({"FORCE_COLOR": "1"}, "\x1b[38;5;"),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1", "COLORTERM": "truecolor"}, None),
        ],
    )
    def test_colours_are_asked_for_or_forbidden(
        self,
        cells: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        environment: dict[str, str],
        code: str | None,
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        main(["view", str(cells)])
        out = capsys.readouterr().out
        assert ("\x1b" not in out) if code is None else (code in out and "▀" in out)

    def test_fits_the_columns(
        self, cells: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "20")
        main(["view", str(cells)])
        lines = capsys.readouterr().out.splitlines()
        assert max(len(line) for line in lines if set(line) <= set(" ░▒▓█")) == 20

    def test_planes_can_be_chosen(self, cells: Path, capsys: pytest.CaptureFixture[str]) -> None:
        main(["view", str(cells), "-t", "0", "-z", "4"])
        assert "T 0 s, Z 6 µm" in capsys.readouterr().out
        main(["view", str(cells), "--project", "max"])
        assert "max of 5 planes" in capsys.readouterr().out

    def test_one_that_fails_does_not_keep_the_others(
        self, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["view", str(tmp_path / "missing.tif"), str(cells)]) == 1
        out, err = capsys.readouterr()
        assert "EGFP" in out
        assert "missing.tif" in err

    def test_a_file_without_names_of_axes_needs_them(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        stack = str(makers.stack(tmp_path / "stack.tif").path)
        assert main(["view", stack]) == 1
        assert main(["view", stack, "--axes", "ZYX"]) == 0


class TestFiles:
    @pytest.fixture(autouse=True)
    def _with_matplotlib(self) -> None:
        pytest.importorskip("matplotlib", reason="the extra plot is not installed")

    @pytest.mark.parametrize(("ending", "kind"), [("png", "PNG"), ("JPG", "JPEG"), ("webp", "WEBP")])
    def test_pictures(self, cells: Path, tmp_path: Path, ending: str, kind: str) -> None:
        assert main(["view", str(cells), "-o", str(tmp_path / f"look.{ending}")]) == 0
        with Image.open(tmp_path / f"look.{ending}") as picture:
            assert picture.format == kind
            assert picture.width > 800

    @pytest.mark.parametrize("kind", ["composite", "orthogonal", "montage", "histogram"])
    def test_kinds(self, cells: Path, tmp_path: Path, kind: str) -> None:
        assert main(["view", str(cells), "-o", str(tmp_path / "look.svg"), "--kind", kind]) == 0
        assert (tmp_path / "look.svg").read_bytes().startswith(b"<?xml")

    def test_a_folder_of_images_gives_a_folder_of_pictures(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "in").mkdir()
        for name in ("a.tif", "b.ome.tif"):
            makers.rgb(tmp_path / "in" / name)
        assert main(["view", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]
        assert len(capsys.readouterr().out.splitlines()) == 2

    def test_what_exists_is_replaced_only_when_told(self, cells: Path, tmp_path: Path) -> None:
        target = tmp_path / "look.png"
        target.write_bytes(b"mine")
        assert main(["view", str(cells), "-o", str(target)]) == 1
        assert target.read_bytes() == b"mine"
        assert main(["view", str(cells), "-o", str(target), "-f"]) == 0
        assert target.read_bytes().startswith(b"\x89PNG")

    def test_one_name_for_several_images_is_refused(
        self, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["view", str(cells), str(cells), "-o", str(tmp_path / "look.png")]) == 1
        assert "one file for 2 images" in capsys.readouterr().err
        assert main(["view", str(cells), str(cells), "-o", str(tmp_path / "out")]) == 1
        assert "several images would be cells.png" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_a_picture_that_is_not_drawn_is_no_folder(
    cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["view", str(cells), "-o", str(tmp_path / "x.gif")]) == 1
    assert ".gif is no picture that can be drawn. Known are png, jpg" in capsys.readouterr().err
    assert not (tmp_path / "x.gif").exists()
    assert main(["view", str(cells), "-o", str(tmp_path / "v1.2")]) == 0
    assert len(list((tmp_path / "v1.2").iterdir())) == 1


def test_a_page_needs_no_matplotlib(cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide("matplotlib", monkeypatch)
    assert main(["view", str(cells), "-o", str(tmp_path / "cells.html")]) == 0
    page = (tmp_path / "cells.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "mCherry" in page
    assert "color-scheme:light dark" in page


def test_napari_is_handed_all_images(cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[Any, ...]] = []

    def view(images: Any, **options: Any) -> None:
        shown.append((len(images), options))

    other = makers.rgb(tmp_path / "histology.tif").path
    monkeypatch.setattr("omio.viewing.napari.view", view)
    assert main(["view", str(cells), str(other), "--napari"]) == 0
    assert shown == [(2, {"viewer": None, "blocking": True})]


def test_the_browser_is_handed_all_images_and_the_url_is_told(
    cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("starlette", reason="the extra serve is not installed")
    pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    from omio.serve.server import Server

    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(Server, "wait", lambda _: None)
    other = makers.rgb(tmp_path / "histology.tif").path
    assert main(["view", str(cells), str(other), "--browser"]) == 0
    assert opened == [capsys.readouterr().out.strip()]
    assert opened[0].startswith("http://127.0.0.1:")


def test_only_one_place_to_show(cells: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["view", str(cells), "--napari", "--browser"])
    assert error.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


class Notes:
    """A viewer that remembers what it was handed."""

    name = "notes"
    seen: ClassVar[list[str]] = []

    def add_image(self, *data: Any, **options: Any) -> None:
        self.seen.append(options["name"])

    def add_labels(self, *data: Any, **options: Any) -> None:
        raise AssertionError("the image has no labels")

    def run(self) -> None:
        self.seen.append("run")


@pytest.fixture
def notes() -> Iterator[list[str]]:
    viewers.register_viewer(Notes)
    yield Notes.seen
    viewers.registry.unregister("notes")
    Notes.seen.clear()


def test_a_viewer_by_name_is_handed_the_layers_and_waited_for(cells: Path, notes: list[str]) -> None:
    assert main(["view", str(cells), "--viewer", "notes"]) == 0
    assert notes == ["cells :: EGFP", "cells :: mCherry", "run"]


def test_an_unknown_viewer_is_told_with_those_that_there_are(
    cells: Path, notes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["view", str(cells), "--viewer", "nots"]) != 0
    told = capsys.readouterr().err
    assert "no viewer 'nots'. Did you mean 'notes'? There are notes" in told
    assert notes == []
