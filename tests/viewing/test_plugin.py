"""The plug-in of napari: asked as napari asks it, and through napari where that is installed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import omio
from omio import MicroscopyDataset, backends, errors
from omio.testing import makers
from omio.viewing import plugin
from tests.support.real import real

pytestmark = pytest.mark.filterwarnings("default", "error::omio.errors.OmioWarning")


def manifest() -> Any:
    return yaml.safe_load((resources.files("omio") / "napari.yaml").read_text(encoding="utf-8"))["contributions"]


def patterns() -> list[str]:
    return list(manifest()["readers"][0]["filename_patterns"])


@pytest.mark.parametrize("name", backends.registry.names())
def test_what_a_backend_reads_is_asked_for(name: str) -> None:
    """napari makes the ending small, after the last dot, and compares it with patterns in small letters."""
    for ending in backends.registry.spec(name).extensions:
        asked = Path(f"Some{ending}")
        assert any(asked.match(pattern) for pattern in patterns()), ending


def test_every_command_exists() -> None:
    for command in manifest()["commands"]:
        module, _, name = command["python_name"].partition(":")
        assert (module, callable(getattr(plugin, name))) == ("omio.viewing.plugin", True)


def test_what_no_backend_reads_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "notes.xml").write_text("<notes/>")
    (tmp_path / "scan.tif").write_bytes(b"no TIFF at all")
    (tmp_path / "folder.zarr").mkdir()
    sample = makers.ome_tiff(tmp_path / "a.ome.tif")
    for name in ("notes.xml", "scan.tif", "folder.zarr", "missing.tif"):
        assert plugin.get_reader(str(tmp_path / name)) is None, name
        assert plugin.get_reader([str(sample.path), str(tmp_path / name)]) is None
    assert plugin.get_reader([]) is None
    assert plugin.get_reader(str(sample.path)) is plugin.read_layers


def test_a_folder_of_images_is_opened(tmp_path: Path) -> None:
    sample = makers.ome_tiff(tmp_path / "a.ome.tif")
    (tmp_path / "below").mkdir()
    makers.ome_tiff(tmp_path / "below" / "b.ome.tif")
    (tmp_path / "notes.xml").write_text("<notes/>")
    assert plugin.get_reader(str(tmp_path)) is plugin.read_layers
    layers = plugin.read_layers(str(tmp_path))
    assert [options["name"] for _, options, _ in layers] == ["a :: EGFP", "a :: mCherry"]
    sample.path.unlink()
    assert plugin.get_reader(str(tmp_path)) is None


def test_layers_are_read_when_looked_at(tmp_path: Path) -> None:
    sample = makers.ome_tiff(tmp_path / "a.ome.tif")
    for path in (str(sample.path), [str(sample.path)]):
        (data, options, kind), _ = plugin.read_layers(path)
        assert (kind, options["name"], options["axis_labels"]) == ("image", "a :: EGFP", ("T", "Z", "Y", "X"))
        assert options["metadata"]["omio"].metadata.channels[0].emission_nm == 509
        np.testing.assert_array_equal(np.asarray(data[2, 1]), sample.pixels[2, 1, 0])


def test_axes_without_names_are_slices_and_that_is_told(tmp_path: Path) -> None:
    sample = makers.stack(tmp_path / "stack.tif")
    with pytest.warns(errors.OmioWarning, match=r"stack\.tif: 5 pages, .* Shown are slices, Z"):
        ((data, options, _),) = plugin.read_layers(str(sample.path))
    assert (options["axis_labels"], data.shape) == (("Z", "Y", "X"), (5, 96, 128))


def test_files_that_are_opened_as_a_stack_are_one_image(tmp_path: Path) -> None:
    sample = makers.sequence(tmp_path)
    paths = sorted(str(path) for path in tmp_path.glob("t*.ome.tif"))
    with pytest.warns(errors.OmioWarning, match="3 files .* Shown are time points, T"):
        layers = plugin.read_layers(paths)
    assert [data.shape for data, *_ in layers] == [sample.pixels.shape[:2] + sample.pixels.shape[3:]] * 2


def test_scenes_are_layers_of_which_the_first_are_visible() -> None:
    layers = plugin.read_layers(str(real("czi-well-s2.czi")))
    assert [(options["name"], options["visible"]) for _, options, _ in layers] == [
        ("czi-well-s2 [D6] :: AF488", True),
        ("czi-well-s2 [D7] :: AF488", False),
    ]


def layer(data: Any, kind: str = "image", **about: Any) -> tuple[Any, dict[str, Any], str]:
    """Return a layer as napari hands it to writers."""
    count = data.ndim - (1 if about.get("rgb") else 0)
    usual = {
        "name": "a",
        "axis_labels": tuple(f"-{axis}" for axis in range(count, 0, -1)),
        "scale": [1.0] * count,
        "translate": [0.0] * count,
        "units": ("pixel",) * count,
        "affine": np.eye(count + 1),
        "rotate": np.eye(count),
        "shear": np.zeros(count),
        "multiscale": False,
    }
    if kind == "image":
        gray = {"colors": [[0, 0, 0, 1], [1, 1, 1, 1]], "controls": [0, 1]}
        usual |= {"rgb": False, "contrast_limits": (0, 9), "colormap": gray}
    return data, usual | about, kind


def test_units_are_converted_and_kept(tmp_path: Path) -> None:
    about: dict[str, Any] = {"axis_labels": ("t", "y", "x"), "units": ("millisecond", "nanometer", "nanometer")}
    written = plugin.write_layers(
        str(tmp_path / "a.ome.tif"), [layer(np.zeros((3, 8, 9), "u2"), **about, scale=[500, 100, 200])]
    )
    image = omio.open(written[0])
    assert (image.sizes["T"], image.metadata.time_increment) == (3, 0.5)
    assert image.pixel_size == {"Z": None, "Y": 0.1, "X": 0.2}


def test_a_table_of_colours_and_samples_are_written(tmp_path: Path) -> None:
    red = {"colors": [[1, 1, 1, 1], [1, 0, 0, 1]], "controls": [0, 1]}
    (path,) = plugin.write_layers(str(tmp_path / "a.ome.zarr"), [layer(np.eye(20), rgb=False)])
    assert omio.open(path).metadata.channels[0].color == "#FFFFFF"
    assert plugin._colors(red)["lut"].startswith("FFFFFF")
    assert plugin._colors(red)["lut"].endswith("FF0000")
    picture = makers.stained()
    (path,) = plugin.write_layers(str(tmp_path / "rgb.ome.tif"), [layer(picture, rgb=True)])
    np.testing.assert_array_equal(omio.open(path).load()[0, 0, 0], picture)


def test_what_is_not_written_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "a.ome.tif")
    with pytest.warns(errors.OmioWarning, match="'a' is not written: rotate; scale of -2, -1, which has no unit"):
        plugin.write_layers(path, [layer(np.eye(20), rotate=np.eye(2)[::-1], scale=[2.0, 2.0])])
    with pytest.warns(errors.OmioWarning, match="the axes of 'a' are taken for ZYX"):
        plugin.write_layers(path, [layer(np.zeros((3, 8, 9)))])
    with pytest.raises(errors.OmioError, match="has 5 axes without names"):
        plugin.write_layers(path, [layer(np.zeros((2, 2, 3, 8, 9)))])


def test_layers_that_are_no_channels_of_one_image_are_refused(tmp_path: Path) -> None:
    layers = [layer(np.zeros((8, 9))), layer(np.zeros((8, 10)), name="b")]
    with pytest.raises(errors.OmioError, match="X") as caught:
        plugin.write_layers(str(tmp_path / "a.ome.tif"), layers)
    assert not isinstance(caught.value, ValueError), "napari would hide it"
    assert not list(tmp_path.iterdir())


@pytest.fixture
def model(napari: Any) -> Any:
    """A viewer without a window."""
    from napari.components import ViewerModel

    del napari
    return ViewerModel()


def test_the_manifest_is_valid(napari: Any) -> None:
    from npe2 import PluginManifest

    del napari
    PluginManifest.from_distribution("omio").validate_imports()


@pytest.mark.parametrize("target", ["b.ome.tif", "b.ome.zarr"])
def test_through_napari_and_back(model: Any, tmp_path: Path, target: str) -> None:
    sample = makers.ome_tiff(tmp_path / "a.ome.tif")
    model.open(str(sample.path), plugin="omio")
    assert model.layers.save(str(tmp_path / target), plugin="omio") == [str(tmp_path / target)]
    image, source = omio.open(tmp_path / target), omio.open(sample.path)
    np.testing.assert_array_equal(image.load(), sample.pixels)
    assert image.pixel_size == source.pixel_size
    assert image.metadata.time_increment == source.metadata.time_increment
    facts = [(channel.name, channel.color, channel.emission_nm) for channel in image.metadata.channels]
    assert facts == [("EGFP", "#00FF00", 509), ("mCherry", "#FF0000", 610)]


def test_napari_saves_labels_and_levels(model: Any, tmp_path: Path) -> None:
    numbers = np.zeros((600, 800), "i4")
    numbers[100:200, 300:400] = 5
    model.add_image([np.ones((600, 800), "f4"), np.ones((300, 400), "f4")], name="cells", multiscale=True)
    model.add_labels(numbers, name="nuclei")
    model.layers.save(str(tmp_path / "a.ome.zarr"), plugin="omio")
    image = omio.open(tmp_path / "a.ome.zarr")
    assert [level.shape[3:] for level in image.levels] == [(600, 800), (300, 400)]
    np.testing.assert_array_equal(image.labels["nuclei"].load().squeeze(), numbers)


def test_a_file_that_layers_read_from_is_not_overwritten(model: Any, tmp_path: Path) -> None:
    sample = makers.ome_tiff(tmp_path / "a.ome.tif")
    before = sample.path.read_bytes()
    model.open(str(sample.path), plugin="omio")
    with pytest.raises(errors.OmioError, match="is read by this dataset"):
        model.layers.save(str(sample.path), plugin="omio")
    assert sample.path.read_bytes() == before


def test_samples_open(model: Any) -> None:
    model.open_sample("omio", "cells")
    model.open_sample("omio", "histology")
    assert [layer.name for layer in model.layers] == ["cells :: EGFP", "cells :: mCherry", "histology"]
    assert model.layers["histology"].rgb
    assert isinstance(model.layers[0].metadata["omio"], MicroscopyDataset)
