"""The classes of selections, their operators, and the graph that they are resolved against."""

from __future__ import annotations

import pytest

from dagflow.selection.tree import (
    And,
    Attribute,
    Everything,
    Name,
    Not,
    Or,
    Pattern,
    Roots,
    Sinks,
)


def test_operators_build_the_tree_that_the_words_build():
    """`&`, `|`, `-` and `~` mean `and`, `or`, `and not` and `not`."""
    a, b = Name("a"), Name("b")

    assert a & b == And((a, b))
    assert a | b == Or((a, b))
    assert a - b == And((a, Not(b)))
    assert ~a == Not(a)


def test_values_are_equal_by_what_they_say():
    """Two selections of one class with equal parts are equal and hash equal. Another class is not equal."""
    assert {Sinks(Name("a")): 1}[Sinks(Name("a"))] == 1
    assert Sinks(Name("a")) != Roots(Name("a"))
    assert Name("a") != "a"
    assert repr(Sinks(Name("a"))) == "Sinks(Name('a'))"


@pytest.mark.parametrize(
    ("pattern", "fits", "differs"),
    [
        (Pattern("raw"), ["raw"], ["raws", "RAW"]),
        (Pattern("raw_*", is_glob=True), ["raw_", "raw_a/b"], ["raw"]),
        (Pattern("r?w", is_glob=True), ["raw", "r.w"], ["rw", "raaw"]),
        (Pattern("a*"), ["a*"], ["ab"]),
        (Pattern("a.*", is_glob=True), ["a.b"], ["ab"]),
    ],
)
def test_only_a_glob_has_wildcards(pattern: Pattern, fits: list[str], differs: list[str]):
    """`*` matches any string and `?` one character, only in a glob."""
    matches = pattern.matcher()

    assert all(map(matches, fits))
    assert not any(map(matches, differs))


@pytest.mark.parametrize(
    ("wanted", "fits", "differs"),
    [
        (Attribute("tag", Pattern("team")), ["team", "team="], ["team=core", "teams"]),
        (Attribute("key", Pattern("raw_*")), ["raw_", "raw_a"], ["raw"]),
        (Attribute("kind", Pattern("raw_*")), ["raw_*"], ["raw_a"]),
        (Attribute("group", None), [], ["", "default"]),
        (Attribute("tag", Pattern("team"), Pattern("core")), ["team=core"], ["team", "team=core2"]),
        (
            Attribute("tag", Pattern("t*", is_glob=True), Pattern("c?re", is_glob=True)),
            ["team=core"],
            ["x=core"],
        ),
        (Attribute("tag", Pattern("team=core")), ["team=core"], ["team", "team=web"]),
        (Attribute("kind", Pattern("dbt")), ["dbt"], ["dbt=x"]),
    ],
)
def test_a_tag_is_compared_by_key_or_by_key_and_value(wanted: Attribute, fits: list[str], differs: list[str]):
    """`tag:team` matches the empty value of that tag, and only tags have a value."""
    matches = wanted.matcher()

    assert all(map(matches, fits))
    assert not any(map(matches, differs))


def test_a_name_is_quoted_where_it_must_be():
    """Reserved words and strings that are not plain names print in quotes, with quotes doubled."""
    assert str(Name("and")) == '"and"'
    assert str(Name('say "hi"')) == '"say ""hi"""'
    assert str(Name("shop/cup")) == "shop/cup"
    assert str(Everything()) == "*"
