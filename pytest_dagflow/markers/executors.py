"""The marker `dag_executors`: one test for each executor, and the executor of the runs of a test."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
from typing import Any

import pytest

from pytest_dagflow.markers.registry import check_arguments, marks_nearest_first

EXECUTOR = "dag_executor"
"""The name of the parameter in the ids of tests. No test function has an argument of this name."""
_OPTIONAL = {"dask": "distributed"}
"""The package that an executor needs."""


def parametrize_executors(metafunc: pytest.Metafunc) -> None:
    """Create one test for each executor of the nearest marker."""
    marks = list(metafunc.definition.iter_markers("dag_executors"))
    if not marks:
        return
    names = check_arguments(marks[0], metafunc.definition.nodeid)
    # pytest refuses a parameter that no argument has, and forgets this name after the parametrization
    metafunc.fixturenames.append(EXECUTOR)
    is_property = bool(getattr(metafunc.function, "is_hypothesis_test", False))
    values = [pytest.param(name, marks=_marks_of(name, is_property=is_property)) for name in names]
    # hypothesis refuses arguments of the scope "function"
    metafunc.parametrize(EXECUTOR, values, ids=names, scope="class" if is_property else "function")


def _marks_of(name: str, *, is_property: bool) -> list[pytest.MarkDecorator]:
    package = _OPTIONAL.get(name)
    # by the first marker hypothesis knows the tests of one function
    marks = [pytest.mark.parametrize(EXECUTOR, [name])] if is_property else []
    if package is not None and importlib.util.find_spec(package) is None:
        reason = f"the executor '{name}' needs '{package}': pip install pytest-dagflow[{name}]"
        marks.append(pytest.mark.skip(reason=reason))
    return marks


def executor_of(item: pytest.Item) -> str | None:
    """Return the name of the executor of a test, None without the marker."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(EXECUTOR)


def use_executor(item: pytest.Item, stack: ExitStack[Any]) -> None:
    """Use the executor of a test for all runs of `execute_job`.

    Args:
        item: The test.
        stack: Ends this at the end of the test.
    """
    name = executor_of(item)
    if name is not None:
        import dagflow
        from dagflow.testing import default_options

        stack.enter_context(default_options(executor=getattr(dagflow, f"{name}_executor")))


def problem_of(item: pytest.Item, mark: pytest.Mark, *, is_of_test_case: bool) -> str | None:
    """Return the reason if the marker cannot create tests here, None if it can."""
    callspec = getattr(item, "callspec", None)
    place = f"{item.nodeid}: marker dag_executors"
    if callspec is not None and any(mark is other for other in callspec.marks):
        return (
            f"{place}: it has no effect in pytest.param, because the executors of all parameters are chosen "
            "before. Mark the test function."
        )
    if callspec is None and (is_of_test_case or mark in marks_nearest_first(item, "dag_executors")):
        kind = "a method of unittest.TestCase" if is_of_test_case else "this item"
        return (
            f"{place}: {kind} cannot run once for each executor, because pytest gives it no parameters. "
            "Write a test function or a method of a plain class."
        )
    return None
