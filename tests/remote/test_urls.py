"""Addresses: what is shown of them, where they lead, what is one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omio.remote.urls import Url, as_path, base_name, is_url, named_by_user

SIGNED = "https://me:pass@host:81/run/a%20b.tif?id=7&X-Amz-Signature=0123456789abcdef"


def test_text_has_no_password_and_no_signature() -> None:
    url = Url(SIGNED, {"headers": {"Authorization": "Bearer abcdefgh"}})
    for text in (str(url), repr(url), f"{url}", url.hides("Bearer abcdefgh, 0123456789abcdef, pass")):
        assert not any(secret in text for secret in ("pass", "0123456789abcdef", "abcdefgh"))
    assert url.startswith("https://host:81/run/a%20b.tif?id=7&X-Amz-Signature=***")


def test_addresses_that_differ_in_a_hidden_part_are_not_equal() -> None:
    assert Url(SIGNED) != Url(SIGNED.replace("0123", "9999"))
    assert Url("https://host/x?key=1") != Url("https://host/x?key=2")


def test_pickle_keeps_how_it_is_reached() -> None:
    again = pickle.loads(pickle.dumps(Url(SIGNED, {"anon": True})))  # noqa: S301 - our own bytes
    assert (again, again.target, again.options) == (Url(SIGNED), SIGNED, {"anon": True})


@pytest.mark.parametrize(
    ("url", "name", "root"),
    [
        (SIGNED, "a b.tif", "https://host:81"),
        ("s3://bucket/run/cells.ome.zarr/", "cells.ome.zarr", "s3://bucket"),
        ("memory://a/b?c.tif", "b?c.tif", "memory://a"),
    ],
)
def test_parts(url: str, name: str, root: str) -> None:
    assert (Url(url).name, Url(url).root, base_name(Url(url)), as_path(Url(url)).name) == (name, root, name, name)
    assert os.fspath(as_path(Url(url))) == Url(url)


def test_children_and_neighbours_keep_the_query() -> None:
    assert Url("s3://b/x.zarr/").child("0/zarr.json").target == "s3://b/x.zarr/0/zarr.json"
    assert Url("https://h/x.zarr?t=1").child("a b").target == "https://h/x.zarr/a%20b?t=1"
    beside = Url(SIGNED).beside("part 2/b.tif")
    assert beside is not None
    assert beside.target == SIGNED.replace("a%20b.tif", "part%202/b.tif")


@pytest.mark.parametrize(
    "name", ["../b.tif", "/etc/passwd", "http://other/b.tif", "//other/b.tif", "a/../../b.tif", "..\\b.tif", "s3:b", ""]
)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    assert Url(SIGNED).beside(name) is None


@given(st.text())
def test_a_neighbour_stays_in_the_folder(name: str) -> None:
    found = Url("https://host/run/a.tif").beside(name)
    assert found is None or found.target.startswith("https://host/run/")


def test_local_addresses_are_paths(tmp_path: Path) -> None:
    path = tmp_path / "a b.tif"
    for found in (named_by_user(path.as_uri()), named_by_user(str(path))):
        assert not isinstance(found, Url)
        assert Path(found) == path


def test_what_is_an_address() -> None:
    assert all(is_url(text) for text in ("s3://b/k", "simplecache::s3://b/k", "abfs+x://k"))
    assert not any(is_url(text) for text in ("C://a", "a.tif", "http:/a", Path("s3://b")))
