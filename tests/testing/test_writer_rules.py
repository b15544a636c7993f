"""The published suite for writers passes a good one, and catches one that breaks each of its rules."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omio.testing import WriterTests
from omio.writers.ometiff import OmeTiffWriter
from omio.writers.report import WriteReport

if TYPE_CHECKING:
    from omio.image import Image
    from omio.policies.write import WritePolicy


class Forgetful(OmeTiffWriter):
    """Leaves out what it knows of channels, and does not say so."""

    def write(self, image: Any, path: str, policy: WritePolicy) -> WriteReport:
        return super().write(image.with_metadata(channels=[{"name": "?"}] * image.sizes["C"]), path, policy)


class Adding(OmeTiffWriter):
    """Makes the name longer with every trip."""

    def write(self, image: Any, path: str, policy: WritePolicy) -> WriteReport:
        return super().write(image.with_metadata(name=f"{image.name} copy"), path, policy)


class Gloomy(OmeTiffWriter):
    """Writes all, and says before that a part would be lost."""

    def lost(self, image: Image, policy: WritePolicy) -> tuple[str, ...]:
        return (*super().lost(image, policy), "name")


class Boasting(OmeTiffWriter):
    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        done = super().write(image, path, policy)
        return WriteReport(done.path, done.nbytes + 1, done.lost, done.seconds)


class Unsafe(OmeTiffWriter):
    """Writes in place, over whatever lies there: no temporary file, no question."""

    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        import tifffile

        begun = time.monotonic()
        Path(path).write_bytes(b"begun")
        tifffile.imwrite(path, image.recipe.load(), ome=True, metadata={"axes": "TZCYXS"[: len(image.recipe.shape)]})
        return WriteReport(path, Path(path).stat().st_size, (), time.monotonic() - begun)


class Replacing(OmeTiffWriter):
    """Never asks."""

    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        return super().write(image, path, policy.model_copy(update={"overwrite": "replace"}))


class Copying(OmeTiffWriter):
    """Does not know its sources."""

    def write(self, image: Any, path: str, policy: WritePolicy) -> WriteReport:
        from omio.dataset.dataset import MicroscopyDataset

        return super().write(MicroscopyDataset.from_array(image.load()), path, policy)


class Accepting(OmeTiffWriter):
    """Makes a file of nothing."""

    def write(self, image: Image, path: str, policy: WritePolicy) -> WriteReport:
        if image.recipe.size:
            return super().write(image, path, policy)
        Path(path).write_bytes(b"")
        return WriteReport(path, 0, (), 0.1)


BREAKING: dict[str, type[OmeTiffWriter]] = {
    "test_reads_back_identical_but_for_what_is_lost": Forgetful,
    "test_says_before_what_it_does": Gloomy,
    "test_second_round_trip_adds_nothing": Adding,
    "test_reports_what_it_did": Boasting,
    "test_existing_file_stays_unless_asked": Replacing,
    "test_failure_leaves_nothing": Unsafe,
    "test_nothing_stands_under_the_name_until_it_is_whole": Unsafe,
    "test_a_process_that_ends_leaves_what_was_there": Unsafe,
    "test_an_empty_image_is_refused": Accepting,
    "test_source_is_never_the_destination": Copying,
}


def follow(rule: str, writer: type[OmeTiffWriter], folder: Path) -> None:
    """Call one rule of the suite for a writer, as pytest would."""
    folder.mkdir()
    suite: Any = type("Suite", (WriterTests,), {"writer": writer, "suffix": ".ome.tif"})()
    getattr(suite, rule)(folder)


def test_each_rule_has_a_writer_that_breaks_it() -> None:
    assert set(BREAKING) == {name for name in dir(WriterTests) if name.startswith("test_")}


@pytest.mark.parametrize(("rule", "writer"), BREAKING.items(), ids=BREAKING.keys())
def test_who_breaks_a_rule_is_caught(rule: str, writer: type[OmeTiffWriter], tmp_path: Path) -> None:
    follow(rule, OmeTiffWriter, tmp_path / "good")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        follow(rule, writer, tmp_path / "bad")
