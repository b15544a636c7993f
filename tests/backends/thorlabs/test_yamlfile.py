from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.backends.thorlabs.yamlfile import MAX_BYTES, YamlSidecar

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "T: 2\nZ: 3\nC: 1\nY: 5\nX: 6\nbits: 12\n"


def read(folder: Path, text: str) -> YamlSidecar:
    path = folder / "a.yaml"
    path.write_text(text)
    return YamlSidecar.read(str(path))


def test_sizes_units_and_the_rest(tmp_path: Path) -> None:
    text = GOOD + "pixelunit: nm\nPhysicalSizeX: 250\nPhysicalSizeZ: 2e+3\nTimeIncrement: 20\nTimeIncrementUnit: ms\n"
    sidecar = read(tmp_path, text)

    (reading,) = sidecar.readings()
    facts = sidecar.facts(reading)

    assert (reading.sizes, reading.dtype) == ((2, 3, 1, 5, 6), "<u2")
    assert {dim: axis.spacing for dim, axis in facts.axes.items()} == {"X": 0.25, "Z": 2.0, "T": 0.02}
    assert facts.static.sources["pixel_size.X"] == "user: a.yaml PhysicalSizeX"
    assert facts.static.original["yaml"]["pixelunit"] == "nm"


def test_unknown_stays_unknown(tmp_path: Path) -> None:
    sidecar = read(tmp_path, GOOD + "PhysicalSizeX:\nTimeIncrement:\n")

    assert sidecar.facts(sidecar.readings()[0]).axes == {}


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = "T: 0\nZ: two\nC: true\nY: 5\nbits: 24\npixelunit: parsec\nPhysicalSizeX: -1\nTimeIncrement: .nan\n"

    with pytest.raises(omio.errors.MetadataError) as caught:
        read(tmp_path, text)

    told = str(caught.value)
    for key in ("T is 0", "Z is 'two'", "C is True", "X is missing", "bits is 24", "pixelunit", "PhysicalSizeX is -1"):
        assert key in told
    assert "TimeIncrement is nan" in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &a [x]\nb: *a\n", "anchors"),
        ("!!python/object/apply:os.system ['true']", "lists or mappings|no YAML|no list"),
        ("T: !!python/name:os.system\n", "no YAML"),
        ("T: [1, 2]\n", "lists or mappings"),
        ("T: {a: 1}\n", "lists or mappings"),
        ("[" * 5000, "lists or mappings"),
        ("- 1\n- 2\n", "not a list of keys"),
        ("just text", "not a list of keys"),
        ("T: 1\nT: 2\n", "'T' twice"),
        ("T: 1\n  Z: 2\n", "no YAML"),
        ("T: 2001-99-99\n", "no YAML"),
        ("%", "no YAML"),
        ("T: \x07\n", "no YAML"),
        ("---\nT: 1\n---\nT: 2\n", "lists or mappings|no YAML|twice"),
    ],
)
def test_what_is_no_flat_mapping_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(omio.errors.DamagedFileError, match=why):
        read(tmp_path, text)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(omio.errors.DamagedFileError, match="larger than"):
        read(tmp_path, GOOD + "#" * MAX_BYTES)


def test_other_encodings_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(GOOD.encode() + b"# \xb5m\n")

    with pytest.raises(omio.errors.DamagedFileError, match="UTF-8"):
        YamlSidecar.read(str(tmp_path / "a.yaml"))


def test_a_byte_order_mark_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("\ufeff" + GOOD, encoding="utf-8")

    assert YamlSidecar.read(str(tmp_path / "a.yaml")).values["T"] == 2


def test_keys_that_nothing_reads_are_told_and_kept(tmp_path: Path) -> None:
    with pytest.warns(omio.OmioWarning, match="does not know: Physicalsizex, note"):
        sidecar = read(tmp_path, GOOD + "Physicalsizex: 0.5\nnote: first\n")

    assert sidecar.facts(sidecar.readings()[0]).static.original["yaml"] == {"Physicalsizex": 0.5, "note": "first"}


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists).map(yaml.safe_dump)
)
def test_any_text_is_refused_with_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("y") / "a.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")

    with pytest.raises(omio.OmioError, match=r"a\.yaml"):
        YamlSidecar.read(str(path))
