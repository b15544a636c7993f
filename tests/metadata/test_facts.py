from __future__ import annotations

import copy
import json
import pickle
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from omio import MicroscopyDataset
from omio.errors import MetadataError
from omio.metadata.axes import Listed, Regular
from omio.metadata.facts import Columns, Facts, PlaneTable
from omio.metadata.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPE = (4, 3, 2, 8, 9)


def random_columns(count: int) -> Columns:
    return {"delta_t": np.random.default_rng(0).random((count, 1, 1))}


def facts(**known: Any) -> Facts:
    return Facts.of(SHAPE, pixel_size={"X": 0.1}, objective={"magnification": 63.0}, **known)


class TestChecks:
    @pytest.mark.parametrize("times", [[0.0, 1.0], [[0.0, 1.0, 2.0, 3.0]], []])
    def test_times_are_as_many_as_frames(self, times: Any) -> None:
        with pytest.raises(MetadataError, match="times"):
            Facts.of(SHAPE, times=np.array(times))

    def test_planes_are_as_many_as_the_image_has(self) -> None:
        with pytest.raises(MetadataError, match="planes"):
            Facts.of(SHAPE, planes=PlaneTable.of({"delta_t": np.zeros((4, 3, 1))}))

    def test_even_times_have_an_increment(self) -> None:
        assert Facts.of(SHAPE, times=np.array([0.0, 0.5, 1.0, 1.5])).axes["T"] == Regular(0.0, 0.5, 4)
        assert isinstance(Facts.of(SHAPE, times=np.array([0.0, 0.5, 1.0, 1.6])).axes["T"], Listed)

    def test_two_times_prove_no_increment(self) -> None:
        assert isinstance(Facts.of((2, 1, 1, 4, 4), times=np.array([0.0, 6.04])).axes["T"], Listed)


class TestPlanes:
    def test_columns_are_not_pickled(self) -> None:
        table = PlaneTable(partial(random_columns, 200_000), (200_000, 1, 1))
        before = len(pickle.dumps(table))
        expected = table.columns["delta_t"]
        assert len(pickle.dumps(table)) == before < 1000
        again = pickle.loads(pickle.dumps(table))  # noqa: S301 - our own bytes
        np.testing.assert_array_equal(again.columns["delta_t"], expected)


class TestFrozen:
    def test_facts_are_not_changed_in_place(self) -> None:
        image = MicroscopyDataset.from_array(np.zeros(SHAPE), pixel_size={"X": 0.1})
        for shared in (image.facts.sizes, image.facts.axes, image.facts.channels, image.facts.static.sources):
            with pytest.raises(TypeError, match="in place"):
                shared["X"] = 7  # type: ignore[index]
        assert image.sizes["X"] == 9

    def test_every_way_of_changing_is_refused(self) -> None:
        frozen: Any = facts().static.objective
        changes: tuple[Callable[[], object], ...] = (
            lambda: frozen.update(a=1),
            lambda: frozen.pop("magnification"),
            lambda: frozen.popitem(),
            lambda: frozen.setdefault("a", 1),
            lambda: frozen.clear(),
            lambda: frozen.__delitem__("magnification"),
            lambda: frozen.__ior__({"a": 1}),
        )
        for change in changes:
            with pytest.raises(TypeError, match="in place"):
                change()
        assert frozen == {"magnification": 63.0}

    def test_copies_and_json_work_as_with_any_dict(self) -> None:
        frozen: Any = facts().static.objective
        again = pickle.loads(pickle.dumps(frozen))  # noqa: S301 - our own bytes
        assert type(again) is type(copy.deepcopy(frozen)) is Frozen
        assert again == frozen == json.loads(json.dumps(frozen))
        assert type(frozen | {"na": 1.4}) is dict
