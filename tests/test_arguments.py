"""Whatever is given for an argument of the public API, what comes back is an answer or an error of omio's."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio import batch
from omio.arguments import checked, checked_call, kinds_of
from omio.errors import OptionError
from omio.policies.base import Policy
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

WRONG: tuple[Any, ...] = (5, "a", None, object(), -1, [object()], 1.5, {"a": object()}, {3: 4}, np.zeros(3), b"x")
ELSEWHERE = {"view", "serve", "load", "close"}
"""They open windows and servers, or take nothing."""
NEEDED: Mapping[str, Mapping[str, Any]] = {
    "tile": {"level": 0, "x": 0, "y": 0},
    "tile_bytes": {"level": 0, "x": 0, "y": 0},
    "tile_exists": {"level": 0, "x": 0, "y": 0},
    "pixel": {"x": 1, "y": 1},
    "convert": {"where": {"x": 1}, "to": "px"},
    "frame": {"number": 0},
    "map": {"function": lambda array: array},
    "astype": {"dtype": "uint8"},
    "encode": {"format": "png"},
    "from_array": {"array": np.zeros((4, 4), np.uint8)},
    "details": {"key": "0"},
    "add_tile": {"tile": np.zeros((4, 4), np.uint8)},
    "create_empty_image": {"shape": (4, 4)},
    "Assume": {"axes": "ZYX"},
    "BidsLikeLayout": {"sub": "ID", "exp": "TP"},
    "BidsOut": {"suffix": "FLUO", "sample_type": "tissue"},
    "Level": {"name": "subject"},
    "Merge": {"along": "T", "policy": {}},
}
"""What calls need besides the argument that is tried."""
VERBS = [
    name
    for name, member in inspect.getmembers_static(omio.MicroscopyDataset)
    if not name.startswith(("_", "to_")) and name not in ELSEWHERE and callable(getattr(omio.MicroscopyDataset, name))
]
POLICIES = [
    kind
    for home in (omio, batch)
    for name in home.__dir__()
    if not name.startswith("_")
    if inspect.isclass(kind := getattr(home, name)) and issubclass(kind, Policy)
]
OPENERS = ("open", "open_collection", "open_folder", "open_sequence")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("arguments") / "cells.ome.tif"
    makers.ome_tiff(path, makers.cells((1, 2, 2, 16, 16)))
    return path


def attempts(call: Callable[..., Any], needed: Mapping[str, Any]) -> list[str]:
    """Try every argument with all that it is not; return what raised anything but an error of omio's."""
    parameters = inspect.signature(call).parameters.values()
    named = [one.name for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
    return [raised for name in named for raised in attempts_of(call, name, needed)]


def attempts_of(call: Callable[..., Any], name: str, needed: Mapping[str, Any]) -> list[str]:
    """Try one argument."""
    raised = []
    for value in WRONG:
        try:
            made = call(**{**needed, name: value})
        except omio.OmioError:
            continue
        except Exception as error:
            raised.append(f"{name}={value!r}: {type(error).__name__}: {error}")
        else:
            getattr(made, "stop", int)()
    return raised


def only(call: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a call takes."""
    return {name: value for name, value in given.items() if name in inspect.signature(call).parameters}


@pytest.mark.filterwarnings("ignore::omio.OmioWarning")
@pytest.mark.parametrize("verb", VERBS)
def test_verbs_of_a_dataset(verb: str, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with omio.open(cells) as image:
        needed = {"other": image, **NEEDED.get(verb, {})} if verb == "identical" else NEEDED.get(verb, {})
        assert attempts(getattr(image, verb), needed) == []


@pytest.mark.parametrize("verb", ["to_ometiff", "to_omezarr", "to_zarr", "to_reference", "to_datatree"])
def test_verbs_that_write(verb: str, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with omio.open(cells) as image:
        call = getattr(image, verb)
        taken = "path" in inspect.signature(call).parameters
        assert attempts(call, {"path": tmp_path / "out", "overwrite": "replace"} if taken else {}) == []


@pytest.mark.parametrize("opener", OPENERS)
def test_openers(opener: str, cells: Path) -> None:
    needed: dict[str, Any] = {"path": cells.parent if opener == "open_folder" else cells}
    if opener == "open_sequence":
        needed = {"files": [cells, cells], "along": "T"}
    assert attempts(getattr(omio, opener), needed) == []


@pytest.mark.parametrize("verb", ["merge", "to_omezarr", "details"])
def test_verbs_of_a_collection(verb: str, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with omio.open_collection(cells) as images:
        needed = {"path": tmp_path / "out", "overwrite": "replace"} if verb == "to_omezarr" else {}
        assert attempts(getattr(images, verb), needed) == []


@pytest.mark.filterwarnings("ignore::omio.OmioWarning")
@pytest.mark.parametrize("name", [name for name in omio.functional.__all__ if not name.startswith("bids_batch")])
def test_functions(name: str, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image, metadata = omio.imread(cells)
    told = {"image": image, "metadata": metadata, "images": image, "metadatas": metadata, "project_root": cells.parent}
    told |= {"fname": tmp_path / "out.ome.tif" if "write" in name else cells, "sub": "S", "exp": "E", "workers": 1}
    call = getattr(omio.functional, name)
    assert attempts(call, only(call, {**told, **NEEDED.get(name, {})})) == []


@pytest.mark.parametrize("name", ["bids_batch_convert", "bids_batch_process"])
def test_functions_of_projects(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call = getattr(omio.functional, name)
    needed = only(call, {"fname": tmp_path, "project_root": tmp_path, "sub": "S", "exp": "E"})
    assert attempts(call, needed) == []  # no image lies there: nothing is begun


def test_a_canvas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert attempts(omio.TileCanvas, {}) == []
    assert attempts(omio.TileCanvas, {"dtype": "uint8", "shape": (4, 4), "dims": "YX"}) == []
    with omio.TileCanvas() as canvas:
        assert attempts(canvas.add_tile, NEEDED["add_tile"]) == []
        assert attempts(canvas.to_dataset, {}) == []
        assert attempts(canvas.write, {"path": "out.ome.tif", "overwrite": "replace"}) == []


def test_settings() -> None:
    def enter(**settings: Any) -> None:
        with omio.config(**settings):
            pass

    for name in inspect.signature(omio.config).parameters:
        assert attempts_of(enter, name, {}) == []


@pytest.mark.parametrize("kind", POLICIES, ids=lambda kind: kind.__name__)
def test_policies(kind: type[Policy]) -> None:
    needed = NEEDED.get(kind.__name__, {})
    assert attempts(kind.resolve, {}) == []
    for field in () if inspect.isabstract(kind) else kind.model_fields:
        assert attempts_of(kind, field, needed) == []
        assert attempts_of(lambda **given: kind.resolve(given), field, needed) == []


def test_a_level_of_folders() -> None:
    for field in batch.Level.model_fields:
        assert attempts_of(batch.Level, field, NEEDED["Level"]) == []
    with pytest.raises(omio.errors.PolicyError, match="Level: name: Field required"):
        batch.Level()


def test_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert attempts(batch.Project, {"root": tmp_path}) == []
    project = batch.Project(tmp_path, "folder")
    makers.ome_tiff(tmp_path / "cells.ome.tif", makers.cells((1, 1, 1, 16, 16)))
    assert attempts(project.plan, {}) == attempts(project.jobs, {}) == attempts(batch.RunReport.read, {}) == []
    report = project.run(workers=1)
    assert attempts(report.write_html, {}) == []
    assert attempts(project.run, {"workers": 1}) == []


def test_a_server(cells: Path) -> None:
    pytest.importorskip("uvicorn")
    from omio.serve.server import Server

    for call, needed in ((omio.serve.serve, {}), (Server, {"sources": [cells]})):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("webbrowser.open", lambda url: True)
            assert attempts(call, needed) == []
    with Server([cells]) as server:
        assert attempts(server.zarr, {}) == []


def test_a_plate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with omio.MicroscopyDataset.from_array(np.zeros((4, 4), np.uint8)) as image:
        fields = {"A/1/0": image}
        assert attempts(omio.Plate.write, {"fields": fields, "path": tmp_path / "a", "overwrite": "replace"}) == []
        omio.Plate.write(fields, tmp_path / "plate.ome.zarr")
    assert attempts(omio.Plate.open, {}) == []
    with omio.Plate.open(tmp_path / "plate.ome.zarr") as plate:
        assert attempts(plate.field, {"row": "A", "column": 1}) == []
        for key in (*WRONG, ("A",), ("A", [])):
            with pytest.raises(omio.errors.SceneError):
                plate[key]
        needed = {"path": tmp_path / "copy", "overwrite": "replace"}
        assert attempts(plate.to_omezarr, needed) == []


@pytest.mark.parametrize("register", [omio.register_backend, omio.register_writer, omio.register_viewer])
def test_what_is_registered_is_a_class(register: Callable[..., Any]) -> None:
    assert attempts(register, {}) == []


@pytest.mark.parametrize(
    ("argument", "value", "told"),
    [
        ("strict", "no", "strict='no'. Give True or False"),
        ("strict", 1, "strict=1. Give True or False"),
        ("allow_outside", 5, "allow_outside=5. Give a path, or a list, each a path"),
        ("allow_outside", ["a", 5], r"allow_outside=\['a', 5\]. Give"),
        ("storage_options", 5, "storage_options=5. Give a mapping, or None"),
        ("level", "a", "level='a'. Give a whole number"),
    ],
)
def test_the_argument_and_what_may_come_are_named(argument: str, value: Any, told: str, cells: Path) -> None:
    with pytest.raises(OptionError, match=told):
        omio.open(cells, **{argument: value})


def test_numbers_of_numpy_are_numbers(cells: Path) -> None:
    with omio.open(cells, level=np.int64(0), strict=np.bool_(1)) as image:  # type: ignore[arg-type]
        assert image.thumbnail(np.uint8(8), c=np.int8(1)).shape == (8, 8)  # type: ignore[arg-type]
        assert image.pixel(np.float32(1), np.array(2.0)) == image.pixel(1, 2)  # type: ignore[arg-type]


def test_a_name_that_no_signature_has_is_pythons_own_error(cells: Path) -> None:
    with omio.open(cells) as image, pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        image.thumbnail(colour=1)  # type: ignore[call-arg]


def test_what_an_annotation_does_not_say_is_not_judged() -> None:
    def function(a: int | None, b: Sequence[float], c: Mapping[str, int], d: np.ndarray | int, *e: int, f: bool) -> int:
        return a or 0

    assert kinds_of(function).keys() == {"a", "b", "c", "f"}
    call = checked_call(function)
    assert call(3, (1.0, 2), {}, "anything", "more", f=True) == 3  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"b=\['x'\]. Give a list, each a number"):
        call(3, ["x"], {}, 1, f=True)  # type: ignore[list-item]
    with pytest.raises(OptionError, match=r"f=0\. Give True or False"):
        call(None, (), {}, 1, f=0)  # type: ignore[arg-type]


def test_what_is_private_and_what_is_no_method_stays() -> None:
    class Thing:
        size: int = 3

        def _hidden(self, number: int) -> int:
            return number

        @property
        def double(self) -> int:
            return 2 * self.size

    before = dict(vars(Thing))
    assert vars(checked(Thing)) == before
