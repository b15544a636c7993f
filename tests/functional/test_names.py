"""The names of the function API, at both places."""

from __future__ import annotations

import subprocess
import sys

import pytest

import omio
from omio import functional


@pytest.mark.parametrize("name", functional.__all__)
def test_every_name_is_in_omio_itself(name: str) -> None:
    assert getattr(functional, name) is getattr(omio, name)


def test_aliases_are_the_same_functions() -> None:
    assert omio.write_ometiff is omio.imwrite
    assert omio.convert_to_ometiff is omio.imconvert
    assert omio.convert_bids_batch_to_ometiff is omio.bids_batch_convert
    assert dir(functional) == functional.__all__
    with pytest.raises(AttributeError, match="imraed"):
        _ = functional.imraed


def test_reading_needs_no_batch_and_no_viewer() -> None:
    code = "import omio, sys; omio.imread; print([name for name in sys.modules if name.startswith('omio.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "omio.functional.read" in done.stdout
    assert "omio.batch" not in done.stdout
    assert "omio.viewing" not in done.stdout
