from __future__ import annotations

import builtins
import pickle

import pytest

from omio import errors


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_an_omio_error_and_a_builtin_one(name: str) -> None:
    kind = getattr(errors, name)
    if name.endswith("Warning"):
        assert issubclass(kind, UserWarning)
        return
    assert issubclass(kind, errors.OmioError)
    familiar = [base for base in kind.__mro__ if base.__name__ in vars(builtins)]
    assert len(familiar) > 3 or kind is errors.OmioError


@pytest.mark.parametrize("name", [name for name in errors.__all__ if not name.endswith("Warning")])
def test_errors_tell_file_place_cause_and_remedy_and_pickle(name: str) -> None:
    error = getattr(errors, name)("is cut", path="a.tif", place="page 3", remedy="Copy it again.")
    assert str(error) == "a.tif: page 3: is cut. Copy it again."
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.path, again.place, again.remedy) == ("a.tif", "page 3", "Copy it again.")


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        assert name == "OmioWarning" or name in drawn
