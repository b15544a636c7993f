"""Whether the name of a folder meets a word."""

from __future__ import annotations

import re
from typing import Literal

type Mode = Literal["token", "startswith", "exact", "regex"]


def meets(name: str, word: str, mode: Mode = "token") -> bool:
    """Whether a name meets a word; every name meets the empty word.

    Parameters
    ----------
    mode
        ``token``: the word stands in the name between underscores or its ends; digits may follow where it ends in no
        digit. ``startswith``, ``exact``; ``regex``: the expression matches anywhere in the name.

    Examples
    --------
    >>> meets("exp_TP001", "TP"), meets("TPx", "TP"), meets("myTP1", "TP")
    (True, False, False)
    >>> meets("FOV1", "FOV1"), meets("FOV10", "FOV1"), meets("FOV10_left", "FOV10")
    (True, False, True)
    >>> meets("TAG_01", "TAG_"), meets("day2_TAG_b", "TAG_"), meets("TAGS_01", "TAG_")
    (True, True, False)
    >>> meets("FOV10", "FOV1", "startswith"), meets("FOV10", "FOV1", "exact"), meets("FOV10", "V[0-9]+$", "regex")
    (True, False, True)
    """
    if mode == "startswith" or not word:
        return name.startswith(word)
    if mode == "exact":
        return name == word
    return re.search(word if mode == "regex" else _token(word), name) is not None


def _token(word: str) -> str:
    before = "" if word.startswith("_") else "(?:^|_)"
    after = "" if word.endswith("_") else "(?:_|$)" if word[-1].isdigit() else "[0-9]*(?:_|$)"
    return before + re.escape(word) + after
