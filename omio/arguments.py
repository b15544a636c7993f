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

from omio.errors import OptionError


class Kind(NamedTuple):
    """What an argument may be: a test, and the words that ask for it."""

    fits: Callable[[Any], bool]
    words: str


def checked[C: type[Any]](kind: C) -> C:
    """Hold the making of a class and its public methods to their signatures."""
    for name, member in list(vars(kind).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, FunctionType):
            setattr(kind, name, checked_call(member))
        elif isinstance(member, classmethod | staticmethod):
            setattr(kind, name, type(member)(checked_call(member.__func__)))
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
        return _held(_name(node.value), node.slice)
    return _KINDS.get(_name(node))


def _held(name: str, inner: ast.expr) -> Kind | None:
    """Return the kind of an annotation with brackets, by what stands in them where that can be looked into."""
    if name == "Literal":
        return _one_of(ast.literal_eval(inner))
    kind, item = _KINDS.get(name), _kind(inner)
    return _each(kind, item) if kind is _LIST and item is not None else kind


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
        is_listed = isinstance(value, list | tuple | dict | set) or hasattr(value, "dtype")
        return many.fits(value) and (not is_listed or all(map(item.fits, value)))

    return Kind(fits, f"a list, each {item.words}")


def _one_of(values: Any) -> Kind:
    """Ask for what is like one of a few; which of them there are, the function itself says best."""
    known = values if isinstance(values, tuple) else (values,)
    return _instance(tuple(map(type, known)), f"one of {', '.join(map(repr, known))}")


def _instance(types: Any, words: str) -> Kind:
    return Kind(lambda value: isinstance(value, types), words)


def _number(types: Any, words: str) -> Kind:
    """Ask for one number; arrays have the methods of numbers too."""
    return Kind(lambda value: isinstance(value, types) and not getattr(value, "ndim", 0), words)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or (str(getattr(value, "dtype", "")) == "bool" and value.ndim == 0)


def _is_dtype(value: Any) -> bool:
    import numpy as np

    try:
        return value is not None and np.dtype(value).kind in "buifc"
    except (TypeError, ValueError):
        return False


_NONE = Kind(lambda value: value is None, "None")
_LIST = Kind(lambda value: isinstance(value, Iterable) and not isinstance(value, str | bytes), "a list")
_WORD = _instance(str, "a word")
_INT = _number(SupportsIndex, "a whole number")
_MAPPING = _instance(Mapping, "a mapping")
_OPTIONS = Kind(
    lambda value: isinstance(value, Mapping) and all(isinstance(name, str) for name in value), "a mapping of names"
)
_PATH = _instance(str | os.PathLike, "a path")
_RUN = Kind(
    lambda value: isinstance(value, tuple | list) and [_INT.fits(at) for at in value] == [True, True],
    "two whole numbers in brackets, such as (0, 256)",
)
_SOURCE = Kind(
    lambda value: _PATH.fits(value) or hasattr(value, "recipe") or hasattr(value, "entries"),
    "a path, a dataset, a collection",
)
_KINDS: Mapping[str, Kind | None] = {
    "None": _NONE,
    "bool": Kind(_is_bool, "True or False"),
    "int": _INT,
    "float": _number(SupportsFloat | SupportsIndex, "a number"),
    "str": _instance(str, "a text"),
    "slice": _instance(slice, "a slice"),
    "type": _instance(type, "a class"),
    "Mapping": _MAPPING,
    "dict": _MAPPING,
    "Categories": _instance(Mapping, 'names by dim: {"C": ["GFP", "RFP"]}'),
    "ChunkChoice": Kind(
        lambda value: isinstance(value, str | Mapping) or _INT.fits(value),
        'a word, a size, such as "64MiB", or lengths',
    ),
    "Options": _either(_OPTIONS, _NONE),
    "Callable": Kind(callable, "a function"),
    "ClientChoice": Kind(
        lambda value: value is None or value is False or hasattr(value, "submit"), "a client of dask, or False"
    ),
    "Axes": Kind(lambda value: hasattr(value, "imshow"), "axes of matplotlib"),
    "Limits": Kind(lambda value: hasattr(value, "connections"), "Limits"),
    "tuple": Kind(
        lambda value: isinstance(value, tuple | list) or getattr(value, "ndim", 0) == 1,
        "numbers in brackets, such as (256, 256)",
    ),
    "Extent": _instance(tuple, "(rows, columns)"),
    "Run": _either(_RUN, _NONE),
    "Fill": Kind(
        lambda value: isinstance(value, SupportsFloat | SupportsIndex | Sequence) and not isinstance(value, bytes),
        "a value or a colour",
    ),
    "Path": _PATH,
    "Paths": _either(_PATH, _each(_LIST, _PATH)),
    "PathLike": _PATH,
    "os.PathLike": _instance(os.PathLike, "a path"),
    "Sequence": _LIST,
    "Iterable": _LIST,
    "Source": _SOURCE,
    "DTypeLike": Kind(_is_dtype, 'a dtype of numbers, such as "uint16"'),
    "MicroscopyDataset": Kind(lambda value: hasattr(value, "recipe"), "a dataset: omio.open() makes one of a file"),
    "MergeChoice": _either(_either(_WORD, _each(_LIST, _WORD)), _NONE),
    "ZarrStore": _either(_WORD, _NONE),
    **dict.fromkeys(
        ("Anchor", "Blend", "Blending", "Flattening", "Kind", "LevelSynthesis", "Method", "Missing"), _WORD
    ),
    **dict.fromkeys(("Mode", "OnError", "Origin", "Projector", "Resampling", "Rounding", "ZarrMode"), _WORD),
}
"""What annotations of public signatures are called, and what they ask for; the last are words out of a few."""
