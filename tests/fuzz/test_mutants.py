"""Mutants of every format cost an error that names the file, a warning or right pixels: never a hang, a crash, memory,
another exception, another file.

``OMIO_NIGHTLY=1`` tries ten thousand of each family.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.mutants import mutant
from tests.fuzz.seeds import FAMILIES, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 10_000 if os.environ.get("OMIO_NIGHTLY") == "1" else 300


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    made = Campaign(tmp_path_factory.mktemp("mutants"))
    yield made
    made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="memory and time are limited as Linux does")
@pytest.mark.parametrize("family", FAMILIES)
def test_no_mutant_does_what_none_may(campaign: Campaign, family: str) -> None:
    found = list(campaign.finds(family, 0, COUNT))

    assert found == [], f"lay them with: python -m tests.fuzz.campaign {family} lay NUMBER FOLDER"


@pytest.mark.parametrize("family", FAMILIES)
def test_mutants_are_the_same_in_every_run_and_differ(family: str) -> None:
    made = [mutant(family, number).files for number in range(40)]

    assert made == [mutant(family, number).files for number in range(40)]
    unchanged = sum(files == seed.files for files in made for seed in seeds(family))
    assert unchanged < 8
