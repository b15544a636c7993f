"""Whatever is given for an argument of the public API, what comes back is an answer or an error of omio's."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import omio
from omio.arguments import checked, checked_call, kinds_of
from omio.errors import OptionError
from omio.testing import makers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

WRONG: tuple[Any, ...] = (5, "a", None, object(), -1, [object()], 1.5, {"a": object()})
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
}
"""What calls need besides the argument that is tried."""
VERBS = [
    name
    for name, member in inspect.getmembers_static(omio.MicroscopyDataset)
    if not name.startswith(("_", "to_")) and name not in ELSEWHERE and callable(getattr(omio.MicroscopyDataset, name))
]
OPENERS = ("open", "open_collection", "open_folder", "open_sequence")


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("arguments") / "cells.ome.tif"
    makers.ome_tiff(path, makers.cells((1, 2, 2, 16, 16)))
    return path


def attempts(call: Callable[..., Any], needed: Mapping[str, Any]) -> list[str]:
    """Try every argument with all that it is not; return what raised anything but an error of omio's."""
    raised = []
    for name, parameter in inspect.signature(call).parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        for value in WRONG:
            try:
                call(**{**needed, name: value})
            except omio.OmioError:
                continue
            except Exception as error:
                raised.append(f"{name}={value!r}: {type(error).__name__}: {error}")
    return raised


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
