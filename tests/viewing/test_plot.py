"""Figures of matplotlib."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio import MicroscopyDataset
from omio.errors import LayoutError, MissingDependencyError, OptionError, SelectionError
from omio.testing import makers
from tests.viewing.images import Watched, cells, inks, over, zeros

if TYPE_CHECKING:
    from matplotlib.figure import Figure

pytest.importorskip("matplotlib", reason="the extra plot is not installed")


def texts(figure: Figure) -> list[str]:
    """Return all that is written in a figure."""
    from matplotlib.text import Text

    return [found.get_text() for found in figure.findobj(Text) if found.get_text()]


def pictures(figure: Figure) -> list[Any]:
    return [axes.get_images()[0].get_array() for axes in figure.axes if axes.get_images()]


def drawn(figure: Figure) -> Any:
    """Return the pixels of a figure as it is saved."""
    from PIL import Image

    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50)
    return np.asarray(Image.open(file).convert("RGB"))


class TestChannels:
    def test_each_in_its_colour_and_all_in_one(self) -> None:
        figure = cells().plot()
        green, red, both = pictures(figure)
        assert not green[..., (0, 2)].any()
        assert not red[..., 1:].any()
        assert np.array_equal(both, np.maximum(green, red))
        found = texts(figure)
        assert found.count("EGFP") == found.count("mCherry") == 2
        assert drawn(figure).std() > 10

    def test_title_says_what_is_shown(self) -> None:
        (title,) = [text for text in texts(cells(name="mitosis").plot(t=0)) if "mitosis" in text]
        assert title == "mitosis   T 0 s, max of 5 planes"
        assert any("Z 1.5 µm" in text for text in texts(cells().plot(z=1)))

    def test_pixels_are_those_of_the_projection(self) -> None:
        image = cells((1, 5, 1, 40, 40))
        shown = pictures(image.plot(clim="minmax"))[0][..., 1]
        projected = image.load().max(axis=1)[0, 0].astype(float)
        scaled = (projected - projected.min()) / (projected.max() - projected.min()) * 255
        assert np.abs(shown - scaled).max() <= 1

    def test_scale_bar_is_as_long_as_it_says(self) -> None:
        figure = cells((1, 1, 1, 60, 80)).plot()  # 40 µm across
        (bar,) = figure.axes[-1].get_lines()
        left, right = np.asarray(bar.get_xdata(), float)
        assert (right - left) * 40 == pytest.approx(10)
        assert "10 µm" in texts(figure)
        assert bar.get_transform() == figure.axes[-1].transAxes

    def test_unknown_pixel_size_is_told(self) -> None:
        figure = MicroscopyDataset.from_array(makers.cells((1, 1, 1, 40, 40))).plot()
        assert any("pixel size unknown" in text for text in texts(figure))
        assert not figure.axes[-1].get_lines()

    def test_pixels_that_are_not_square_are_not_shown_as_squares(self) -> None:
        assert cells(pixel_size={"Y": 1.0, "X": 0.5}).plot().axes[0].get_aspect() == 2.0

    def test_a_single_channel_and_rgb_have_one_panel(self) -> None:
        assert len(pictures(cells((1, 1, 1, 40, 40)).plot())) == 1
        picture = makers.stained((40, 40))
        (shown,) = pictures(MicroscopyDataset.from_array(picture, "YXS").plot())
        assert np.abs(shown.astype(int) - picture).max() <= 1

    def test_samples_that_are_no_colours_have_a_panel_each(self) -> None:
        assert len(pictures(inks().plot())) == 6
        assert len(pictures(inks().plot("montage"))) == 1

    def test_an_image_of_one_value_is_black_only_where_that_is_nothing(self) -> None:
        for value in (0, 200):
            (shown,) = pictures(MicroscopyDataset.from_array(np.full((8, 8), value, "u1")).plot())
            assert (shown.max(), shown.min()) == ((255, 255) if value else (0, 0))

    def test_large_planes_are_thinned(self) -> None:
        recipe = Watched(zeros(1, 1, 1, 20_000, 20_000))
        (shown,) = pictures(over(recipe).plot())
        assert max(shown.shape) <= 2048
        assert sum(recipe.read_bytes) <= 2048 * 2048 * 2


class TestOtherKinds:
    def test_composite_fills_the_axes_that_are_given(self) -> None:
        from matplotlib.figure import Figure

        figure = Figure()
        left, right = figure.subplots(1, 2)
        assert cells(name="here").plot(ax=left) is figure
        cells(name="there").plot("histogram", ax=right)
        assert [axes.get_title().split()[0] for axes in (left, right)] == ["here", "there"]
        assert figure.get_suptitle() == ""
        assert np.array_equal(left.get_images()[0].get_array(), pictures(cells().plot("composite"))[0])

    def test_orthogonal_views_meet_in_a_pixel_and_keep_proportions(self) -> None:
        image = cells((1, 5, 1, 60, 80), pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.25})
        figure = image.plot("orthogonal", z=1, y=20, x=30)
        across, below, beside = pictures(figure)
        assert across.shape[:2] == (60, 80)
        assert below.shape[:2] == (5, 80)
        assert beside.shape[:2] == (60, 5)
        assert np.array_equal(across[20], below[1])
        assert np.array_equal(across[:, 30], beside[:, 1])
        assert [axes.get_aspect() for axes in figure.axes] == [2.0, 8.0, 0.25]
        assert any("Z 2 µm, Y 10 µm, X 7.5 µm" in text for text in texts(figure))

    def test_orthogonal_views_of_thinned_pixels_meet_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("omio.viewing.plot.MOST", 20)
        image = cells((1, 5, 1, 60, 80), pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.5})
        across, below, beside = pictures(image.plot("orthogonal", z=1, y=59, x=79))
        assert np.array_equal(across[-1], below[1])
        assert np.array_equal(across[:, -1], beside[:, 1])

    def test_montage_shows_times_in_the_same_colours(self) -> None:
        image = cells((3, 2, 1, 40, 40))
        dim = image.isel(T=0).astype("float32").map(lambda data: data / 2, step="halved").astype("uint16")
        film = dim.merge(*(image.isel(T=number) for number in (1, 2)), along="T", policy="padded")
        figure = film.plot("montage")
        shown = pictures(figure)
        assert len(shown) == 3
        assert shown[0].max() < 0.7 * shown[1].max()
        assert any("3 along T   max of 2 planes" in text for text in texts(figure))

    def test_montage_along_depths_names_each(self) -> None:
        figure = cells((1, 5, 2, 40, 40)).plot("montage", along="Z")
        assert [axes.get_xlabel() for axes in figure.axes] == ["Z 0 µm", "Z 1.5 µm", "Z 3 µm", "Z 4.5 µm", "Z 6 µm"]

    def test_montage_of_many_takes_some_evenly(self) -> None:
        figure = cells((1, 90, 1, 20, 20)).plot("montage")
        assert len(pictures(figure)) == 24
        assert any("24 of 90 along Z" in text for text in texts(figure))

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "uint32", "float32"])
    def test_histogram_counts_every_pixel(self, dtype: str) -> None:
        pixels = makers.cells((1, 3, 2, 40, 40)).astype(dtype)
        axes = MicroscopyDataset.from_array(pixels, channels=["a", "b"]).plot("histogram").axes[0]
        lines = [patch for patch in axes.patches if patch.get_label() in ("a", "b")]
        assert [patch.get_data().values.sum() for patch in lines] == [pixels[:, :, 0].size] * 2  # type: ignore[attr-defined]

    def test_bins_of_integers_are_whole_numbers_wide(self) -> None:
        ramp = np.arange(1000, 1600, dtype=np.uint16).repeat(16).reshape(1, 1, 1, 96, 100)
        axes = MicroscopyDataset.from_array(ramp).plot("histogram").axes[0]
        values, edges, _ = axes.patches[0].get_data()  # type: ignore[attr-defined]
        assert set(np.diff(edges)) == {3.0}
        assert set(values) == {48}  # equally many everywhere: no comb

    def test_histogram_of_rgb_has_a_line_a_colour(self) -> None:
        picture = MicroscopyDataset.from_array(makers.stained((40, 40)), "YXS")
        assert {"Red", "Green", "Blue"} <= set(texts(picture.plot("histogram")))


class TestMistakes:
    @pytest.mark.parametrize(
        ("options", "error", "text"),
        [
            ({"kind": "pie"}, OptionError, "pie"),
            ({"y": 3}, OptionError, "y of kind='channels'"),
            ({"kind": "montage", "along": "C"}, OptionError, "along='C'"),
            ({"kind": "montage", "t": 1}, OptionError, "t= chooses one"),
            ({"t": 3}, SelectionError, "there are 3"),
        ],
    )
    def test_are_told(self, options: dict[str, Any], error: type[Exception], text: str) -> None:
        with pytest.raises(error, match=text):
            cells().plot(**options)

    def test_views_that_need_axes_of_their_own(self) -> None:
        from matplotlib.figure import Figure

        for kind in ("orthogonal", "montage"):
            with pytest.raises(OptionError, match="axes"):
                cells().plot(kind, ax=Figure().add_subplot())

    def test_images_that_hold_too_little(self) -> None:
        with pytest.raises(LayoutError, match="several depths"):
            cells((1, 1, 1, 8, 8)).plot("orthogonal")
        with pytest.raises(LayoutError, match="nothing to plot"):
            cells().isel(X=slice(0, 0)).plot()

    def test_without_matplotlib_the_error_says_how(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        monkeypatch.delitem(sys.modules, "omio.viewing.figure", raising=False)
        with pytest.raises(MissingDependencyError, match=r"omio\[plot\]"):
            cells().plot()


def test_names_are_no_formulas() -> None:
    drawn(cells((1, 1, 2, 8, 8), name="$x$ {", channels=[{"name": "$\\alpha"}, {"name": "$_{"}]).plot())


def test_a_notebook_shows_the_figure() -> None:
    assert cells((1, 1, 1, 8, 8)).plot()._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_pyplot_is_not_needed_and_no_window_opens() -> None:
    code = (
        "import numpy, omio, sys\n"
        "omio.MicroscopyDataset.from_array(numpy.eye(9)).plot().savefig(sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, "/dev/null"],
        env={"MPLBACKEND": "tkagg"},
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
