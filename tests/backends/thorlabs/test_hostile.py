"""Files made to harm cost an error that names them, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import omio
from omio.backends.thorlabs.experiment import MAX_BYTES
from tests.backends.thorlabs import made
from tests.support.clock import within

if TYPE_CHECKING:
    from pathlib import Path

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
DOCTYPE = f'<!DOCTYPE x [<!ENTITY l0 "lol"><!ENTITY e SYSTEM "file:///etc/passwd">{LAUGHS}]>'


def refuse(folder: Path, text: str | bytes) -> str:
    """Return what the error says."""
    made.raw(folder)
    (folder / "Experiment.xml").write_bytes(text.encode() if isinstance(text, str) else text)
    with within(3), pytest.raises(omio.OmioError, match=r"Experiment\.xml|Image_0001_0001\.raw") as caught:
        omio.open(folder / "Image_0001_0001.raw")
    return str(caught.value)


@pytest.mark.parametrize(
    "value", ["1000000000", "2147483648", "-6", "nan", "inf", "1e300", "6.5", "six", "9" * 5000, "0x6", " "]
)
def test_sizes_that_no_frame_has(tmp_path: Path, value: str) -> None:
    refuse(tmp_path, made.xml(made.changed(made.STREAMED, LSM={"pixelX": value})))


@pytest.mark.parametrize("tag", ["Timelapse timepoints", "Streaming frames", "ZStage steps", "LSM channel"])
@pytest.mark.parametrize("value", ["1000000000", "-4", "nan", "four"])
def test_counts_that_no_file_holds(tmp_path: Path, tag: str, value: str) -> None:
    element, attribute = tag.split()
    elements = made.changed(made.TIMED if element == "ZStage" else made.STREAMED, **{element: {attribute: value}})

    try:
        made.raw(tmp_path, (2, 3, 2, 5, 6) if element == "ZStage" else (4, 1, 2, 5, 6), elements)
        image = omio.open(tmp_path)
    except omio.OmioError:
        return
    assert image.nbytes == (tmp_path / "Image_0001_0001.raw").stat().st_size


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    body = made.xml(made.STREAMED).replace('name="made"', 'name="&l11;&e;"')
    made.raw(tmp_path)
    (tmp_path / "Experiment.xml").write_text(body.replace("<ThorImage", f"{DOCTYPE}<ThorImage", 1))

    assert omio.open(tmp_path / "Image_0001_0001.raw").metadata.name == "&l11;&e;"


def test_a_huge_xml_is_not_read(tmp_path: Path) -> None:
    made.raw(tmp_path)
    with (tmp_path / "Experiment.xml").open("r+b") as file:
        file.truncate(max(MAX_BYTES + 1, 100 << 20))

    with pytest.raises(omio.errors.DamagedFileError, match="far more than"):
        omio.open(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<",
        "<ThorImageExperiment>" * 3000,
        "<a>" * 100_000,
        b"\xff\xfe<\0",
        b"\0" * 5000,
        "<!DOCTYPE x [",
    ],
)
def test_what_is_no_xml_is_refused(tmp_path: Path, text: str | bytes) -> None:
    refuse(tmp_path, text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_that_windows_writes_are_read(tmp_path: Path, encoding: str) -> None:
    elements = made.changed(made.STREAMED, Name={"name": "5 µm"})
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = made.xml(elements).replace('version="1.0"', f'version="1.0" encoding="{declared}"')
    made.raw(tmp_path)
    (tmp_path / "Experiment.xml").write_bytes(text.encode(encoding))

    for path in (tmp_path, tmp_path / "Image_0001_0001.raw"):
        assert omio.open(path).metadata.name == "5 µm"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_of_the_xml_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    text = bytearray(made.xml(made.STREAMED).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    made.raw(tmp_path)
    (tmp_path / "Experiment.xml").write_bytes(bytes(text))

    try:
        image = omio.open(tmp_path / "Image_0001_0001.raw")
        image.metadata.to_flat()
    except omio.OmioError:
        return
    assert image.load().nbytes == 480
