"""Tags about a step: priority and time limit."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import JobDefinition, graph, job, op
from dagflow.errors import DagflowInvalidDefinitionError, DagflowUnmetExecutorRequirementsError
from dagflow.plan.compile import compile_plan
from dagflow.plan.plan import Plan
from dagflow.plan.surroundings import Surroundings

NOON = Surroundings({}, 0.0)


@op(tags={"dagflow/step_timeout": 5})
def slow() -> Any: ...


@op
def quick(n: Any = None) -> Any: ...


def plan_of(tags: dict[str, Any]) -> Plan:
    @job
    def j() -> None:
        quick.tag(tags)()

    return compile_plan(j, {}, NOON, in_process=False)


@pytest.mark.parametrize(
    ("tags", "seconds"),
    [
        ({"dagflow/step_timeout": 2.5}, 2.5),
        ({"dagster/step_timeout": "10"}, 10),
        ({"other": "1"}, None),
        ({}, None),
    ],
)
def test_a_time_limit(tags: dict[str, Any], seconds: float | None) -> None:
    """The limit is a number of seconds, as a number or a string, in either spelling; the default is None."""
    assert plan_of(tags).steps[0].timeout == seconds


def test_an_invocation_has_its_own_limit() -> None:
    """The tag of an invocation overrides that of the op, also inside a graph."""

    @graph
    def inner() -> None:
        slow.alias("a")()
        slow.alias("b").tag({"dagflow/step_timeout": 1})()

    @job
    def j() -> None:
        inner()

    steps = compile_plan(j, {}, NOON, in_process=False).steps

    assert {step.key: step.timeout for step in steps} == {"inner.a": 5, "inner.b": 1}
    assert steps[0].copy(key="c").timeout == 5


@pytest.mark.parametrize("value", ["soon", 0, -1, "nan", "inf", [5]])
def test_what_is_no_time_limit(value: Any) -> None:
    """The error names the op, the step and the value."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"step_timeout' of op 'quick' \(step 'quick'\)"):
        plan_of({"dagflow/step_timeout": value})


def test_a_shared_process() -> None:
    """A plan whose steps share one process cannot have time limits; the error names executors that can."""

    @job
    def j() -> None:
        quick(slow())

    with pytest.raises(
        DagflowUnmetExecutorRequirementsError,
        match=r"step 'slow' has a time limit of 5 seconds.*multiprocess_executor, dask_executor",
    ):
        compile_plan(j, {}, NOON)


def test_what_the_executor_is_told() -> None:
    """The plan has the config of the selected executor, with its defaults."""
    j: JobDefinition = graph(name="j")(lambda: quick()).to_job()
    given = {"execution": {"config": {"in_process": {}}}}

    plan = compile_plan(j, given, NOON, in_process=False)

    assert plan.execution == {"in_process": {"retries": {"enabled": {}}}}
    assert plan.for_run().execution == plan.with_given(frozenset()).execution == plan.execution
    assert compile_plan(j, {}, NOON).execution is None
    assert plan != compile_plan(j, {}, NOON)
