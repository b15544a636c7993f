"""What all commands share: help, exit codes, streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import omio
from omio.cli import COMMANDS, _console, info, main
from omio.errors import SceneError
from omio.testing import makers

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def omio_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "omio", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "NO_COLOR": "", "FORCE_COLOR": "", **environment},
        check=False,
    )


def test_help_names_every_command() -> None:
    result = omio_process("--help")
    assert result.returncode == 0
    assert all(name in result.stdout for name in COMMANDS)
    assert not result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert "examples:" in printed
    assert "--verbose" in printed


def test_version() -> None:
    assert omio_process("--version").stdout == f"omio {omio.__version__}\n"


@pytest.mark.parametrize("arguments", [["frobnicate"], ["info"], ["info", "--jsno", "x"], ["convert", "a.tif"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    streams = capsys.readouterr()
    assert "usage: omio" in streams.err
    assert not streams.out


def test_no_command_shows_help_and_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: omio" in capsys.readouterr().err


def test_an_error_is_one_line() -> None:
    result = omio_process("info", "no such µ file.tif")
    assert result.returncode == 1
    assert result.stderr.startswith("omio: error: no such µ file.tif: no such file or folder. ")
    assert result.stderr.count("\n") == 1
    assert not result.stdout


def test_two_v_show_where_it_came_from() -> None:
    assert "Traceback" in omio_process("info", "-vv", "absent.tif").stderr


def test_an_unforeseen_error_is_one_line(tmp_path: Path) -> None:
    code = (
        "import sys, omio.cli, omio.cli.info as info\n"
        "info.run = lambda options: {}['absent']\n"
        f"sys.argv = ['omio', 'info', {str(tmp_path)!r}]\n"
        "sys.exit(omio.cli.main())\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("omio: unexpected KeyError: 'absent'")
    assert result.stderr.count("\n") == 1


def failing(error: BaseException) -> object:
    def run(_: argparse.Namespace) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (KeyboardInterrupt(), 130, ""),
        (SceneError("is gone", path="a.tif", place="IFD 3"), 1, "omio: error: a.tif: IFD 3: is gone\n"),
        (PermissionError(13, "Permission denied", "b.tif"), 1, "omio: error: b.tif: Permission denied\n"),
        (MemoryError(), 1, "omio: error: MemoryError\n"),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(info, "run", failing(error))
    assert main(["info", "x"]) == code
    assert capsys.readouterr().err == text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_interrupt_is_130_and_quiet() -> None:
    code = "import time, omio.cli, omio.cli.info as i; i.run = lambda o: print('on', flush=True) or time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nimport sys; sys.argv = ['omio', 'info', 'x']; sys.exit(omio.cli.main())"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert not errors


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    path = makers.rgb(tmp_path / "picture.tif").path
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [sys.executable, "-m", "omio", "info", *[str(path)] * 50], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert result.stderr == b""
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_colour(environment: dict[str, str], colored: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = makers.rgb(tmp_path / "picture.tif").path
    assert ("\x1b[" in omio_process("info", str(path), **environment).stdout) == colored


def test_a_dumb_terminal_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert _console.has_color(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("TERM", "dumb")
    assert not _console.has_color(Terminal())  # type: ignore[arg-type]


def test_an_ascii_terminal_shows_escapes(tmp_path: Path) -> None:
    path = makers.ome_tiff(tmp_path / "µ.ome.tif").path
    result = omio_process("info", str(path), PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "\\xb5m" in result.stdout


def test_columns_wrap(tmp_path: Path) -> None:
    path = makers.ome_tiff(tmp_path / "a.ome.tif").path
    printed = omio_process("info", str(path), COLUMNS="50").stdout
    lines = [line for line in printed.splitlines() if str(path) not in line]
    assert max(map(len, lines)) <= 50
