"""The sentinel for "not given", and the suggestion for a misspelt name."""

from __future__ import annotations

import copy
import pickle

import pytest

from dagflow._util import UNSET, nearest


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
