"""Steps: their fields, the outputs that they read, and their equality."""

from __future__ import annotations

from typing import Any

from dagflow import In, Nothing, Out, graph, op, success_hook
from dagflow.keys import NodeHandle, StepHandle
from dagflow.plan.compile import compile_plan
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_DEFAULT,
    FROM_OUTPUT,
    FROM_OUTPUTS,
    NO_VALUE,
    OutputRef,
    Source,
    refs_of,
)
from dagflow.plan.surroundings import Surroundings

A, B = OutputRef("a", "result"), OutputRef("b", "result")


@op
def one() -> int:
    return 1


@op(ins={"after": In(Nothing)}, out={"p": Out(Nothing), "q": Out(int, is_required=False)})
def work(n: int, m: Any = 3) -> Any: ...


@graph
def inner(n: Any) -> None:
    work(n, after=one())


@graph
def outer() -> None:
    inner(one())


STEPS = {step.key: step for step in compile_plan(outer.to_job(), {}, Surroundings({}, 0.0)).steps}


def test_what_a_step_holds() -> None:
    """A step has its key, path, inputs, outputs and upstream steps."""
    step = STEPS["inner.work"]

    assert (step.path, step.node.name, step.op) == (("inner", "work"), "work", work)
    assert [item.name for item in step.inputs] == ["after", "n", "m"]
    assert [item.name for item in step.loads] == ["n", "m"]
    assert [item.check and item.check.display_name for item in step.inputs] == ["Nothing", "Int", None]
    assert [(out.name, out.position, out.manager_key) for out in step.outputs] == [
        ("p", 0, None),
        ("q", 1, "io_manager"),
    ]
    assert step.output_by_name["q"].is_required is False
    assert step.upstream == step.upstream_keys == ("inner.one", "one")
    assert step.node_handle == NodeHandle("work", NodeHandle("inner", None))
    assert step.node_handle is step.node_handle
    assert step.step_handle == StepHandle(step.node_handle, "inner.work")
    assert repr(step) == "<step 'inner.work'>"


def test_equality_is_by_content() -> None:
    """Steps are compared by key, op, sources, config, policy and hooks; a copy can change any of them."""
    step = STEPS["inner.work"]

    assert step.copy() == step
    assert hash(step.copy()) == hash(step)
    assert step.copy(config={"n": 1}) != step
    assert step.copy(inputs=()) != step
    assert step.copy(key="x") != step
    assert step.copy(hooks=(success_hook(name="cheer")(lambda context: None),)) != step
    assert step != "inner.work"


def test_outputs_that_a_source_reads() -> None:
    """The outputs of steps of the run, in the order of the list."""
    assert (
        refs_of(Source(FROM_OUTPUT, A))
        == refs_of(Source(NO_VALUE, A))
        == refs_of(Source(FROM_COLLECT, A))
        == [A]
    )
    assert refs_of(
        Source(FROM_OUTPUTS, parts=(Source(FROM_OUTPUT, B), Source(FROM_DEFAULT), Source(FROM_OUTPUT, A)))
    ) == [B, A]
    assert refs_of(Source(FROM_DEFAULT, value=3)) == refs_of(Source(NO_VALUE)) == []
