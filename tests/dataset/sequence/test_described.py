from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

import omio
from omio import Backend, Facts
from omio.backends import registry
from omio.backends.base import Confidence
from omio.errors import DamagedFileError
from omio.lazy.tree import concat
from tests.dataset.sequence.files import corners, write
from tests.support.real import real

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omio.lazy.recipe import Recipe


class Described(Backend):
    """A series of two channels and as many planes as there are files, whose XML says a spacing."""

    name = "described"
    extensions: ClassVar[tuple[str, ...]] = (".xml",)

    @classmethod
    def can_read(cls, path: Path, head: bytes) -> Confidence:
        return Confidence.CONTENT if head.startswith(b"<series") else Confidence.NO

    def scenes(self) -> tuple[str, ...]:
        return ("0",)

    def files(self) -> tuple[str, ...]:
        return (self.path, *map(str, sorted(Path(self.path).parent.glob("*.tif"))))

    def array(self, scene: str, level: int = 0) -> Recipe:
        if b"broken" in Path(self.path).read_bytes():
            raise DamagedFileError("says nothing", path=self.path)
        leaves = [omio.open(path).recipe for path in self.files()[1:]]
        return concat(tuple(concat(tuple(leaves[at : at + 2]), 2) for at in range(0, len(leaves), 2)), 1)

    def metadata(self, scene: str) -> Facts:
        shape = self.array(scene).shape
        return Facts.of(shape, pixel_size={"Z": 1.5}, channels=[{"name": "red"}, {"name": "green"}], name="series")


@pytest.fixture
def series(tmp_path: Path) -> Iterator[Path]:
    omio.register_backend(Described)
    write(tmp_path, {f"z{z}_c{c}.tif": 10 * z + c for z in range(3) for c in range(2)})
    (tmp_path / "series.xml").write_text("<series/>")
    yield tmp_path
    registry.unregister("described")


class TestBeside:
    def test_its_facts_are_taken(self, series: Path) -> None:
        image = omio.open(series / "z{Z}_c{C}.tif")
        assert (image.name, image.pixel_size["Z"]) == ("series", 1.5)
        assert [channel.name for channel in image.metadata.channels] == ["red", "green"]
        assert corners(image) == [[[0, 1], [10, 11], [20, 21]]]
        step = image.metadata.provenance[0].model_dump()
        assert (step["backend"], step["source"], len(step["files"])) == ("described", "z{Z}_c{C}.tif", 6)

    def test_a_part_of_the_series_has_its_part_of_the_facts(self, series: Path) -> None:
        image = omio.open(series / "z*_c1.tif", along="Z")
        assert [channel.name for channel in image.metadata.channels] == ["green"]
        assert corners(image) == [[[1], [11], [21]]]
        assert omio.open([series / "z0_c0.tif", series / "z2_c0.tif"], along="Z").pixel_size["Z"] == 3.0

    def test_files_that_stand_otherwise_are_not_described(self, series: Path) -> None:
        image = omio.open(series / "z{T}_c{C}.tif")
        assert image.sizes["T"] == 3
        assert image.name is None
        assert omio.open([series / f"z{z}_c0.tif" for z in (0, 2, 1)], along="Z").name == "series"

    def test_what_the_user_says_comes_first(self, series: Path) -> None:
        assert omio.open(series / "z{Z}_c{C}.tif", backend="tiff").name is None
        assert omio.open(series / "z{Z}_c{C}.tif", policy="strict").name is None

    def test_an_xml_of_something_else_says_nothing(self, series: Path) -> None:
        (series / "a.xml").write_text("<html/>")
        (series / "series.xml").unlink()
        assert omio.open(series / "z{Z}_c{C}.tif").name is None

    def test_one_that_is_broken_is_told_of(self, series: Path) -> None:
        (series / "series.xml").write_text("<series broken='yes'/>")
        with pytest.warns(
            omio.OmioWarning, match=r"series\.xml describes files beside it, and is not used: .*says nothing"
        ):
            image = omio.open(series / "z{Z}_c{C}.tif")
        assert corners(image) == [[[0, 1], [10, 11], [20, 21]]]


def test_thorimage_describes_its_tiffs() -> None:
    folder = real("thor-tif-mouse-kidney-z")
    image = omio.open(folder / "Chan{C}_0001_0001_{Z}_{T}.tif")
    whole = omio.open(folder / "Experiment.xml")
    assert image.identical(whole)
    assert image.pixel_size == whole.pixel_size != {"Z": None, "Y": None, "X": None}
    one = omio.open(folder / "ChanB_0001_0001_{Z}_0001.tif")
    np.testing.assert_array_equal(one.load(), whole.sel(C="ChanB").load())
