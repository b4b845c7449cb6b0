"""Tests of the references in the code of a function, which is not run."""

from __future__ import annotations

import functools
import os
import os.path
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import Definitions, ScheduleDefinition, asset
from pytest_dagflow.selecting.links import elements_of
from pytest_dagflow.selecting.references import RunOf, TicksOf, references

water = object()


def names(function: object) -> list[str]:
    """Return the names that a function refers to."""
    return [name for name, _ in references(function)]


def closure() -> Callable[[], object]:
    """Return a function that reads a variable of its closure, and one that is not assigned yet."""
    coffee = object()

    def inner():
        return coffee, later

    if not coffee:
        later = 1
    return inner


class Kitchen:
    """A class with a test method."""

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
    """Globals, closure variables and attributes of modules are found, but no locals or builtins."""
    assert names(function) == expected


def test_a_local_import_is_read_where_the_module_is_loaded():
    """A local import is resolved if its module is loaded; nothing is imported."""

    def local():
        from os import environ, nowhere

        from no_such_package import thing

        return environ, nowhere, thing

    assert names(local) == ["os.environ", "no_such_package"]


def test_members_of_containers_are_given_to_some_depth():
    """Lists, tuples, sets and dicts have elements; a string has none."""
    assert list(elements_of([1, (2, {"a": 3}), {4}])) == [1, 2, 3, 4]
    assert list(elements_of("text")) == ["text"]
    assert list(elements_of([[[[5]]]])) == [[5]]


def test_a_lookup_by_a_constant_is_the_definition():
    """`defs.get_job_def("boil")` names the job; with an unknown or computed name it is the whole project."""
    water = asset(lambda: 1, name="water")
    defs = Definitions([water])
    key = "water"

    def constant():
        defs.get_assets_def("water")

    def computed():
        return defs.get_assets_def(key)

    def unknown():
        return defs.get_job_def("boil")

    assert dict(references(constant)) == {"defs.get_assets_def('water')": water}
    assert dict(references(computed)) == {"defs": defs, "key": "water"}
    assert dict(references(unknown)) == {"defs.get_job_def('boil')": defs}


nightly = ScheduleDefinition("nightly", cron_schedule="0 3 * * *", job_name="sweep")


def test_the_ticks_of_a_clock():
    """Names of schedules and sensors are read, and a definition is the value itself."""

    def named(dag_clock):
        dag_clock.ticks("nightly", days=2, start="2024-01-01")
        return len(dag_clock.ticks(["files", "daily"], days=1))

    def of_all(dag_clock):
        return dag_clock.ticks(days=2)

    def of_definition(dag_clock):
        return dag_clock.ticks(nightly, days=2)

    def nested(dag_clock, dag_run):
        def tick():
            return dag_clock.ticks("nightly"), dag_run("water")

        return tick

    assert [value for _, value in references(named)] == [TicksOf(("nightly",)), TicksOf(("files", "daily"))]
    assert [value for _, value in references(of_all)] == [TicksOf(())]
    assert dict(references(of_definition)) == {"nightly": nightly}
    assert [value for _, value in references(nested)] == [TicksOf(("nightly",)), RunOf("water")]


def test_the_code_that_pytest_adds_to_assertions_names_nothing():
    """A call of `dag_run` in an assertion is one name, as it is elsewhere."""

    def literal(dag_run):
        assert dag_run("water").success

    def computed(dag_run):
        assert dag_run(f"water{1}").success

    assert [value for _, value in references(literal)] == [RunOf("water")]
    assert [value for _, value in references(computed)] == [RunOf(None)]


def test_a_module_in_a_local_variable():
    """Attributes of a module that a function imports, or that an assertion keeps, are followed."""

    def imports():
        import os

        return os.path.join

    def asserts():
        assert os.path.join

    assert "os.path.join" in names(imports)
    assert any(value is os.path.join for _, value in references(asserts))


@pytest.mark.parametrize("count", [1, 300])
def test_globals_are_read_without_a_disassembler(count: int):
    """A function without modules and imports is read quickly, also with more names than a byte counts."""
    names = [f"name_{number}" for number in range(count)]
    namespace: dict[str, object] = {name: object() for name in names}
    source = "".join(f"    {name}.attribute\n    [{name} for _ in ()]\n" for name in names)
    exec(f"def function(name_0=1):\n{source}", namespace)
    function = namespace["function"]

    assert sorted(dict(references(function))) == sorted(names[1:])
