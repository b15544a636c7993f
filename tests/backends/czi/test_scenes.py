"""Which images a file holds, and how they are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.errors import SceneError, SelectionError
from tests.support.czi import Tile, document

if TYPE_CHECKING:
    from typing import Any

    from tests.backends.czi.conftest import Opener


def tile(value: int, dtype: Any = np.uint8, **at: int) -> Tile:
    return Tile(np.full((6, 8), value, dtype), at)


def scenes(*named: tuple[int, str, str]) -> str:
    rows = "".join(
        f'<Scene Index="{index}" Name="{name}">{f"<ArrayName>{well}</ArrayName>" if well else ""}</Scene>'
        for index, name, well in named
    )
    return document(f"<Dimensions><S><Scenes>{rows}</Scenes></S></Dimensions>")


@pytest.mark.parametrize(
    ("xml", "keys"),
    [
        (None, ("0", "2")),
        (scenes((0, "D6", ""), (2, "D7", "")), ("D6", "D7")),
        (scenes((2, "D7", ""), (0, "D6", "")), ("D6", "D7")),
        (scenes((0, "P1", "A1"), (2, "P1", "A2")), ("A1", "A2")),
        (scenes((0, "P1", "B4"), (2, "P2", "B4")), ("B4-P1", "B4-P2")),
        (scenes((0, "P1", "B4"), (2, "P1", "B4")), ("B4-P1#0", "B4-P1#2")),
        (scenes((0, "TR1", ""), (2, "TR1", "")), ("TR1#0", "TR1#2")),
        (scenes((0, "D6", "")), ("D6", "2")),
        (scenes((0, "2", "")), ("2#0", "2#2")),
    ],
)
def test_keys_follow_one_rule_and_differ(made: Opener, xml: str | None, keys: tuple[str, ...]) -> None:
    backend = made([tile(2, S=2, X=900), tile(1, S=0)], xml)
    assert backend.scenes() == keys
    assert [int(backend.array(key).load().max()) for key in keys] == [1, 2]


def test_each_scene_has_its_own_box(made: Opener) -> None:
    backend = made([tile(1, S=0, X=-90_000, Y=5), tile(2, S=1, X=120_000), tile(3, S=1, X=120_008, Y=-2)])
    assert [backend.array(key).shape[3:] for key in backend.scenes()] == [(6, 8), (8, 16)]
    original = backend.metadata("1").static.original
    assert original["SubBlockDirectory"]["origin"] == {"X": 120_000, "Y": -2}
    assert backend.array("1")[0, 0, 0, 0].tolist() == [0] * 8 + [3] * 8


def test_a_file_without_scenes_has_one(made: Opener) -> None:
    assert made([tile(1)]).scenes() == ("0",)


def test_sub_blocks_without_a_scene_beside_others_are_not_lost(made: Opener) -> None:
    backend = made([tile(1, S=0), tile(9, X=70)])
    assert backend.scenes() == ("no scene", "0")
    assert backend.array("no scene").load().max() == 9


@pytest.mark.parametrize("letter", "HVBIR")
def test_a_longer_further_dim_gives_further_keys(made: Opener, letter: str) -> None:
    backend = made([tile(10 * value + t, T=t, **{letter: value}) for value in range(3) for t in range(2)])
    assert backend.scenes() == tuple(f"0/{letter}{value}" for value in range(3))
    assert [backend.array(key)[:, 0, 0, 0, 0].tolist() for key in backend.scenes()] == [[0, 1], [10, 11], [20, 21]]


def test_a_further_dim_within_sub_blocks_is_not_lost(made: Opener) -> None:
    phases = np.stack([np.full((6, 8), value, np.uint16) for value in range(32)])
    backend = made([Tile(phases, {"H": 0, "C": c}, along="H", compression="zstd") for c in range(2)])
    assert len(backend.scenes()) == 32
    assert backend.array("0/H17").shape == (1, 1, 2, 6, 8)
    assert (backend.array("0/H17").load() == 17).all()


def test_a_further_dim_of_length_1_goes_to_original(made: Opener) -> None:
    backend = made([tile(1, H=0, V=3, B=0)])
    assert backend.scenes() == ("0",)
    assert backend.metadata("0").static.original["SubBlockDirectory"]["further"] == {"H": 0, "V": 3, "B": 0}


def test_channels_of_different_pixel_types_are_separate_images(made: Opener) -> None:
    channels = "".join(f'<Channel Id="Channel:{i}" Name="{name}"/>' for i, name in enumerate(("a", "b", "c")))
    rgb = Tile(np.full((6, 8, 3), 9, np.uint8), {"C": 1})
    xml = document(f"<Dimensions><Channels>{channels}</Channels></Dimensions>")
    backend = made([tile(1, np.uint16, C=0), rgb, tile(3, np.uint16, C=2)], xml)
    assert backend.scenes() == ("0/Gray16", "0/Bgr24")
    assert backend.array("0/Gray16").load()[0, 0, :, 0, 0].tolist() == [1, 3]
    assert backend.array("0/Bgr24").shape == (1, 1, 1, 6, 8, 3)
    assert backend.metadata("0/Gray16").channels["name"] == ("a", "c")
    assert backend.metadata("0/Bgr24").channels["name"] == ("b",)


def test_dimensions_may_differ_between_sub_blocks(made: Opener) -> None:
    tiles = [tile(1, C=0), tile(2, C=1, Z=0, T=0), tile(3, Z=1), tile(4, T=0, C=1, Z=1)]
    assert made(tiles).array("0")[0, :, :, 0, 0].tolist() == [[1, 2], [3, 4]]


def test_asking_for_what_is_not_there_says_what_is(made: Opener) -> None:
    backend = made([tile(1)])
    with pytest.raises(SceneError, match="There are 0"):
        backend.array("7")
    with pytest.raises(SelectionError, match="There are 1"):
        backend.array("0", 1)
