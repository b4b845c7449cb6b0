"""The first difference of two runs, as lines of a failure."""

from __future__ import annotations

from collections.abc import Callable

from dagflow.testing import RunValue
from pytest_dagflow.properties.worlds import Outcome
from pytest_dagflow.sequence.run_difference import explain_runs
from pytest_dagflow.values.difference import explain
from pytest_dagflow.values.equality import Options


def difference(
    expected: Outcome, actual: Outcome, *, is_compared: Callable[[RunValue], bool] = lambda value: True
) -> list[str]:
    """Return the lines about the first difference of two runs in the order of the steps; empty without any.

    The values are compared first, then the state outside of the runs.

    Args:
        expected: One run.
        actual: The other run.
        is_compared: Whether a value counts.
    """
    given = {(value.step_key, value.output): value for value in actual.values}
    for value in filter(is_compared, expected.values):
        other = given.pop((value.step_key, value.output), None)
        if other is None:
            return [f"'{value.name}' gave no value"]
        lines = explain(value.value, other.value, Options())
        if lines:
            return [f"the value of '{value.name}'{lines[0]}", *lines[1:]]
    more = next(filter(is_compared, given.values()), None)
    if more is not None:
        return [f"'{more.name}' gave a value, and before it gave none"]
    lines = explain(expected.state, actual.state, Options())
    return [f"the state outside of the run{lines[0]}", *lines[1:]] if lines else []


def difference_of_events(expected: Outcome, actual: Outcome) -> list[str]:
    """Return the lines about the difference of the events of two runs; empty without any."""
    return explain_runs(expected.result, actual.result)
