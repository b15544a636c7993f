from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

import omio
from omio.checks import environment as around
from omio.cli import main
from omio.testing import makers
from omio.viewing import viewers
from tests.support.packages import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_copies(tmp_path: Path) -> Iterator[None]:
    with omio.config(cache_dir=tmp_path / "copies"):
        yield


@pytest.fixture
def good(tmp_path: Path) -> Path:
    makers.ome_tiff(tmp_path / "good.ome.tif")
    return tmp_path / "good.ome.tif"


@pytest.fixture
def bent(tmp_path: Path) -> Path:
    """30 planes, of which the last does not decode."""
    path = tmp_path / "bent.ome.tif"
    makers.ome_tiff(tmp_path / "plain.ome.tif")
    pixels = tifffile.imread(tmp_path / "plain.ome.tif")
    tifffile.imwrite(path, pixels, ome=True, metadata={"axes": "TZCYX"}, photometric="minisblack", compression="zlib")
    with tifffile.TiffFile(path) as file:
        offset = file.pages[-1].dataoffsets[0]
    with path.open("r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 16)
    return path


def test_a_good_file(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(good)]) == 0
    assert capsys.readouterr().out == f"{good} (ometiff): whole\n  planes: 30 of 30 whole\n"


def test_a_damaged_file_is_told_plane_by_plane(bent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(bent)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{bent} (ometiff): damaged"
    assert "  planes: 29 of 30 whole, 1 damaged" in lines
    assert any(line.startswith("    T2 Z4 C1 damaged: page 29, segment 0: ") for line in lines)
    assert lines[-1] == "  to save what is whole: omio convert --salvage"


def test_quick_decodes_nothing_and_says_so(bent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--quick", str(bent)]) == 0
    assert capsys.readouterr().out == f"{bent} (ometiff): whole, as far as its structure tells\n"


def test_the_worst_of_several_decides(good: Path, bent: Path, tmp_path: Path) -> None:
    (tmp_path / "no.tif").write_bytes(b"no")
    assert main(["doctor", str(bent), str(good)]) == 1
    assert main(["doctor", str(tmp_path / "no.tif"), str(good)]) == 2
    assert main(["doctor", str(tmp_path / "absent.tif")]) == 2


def test_problems_come_with_their_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.tif"
    tifffile.imwrite(path, np.ones((64, 64), "uint16"))
    path.write_bytes(path.read_bytes()[:-1000])
    assert main(["doctor", str(path)]) == 1
    assert "strict=False fills with 0 what cannot be read." in capsys.readouterr().out


def test_json(good: Path, bent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json", str(good), str(bent)])
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["verdict"], second["verdict"]) == ("whole", "damaged")
    (scene,) = second["scenes"].values()
    assert [plane["plane"] for plane in scene["damaged"]] == ["T2 Z4 C1"]


def test_progress_is_a_bar_on_a_terminal(
    good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    main(["doctor", str(good)])
    assert "[####################] 100%" in capsys.readouterr().err
    main(["doctor", "-q", str(good)])
    assert capsys.readouterr().err == ""


def test_the_environment(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for text in (omio.__version__, np.__version__, "zstd", "threads", str(tmp_path / "copies")):
        assert text in told


def test_the_environment_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["versions"]["tifffile"] == tifffile.__version__
    assert found["versions"]["omio"] == omio.__version__
    assert found["codecs"]["zstd"] is True
    assert found["limits"]["threads"] >= 1
    assert found["cache"]["copies"] == 0


def test_another_package_of_this_name_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = {"omio": ["omio", "omio-microscopy"]}
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: owners)
    assert main(["doctor"]) == 1
    assert "omio-microscopy: installs modules named omio, too. They cannot share" in capsys.readouterr().out


@pytest.mark.parametrize(("version", "said"), [(None, "is not installed"), ("1.0", "is version 1.0, omio needs >=")])
def test_packages_that_are_missing_or_too_old_are_told(
    version: str | None, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = around._version
    monkeypatch.setattr(around, "_version", lambda name: version if name == "tifffile" else plain(name))
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert f"error: tifffile: {said}" in told
    assert 'pip install "tifffile>=' in told


def test_an_extra_that_is_not_installed_says_how(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = around._version
    monkeypatch.setattr(around, "_version", lambda name: None if name == "matplotlib" else plain(name))
    assert main(["doctor"]) == 0
    assert 'without matplotlib: pip install "omio[plot]"' in capsys.readouterr().out


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_salvage_writes_what_is_whole_and_says_what_is_not(
    bent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "saved.ome.tif"
    assert main(["convert", str(bent), "-o", str(target)]) == 1
    assert not target.exists()
    capsys.readouterr()
    assert main(["convert", str(bent), "-o", str(target), "--salvage", "--json"]) == 1
    salvaged = result(capsys)["salvaged"]
    assert (salvaged["whole"], [plane["plane"] for plane in salvaged["damaged"]]) == (29, ["T2 Z4 C1"])
    before, after = (tifffile.imread(path) for path in (tmp_path / "plain.ome.tif", target))
    np.testing.assert_array_equal(after.reshape(-1, 96, 128)[:-1], before.reshape(-1, 96, 128)[:-1])
    assert not after[-1, -1, -1].any()
    (step,) = [step for step in omio.open(target).metadata.provenance if step.action == "salvage"]
    assert step.damaged == ["T2 Z4 C1"]  # type: ignore[attr-defined]


def test_salvage_of_a_whole_file_is_a_conversion(good: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.ome.tif"
    assert main(["convert", str(good), "-o", str(target), "--salvage"]) == 0
    np.testing.assert_array_equal(tifffile.imread(target), tifffile.imread(good))


def test_salvage_of_nothing_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.tif").write_bytes(b"II*\0junk")
    assert main(["convert", str(tmp_path / "no.tif"), "-o", str(tmp_path / "saved.ome.tif"), "--salvage"]) == 2
    assert "no.tif" in capsys.readouterr().err
    assert not (tmp_path / "saved.ome.tif").exists()


def test_salvage_lists_what_it_could_not_save(bent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["convert", str(bent), "-o", str(tmp_path / "saved.ome.tif"), "--salvage"])
    assert "  planes: 29 of 30 whole, 1 damaged\n    T2 Z4 C1 damaged: page 29, segment 0: " in capsys.readouterr().out


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """An ImageJ stack of 6 slices, whose chain of pages leads out of the file after the third."""
    path = tmp_path / "cut.tif"
    with tifffile.TiffWriter(path) as file:
        for number in range(6):
            about = "ImageJ=1.53\nimages=6\nslices=6\n" if number == 0 else None
            file.write(np.full((16, 16), number, np.uint16), contiguous=False, metadata=None, description=about)
    with tifffile.TiffFile(path) as file:
        third = file.pages[2]
        assert isinstance(third, tifffile.TiffPage)
        after = third.offset + 2 + 12 * len(third.tags)
    with path.open("r+b") as stream:
        stream.seek(after)
        stream.write((1 << 20).to_bytes(4, "little"))
    return path


def test_a_chain_of_pages_that_is_cut_is_told_once(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(cut)]) == 1
    out = capsys.readouterr().out
    assert out.count("its IFD would lie at offset") == 1
    assert "T 1, Z 6, C 1, the file has 3 planes" in out


@pytest.mark.filterwarnings("ignore::omio.OmioWarning")
def test_salvage_of_a_cut_chain_says_what_was_promised(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "saved.ome.tif"
    assert main(["convert", str(cut), "-o", str(target), "--salvage"]) == 1
    out = capsys.readouterr().out
    assert "planes: 3 of 3 whole" in out
    assert "and more is missing: " in out
    assert "T 1, Z 6, C 1, the file has 3 planes" in out
    assert tifffile.imread(target)[:, 0, 0].tolist() == [0, 1, 2]
    (step,) = [step for step in omio.open(target).metadata.provenance if step.action == "salvage"]
    assert any("T 1, Z 6, C 1" in text for text in step.warnings)  # type: ignore[attr-defined]


def test_the_environment_tells_of_plug_ins_that_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, monkeypatch, "omio.viewers", absent="no_such_module:Viewer")
    monkeypatch.setattr(viewers.registry, "_discovered", False)
    try:
        assert main(["doctor"]) == 1
    finally:
        viewers.registry.unregister("absent")
    out = capsys.readouterr().out
    assert "error: plug-in absent (omio.viewers): 'absent' cannot be loaded: No module named 'no_such_module'" in out
    assert "uninstall the package" in out
