"""What is shown, from when to when; the command."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import omio
from omio.cli import main
from omio.errors import FileMissingError, MissingDependencyError, OmioError, OptionError
from omio.serve import serve
from omio.testing import makers
from tests.serve.client import ask, first_id

if TYPE_CHECKING:
    from omio.serve.server import Server


def names(server: Server) -> list[str]:
    return [image["name"] for image in ask(server, "api/images").json["images"]]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, one of them in a folder below, and one that is none."""
    makers.ome_tiff(tmp_path / "b.ome.tif")
    (tmp_path / "deep").mkdir()
    makers.ome_tiff(tmp_path / "deep" / "a.ome.tif")
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    return tmp_path


def test_it_answers_from_the_first_moment_until_it_is_stopped(image: omio.MicroscopyDataset) -> None:
    server = serve(image)
    assert answers(f"{server.url}api/images")
    assert "running" in repr(server)
    server.stop()
    server.stop()
    assert not answers(f"{server.url}api/images")
    assert "stopped" in repr(server)


def test_nothing_of_it_stays(image: omio.MicroscopyDataset) -> None:
    before = threading.active_count()
    for _ in range(3):
        with serve(image) as server:
            ask(server, f"api/{first_id(server)}/pixel?x=0&y=0")
    deadline = time.monotonic() + 3
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_the_dataset_of_the_user_stays_open(image: omio.MicroscopyDataset) -> None:
    with serve(image):
        pass
    assert image.isel(T=0, Z=0, C=0, Y=0, X=0).load().size == 1


def test_a_port_that_is_asked_for(image: omio.MicroscopyDataset) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serve(image, port=port) as server:
        assert server.url.startswith(f"http://127.0.0.1:{port}/")
        with pytest.raises(OmioError, match=f"port {port} cannot be used"):
            serve(image, port=port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none(image: omio.MicroscopyDataset, port: int) -> None:
    with pytest.raises(OmioError, match=f"port {port}"):
        serve(image, port=port)


def test_the_page_can_be_opened(image: omio.MicroscopyDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    with image.serve(open=True) as server:
        assert opened == [server.url]


def test_a_folder_is_looked_through_when_its_images_are_asked_for(folder: Path) -> None:
    with serve(folder) as server:
        makers.ome_tiff(folder / "c.ome.tif")
        assert names(server) == ["b.ome.tif", "broken.tif", "c.ome.tif", "deep/a.ome.tif"]
        listed = ask(server, "api/images").json["images"]
        states = {entry["name"]: ask(server, entry["info"]).status for entry in listed}
    assert states == {"b.ome.tif": 200, "broken.tif": 422, "c.ome.tif": 200, "deep/a.ome.tif": 200}


def test_what_cannot_be_opened_says_so_without_its_folder(folder: Path) -> None:
    with serve(folder) as server:
        broken = next(entry for entry in ask(server, "api/images").json["images"] if entry["name"] == "broken.tif")
        answer = ask(server, broken["info"])
    assert answer.json["cause"]
    assert str(folder) not in answer.body.decode()


def test_files_are_opened_before_the_server_starts(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        serve(tmp_path / "absent.tif")
    with pytest.raises(OptionError, match="nothing to show"):
        serve()


def test_a_pattern_is_one_image(tmp_path: Path) -> None:
    sample = makers.sequence(tmp_path)
    with serve(sample.path) as server:
        assert names(server) == ["t{T:03d}.ome.tif"]
        assert ask(server, f"api/{first_id(server)}/info").json["sizes"]["T"] == len(sample.pixels)


def test_files_that_the_server_opened_are_released(tmp_path: Path) -> None:
    makers.ome_tiff(tmp_path / "a.ome.tif")
    for source in (tmp_path, tmp_path / "a.ome.tif", tmp_path / "{C}.ome.tif"):
        with serve(source) as server:
            ask(server, f"api/{first_id(server)}/pixel?x=0&y=0")
            assert set(open_files(tmp_path)) == {"a.ome.tif"}
        assert open_files(tmp_path) == []


def open_files(folder: Path) -> list[str]:
    """Return the files below a folder that this process holds open."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list open files")
    targets = [link.readlink() for link in descriptors.iterdir() if link.is_symlink()]
    return [target.name for target in targets if target.is_relative_to(folder)]


def test_collections_and_several_things(folder: Path, image: omio.MicroscopyDataset) -> None:
    with omio.open_folder(folder, pattern="*.ome.tif") as images, serve(image, images, folder / "b.ome.tif") as server:
        assert names(server) == ["Image0", "b.ome.tif", "b.ome.tif"]
        assert server.zarr(2) != server.zarr(0)
        for entry in ask(server, "api/images").json["images"]:
            assert ask(server, entry["info"]).json["sizes"]["T"] == 3


def test_ids_say_nothing(folder: Path) -> None:
    with serve(folder) as server:
        own = {entry["id"] for entry in ask(server, "api/images").json["images"]}
    with serve(folder) as other:
        others = {entry["id"] for entry in ask(other, "api/images").json["images"]}
    assert len(own) == len(others) == 3
    assert not own & others


def test_a_file_that_changed_is_told_of(tmp_path: Path) -> None:
    makers.ome_tiff(tmp_path / "a.ome.tif")
    with serve(tmp_path / "a.ome.tif") as server:
        path = f"api/{first_id(server)}/pixel?x=0&y=0"
        assert ask(server, path).status == 200
        makers.ome_tiff(tmp_path / "other.ome.tif", np.zeros((1, 1, 1, 40, 50), "uint16"))
        os.replace(tmp_path / "other.ome.tif", tmp_path / "a.ome.tif")  # noqa: PTH105 - as programs do
        answer = ask(server, path)
    assert answer.status == 422
    assert str(tmp_path) not in answer.body.decode()


def test_without_the_extra_the_error_says_how_to_install_it(
    image: omio.MicroscopyDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("omio.serve.", "uvicorn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingDependencyError, match=r"uvicorn is not installed. Install it: pip install"):
        serve(image)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "omio", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_the_command_prints_one_url_and_ends_quietly_with_ctrl_c(folder: Path) -> None:
    process = start(str(folder))
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert answers(f"{url}api/images")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "omio: stopped\n")
    assert not answers(url)


def test_a_process_that_ends_takes_its_server_with_it(tmp_path: Path) -> None:
    makers.ome_tiff(tmp_path / "a.ome.tif")
    code = f"import omio; print(omio.open({str(tmp_path / 'a.ome.tif')!r}).serve().url)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stderr == ""
    assert not answers(done.stdout.strip())


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(tmp_path / "absent.tif")]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "absent.tif" in told.err
    makers.ome_tiff(tmp_path / "a.ome.tif")
    assert main(["serve", str(tmp_path / "a.ome.tif"), "--allow-origin", "*"]) == 1
    assert "'*' is no origin" in capsys.readouterr().err
