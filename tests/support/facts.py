"""What independent tools say of the real files: ``facts.json`` and ``MANIFEST.tsv`` beside them."""

from __future__ import annotations

import csv
import json
from functools import cache
from typing import Any

import pytest

from tests.support.real import SHARED

DATA = SHARED / "data"

type Json = dict[str, Any]


@cache
def facts() -> dict[str, Json]:
    """Return path -> one block a tool; empty where the data are absent."""
    path = DATA / "facts.json"
    return json.loads(path.read_text()) if path.exists() else {}


@cache
def manifest() -> dict[str, dict[str, str]]:
    """Return item -> its line of ``MANIFEST.tsv``; empty where the data are absent."""
    path = DATA / "MANIFEST.tsv"
    if not path.exists():
        return {}
    with path.open(newline="") as lines:
        return {row["name"]: row for row in csv.DictReader(lines, delimiter="\t")}


def record_of(name: str) -> Json:
    """Return what is known of an item, or skip the test where the data are absent."""
    if not facts():
        pytest.skip(f"real data not here: {DATA}")
    return facts()[name]


def series_of(name: str) -> list[Json]:
    """Return what Bio-Formats says of each series (scene) of the item."""
    series: list[Json] = record_of(name)["bioformats"]["series"]
    return series


def pixels_of(name: str) -> Json:
    """Return shape, dtype and sha256 of the first scene, T Z C Y X [S] little-endian, as Bio-Formats gives it."""
    pixels: Json = record_of(name)["bioformats"]["pixels"]
    return pixels
