"""The documents that were parsed last are kept, as many as are short."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from omio.ome import document

XML = b"<OME><Image ID='Image:0'><Pixels ID='Pixels:0'/></Image>%s</OME>"
READ: list[str] = []


@dataclass(frozen=True)
class Counted:
    path: str
    padding: int = 0

    def read(self) -> bytes:
        READ.append(self.path)
        return XML % (b" " * self.padding)


@pytest.fixture(autouse=True)
def recent(monkeypatch: pytest.MonkeyPatch) -> None:
    READ.clear()
    monkeypatch.setattr(document, "_RECENT", document._Recent())


def test_the_short_documents_of_many_files_are_parsed_once() -> None:
    sources = [Counted(f"{number}.tif") for number in range(100)]
    for _ in range(2):
        assert [document.document_of(source).keys for source in sources] == [("Image:0",)] * 100
    assert len(READ) == 100


def test_of_long_documents_the_last_few_are_kept() -> None:
    sources = [Counted(f"{number}.tif", padding=document.KEPT_BYTES) for number in range(document.KEPT + 1)]
    for source in (*sources, sources[-1], sources[0]):
        document.document_of(source)
    assert [source.path for source in (*sources, sources[0])] == READ
