"""Arguments are held to what the signature says of them: a wrong one is named before anything is done.

The signature is the one place that says what may come; nothing is said twice. Kinds are read from the text of the
annotations, since their names are imported for type checkers only. What `_KINDS` does not list is not judged here.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from itertools import chain
from types import FunctionType
from typing import Any, NamedTuple, SupportsFloat, SupportsIndex

import numpy as np

from omio.errors import OptionError


class Kind(NamedTuple):
    """What an argument may be: a test, and the words that ask for it."""

    fits: Callable[[Any], bool]
    words: str


def checked[C: type[Any]](kind: C) -> C:
    """Hold the public methods of a class to their signatures."""
    for name, member in list(vars(kind).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, FunctionType):
            setattr(kind, name, checked_call(member))
        elif isinstance(member, classmethod):
            setattr(kind, name, classmethod(checked_call(member.__func__)))
    return kind


def checked_call[F: Callable[..., Any]](function: F) -> F:
    """Hold the arguments of a function to its signature; a wrong one is an `OptionError` that names it."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    kinds: dict[str, Kind] | None = None

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        nonlocal kinds
        if kinds is None:
            kinds = kinds_of(function)
        for name, value in chain(zip(names, args, strict=False), options.items()):
            if name in kinds and not kinds[name].fits(value):
                raise _wrong(name, value, kinds[name])
        return function(*args, **options)

    return call  # type: ignore[return-value]


def _wrong(name: str, value: Any, kind: Kind) -> OptionError:
    return OptionError(f"{name}={value!r:.80}", remedy=f"Give {kind.words}.")


def kinds_of(function: Callable[..., Any]) -> dict[str, Kind]:
    """Return what the named arguments of a function may be, where their annotations say it."""
    code = function.__code__
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    texts = {name: function.__annotations__[name] for name in named if name in function.__annotations__}
    found = {name: _kind(ast.parse(text, mode="eval").body) for name, text in texts.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def _kind(node: ast.expr) -> Kind | None:
    """Return the kind that an annotation names; None where a part of it is not known."""
    if isinstance(node, ast.BinOp):
        return _either(_kind(node.left), _kind(node.right))
    if isinstance(node, ast.Subscript):
        kind, item = _kind(node.value), _kind(node.slice)
        return _each(kind, item) if kind is _LIST and item is not None else kind
    return _KINDS.get(_name(node))


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(home), name):
            return f"{home}.{name}"
        case ast.Constant(None):
            return "None"
        case _:
            return ""


def _either(one: Kind | None, other: Kind | None) -> Kind | None:
    if one is None or other is None:
        return None
    return Kind(lambda value: one.fits(value) or other.fits(value), f"{one.words}, or {other.words}")


def _each(many: Kind, item: Kind) -> Kind:
    """Hold the items of lists as well; what can be gone through only once is not looked into."""

    def fits(value: Any) -> bool:
        return many.fits(value) and (not isinstance(value, list | tuple) or all(map(item.fits, value)))

    return Kind(fits, f"a list, each {item.words}")


def _instance(types: Any, words: str) -> Kind:
    return Kind(lambda value: isinstance(value, types), words)


def _is_dtype(value: Any) -> bool:
    try:
        return value is not None and np.dtype(value).kind in "buifc"
    except (TypeError, ValueError):
        return False


_LIST = Kind(lambda value: isinstance(value, Iterable) and not isinstance(value, str | bytes), "a list")
_WORD = _instance(str, "a word")
_KINDS: Mapping[str, Kind] = {
    "None": Kind(lambda value: value is None, "None"),
    "bool": _instance(bool | np.bool_, "True or False"),
    "int": _instance(SupportsIndex, "a whole number"),
    "float": _instance(SupportsFloat | SupportsIndex, "a number"),
    "str": _instance(str, "a text"),
    "slice": _instance(slice, "a slice"),
    "Mapping": _instance(Mapping, "a mapping"),
    "Callable": Kind(callable, "a function"),
    "ClientChoice": Kind(
        lambda value: value is None or value is False or hasattr(value, "submit"), "a client of dask, or False"
    ),
    "Axes": Kind(lambda value: hasattr(value, "imshow"), "axes of matplotlib"),
    "tuple": _instance(tuple | list, "numbers in brackets, such as (256, 256)"),
    "Extent": _instance(tuple, "(rows, columns)"),
    "Fill": Kind(lambda value: _KINDS["float"].fits(value) or isinstance(value, Sequence), "a value or a colour"),
    "Paths": Kind(lambda value: isinstance(value, str | os.PathLike) or _LIST.fits(value), "a path or a list of paths"),
    "Sequence": _LIST,
    "Iterable": _LIST,
    "PathLike": _instance(str | os.PathLike, "a path"),
    "os.PathLike": _instance(os.PathLike, "a path"),
    "DTypeLike": Kind(_is_dtype, 'a dtype of numbers, such as "uint16"'),
    "MicroscopyDataset": Kind(lambda value: hasattr(value, "recipe"), "a dataset: omio.open() makes one of a file"),
    **dict.fromkeys(
        ("Anchor", "Flattening", "Kind", "LevelSynthesis", "Missing", "Origin", "Projector", "Resampling", "Rounding"),
        _WORD,
    ),
}
"""What annotations of public signatures are called, and what they ask for; the last are words out of a few."""
