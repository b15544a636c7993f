from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from omio.errors import DamagedFileError, FileMissingError, MemoryLimitError, OmioError, OptionError, SelectionError
from omio.serve.answers import failure, tag_of, to_json, without_places

if TYPE_CHECKING:
    from omio.serve.server import Server

from tests.serve.client import ask, first_id


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/data/lab/cells.czi is cut", "cells.czi is cut"),
        ("'/data/lab/cells.czi': no", "'cells.czi': no"),
        ("C:\\Users\\eve\\a.tif is cut", "a.tif is cut"),
        ("\\\\server\\share\\a.tif", "a.tif"),
        ("file:///home/eve/a.tif", "a.tif"),
        ("a ratio of 3/4 px/µm", "a ratio of 3/4 px/µm"),
        ("2 x 3, and/or 4", "2 x 3, and/or 4"),
        ("s/he sent image/png", "s/he sent image/png"),
    ],
)
def test_folders_are_taken_off_paths(text: str, told: str) -> None:
    assert without_places(text) == told


def test_a_folder_with_a_space_is_known_from_the_error() -> None:
    error = DamagedFileError("the part /my data/x/part 2.tif is cut", path="/my data/x/part 1.tif")
    assert b"my data" not in failure(error).body
    assert b"part 2.tif is cut" in failure(error).body


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SelectionError("x"), 404),
        (OptionError("x"), 400),
        (MemoryLimitError("x"), 413),
        (DamagedFileError("x"), 422),
        (FileMissingError("x"), 422),
        (OmioError("x"), 422),
    ],
)
def test_what_an_error_means_to_a_client(error: OmioError, status: int) -> None:
    answer = failure(error)
    assert (answer.status_code, json.loads(bytes(answer.body))["kind"]) == (status, type(error).__name__)
    assert answer.headers["cache-control"] == "no-store"


def test_json_is_json_whatever_the_numbers() -> None:
    answer = to_json({"values": np.array([1.5, np.nan, np.inf]), "count": np.int64(3), "name": "µm"})
    assert json.loads(bytes(answer.body), parse_constant=pytest.fail) == {
        "values": [1.5, "nan", "inf"],
        "count": 3,
        "name": "µm",
    }


def test_equal_facts_have_equal_tags() -> None:
    assert tag_of("a", 1) == tag_of("a", 1)
    assert tag_of("a", 1) != tag_of("a", 11) != tag_of("a1", 1)


def test_what_is_asked_for_wrongly_is_told_in_words(server: Server) -> None:
    """Each of these is a mistake of a client, and none of them an unforeseen error."""
    image = f"api/{first_id(server)}"
    wrong = {
        f"{image}/pixel?x=1&y=1&t=x": 400,
        f"{image}/pixel?x=1&y=1&t=-1": 400,
        f"{image}/pixel?x=1&y=1&t=3": 404,
        f"{image}/pixel?x=1&y=1&zplane=5": 404,
        f"{image}/pixel?x=1&y=1&c=2": 404,
        f"{image}/pixel?x=1&y=1&c=0,0": 400,
        f"{image}/pixel?x=1&y=1&c=,": 400,
        f"{image}/pixel?x=1&y=1&x=2": 400,
        f"{image}/pixel?x=1&y=1&what=2": 400,
        f"{image}/pixel?x=128&y=1": 404,
        f"{image}/pixel?y=1": 400,
        f"{image}/pixel?x=99999999999999999999&y=1": 400,
        f"{image}/pixel?x=1&y=1&scene=1": 404,
        f"{image}/histogram?bins=1000000000": 400,
        f"{image}/histogram?bins=0": 400,
        f"{image}/tile/0/0/1.png": 404,
        f"{image}/tile/1/0/0.png": 404,
        f"{image}/tile/0/0/{10**9}.png": 404,
        f"{image}/tile/0/{'9' * 3000}/0.png": 404,
        f"{image}/tile/0/-1/0.png": 404,
        f"{image}/tile/0/0/0.gif": 404,
        f"{image}/tile/0/0/0.png?min=nan": 400,
        f"{image}/tile/0/0/0.png?min=1,2,3": 400,
        f"{image}/tile/0/0/0.png?min=9,&max=1,": 400,
        f"{image}/tile/0/0/0.png?color=red,": 400,
        f"{image}/tile/0/0/0.png?gamma=0,1": 400,
        f"{image}/tile/0/0/0.png?quality=101": 400,
        f"{image}/thumbnail.png?size=1000000": 400,
        f"{image}/region.png?x=0,1000000000&y=0,1000000000&max_width=1000000000": 400,
        f"{image}/region.png?x=a,b": 400,
        f"{image}/region.png?x=0,10&units=parsec": 400,
        f"{image}/region.png?x=5000,6000": 400,
        f"{image}/associated/label.png": 404,
        f"{image}/nothing": 404,
        "api/ffff/info": 404,
    }
    found = {path: ask(server, path) for path in wrong}
    assert {path: answer.status for path, answer in found.items()} == wrong
    for answer in found.values():
        assert answer.json["cause"]
        assert answer.headers["cache-control"] == "no-store"


def test_no_answer_says_where_files_lie(server: Server) -> None:
    image = f"api/{first_id(server)}"
    paths = [f"{image}/info", "api/images", f"zarr/{first_id(server)}/0.5/0.ome.zarr/OME/METADATA.ome.xml"]
    for answer in (ask(server, path) for path in paths):
        assert b"secret folder" not in answer.body
