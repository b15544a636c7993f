"""What clients raise, as errors of omio; and how often is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omio import errors
from omio.remote.trouble import TRIES, Trouble, patiently
from omio.remote.urls import Url

if TYPE_CHECKING:
    from collections.abc import Callable

URL = Url("https://me:hunter22@host/a.tif?sig=abcdefgh")


class AnsweredError(OSError):
    def __init__(self, status: int) -> None:
        super().__init__(f"{status} at {URL.target}")
        self.status = status


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError("a"), errors.FileMissingError),
        (PermissionError("a"), errors.FileAccessError),
        (AnsweredError(401), errors.FileAccessError),
        (AnsweredError(403), errors.FileAccessError),
        (AnsweredError(404), errors.FileMissingError),
        (AnsweredError(412), errors.ChangedFileError),
        (AnsweredError(418), errors.RemoteError),
        (AnsweredError(503), errors.RemoteError),
        (TimeoutError(), errors.RemoteError),
        (ImportError("no s3fs"), errors.MissingDependencyError),
        (TypeError("unexpected keyword"), errors.OptionError),
        (caused(FileNotFoundError("a"), AnsweredError(403)), errors.FileAccessError),
        (caused(FileNotFoundError("a"), ConnectionResetError()), errors.RemoteError),
    ],
)
def test_errors_are_understood_and_hide_secrets(error: Exception, kind: type[errors.OmioError]) -> None:
    found = Trouble.of(error).error(URL)
    assert type(found) is kind
    assert "hunter22" not in str(found)
    assert "abcdefgh" not in str(found)


def failing(times: int, error: Exception) -> tuple[Callable[[], str], list[int]]:
    calls: list[int] = []

    def call() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "done"

    return call, calls


def test_passing_trouble_is_tried_again() -> None:
    call, calls = failing(2, AnsweredError(503))
    assert patiently(call, URL) == "done"
    assert len(calls) == 3


def test_tries_are_bounded_and_told() -> None:
    call, calls = failing(99, AnsweredError(503))
    with pytest.raises(errors.RemoteError, match=f"after {TRIES} tries: the server answers 503"):
        patiently(call, URL)
    assert len(calls) == TRIES


def test_what_does_not_pass_is_tried_once() -> None:
    call, calls = failing(99, AnsweredError(403))
    with pytest.raises(errors.FileAccessError):
        patiently(call, URL)
    assert len(calls) == 1


def test_a_missing_package_names_the_extra() -> None:
    found = Trouble.of(ImportError("no s3fs")).error(Url("s3://b/a.tif"))
    assert found.remedy == 'pip install "omio[cloud]"'
