"""Selections in words."""

from __future__ import annotations

import pytest

from dagflow.selection.parse import parse_selection
from dagflow.selection.words import in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", "a"),
        ("a or not key:b and *", "a or (not key:b and *)"),
        ("++a", "(a and 2 levels upstream)"),
        ("*a+", "(a and all upstream and 1 level downstream)"),
        ("+key:a", "(key:a and all upstream)"),
        ("1+key:a+2", "(key:a and 1 level upstream and 2 levels downstream)"),
        ("0+key:a", "key:a"),
        ("(a, b)+", "((a or b) and all downstream)"),
        ("((a)+)+1", "((a and all downstream) and 1 level downstream)"),
        ("not a+", "not (a and 1 level downstream)"),
        ("sinks(a+) and roots(+b)", "sinks(a and 1 level downstream) and roots(b and 1 level upstream)"),
        ("changed()*", "(changed() and all downstream)"),
    ],
)
def test_walks_are_words(text: str, words: str) -> None:
    """The words of a walk have its direction and its levels, and the rest is as it was written."""
    assert in_words(parse_selection(text)) == words
