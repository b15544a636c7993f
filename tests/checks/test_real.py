"""Real files are right, but for those of which another validator says so too."""

from __future__ import annotations

from pathlib import Path

import pytest

from omio.checks import each, validate
from tests.support.real import REAL

WRONG = {
    "gen/ometiff-bigtiff-2scenes.ome.tif": "DichroicIDKey",  # Bio-Formats, which wrote it, says so as well
    "omexml-schema-samples/2015-01/hcs.ome.xml": "0 BinData hold 48 planes",
    "omexml-schema-samples/2015-01/minimum-specification.ome.xml": "1 BinData hold 8 planes",
    "omexml-schema-samples/2016-06/hcs.ome.xml": "0 BinData hold 48 planes",
    "omexml-schema-samples/2016-06/minimum-specification.ome.xml": "1 BinData hold 8 planes",
}
NO_IMAGES = ("MANIFEST.tsv", "facts.json", "thor-xml-liveviewer.xml")


def items() -> list[Path]:
    return sorted(path for path in REAL.iterdir() if path.name not in NO_IMAGES) if REAL.is_dir() else []


@pytest.mark.skipif(not items(), reason=f"real data not here: {REAL}")
@pytest.mark.parametrize("item", items(), ids=lambda path: path.name)
def test_real_files_are_right(item: Path) -> None:
    for report in each(item, pixels=True):
        text = WRONG.get(Path(report.path).relative_to(REAL).as_posix())
        assert report.ok == (text is None), report.problems
        assert any((text or "") in problem.text for problem in report.errors) == (text is not None)


@pytest.mark.skipif(not items(), reason=f"real data not here: {REAL}")
def test_a_folder_is_the_sum_of_its_images() -> None:
    folder = REAL / "omexml-schema-samples" / "2016-06"

    report = validate(folder)

    assert report.format is None
    assert len(report.problems) == sum(len(one.problems) for one in each(folder))
    assert any(problem.place.startswith("hcs.ome.xml") for problem in report.errors)
