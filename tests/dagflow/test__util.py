"""The sentinel for "not given", and the suggestion for a misspelt name."""

from __future__ import annotations

import copy
import functools
import pickle
from unittest.mock import Mock

import pytest

from dagflow._util import UNSET, attribute_of, nearest, takes


def test_unset_is_one_false_object() -> None:
    """UNSET is the same object after copy and pickle, is false, and shows its name."""
    assert copy.deepcopy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
    assert not UNSET
    assert repr(UNSET) == "UNSET"


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("bens", ["beans", "brew"], " Did you mean 'beans'?"),
        ("zzz", ["beans"], ""),
        ("a", [], ""),
        ("brew1", ["brew2", "brew3"], " Did you mean 'brew3' or 'brew2'?"),
    ],
)
def test_the_nearest_names(name: str, known: list[str], expected: str) -> None:
    """Only similar names are suggested, as a sentence to append."""
    assert nearest(name, iter(known)) == expected


class _Refuses:
    def __getattr__(self, name: str) -> object:
        raise LookupError(name)


def test_an_attribute_of_an_object_that_refuses() -> None:
    """The default replaces an attribute whose getter raises any error."""
    assert attribute_of(_Refuses(), "name", 3) == 3


def test_calls_that_a_function_takes() -> None:
    """The answer is the same for functions, partials, classes, decorated functions and doubles."""

    def two(first: object, second: object) -> None: ...

    def wrapper(*args: object) -> None: ...

    decorated = functools.wraps(two)(wrapper)
    callables = (two, functools.partial(two, 1), decorated, Mock())
    assert [takes(fn, 2) for fn in callables] == [True, False, True, True]
    assert not takes(decorated, 3)
