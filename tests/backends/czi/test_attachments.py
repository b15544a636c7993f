"""Pictures and files that a CZI carries."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from omio.errors import OmioWarning
from tests.support.czi import Attached, Tile, czi_bytes, document

if TYPE_CHECKING:
    from tests.backends.czi.conftest import Opener

TILE = Tile(np.zeros((4, 5), np.uint8))
INNER = Tile(np.arange(20, dtype=np.uint16).reshape(4, 5), {"X": -3}, compression="zstd")


def jpeg(width: int = 6, height: int = 4) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 10, 30)).save(file, "JPEG")
    return file.getvalue()


def test_pictures_and_whole_files_are_read(made: Opener) -> None:
    inner = czi_bytes([INNER], document(scaling='<Distance Id="X"><Value>2e-6</Value></Distance>'))
    attached = [
        Attached("Thumbnail", "JPG", jpeg()),
        Attached("SlidePreview", "CZI", inner),
        Attached("Label", "CZI", inner),
        Attached("EventList", "CZEVL", b"\0" * 8),
    ]
    backend = made([TILE], attachments=attached)
    found = backend.associated()
    assert sorted(found) == ["label", "macro", "thumbnail"]
    assert found["thumbnail"][0].load()[0, 0, 0].reshape(-1, 3).mean(0) == pytest.approx([200, 10, 30], abs=3)
    assert np.array_equal(found["macro"][0].load()[0, 0, 0], INNER.pixels)
    assert found["label"][1].axes["X"].spacing == pytest.approx(2.0)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "..", "\x07bell", "C:evil"])
def test_names_cannot_mean_another_folder(made: Opener, name: str) -> None:
    (found,) = made([TILE], attachments=[Attached(name, "JPG", jpeg())]).associated()
    assert not set(found) & set("/\\:\x07")
    assert not found.startswith(".")


def test_equal_names_are_kept_apart(made: Opener) -> None:
    twice = [Attached("Thumbnail", "JPG", jpeg()), Attached("Thumbnail", "JPG", jpeg(9))]
    found = made([TILE], attachments=twice).associated()
    assert [recipe.shape[4] for recipe, _ in found.values()] == [6, 9]


@pytest.mark.parametrize("data", [b"no picture", jpeg()[:40], b""])
def test_a_damaged_picture_is_one_warning_and_no_obstacle(made: Opener, data: bytes) -> None:
    backend = made([TILE], attachments=[Attached("Thumbnail", "JPG", data), Attached("Label", "JPG", jpeg())])
    with pytest.warns(OmioWarning, match="attachment Thumbnail"):
        assert list(backend.associated()) == ["label"]
