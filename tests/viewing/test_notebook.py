"""Datasets, collections and plates as HTML."""

from __future__ import annotations

import base64
import io
import re
import warnings
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import omio
from omio import MicroscopyDataset
from omio.collection.plate import Plate
from omio.dataset.levels import Level
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.testing import makers
from omio.viewing import contents, thumbnails
from omio.viewing.notebook import page, repr_html
from tests.support.clock import within
from tests.support.real import REAL, real
from tests.viewing.images import Broken, Watched, cells, inks, over, zeros

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 60_000
VOID = {"img", "meta", "br"}
NASTY = '<script>alert("1")</script><img src=x onerror=alert(2)>\'"&'


class Outline(HTMLParser):
    """Checks that tags close as they open, and collects them with their text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "pre"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def pictures(self) -> list[Any]:
        sources = [str(image["src"]).removeprefix("data:image/png;base64,") for image in self.all("img")]
        return [np.asarray(Image.open(io.BytesIO(base64.b64decode(source))).convert("RGB")) for source in sources]


def outline(image: Any) -> Outline:
    html = image._repr_html_()
    assert len(html.encode()) < LIMIT
    return Outline(html)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time over pictures."""
    for module in (contents, thumbnails):
        monkeypatch.setattr(module, "SECONDS", 60.0)


@pytest.mark.usefixtures("patience")
class TestDataset:
    def test_shows_each_channel_in_its_colour_and_all_together(self) -> None:
        found = outline(cells())
        green, red, both = found.pictures()
        assert green[..., 1].max() > 200
        assert green[..., (0, 2)].max() < 8  # few colours are left
        assert red[..., 0].max() > 200
        assert red[..., 1:].max() < 8
        assert both[..., 0].max() > 150
        assert both[..., 1].max() > 150
        assert [image["alt"] for image in found.all("img")] == ["EGFP", "mCherry", "all"]
        assert {"509 nm", "610 nm"} <= set(found.text)

    def test_tells_sizes_steps_extents_and_chunks(self) -> None:
        html = repr_html(cells())
        assert "5D uint16" in html
        row = '<th>X</th><td class="omio-n">80</td><td>0.5 µm</td><td>0 to 39.5 µm</td><td class="omio-n">80</td>'
        assert row in html
        assert '<th>T</th><td class="omio-n">3</td><td>2.5 s</td><td>0 to 5 s</td>' in html

    def test_tells_backend_scene_instrument_and_steps(self, tmp_path: Path) -> None:
        sample = makers.ome_tiff(tmp_path / "cells.ome.tif")
        lens = {"name": "Plan-Apochromat", "na": 1.4}
        with omio.open(sample.path) as opened:
            image = opened.with_metadata(objective=lens, acquired="2026-01-02T03:04:05").isel(T=0)
            text = " ".join(outline(image).text)
        for word in (
            "ometiff, scene Image0",
            "Plan-Apochromat",
            "numerical aperture",
            "1.4",
            "2026-01-02",
            "Provenance",
        ):
            assert word in text

    def test_every_text_of_a_file_is_escaped(self) -> None:
        channel = {"name": NASTY, "fluor": NASTY, "emission_nm": 500.0, "contrast_method": NASTY}
        image = cells((1, 1, 1, 8, 8), channels=[channel], name=NASTY).with_metadata(
            description=NASTY, objective={"name": NASTY, "manufacturer": NASTY, "immersion": NASTY}
        )
        steps = MicroscopyDataset(image.recipe, image.facts.with_step(NASTY, note=NASTY))
        found = outline(steps)
        assert {name for name, _ in found.tags} <= {
            *("div", "style", "pre", "p", "b", "span", "figure", "img", "figcaption", "i", "small", "table", "thead"),
            *("tbody", "tr", "th", "td", "details", "summary", "ol", "ul", "li"),
        }
        assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
        assert page(NASTY, "").count("<") == page("x", "").count("<")

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        html = repr_html(cells())
        assert not re.search(r"https?:|url\(|@import|<script|<link|<iframe", html)

    def test_plain_text_is_left_where_styles_are_not(self) -> None:
        image = cells()
        html = repr_html(image)
        assert f'<pre class="omio-text">&lt;{repr(image)[1:20]}' in html
        assert '<div class="omio" style="display:none">' in html

    def test_rgb_is_shown_in_its_colours(self) -> None:
        picture = makers.stained()
        (shown,) = outline(MicroscopyDataset.from_array(picture, "YXS")).pictures()
        assert np.abs(shown.astype(int) - picture).mean() < 8  # few colours are left

    def test_samples_that_are_no_colours_are_channels(self) -> None:
        labels = [picture["alt"] for picture in outline(inks()).all("img")]
        assert labels == ["C0", "C1", "C2", "C3", "C4", "all"]

    def test_an_image_of_several_files_is_called_as_it_was_opened(self) -> None:
        with omio.open(real("mm-ndtiff-v3")) as image:
            assert "<b>mm-ndtiff-v3</b>" in repr_html(image)

    def test_notes_say_what_is_not_known_and_what_the_file_did_not_say(self) -> None:
        bare = MicroscopyDataset.from_array(makers.cells((2, 1, 1, 8, 8)))
        text = " ".join(outline(bare).text)
        assert "X: the size of pixels is not known" in text
        assert "T: the time between frames is not known" in text
        assert "Z:" not in text
        assert "pixel_size.X: said by the user, not by the file" in " ".join(outline(cells()).text)

    def test_pixels_that_cannot_be_read_are_told_of_without_their_path(self) -> None:
        found = outline(over(Broken(makers.cells((1, 1, 1, 8, 8)))))
        assert not found.pictures()
        text = " ".join(found.text)
        assert "pixels could not be read: the strip ends early. Copy it again." in text
        assert "somebody" not in text

    def test_a_function_that_fails_is_told_of(self) -> None:
        class Odd:
            shape, dtype, ndim = (1, 1, 1, 4, 4), np.dtype("uint8"), 5

            def __getitem__(self, key: Any) -> Any:
                raise ZeroDivisionError("a plug-in divides")

        assert "a plug-in divides" in repr_html(MicroscopyDataset.from_array(Odd()))

    @pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "int64", "float16", "float64", "complex64"])
    def test_any_dtype_and_any_values(self, dtype: str) -> None:
        pixels = np.arange(48).reshape(1, 1, 1, 6, 8).astype(dtype)
        if dtype.startswith("float"):
            pixels[..., 0] = np.nan
            pixels[..., 1] = np.inf
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            outline(MicroscopyDataset.from_array(pixels))
            outline(MicroscopyDataset.from_array(np.zeros_like(pixels)))

    def test_empty_and_closed_images(self) -> None:
        assert "no pixels" in " ".join(outline(cells().isel(T=slice(0, 0))).text)
        image = cells()
        image.close()
        assert "the dataset is closed" in " ".join(outline(image).text)

    def test_a_closed_collection_is_told_of(self, tmp_path: Path) -> None:
        makers.project(tmp_path)
        collection = omio.open_collection(tmp_path)
        collection.close()
        assert "the dataset is closed" in " ".join(outline(collection).text)

    def test_warnings_while_reading_are_shown_and_not_raised(self) -> None:
        class Warns(ArrayRecipe):
            def read(self, key: Any, out: Any) -> None:
                warnings.warn("chunk 7 is missing", stacklevel=1)
                super().read(key, out)

        html = repr_html(over(Warns(makers.cells((1, 1, 2, 8, 8)))))
        assert html.count("chunk 7 is missing") == 1
        assert "<details open>" in html


@pytest.mark.usefixtures("patience")
class TestBudget:
    def test_of_a_large_plane_a_part_is_read(self) -> None:
        recipe = Watched(zeros(1, 40, 3, 30_000, 30_000), unit=(1, 1, 1, 256, 256))
        outline(over(recipe))
        assert 0 < sum(recipe.read_bytes) < 1 << 20

    def test_what_would_decode_too_much_is_not_read(self) -> None:
        recipe = Watched(zeros(1, 1, 1, 10_000, 10_000), unit=(1, 1, 1, 10_000, 10_000))
        text = " ".join(outline(over(recipe)).text)
        assert "200 MB must be decoded" in text
        assert ".thumbnail()" in text
        assert not recipe.read_bytes

    def test_a_level_that_is_too_small_is_not_what_it_costs(self) -> None:
        whole = Watched(zeros(1, 1, 1, 10_000, 10_000), unit=(1, 1, 1, 10_000, 10_000))
        tiny = Watched(zeros(1, 1, 1, 100, 100))
        image = MicroscopyDataset(whole, Facts.of(whole.shape), (Level.of(tiny, whole.shape),))
        assert "must be decoded" in repr_html(image)
        enough = Watched(zeros(1, 1, 1, 1000, 1000))
        image = MicroscopyDataset(whole, Facts.of(whole.shape), (Level.of(enough, whole.shape),))
        assert len(outline(image).pictures()) == 1
        assert not whole.read_bytes

    def test_a_projection_costs_all_that_it_is_made_of(self) -> None:
        deep = Watched(zeros(1, 2000, 1, 512, 512), unit=(1, 1, 1, 512, 512))
        assert "must be decoded" in repr_html(over(deep).project("Z"))
        assert not deep.read_bytes
        shallow = Watched(np.array(makers.cells((1, 4, 1, 64, 64))))
        assert len(outline(over(shallow).project("Z")).pictures()) == 1

    def test_what_dask_computes_is_not_computed(self) -> None:
        computed: list[int] = []

        def note(block: Any) -> Any:
            computed.append(1)
            return block

        image = cells().map(lambda data: data.copy(data=data.data.map_blocks(note, meta=data.data._meta)))
        assert "pixels are computed when asked" in repr_html(image)
        assert not computed

    def test_what_lies_elsewhere_is_not_read(self, tmp_path: Path) -> None:
        fsspec = pytest.importorskip("fsspec")
        sample = makers.ome_tiff(tmp_path / "cells.ome.tif")
        memory = fsspec.filesystem("memory")
        memory.pipe("/notebook/cells.ome.tif", sample.path.read_bytes())
        with omio.open("memory://notebook/cells.ome.tif") as image:
            assert "the file lies elsewhere" in repr_html(image)
        memory.rm("/notebook", recursive=True)

    def test_of_many_channels_eight_are_shown(self) -> None:
        found = outline(MicroscopyDataset.from_array(makers.cells((1, 1, 11, 40, 40))))
        assert len(found.pictures()) == 9
        assert "… 3 more" in " ".join(found.text)

    def test_when_time_is_over_no_further_channel_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(thumbnails, "SECONDS", 0.0)
        found = outline(cells())
        assert len(found.pictures()) == 1
        assert "reading takes long: 1 more" in " ".join(found.text)

    def test_noise_and_endless_metadata_stay_below_the_limit(self) -> None:
        noise = np.random.default_rng(1).integers(0, 60_000, (1, 1, 40, 300, 300)).astype(np.uint16)
        channels = [{"name": "x" * 5000, "fluor": "<" * 5000, "emission_nm": 500.0} for _ in range(40)]
        image = MicroscopyDataset.from_array(noise, channels=channels, name="&" * 10_000)
        facts = image.facts
        for _ in range(200):
            facts = facts.with_step("merge", sources=["file"] * 1000)
        assert len(repr_html(MicroscopyDataset(image.recipe, facts)).encode()) < LIMIT


@pytest.mark.usefixtures("patience")
class TestCollections:
    def test_a_row_an_image(self, tmp_path: Path) -> None:
        makers.project(tmp_path)
        makers.stack(tmp_path / "stack.tif")
        (tmp_path / "broken.ome.tif").write_bytes(b"II*\0nothing")
        with omio.open_collection(tmp_path) as collection:
            found = outline(collection)
        text = " ".join(found.text)
        assert len(found.pictures()) == 6
        for word in ("cells.ome.tif", "hyperstack.tif", "histology.tif", "uint16", "X 0.325", "broken.ome.tif"):
            assert word in text
        assert "the file does not say along which axis" in text

    def test_of_many_images_the_keys_are_told(self, tmp_path: Path) -> None:
        for number in range(20):
            makers.rgb(tmp_path / f"{number:02d}.tif", (8, 8))
        with omio.open_collection(tmp_path) as collection:
            found = outline(collection)
        assert len(found.pictures()) == 12
        assert "8 more" in found.text
        assert "19.tif" in " ".join(found.text)

    def test_names_are_escaped(self, tmp_path: Path) -> None:
        makers.rgb(tmp_path / "<b onclick=x>&amp;.tif", (8, 8))
        with omio.open_collection(tmp_path) as collection:
            html = collection._repr_html_()
        assert "<b onclick" not in html
        assert "&lt;b onclick=x&gt;&amp;amp;.tif" in html

    def test_a_plate_is_the_grid_of_its_wells(self, tmp_path: Path) -> None:
        image = cells((1, 1, 1, 8, 8))
        Plate.write({f"{well}/0": image for well in ("A/1", "A/3", "C/2")}, tmp_path / "plate.ome.zarr", name="P<1>")
        with Plate.open(tmp_path / "plate.ome.zarr") as plate:
            found = outline(plate)
        assert found.text.count("●") == 3
        assert "P<1>" in " ".join(found.text)
        assert "3 imaged" in " ".join(found.text)


@pytest.mark.skipif(not REAL.exists(), reason=f"real data not here: {REAL}")
def test_real_files_within_a_second() -> None:
    shown = 0
    for path in sorted((*REAL.iterdir(), *(REAL / "gen").iterdir())):
        try:
            collection = omio.open_collection(path)
        except omio.errors.OmioError:
            continue
        with collection, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for key in list(collection)[:2]:
                try:
                    image = collection[key]
                except omio.errors.OmioError:
                    continue
                with within(1, path):
                    outline(image)
                shown += 1
    assert shown > 40


def test_facts_alone_are_enough() -> None:
    """Nothing that a description may leave out is needed."""
    recipe = ArrayRecipe(makers.cells((1, 1, 1, 8, 8)))
    outline(MicroscopyDataset(recipe, Facts.of(recipe.shape)))
