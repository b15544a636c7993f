"""Every damaged file of the hostile corpus has an error, but for those of which it cannot or need not be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

import omio
from omio.checks import validate
from tests.support.real import SHARED

HOSTILE = SHARED / "hostile"
PASSED = {
    "czi_data_corrupt": "the stream has no checksum: other pixels, and nothing tells",
    "tif_zstd_corrupt": "the stream has no checksum: other pixels, and nothing tells",
    "czi_sb_sizeneg": "the size that is wrong is that of a segment which nothing needs",
    "czi_att_traversal": "the name of an attachment is a name; where it would be written is whoever writes it to mind",
    "raw_xml_lol": "the entity is declared and not used",
    "ij_unit_mojibake": "a unit is spelled by a wrong encoding, and known all the same",
    "ome_unit_mm": "is right",
    "tif_res_0_0": "0/0 is how some writers say that they do not know",
    "tif_strips_overlap": "strips may share bytes",
    "ome_ps_inf": "the schema allows INF; it is told in a warning",
    "tif_big_legit_bomb": "is large, and read only where its pixels are",
    "tif_flip_4": "changes what no rule is about",
}


def _entries() -> list[dict[str, Any]]:
    path = HOSTILE / "manifest.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())["files"] if path.exists() else []
    return found


@pytest.mark.skipif(not _entries(), reason=f"hostile corpus not here: {HOSTILE}")
@pytest.mark.parametrize("entry", _entries(), ids=lambda entry: str(entry["id"]))
def test_damage_is_found(entry: dict[str, Any]) -> None:
    report = validate(HOSTILE / "corpus" / entry["path"], pixels=entry["id"] != "tif_big_legit_bomb")

    is_good = entry["cls"] == "control" or entry["id"] in PASSED
    assert report.ok == is_good, report.problems
    assert all(problem.text and "object at 0x" not in problem.text for problem in report.problems)


@pytest.mark.skipif(not _entries(), reason=f"hostile corpus not here: {HOSTILE}")
@pytest.mark.parametrize("name", ["lsm_subrec_eof.lsm", "shp_neg.tif", "ij_product_mismatch.tif"])
def test_what_was_warned_of_before_is_told_again(name: str) -> None:
    path = HOSTILE / "corpus" / name
    with pytest.warns(omio.OmioWarning):
        omio.open(path, axes="TYX" if name.startswith("shp") else None)

    assert validate(path).errors == validate(path).errors != ()
