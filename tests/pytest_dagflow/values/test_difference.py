"""Tests of the lines about the difference of two plain values or arrays."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, namedtuple

import pytest

from dagflow import DagflowError
from pytest_dagflow.sequence.matchers import ANYTHING
from pytest_dagflow.values.difference import explain
from pytest_dagflow.values.equality import Options


@dataclasses.dataclass
class Cup:
    """A value with fields."""

    litres: float
    tags: list[str]
    label: str = dataclasses.field(default="", compare=False)


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("expected", "actual", "summary"),
    [
        (1, 2, " is 2, expected 1"),
        (1, "1", " is '1' (str), expected 1 (int)"),
        (1, True, ""),
        (1, 1.0, ""),
        (None, 0, " is 0 (int), expected None (NoneType)"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ": ['b'] is 3, expected 2"),
        ({"a": 1}, {}, " lacks the key 'a'"),
        ({}, {"a": 1}, " has the unexpected key 'a': 1"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ": ['a'][1]['b'] is 3, expected 2"),
        ({"a": 1}, OrderedDict(a=1), ""),
        ({"a": 1}, OrderedDict(a=2), ": ['a'] is 2, expected 1"),
        ([1, 2], (1, 2), " is (1, 2) (tuple), expected [1, 2] (list)"),
        ([1, 2, 3], [1, 3], " has 2 elements, expected 3 (and 1 more difference)"),
        ({1, 2}, {2}, " lacks the element 1"),
        (Cup(1, ["a"]), Cup(1, ["b"], "c"), ": .tags[0] is 'b', expected 'a'"),
        (Cup(1, []), Cup(1, [], "another"), ""),
        (Point(1, 2), Point(1, 3), ": .y is 3, expected 2"),
        ({"a": ANYTHING, "b": 1}, {"a": 5, "b": 1}, ""),
        ({"a": pytest.approx(1), "b": 1}, {"a": 1.0000001, "b": 2}, ": ['b'] is 2, expected 1"),
        ("x" * 70, "x" * 69 + "y", " differs at character 69: '...xxxxxxxxxxy', expected '...xxxxxxxxxxx'"),
        ("x" * 70, "x" * 69, " differs at character 69: '...xxxxxxxxxx', expected '...xxxxxxxxxxx'"),
    ],
)
def test_the_first_line_is_the_first_difference(expected: object, actual: object, summary: str):
    """It has the place in the value; equal values have no lines."""
    assert (explain(expected, actual, Options()) or [""])[0] == summary


def test_the_next_lines_are_the_other_differences_and_the_words_of_pytest():
    """The first few differences are listed, then what pytest says about `==`, without both values."""
    expected, actual = {i: i for i in range(9)}, {i: -i for i in range(9)}

    lines = explain(expected, actual, Options())

    assert lines[:6] == [
        ": [1] is -1, expected 1 (and 7 more differences)",
        "  [2] is -2, expected 2",
        "  [3] is -3, expected 3",
        "  [4] is -4, expected 4",
        "  [5] is -5, expected 5",
        "  ... and 3 more differences",
    ]
    assert lines[7] == "actual == expected, in the words of pytest:"
    assert "  Differing items:" in lines


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({i: {"a": i} for i in range(100_000)}, {i: {"a": i + (i == 70_000)} for i in range(100_000)}),
        ([*range(100_000)], [*range(70_000), -1, *range(70_000, 100_000)]),
        ("line\n" * 100_000, "line\n" * 99_999 + "lime\n"),
    ],
)
def test_a_large_value_has_a_short_explanation(expected: object, actual: object):
    """The message has a few short lines, not those of the full comparison by pytest."""
    lines = explain(expected, actual, Options())

    assert len(lines) <= 2
    assert sum(map(len, lines)) < 200


@pytest.mark.parametrize(
    ("expected", "actual", "summary"),
    [
        ([1, 2, 2], [2, 1, 2], ""),
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], ""),
        ([1, 2], [2, 3], ": [*] is 3, expected 1"),
        ([1, 2, 4], [2, 3], " lacks the element 1 (and 2 more differences)"),
        ({"a": [[1], [2]]}, {"a": [[2], [1]]}, ""),
        ([1.0, {"a": 2.0}], [{"a": 2.0001}, 1.0001], ""),
    ],
)
def test_the_order_of_elements_may_be_ignored(expected: object, actual: object, summary: str):
    """Each element needs an equal one, within the tolerance."""
    options = Options(ignore_order=True, rel=0.01)

    assert (explain(expected, actual, options) or [""])[0] == summary


@pytest.mark.parametrize(
    ("options", "actual", "summary"),
    [
        (Options(rel=0.1), 10.9, ""),
        (Options(rel=0.1), 11.1, ": ['a'] is 11.1, expected 10"),
        (Options(abs=1), 11, ""),
        (Options(abs=1), 11.5, ": ['a'] is 11.5, expected 10"),
        (Options(abs=1, rel=0.5), 14, ""),
        (Options(abs=1), "10", ": ['a'] is '10' (str), expected 10 (int)"),
    ],
)
def test_numbers_may_have_a_tolerance(options: Options, actual: object, summary: str):
    """A number within the relative or the absolute tolerance is equal, at any depth."""
    assert (explain({"a": 10}, {"a": actual}, options) or [""])[0] == summary


def test_rows_of_dicts_are_compared_by_key():
    """A list of dicts is a table if keys are given; a dict without a column differs."""
    expected = [{"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 3, "n": 3}]
    actual = [{"id": 3, "n": 3}, {"id": 2, "n": 5}, {"id": 4}]

    assert explain(expected, actual, Options(keys=["id"])) == [
        ": 1 row missing and 1 row unexpected (3 rows, expected 3); 1 of 2 rows differs in column 'n'",
        "  missing: id=1: n=1",
        "  unexpected: id=4: n=absent",
        "  n:",
        "    id=2: 5, expected 2",
    ]
    with pytest.raises(DagflowError, match=r"'idd' is not a column of the expected table.*Did you mean 'id'"):
        explain(expected, actual, Options(keys=["idd"]))
    with pytest.raises(DagflowError, match=r"keys=\['id'\] needs a table or a list of dicts, not \[1\]"):
        explain([1], [1], Options(keys=["id"]))


def test_arrays_show_the_indexes_that_differ():
    """An array has a shape and elements; an array inside a dict is compared too."""
    numpy = pytest.importorskip("numpy")
    zeros, other = numpy.zeros((3, 4)), numpy.zeros((3, 4))
    other[1, 2] = 7

    assert explain(zeros, zeros.copy(), Options()) == []
    assert explain({"a": zeros}, {"a": zeros.copy()}, Options()) == []
    assert explain(zeros, other, Options())[0] == ": [1, 2] is 7.0, expected 0.0"
    assert explain({"a": zeros}, {"a": other}, Options()) == [": ['a'][1, 2] is 7.0, expected 0.0"]
    assert explain(zeros, other, Options(abs=10)) == []
    assert explain(zeros, zeros[0], Options()) == [" has the shape (4,), expected (3, 4)"]
    assert explain([0, 0], zeros, Options())[0] == " is an array of the shape (3, 4), expected [0, 0]"
    assert explain([0.0] * 4, zeros[0], Options()) == []
    assert explain(numpy.float64(1), numpy.float64(2), Options())[0].startswith(" is np.float64(2.0)")


def test_a_value_whose_repr_fails_is_explained():
    """The message names the class instead."""

    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    assert explain(1, Odd(), Options())[0].startswith(" is <Odd whose repr raises RuntimeError> (Odd)")
