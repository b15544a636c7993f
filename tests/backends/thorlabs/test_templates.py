from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import omio
from omio.backends.thorlabs.templates import (
    batch_create_thorlabs_raw_yaml_templates,
    candidates,
    create_thorlabs_raw_yaml,
)
from tests.backends.thorlabs import made

GUESSES = "ignore:.*guess:omio.errors.OmioWarning"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return a RAW file that nothing describes."""
    path = tmp_path / "bare.raw"
    made.pixels((6, 64, 128)).tofile(path)
    return path


def test_it_is_prefilled_from_the_size_of_the_file(bare: Path) -> None:
    with pytest.warns(omio.OmioWarning, match="guess"):
        path = create_thorlabs_raw_yaml(bare)

    values = yaml.safe_load((bare.parent / "bare.yaml").read_text())
    assert path == str(bare.parent / "bare.yaml")
    assert np.prod([values[dim] for dim in "TZCYX"]) * values["bits"] / 8 == bare.stat().st_size


def test_a_guess_is_told_of_until_it_is_edited(bare: Path) -> None:
    path = create_thorlabs_raw_yaml(bare, verbose=False)
    with pytest.warns(omio.OmioWarning, match="still those that the template guessed"):
        omio.open(bare)

    text = (bare.parent / "bare.yaml").read_text()
    assert "# omio guessed: T 3, Z 1, C 1, Y 128, X 128" in text
    Path(path).write_text(text.replace("T: 3", "T: 6").replace("Y: 128", "Y: 64"))

    np.testing.assert_array_equal(omio.open(bare).load().reshape(6, 64, 128), made.pixels((6, 64, 128)))


def test_what_is_known_is_no_guess(bare: Path) -> None:
    create_thorlabs_raw_yaml(
        bare, T=3, Z=2, C=1, Y=64, X=128, physicalsize_xyz=(250, 250, None), pixelunit="nm", time_increment=0.5
    )

    image = omio.open(bare)

    assert image.shape == (3, 2, 1, 64, 128)
    assert image.metadata.pixel_size == {"Z": None, "Y": 0.25, "X": 0.25}
    assert image.metadata.time_increment == 0.5


@pytest.mark.filterwarnings(GUESSES)
def test_what_the_xml_says_is_given_in_the_unit_asked_for(tmp_path: Path) -> None:
    made.raw(tmp_path)
    path = tmp_path / "Image_0001_0001.raw"

    target = create_thorlabs_raw_yaml(path, T=4, Z=1, pixelunit="nm", time_increment_unit="ms")

    values = yaml.safe_load(Path(target).read_text())
    assert (values["PhysicalSizeX"], values["pixelunit"]) == (500.0, "nm")
    assert (values["TimeIncrement"], values["TimeIncrementUnit"]) == (pytest.approx(100), "ms")


def test_values_that_cannot_be_are_told_at_once(bare: Path) -> None:
    with pytest.raises(omio.errors.MetadataError, match=r"T is 0.*bits is 24.*PhysicalSizeX is -1.*'parsec'"):
        create_thorlabs_raw_yaml(bare, T=0, bits=24, physicalsize_xyz=(-1, None, None), pixelunit="parsec")
    assert not bare.with_suffix(".yaml").exists()


def test_sizes_that_do_not_fit_are_refused(bare: Path) -> None:
    with pytest.raises(omio.errors.MetadataError, match=r"T 3, Z 2, C 1, Y 64, X 64 of 16 bits are no 98304 bytes"):
        create_thorlabs_raw_yaml(bare, T=3, Z=2, C=1, Y=64, X=64)
    assert not (bare.parent / "bare.yaml").exists()


def test_a_size_without_a_usual_shape_is_left_to_fill_in(tmp_path: Path) -> None:
    path = tmp_path / "odd.raw"
    path.write_bytes(bytes(100_003))
    create_thorlabs_raw_yaml(path)

    with pytest.raises(omio.errors.MetadataError, match="T is empty; Z is empty; C is empty; Y is empty; X is empty"):
        omio.open(path)


@pytest.mark.filterwarnings(GUESSES)
def test_what_an_unusable_xml_says_is_filled_in(tmp_path: Path) -> None:
    made.raw(tmp_path)
    path = tmp_path / "Image_0001_0001.raw"
    path.write_bytes(path.read_bytes()[: 60 * 6])
    (target,) = batch_create_thorlabs_raw_yaml_templates(tmp_path)

    values = yaml.safe_load(Path(target).read_text())

    assert values == {
        **{"T": 3, "Z": 1, "C": 2, "Y": 5, "X": 6, "bits": 16, "pixelunit": "micron"},
        **{"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 2.5, "TimeIncrement": 0.1},
    }


def test_nothing_is_overwritten(bare: Path) -> None:
    (bare.parent / "bare.yml").write_text("mine")

    with pytest.raises(FileExistsError, match=r"bare\.yml"):
        create_thorlabs_raw_yaml(bare)
    assert (bare.parent / "bare.yml").read_text() == "mine"

    create_thorlabs_raw_yaml(bare, overwrite=True, verbose=False)
    assert "T: 3" in (bare.parent / "bare.yml").read_text()


@pytest.mark.parametrize("name", ["ROIMask.raw", "a.tif"])
def test_only_raw_images_get_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(100))

    with pytest.raises(omio.errors.UnsupportedFormatError):
        create_thorlabs_raw_yaml(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.raw"):
        create_thorlabs_raw_yaml(tmp_path / "absent.raw")
    with pytest.raises(FileNotFoundError, match="absent"):
        batch_create_thorlabs_raw_yaml_templates(tmp_path / "absent")


@pytest.mark.filterwarnings(GUESSES)
def test_a_batch_serves_those_without_a_usable_sidecar(tmp_path: Path) -> None:
    made.raw(tmp_path / "good")
    for name in ("run10", "run2"):
        made.raw(tmp_path / name)
        (tmp_path / name / "Experiment.xml").unlink()
        (tmp_path / name / "Image_0001_0001.raw").write_bytes(bytes(64 * 64 * 2))
        (tmp_path / name / "ROIMask.raw").write_bytes(bytes(60))

    written = batch_create_thorlabs_raw_yaml_templates(tmp_path)

    assert written == [str(tmp_path / name / "Image_0001_0001.yaml") for name in ("run2", "run10")]
    assert batch_create_thorlabs_raw_yaml_templates(tmp_path) == []
    assert batch_create_thorlabs_raw_yaml_templates([tmp_path / "run2" / "Image_0001_0001.raw"]) == []


def test_one_file_does_not_keep_the_others_from_theirs(bare: Path) -> None:
    other = bare.with_name("other.raw")
    other.write_bytes(bytes(64 * 64 * 2))
    (bare.parent / "bare.yaml").write_text("T: 0")

    with pytest.warns(omio.OmioWarning) as told:
        written = batch_create_thorlabs_raw_yaml_templates(bare.parent)

    assert written == [str(other.with_suffix(".yaml"))]
    assert any("bare.yaml: exists" in str(one.message) for one in told)


@given(
    st.integers(1, 10**7),
    st.fixed_dictionaries({dim: st.none() | st.integers(1, 300) for dim in "TZCYX"}),
    st.sampled_from([8, 12, 16, 32]),
)
def test_candidates_take_every_byte_and_agree_with_what_is_known(
    size: int, known: dict[str, int | None], bits: int
) -> None:
    for shape in candidates(size, known, bits):
        assert np.prod(list(shape.values())) * {8: 1, 12: 2, 16: 2, 32: 4}[bits] == size
        assert all(known[dim] in (None, length) for dim, length in shape.items())
