"""The first, second, third, … call of a kind fails, until a run meets no fault: at each the destination is whole.

The way in which SQLite is tested ("How SQLite Is Tested", section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

import omio
from omio.errors import OmioError
from tests.faults.formats import FORMATS, NIGHTLY, contents, pixels
from tests.faults.injector import Fault, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.formats import Format

OLD, NEW = pixels(1), pixels(2)
KINDS: tuple[Kind, ...] = get_args(Kind.__value__)
MOST = 500
"""Calls of a kind that a run of these sizes does not come near to."""


def faults(kind: Kind, folder: Path, *, is_lasting: bool) -> Iterator[Fault]:
    """Yield faults, each one call later than the one before, until a run meets none."""
    for number in range(1, MOST):
        fault = Fault(kind, number, folder, is_lasting)
        yield fault
        if not fault.is_reached:
            return
    pytest.fail(f"{MOST} calls")


def combinations() -> list[tuple[bool, bool]]:
    """Return whether faults last, and whether there is an old file: two pairs, or all by night."""
    return [(True, True), (False, False), *([(True, False), (False, True)] if NIGHTLY else [])]


@pytest.mark.usefixtures("no_thread_hangs")
@pytest.mark.parametrize(("is_lasting", "is_old"), combinations())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_a_destination_is_whole_or_absent(
    form: Format, kind: Kind, folder: Path, *, is_lasting: bool, is_old: bool
) -> None:
    image, path = omio.MicroscopyDataset.from_array(NEW), folder / form.name
    if is_old:
        form.write(omio.MicroscopyDataset.from_array(OLD), folder)
    before, errors = contents(path), []
    for fault in faults(kind, folder, is_lasting=is_lasting):
        error = attempt(fault, form, image, folder)
        if error is not None:
            errors.append(error)
            assert form.name in str(error)
            assert contents(path) == before, f"torn by {fault.number}: {error}"
        else:
            assert form.holds(path, NEW), f"torn by {fault.number}"
            before = contents(path)
        if error is None or not form.goes_on:
            assert [entry.name for entry in folder.iterdir() if entry != path] == [], f"left by {fault.number}"
    assert errors or (kind == "mkdir" and path.is_file())


def attempt(fault: Fault, form: Format, image: omio.MicroscopyDataset, folder: Path) -> OmioError | None:
    """Write while a call fails; return the error that omio tells."""
    with fault.at_work():
        try:
            form.write(image, folder)
        except OmioError as error:
            return error
    return None
