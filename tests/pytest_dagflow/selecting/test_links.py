"""What the code of a function refers to, read without running it."""

from __future__ import annotations

import functools
import os
import os.path
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_dagflow.selecting.links import elements_of, references

water = object()


def names(function: object) -> list[str]:
    """The names that a function refers to."""
    return [name for name, _ in references(function)]


def closure() -> Callable[[], object]:
    """A function that reads a variable of the one around it, and one that is not there yet."""
    coffee = object()

    def inner():
        return coffee, later

    if not coffee:
        later = 1
    return inner


class Kitchen:
    """A class with a test of its own."""

    def method(self):
        return water


@functools.lru_cache
def cached():
    return water


@given(st.none())
def of_hypothesis(value):
    assert water, value


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: water, ["water"]),
        (lambda: os.path.join("a"), ["os.path.join"]),
        (lambda: os.path, ["os.path"]),
        (lambda: os.nowhere, []),
        (lambda: os.environ.get("A"), ["os.environ"]),
        (lambda: [water for _ in range(2)], ["water"]),
        (lambda: lambda: water, ["water"]),
        (lambda water: water, []),
        (lambda: len(unknown), []),  # noqa: F821
        (closure(), ["coffee"]),
        (Kitchen().method, ["water"]),
        (cached, ["water"]),
        (of_hypothesis, ["water"]),
        (len, []),
        (7, []),
    ],
)
def test_names_and_chains_of_modules_are_found(function: object, expected: list[str]):
    """Globals, closed-over variables and attributes of modules count; locals and builtins do not."""
    assert names(function) == expected


def test_a_local_import_is_read_where_the_module_is_loaded():
    """`from module import name` inside a function names what stands there, and imports nothing."""

    def local():
        from os import environ, nowhere

        from no_such_package import thing

        return environ, nowhere, thing

    assert names(local) == ["os.environ"]


def test_members_of_containers_are_given_to_some_depth():
    """Lists, tuples, sets and dicts are opened; a text is one thing."""
    assert list(elements_of([1, (2, {"a": 3}), {4}])) == [1, 2, 3, 4]
    assert list(elements_of("text")) == ["text"]
    assert list(elements_of([[[[5]]]])) == [[5]]
