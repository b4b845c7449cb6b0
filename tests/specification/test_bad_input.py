"""Tests of mistakes in pipelines: each is an error of dagflow that names definition, cause and remedy.

A mistake that can be detected before a run is raised before the run, which then leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagflow import (
    AssetKey,
    DagflowInstance,
    DependencyDefinition,
    GraphDefinition,
    In,
    Out,
    Output,
    StaticPartitionsDefinition,
    asset,
    graph,
    job,
    materialize,
    materialize_to_memory,
    op,
    resource,
    validate_run_config,
)
from dagflow.errors import (
    CheckError,
    DagflowError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowResourceFunctionError,
    DagflowStepOutputNotFoundError,
    DagflowTypeCheckDidNotPass,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)
from dagflow.testing import observe


class Cup:
    """A type without a loader."""


@op(config_schema={"n": int, "deep": {"k": [str]}})
def count(context: Any) -> Any: ...


@op
def one() -> Any:
    return 1


@op
def same(n: Any) -> Any:
    return n


@op(required_resource_keys={"database"})
def need(context: Any) -> Any: ...


@op
def drink(cup: Cup) -> Any: ...


@job
def counting() -> None:
    count()


@job
def plain() -> None:
    same(one())


@asset
def water() -> Any:
    return 1


@asset
def tea(water: Any) -> Any:
    return water


@asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def sales() -> Any:
    return 1


def _config(**config: Any) -> Any:
    return {"ops": {"count": {"config": config}}}


GOOD = {"n": 1, "deep": {"k": ["x"]}}
CONFIG: list[tuple[str, Any, str]] = [
    ("unknown root entry", {"opps": {}}, ".opps. at the root"),
    ("unknown op", {"ops": {"cuont": {}}}, ".cuont. at path root:ops"),
    ("unknown entry", _config(**GOOD, m=1), ".m. at path root:ops:count:config"),
    ("missing entry", _config(deep={"k": []}), ".n. at path root:ops:count:config.*'n': 0"),
    ("all missing", {}, ".ops. at the root.*'count'"),
    ("wrong scalar", _config(**{**GOOD, "n": "x"}), "root:ops:count:config:n.*.x..*str.*Int"),
    ("wrong in a list", _config(n=1, deep={"k": ["x", 5]}), r"root:ops:count:config:deep:k\[1\].*5.*String"),
    ("list for a scalar", _config(**{**GOOD, "n": [1]}), "root:ops:count:config:n"),
    ("null", _config(**{**GOOD, "n": None}), "root:ops:count:config:n.*None.*Int"),
    ("bool for an int", _config(**{**GOOD, "n": True}), "root:ops:count:config:n.*True"),
    ("unknown resource", {**_config(**GOOD), "resources": {"db": {}}}, ".db. at path root:resources"),
    ("unknown logger", {**_config(**GOOD), "loggers": {"x": {}}}, ".x. at path root:loggers"),
]

BEFORE: list[tuple[str, Any, type[Exception], str]] = [
    *(
        (
            name,
            lambda given=given, **run: counting.execute_in_process(given, **run),
            DagflowInvalidConfigError,
            text,
        )
        for name, given, text in CONFIG
    ),
    (
        "config is not a mapping",
        lambda **run: counting.execute_in_process("ops", **run),
        ParameterCheckError,
        "run config of job 'counting' must be a mapping, not 'ops'",
    ),
    (
        "missing resource",
        lambda **run: GraphDefinition("g", node_defs=[need]).execute_in_process(
            resources={"databse": 1}, **run
        ),
        DagflowInvalidDefinitionError,
        r"'database' required by op 'need' was .*mean 'databse'.*job 'g'.*test_bad_input.py:\d+",
    ),
    (
        "unknown op in a selection",
        lambda **run: plain.execute_in_process(op_selection=["onne"], **run),
        DagflowInvalidSubsetError,
        "'onne' selects no node.*graph 'plain'.*mean 'one'",
    ),
    (
        "unreadable selection",
        lambda **run: plain.execute_in_process(op_selection=["one or same"], **run),
        DagflowInvalidSubsetError,
        "one or same",
    ),
    (
        "unconnected by a selection",
        lambda **run: plain.execute_in_process(op_selection=["same"], **run),
        DagflowInvalidConfigError,
        ".ops. at the root.*'same': {'inputs': {'n'",
    ),
    (
        "unknown asset",
        lambda **run: materialize([water], selection=["watr"], **run),
        DagflowInvalidDefinitionError,
        "asset 'watr' was selected.*mean 'water'",
    ),
    (
        "unknown partition",
        lambda **run: materialize_to_memory([sales], partition_key="c", **run),
        DagflowUnknownPartitionError,
        "'c'",
    ),
    (
        "no partitions",
        lambda **run: materialize_to_memory([water], partition_key="a", **run),
        CheckError,
        "partition_key 'a'.*nothing in it is partitioned.*partitions_def",
    ),
    (
        "missing asset",
        lambda **run: materialize([tea], **run),
        DagflowInvalidDefinitionError,
        r"input 'water' of asset 'tea' \(.*test_bad_input.py:\d+\) reads asset 'water', which was not",
    ),
    (
        "duplicate asset key",
        lambda **run: materialize([water, asset(name="water")(lambda: 2)], **run),
        DagflowInvalidDefinitionError,
        r"Duplicate asset key: AssetKey\(\['water'\]\) .*test_bad_input.py:\d+ and .*:\d+",
    ),
    (
        "assets in a cycle",
        lambda **run: materialize(
            [asset(name="a", deps=["b"])(lambda: 1), asset(name="b", deps=["a"])(lambda: 1)], **run
        ),
        DagflowInvalidDefinitionError,
        r"cycle: 'a' \(.*test_bad_input.py:\d+\) -> 'b' \(.*\) -> 'a'",
    ),
    (
        "duplicate resource",
        lambda **run: materialize(
            [asset(name="a", resource_defs={"db": 1})(lambda: 1)], resources={"db": 2}, **run
        ),
        DagflowInvalidInvocationError,
        "'db' was given, but <asset 'a'>.*one place only",
    ),
    (
        "resources in a cycle",
        lambda **run: GraphDefinition("g", node_defs=[need]).execute_in_process(
            resources={"database": resource(required_resource_keys={"database"})(lambda context: 1)}, **run
        ),
        DagflowInvariantViolationError,
        "resources of job 'g' need each other in a cycle, 'database' -> 'database'",
    ),
    (
        "unknown input value",
        lambda **run: plain.execute_in_process(input_values={"x": 1}, **run),
        DagflowInvalidDefinitionError,
        "key 'x', but job has no .* graph 'plain'",
    ),
    (
        "invalid run id",
        lambda **run: plain.execute_in_process(run_id="abc", **run),
        CheckError,
        "'run_id' must be a UUID.*'abc'",
    ),
    (
        "invalid tag",
        lambda **run: plain.execute_in_process(tags={"t": object()}, **run),
        DagflowInvalidDefinitionError,
        "tag 't' of a run of job 'plain'.*JSON",
    ),
    (
        "an asset instead of a list",
        lambda **run: materialize(water, **run),
        ParameterCheckError,
        "'assets' must be a list of assets",
    ),
    (
        "not an asset",
        lambda **run: materialize([one], **run),
        CheckError,
        "'assets' holds <op 'one'>.*@asset",
    ),
]


@pytest.fixture
def traces() -> Iterator[Any]:
    """Provide an instance, and the list of the events of this test."""
    seen: list[Any] = []
    with DagflowInstance.ephemeral() as instance, observe(seen.append):
        yield instance, seen


@pytest.mark.parametrize(
    ("run", "error", "message"), [row[1:] for row in BEFORE], ids=[row[0] for row in BEFORE]
)
def test_what_is_known_before_a_run(run: Any, error: type[Exception], message: str, traces: Any) -> None:
    """The mistake is raised before the run, even if `raise_on_error` is False: no run, no event."""
    instance, seen = traces
    for raise_on_error in (True, False):
        with pytest.raises(error, match=f"(?s){message}") as raised:
            run(instance=instance, raise_on_error=raise_on_error)
        assert isinstance(raised.value, (DagflowError, CheckError))
    assert instance.get_runs_count() == 0
    assert seen == []


@pytest.mark.parametrize(("given", "message"), [row[1:] for row in CONFIG], ids=[row[0] for row in CONFIG])
def test_the_check_of_a_config_says_the_same(given: Any, message: str) -> None:
    """`validate_run_config` finds the same errors without a run."""
    with pytest.raises(DagflowInvalidConfigError, match=f"(?s){message}") as checked:
        validate_run_config(counting, given)
    with pytest.raises(DagflowInvalidConfigError) as raised:
        counting.execute_in_process(given)
    assert [error.reason for error in checked.value.errors] == [error.reason for error in raised.value.errors]
    assert "config for job 'counting'" in str(checked.value)


def _missing_dependency() -> Any:
    return GraphDefinition("g", node_defs=[same], dependencies={"same": {"n": DependencyDefinition("onne")}})


def _cycle() -> Any:
    dependencies = {
        "same": {"n": DependencyDefinition("other")},
        "other": {"n": DependencyDefinition("same")},
    }
    other = op(name="other")(lambda n: n)
    return GraphDefinition("g", node_defs=[same, other], dependencies=dependencies)


DEFINITIONS: list[tuple[str, Any, type[Exception], str]] = [
    (
        "cycle",
        _cycle,
        DagflowInvalidDefinitionError,
        "graph 'g': .*: 'other' -> 'same' -> 'other'. Remove one",
    ),
    (
        "missing dependency",
        _missing_dependency,
        DagflowInvalidDefinitionError,
        "graph 'g': input 'n' of node 'same' reads from .* \"onne\" not found",
    ),
    (
        "unconnected input",
        lambda: job(name="j")(lambda: (drink(), None)[1]),
        DagflowInvalidDefinitionError,
        "'cup' of op 'drink' .*connected to nothing.* type 'Cup' .*Connect it",
    ),
    ("invalid name", lambda: op(name="a b")(lambda: 1), DagflowInvalidDefinitionError, r'"a b" .* regex \^'),
    (
        "reserved name",
        lambda: graph(name="type")(lambda: None),
        DagflowInvalidDefinitionError,
        '"type" .* reserved',
    ),
    (
        "keyword",
        lambda: job(name="class")(lambda: None),
        DagflowInvalidDefinitionError,
        '"class" .* reserved',
    ),
    (
        "duplicate alias",
        lambda: graph(name="g")(lambda: (one.alias("x")(), one.alias("x")(), None)[2]),
        DagflowInvalidDefinitionError,
        "body of 'g': 'x' was invoked twice",
    ),
    (
        "duplicate definition",
        lambda: GraphDefinition("g", node_defs=[one, op(name="one")(lambda: 2)]),
        DagflowInvalidDefinitionError,
        "graph 'g': .* the same name 'one'",
    ),
    (
        "duplicate partition",
        lambda: StaticPartitionsDefinition(["a", "a"]),
        DagflowInvalidDefinitionError,
        "'a'",
    ),
    ("invalid asset key", lambda: AssetKey(5), ParameterCheckError, "not 5"),
    (
        "wrong default",
        lambda: op(name="x", ins={"n": In(int, default_value="s")})(lambda n: n),
        DagflowInvalidDefinitionError,
        "default_value of .* n of type Int, in op 'x': it is 's'",
    ),
]


@pytest.mark.parametrize(
    ("define", "error", "message"), [row[1:] for row in DEFINITIONS], ids=[row[0] for row in DEFINITIONS]
)
def test_what_is_known_when_it_is_defined(define: Any, error: type[Exception], message: str) -> None:
    """The definition itself raises the error."""
    with pytest.raises(error, match=f"(?s){message}"):
        define()


def _short() -> Any:
    return (1,)


def _silent() -> Any:
    yield Output(1, "a")


def _twice() -> Any:
    yield Output(1, "a")
    yield Output(1, "a")


def _unknown() -> Any:
    yield Output(1, "c")


def _typed() -> Any:
    return "text"


TWO = {"a": Out(), "b": Out()}
RUNNING: list[tuple[str, Any, Any, type[Exception], str]] = [
    ("too few outputs", _short, TWO, DagflowInvariantViolationError, "'work'"),
    ("output never yielded", _silent, TWO, DagflowStepOutputNotFoundError, '"work".*"b"'),
    ("output twice", _twice, TWO, DagflowInvariantViolationError, '"a" multiple times'),
    ("unknown output", _unknown, TWO, DagflowInvariantViolationError, "'c'"),
    (
        "output of a wrong type",
        _typed,
        {"result": Out(int)},
        DagflowTypeCheckDidNotPass,
        "result.*Int|Int.*result",
    ),
]


@pytest.mark.parametrize(
    ("body", "outs", "error", "message"), [row[1:] for row in RUNNING], ids=[row[0] for row in RUNNING]
)
def test_what_only_a_run_can_tell(
    body: Any, outs: Any, error: type[Exception], message: str, traces: Any
) -> None:
    """The step fails, and the run is stored as failed."""
    instance, seen = traces
    work = op(name="work", out=outs)(body)
    with pytest.raises(error, match=f"(?s){message}"):
        GraphDefinition("g", node_defs=[work]).execute_in_process(instance=instance)

    (run,) = instance.get_runs()
    assert run.is_failure
    assert [event.event_type_value for event in seen][-1] == "PIPELINE_FAILURE"


def test_resources_that_started_are_closed() -> None:
    """A resource is closed if a later one fails; the wrapper is raised with the cause."""
    steps: list[str] = []

    @resource
    def first() -> Iterator[int]:
        steps.append("open")
        yield 1
        steps.append("closed")

    @resource(required_resource_keys={"first"})
    def second(context: Any) -> Any:
        raise ValueError("no disk")

    both = op(name="both", required_resource_keys={"first", "second"})(lambda context: steps.append("ran"))
    whole = job(name="j", resource_defs={"first": first, "second": second})(lambda: (both(), None)[1])

    with pytest.raises(DagflowResourceFunctionError, match=r"resource 'second'.*no disk") as raised:
        whole.execute_in_process()
    assert isinstance(raised.value.__cause__, ValueError)
    assert steps == ["open", "closed"]
    assert whole.execute_in_process(raise_on_error=False).success is False
