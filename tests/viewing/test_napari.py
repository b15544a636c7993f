"""napari, driven for real in a display of its own where it is installed."""

from __future__ import annotations

import builtins
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio import MicroscopyDataset, errors
from omio.dataset.levels import Level
from omio.lazy.arrays import ArrayRecipe
from omio.metadata.facts import Facts
from omio.testing import makers
from omio.viewing.arrays import SqueezedArray
from omio.viewing.napari import view
from tests.support.blocks import ROOT, RUNNERS, blocks, run, run_python
from tests.support.real import real
from tests.viewing import images

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("default", "error::omio.errors.OmioWarning")

COLORS = ("#0000FF", "#00FF00", "#FF0000")


class Watched(ArrayRecipe):
    """Remembers the planes that were read."""

    planes: list[Any]

    def read(self, key: Any, out: Any) -> None:
        self.planes.append(tuple(list(index) for index in key[:3]))
        super().read(key, out)


def squares() -> MicroscopyDataset:
    """Three channels, each bright in one place: left, middle, right."""
    pixels = np.zeros((3, 5, 3, 60, 90), "u2")
    for channel in range(3):
        pixels[:, :, channel, 20:40, channel * 30 + 5 : channel * 30 + 25] = 1000 * (channel + 1)
    rows = [{"name": name, "color": color} for name, color in zip(("DAPI", "EGFP", "mCherry"), COLORS, strict=True)]
    facts = Facts.of(pixels.shape, pixel_size={"Z": 2.0, "Y": 0.5, "X": 0.5}, time_increment=3.0, channels=rows)
    return MicroscopyDataset(ArrayRecipe(pixels), facts.with_static(name="squares"))


def processed(seconds: float = 0.2) -> None:
    """Let Qt draw."""
    from qtpy.QtWidgets import QApplication

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()


def test_each_channel_is_seen_in_its_colour_and_place(viewer: Any) -> None:
    assert squares().view(viewer) is viewer
    assert [layer.name for layer in viewer.layers] == ["squares :: DAPI", "squares :: EGFP", "squares :: mCherry"]
    viewer.canvas.overlays.scale_bar.visible = False
    processed()
    canvas = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    where = [np.argwhere((canvas == color).all(-1)) for color in ([0, 0, 255], [0, 255, 0], [255, 0, 0])]
    assert [len(found) > 1000 for found in where] == [True] * 3
    blue, green, red = (found.mean(0) for found in where)
    assert blue[1] < green[1] < red[1]
    np.testing.assert_allclose([blue[0], red[0]], green[0], atol=1)
    np.testing.assert_allclose(green[1] - blue[1], red[1] - green[1], atol=1)


def test_scale_units_labels_and_the_first_plane(viewer: Any) -> None:
    squares().isel(X=slice(10, None)).view(viewer)
    layer = viewer.layers[0]
    assert layer.axis_labels == viewer.dims.axis_labels == ("T", "Z", "Y", "X")
    assert [str(unit) for unit in layer.units] == ["second", "micrometer", "micrometer", "micrometer"]
    assert (list(layer.scale), list(layer.translate)) == ([3, 2, 0.5, 0.5], [0, 0, 0, 5])
    assert (viewer.dims.current_step[:2], viewer.canvas.overlays.scale_bar.visible) == ((0, 2), True)
    assert layer.contrast_limits_range[1] >= layer.contrast_limits[1]


def test_a_plane_of_a_long_stack_is_one_read(viewer: Any) -> None:
    recipe, planes = Watched(np.zeros((1, 2000, 1, 32, 32), "u2")), list[Any]()
    object.__setattr__(recipe, "planes", planes)
    lazy = MicroscopyDataset(recipe, Facts.of(recipe.shape, pixel_size={"Z": 1.0, "Y": 1.0, "X": 1.0}))
    lazy.view(viewer)
    processed()
    assert sum(len(z) for _, z, _ in planes) < 10
    planes.clear()
    viewer.dims.set_current_step(0, 1234)
    processed()
    assert planes == [([0], [1234], [0])]


def test_stored_levels_are_shown_without_reading_the_full_one(viewer: Any, tmp_path: Path) -> None:
    pixels = np.arange(2048 * 3000, dtype="u4").astype("u2").reshape(1, 1, 1, 2048, 3000)
    path = tmp_path / "large.ome.tif"
    MicroscopyDataset.from_array(pixels, pixel_size={"Y": 0.5, "X": 0.5}).to_ometiff(path, levels=3)
    with omio.open(path) as image:
        image.view(viewer)
        (layer,) = viewer.layers
        assert layer.multiscale
        assert [level.shape for level in layer.data] == [(2048, 3000), (1024, 1500), (512, 750)]
        viewer.window.resize(900, 700)
        viewer.reset_view()
        processed()
        assert layer.data_level > 0
        np.testing.assert_array_equal(np.asarray(layer.data[0][100:200, 300:400]), pixels[0, 0, 0, 100:200, 300:400])


def test_panning_over_a_slide_reads_what_is_shown(viewer: Any) -> None:
    recipes = [images.Watched(images.zeros(1, 1, 1, edge, edge, 3, dtype="u1")) for edge in (16384, 4096, 1024)]
    levels = tuple(Level.of(recipe, recipes[0].shape) for recipe in recipes[1:])
    facts = Facts.of(recipes[0].shape, pixel_size={"Y": 0.25, "X": 0.25})
    viewer.window.resize(900, 700)
    MicroscopyDataset(recipes[0], facts, levels).view(viewer)
    viewer.reset_view()
    processed()
    assert not recipes[0].read_bytes
    viewer.scene.camera.zoom = 4
    for center in (2048.0, 2060.0):
        recipes[0].read_bytes.clear()
        viewer.scene.camera.center = (0, center, 2048.0)
        processed()
        assert 0 < sum(recipes[0].read_bytes) < recipes[0].nbytes / 100


def test_labels_follow_their_image_and_cannot_be_painted_on(viewer: Any, tmp_path: Path) -> None:
    numbers = np.zeros((1, 1, 1, 60, 90), "u2")
    numbers[..., 20:40, 35:55] = 7
    squares().to_omezarr(tmp_path / "a.ome.zarr", labels={"nuclei": MicroscopyDataset.from_array(numbers)})
    with omio.open(tmp_path / "a.ome.zarr") as image:
        image.view(viewer)
        layer = viewer.layers["a :: nuclei"]
        assert (type(layer).__name__, layer.editable, layer.axis_labels) == ("Labels", False, ("T", "Z", "Y", "X"))
        assert layer.get_value((6.0, 4.0, 15.0, 20.0), world=True) == 7
        viewer.layers.clear()
        image.view(viewer, labels=False)
        assert len(viewer.layers) == 3


def test_several_images_are_laid_over_each_other_by_their_axes(viewer: Any) -> None:
    film = squares().isel(Z=2)
    view([squares(), film], viewer)
    assert viewer.layers[3].data.shape == (3, 1, 60, 90)
    assert list(viewer.layers[3].translate) == [0, 4, 0, 0]
    film.isel(T=0, C=0).view(viewer)
    assert viewer.layers[-1].data.shape == (60, 90)


def test_of_a_collection_the_first_image_is_visible(viewer: Any) -> None:
    with omio.open_collection(real("czi-well-s2.czi")) as scenes:
        view(scenes, viewer)
    assert [(layer.name, layer.visible) for layer in viewer.layers] == [
        ("czi-well-s2 [D6] :: AF488", True),
        ("czi-well-s2 [D7] :: AF488", False),
    ]


def test_colour_images_are_shown_as_they_are(viewer: Any, tmp_path: Path) -> None:
    sample = makers.rgb(tmp_path / "rgb.tif")
    omio.open(sample.path).view(viewer)
    viewer.canvas.overlays.scale_bar.visible = False
    processed()
    (layer,) = viewer.layers
    assert (layer.rgb, layer.name, str(layer.blending)) == (True, "rgb", "translucent")
    np.testing.assert_array_equal(np.asarray(layer.data), sample.pixels[0, 0, 0])


def test_unknown_spacing_is_told_and_gets_no_scale_bar(viewer: Any) -> None:
    with pytest.warns(errors.OmioWarning, match="spacing of X, Y is not known: shown as 1 pixel"):
        MicroscopyDataset.from_array(np.eye(20)).view(viewer)
    assert not viewer.canvas.overlays.scale_bar.visible


def test_images_of_one_value_and_falling_axes_are_shown(viewer: Any) -> None:
    flat = MicroscopyDataset.from_array(np.full((4, 20, 20), 3, "u1"), "ZYX", pixel_size=dict.fromkeys("ZYX", 1.0))
    flat.isel(Z=slice(None, None, -1)).view(viewer)
    (layer,) = viewer.layers
    assert (list(layer.scale), list(layer.translate), layer.contrast_limits) == ([1, 1, 1], [0, 0, 0], [0, 3])


def test_policies_say_where_the_pixels_are(viewer: Any, tmp_path: Path) -> None:
    sample = makers.ome_tiff(tmp_path / "cells.ome.tif")
    image = omio.open(sample.path)
    for policy, kind in (("lazy", SqueezedArray), ("memory", np.ndarray), (omio.CachedView(), SqueezedArray)):
        viewer.layers.clear()
        image.view(viewer, policy=policy)
        assert [type(layer.data) for layer in viewer.layers] == [kind, kind]
        np.testing.assert_array_equal(np.asarray(viewer.layers[0].data[1, 2]), sample.pixels[1, 2, 0])
    assert list((tmp_path / ".omio_cache").glob("cells-*.zarr"))
    image.view(viewer, clim="minmax", blending="opaque")
    layer = viewer.layers[-1]
    assert (layer.contrast_limits, str(layer.blending)) == ([*limits_of(sample.pixels[1, 2, 1])], "opaque")
    with pytest.raises(errors.PolicyError, match="no policy 'film'"):
        image.view(viewer, policy="film")


def limits_of(pixels: Any) -> tuple[float, float]:
    return float(pixels.min()), float(pixels.max())


def test_a_running_viewer_is_used_and_does_not_block(viewer: Any, napari: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(napari, "run", lambda: waited.append("run"))
    monkeypatch.setattr(napari, "current_viewer", lambda: viewer)
    assert squares().view() is viewer
    assert waited == []
    squares().view(blocking=True)
    assert waited == ["run"]
    monkeypatch.setattr(napari, "current_viewer", lambda: None)
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    squares().view()
    assert waited == ["run"] * 2, "a script that makes a window waits for it"
    squares().view(blocking=False)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    squares().view()
    assert waited == ["run"] * 2


def test_a_closed_dataset_is_no_longer_read(viewer: Any) -> None:
    image = squares()
    image.view(viewer)
    image.close()
    with pytest.raises(errors.ClosedError):
        np.asarray(viewer.layers[0].data[0, 0])


def test_its_page_is_true(viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    makers.project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(RUNNERS, "python napari", run_python)
    namespace: dict[str, Any] = {"__name__": "docs"}
    for block in blocks((ROOT / "docs" / "how-to" / "napari.md").read_text(encoding="utf-8"), "napari.md"):
        run(block, namespace)
    assert namespace["viewer"] is viewer


class Server:
    def __init__(self) -> None:
        self.waited = 0

    def wait(self) -> None:
        self.waited += 1


def test_the_browser_gets_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    import omio.serve

    asked: list[Any] = []
    server = Server()

    def serve(*images: Any, **options: Any) -> Server:
        asked.append((images, options))
        return server

    monkeypatch.setattr(omio.serve, "serve", serve)
    image = squares()
    assert image.view(policy="browser", open=False) is server
    view([image, image], policy="browser", blocking=False)
    assert asked == [((image,), {"port": 0, "open": False}), ((image, image), {"port": 0, "open": True})]
    assert server.waited == 1
    with pytest.raises(errors.PolicyError, match="a viewer is given"):
        image.view(object(), policy=omio.BrowserView())


def test_without_napari_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "napari":
            raise ImportError(name)
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(errors.MissingDependencyError, match=r'pip install "omio\[napari\]"'):
        squares().view()


def stand_in(monkeypatch: pytest.MonkeyPatch, version: str, **members: Any) -> None:
    module = ModuleType("napari")
    for name, value in {"__version__": version, "current_viewer": lambda: None, **members}.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "napari", module)


def test_an_old_napari_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "0.4.19")
    with pytest.raises(errors.MissingDependencyError, match=r"napari 0\.4\.19 is too old, 0\.9 is needed"):
        squares().view()


def test_napari_without_qt_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_window() -> None:
        raise ImportError("No Qt bindings could be found")

    stand_in(monkeypatch, "0.9.2", Viewer=no_window)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    with pytest.raises(errors.MissingDependencyError, match="opens no window: No Qt bindings"):
        squares().view()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    stand_in(monkeypatch, "0.9.2")
    with pytest.raises(errors.OmioError, match="needs a display"):
        squares().view()


def test_what_is_no_image_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.OptionError, match="is no image"):
        view(["cells.tif"], object())
