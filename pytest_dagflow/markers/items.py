"""The check of the markers of collected tests. A wrong marker is an error of the collection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_dagflow.markers import executors
from pytest_dagflow.markers.config import config_of
from pytest_dagflow.markers.registry import MARKERS, check_arguments

_NAMES = frozenset(marker.__name__ for marker in MARKERS)
_CONFIGURED = frozenset({"_dag_binding", "dag_sandbox"})
"""The fixtures that use the config of `dag_config`: each fixture of a bound run uses the first."""


def check_markers(report: pytest.CollectReport) -> None:
    """Turn a report with a wrongly marked test into a failed report.

    The tests of a class and a module are checked where they are collected, because pytest has no other hook
    for methods of `unittest.TestCase` and for the marks of `pytest.param`.
    """
    items = [node for node in report.result if isinstance(node, pytest.Item)] if report.passed else []
    problems = list(dict.fromkeys(problem for item in items for problem in _problems_of(item)))
    if problems:
        report.outcome = "failed"
        report.longrepr = "\n".join(problems)
        report.result = []


def _problems_of(item: pytest.Item) -> Iterator[str]:
    if _NAMES.isdisjoint([mark.name for mark in item.iter_markers()]):
        return
    for marker in MARKERS:
        for mark in item.iter_markers(marker.__name__):
            try:
                check_arguments(mark, item.nodeid)
            except pytest.fail.Exception as error:
                yield str(error)
                continue
            if mark.name == "dag_partitions":
                yield from _problems_of_partitions(item, mark)
            elif mark.name == "dag_config":
                yield from _problems_of_config(item, mark)
            elif mark.name == "dag_executors":
                problem = executors.problem_of(item, mark, is_of_test_case=_is_of_test_case(item))
                yield from () if problem is None else (problem,)


def _problems_of_partitions(item: pytest.Item, mark: pytest.Mark) -> Iterator[str]:
    """Yield the reason if `dag_partitions` cannot create tests here."""
    callspec = getattr(item, "callspec", None)
    place = f"{item.nodeid}: marker dag_partitions"
    if callspec is not None and any(mark is other for other in callspec.marks):
        yield (
            f"{place}: it has no effect in pytest.param, because the keys of all parameters are chosen "
            "before. Mark the test function, or pass the keys of this parameter as a second argument."
        )
    elif callspec is None and (_is_of_test_case(item) or mark in item.own_markers):
        kind = "a method of unittest.TestCase" if _is_of_test_case(item) else "this item"
        yield (
            f"{place}: {kind} cannot have the argument 'partition_key'. Write a test function or a method of "
            "a plain class, or loop over dagflow.testing.boundaries(...) with self.subTest(...)."
        )


def _problems_of_config(item: pytest.Item, mark: pytest.Mark) -> Iterator[str]:
    """Yield the reason if `dag_config` is invalid, or has no effect on the test that it is written at."""
    place = f"{item.nodeid}: marker dag_config"
    try:
        config_of(mark, item)
    except ValueError as error:
        yield f"{place}: {error}"
    names = set(getattr(item, "fixturenames", ()))
    # a fixture with `request` may ask for others later; pytest gives each TestCase such fixtures
    may_ask = "request" in names and not _is_of_test_case(item)
    is_own = mark in item.own_markers or _is_of_test_case(item)
    if is_own and not may_ask and _CONFIGURED.isdisjoint(names):
        yield (
            f"{place}: it has no effect, because the test has no fixture that runs something, such as "
            "'materialize_to_memory', 'execute_in_process' or 'dag_run'. A method of unittest.TestCase gets "
            "one by a fixture of its class with autouse=True."
        )


def _is_of_test_case(item: pytest.Item) -> bool:
    cls = getattr(item, "cls", None)
    return any(base.__module__ == "unittest.case" for base in getattr(cls, "__mro__", ()))
