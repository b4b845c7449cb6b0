"""`compile_plan`: its results, its purity and its errors."""

from __future__ import annotations

import builtins
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from dagflow import (
    ConfigurableResource,
    DagflowInstance,
    DagflowType,
    DailyPartitionsDefinition,
    DependencyDefinition,
    EnvVar,
    Field,
    GraphDefinition,
    In,
    InMemoryIOManager,
    JobDefinition,
    NodeInvocation,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    SourceAsset,
    StringSource,
    asset,
    dagflow_type_loader,
    graph,
    io_manager,
    job,
    op,
    resource,
    success_hook,
)
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.defs.resources.needs import start_order
from dagflow.defs.resources.requirements import required_by, requirements_of
from dagflow.errors import (
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
)
from dagflow.plan.compile import compile_plan
from dagflow.plan.plan import Plan
from dagflow.plan.step import (
    FROM_CONFIG,
    FROM_DEFAULT,
    FROM_INPUT_VALUE,
    FROM_OUTPUT,
    FROM_OUTPUTS,
    NO_VALUE,
    OutputRef,
)
from dagflow.plan.surroundings import Surroundings

NOON = Surroundings({"HOME": "/"}, 1_704_283_200.0)  # 2024-01-03T12:00Z


@op
def one() -> Any:
    return 1


@op
def same(n: Any) -> Any:
    return n


@op(config_schema={"n": int, "m": Field(int, default_value=5)}, retry_policy=RetryPolicy(1))
def count(context: Any, n: Any = 7) -> Any: ...


@op(ins={"after": In(Nothing)})
def late(items: Any) -> Any: ...


@graph
def inner(n: Any) -> Any:
    return same(same(n))


@graph
def shop(amount: Any) -> None:
    a = one.alias("zz")()
    late([inner(a), amount, a], after=count())


SHOP = shop.to_job(name="shop")
CONFIG = {"ops": {"count": {"config": {"n": 1}}}}


def _plan(made: Any = SHOP, config: Any = CONFIG, surroundings: Surroundings = NOON, **more: Any) -> Plan:
    if isinstance(made, GraphDefinition):
        made = made.to_job()
    return compile_plan(made, config, surroundings, **more)


def _bound(**more: Any) -> Plan:
    return _plan(bound_inputs=frozenset({"amount"}), **more)


def test_steps_stand_in_order() -> None:
    """Steps are sorted by level, then by name, in each graph, independent of the definition order."""
    assert _bound().step_keys == ["count", "zz", "inner.same", "inner.same_2", "late"]


def test_where_values_come_from() -> None:
    """Sources are outputs through graphs, lists, orders without a value, defaults and inputs of the graph."""
    plan = _bound()
    after, items = plan.step_by_key("late").inputs
    (given,) = plan.step_by_key("count").inputs
    (deep,) = plan.step_by_key("inner.same").inputs

    assert items.source.source_type == FROM_OUTPUTS
    assert [part.source_type for part in items.source.parts] == [FROM_OUTPUT, FROM_INPUT_VALUE, FROM_OUTPUT]
    assert [part.ref for part in items.source.parts] == [
        OutputRef("inner.same_2", "result"),
        None,
        OutputRef("zz", "result"),
    ]
    assert items.source.parts[1].value == "amount"
    assert (after.source.source_type, after.source.ref) == (NO_VALUE, OutputRef("count", "result"))
    assert (given.source.source_type, given.source.value) == (FROM_DEFAULT, 7)
    assert (deep.source.source_type, deep.source.ref, deep.source.manager_key) == (
        FROM_OUTPUT, OutputRef("zz", "result"), "io_manager"
    )  # fmt: skip


def test_config_is_settled() -> None:
    """The config is checked and has its defaults; it is optional if no entry is required."""
    late_one = op(name="late_one", config_schema={"m": Field(int, default_value=5)})(lambda context: None)

    assert _bound().step_by_key("count").config == {"n": 1, "m": 5}
    assert _plan(job(name="j")(lambda: (late_one(), None)[1]), {}).steps[0].config == {"m": 5}
    assert _plan(job(name="j")(lambda: (one(), None)[1]), {}).steps[0].config is None


@pytest.mark.parametrize(
    ("config", "kind", "value"),
    [({}, FROM_DEFAULT, 7), ({"inputs": {"n": {"value": 8}}}, FROM_CONFIG, {"value": 8})],
)
def test_config_of_inputs(config: Any, kind: int, value: Any) -> None:
    """The config of an input replaces its default."""
    given = {"ops": {"count": {"config": {"n": 1}, **config}}}
    (item,) = _plan(job(name="j")(lambda: (count(), None)[1]), given).steps[0].inputs

    assert (item.source.source_type, item.source.value) == (kind, value)


def test_inputs_of_the_top_graph_through_config() -> None:
    """An unbound input of the graph of the job reads its value from config."""
    part = (
        _plan(config={**CONFIG, "inputs": {"amount": {"value": 3}}})
        .step_by_key("late")
        .inputs[1]
        .source.parts[1]
    )
    assert (part.source_type, part.value) == (FROM_CONFIG, {"value": 3})


@pytest.mark.parametrize(
    ("op_policy", "node_policy", "job_policy", "expected"),
    [(1, 2, 3, 2), (1, None, 3, 1), (None, None, 3, 3), (None, None, None, None)],
)
def test_the_nearest_retry_policy(op_policy: Any, node_policy: Any, job_policy: Any, expected: Any) -> None:
    """The policy of the invocation is used, otherwise that of the op, otherwise that of the job."""

    def policy(count: int | None) -> RetryPolicy | None:
        return None if count is None else RetryPolicy(count)

    try_it = op(name="try_it", retry_policy=policy(op_policy))(lambda: 1)
    made = GraphDefinition(
        "g", node_defs=[try_it], dependencies={NodeInvocation("try_it", retry_policy=policy(node_policy)): {}}
    ).to_job(op_retry_policy=policy(job_policy))

    assert _plan(made, {}).steps[0].retry_policy == policy(expected)


def test_the_same_arguments_give_an_equal_plan() -> None:
    """Plans of equal definitions are equal too."""
    fresh = SHOP.with_changes()

    assert _bound() == _bound(made=fresh)
    assert hash(_bound()) == hash(_bound(made=fresh))
    assert _bound() != _bound(config={"ops": {"count": {"config": {"n": 2}}}})
    assert _bound() != _bound(config={**CONFIG, "loggers": {"console": {}}})
    assert _bound() != _bound(made=SHOP.with_hooks({success_hook(name="cheer")(lambda context: None)}))
    assert _bound() != _plan(config={**CONFIG, "inputs": {"amount": {"value": 3}}})
    assert _bound() != "a plan"


def test_values_never_stand_in_a_plan() -> None:
    """A plan has neither values of inputs nor of outputs, only the names of inputs."""
    secret = object()
    plan = _bound()
    shop.execute_in_process(run_config=CONFIG, input_values={"amount": secret})
    after = shop.compiled_job
    assert after is not None
    cached = [value for value in after.compiled.values() if isinstance(value, Plan)]

    for one_plan in [plan, *cached]:
        for step in one_plan.steps:
            for item in step.inputs:
                assert secret not in [item.source.value, *(part.value for part in item.source.parts)]


class Line(ConfigurableResource[Any]):
    """A resource that is nested in a pump."""

    url: str


class Pump(ConfigurableResource[Any]):
    """A resource with config and a nested resource with config."""

    name: str
    line: Line


def _defaults_from(variable: str) -> JobDefinition:
    """Return a job whose resource defaults read a variable: one nested, one in a tree."""
    plain = resource(config_schema=Field(StringSource, default_value={"env": variable}))(lambda context: 1)
    later = resource(required_resource_keys={"plain"})(lambda context: 1)
    pump = Pump(name=EnvVar(variable), line=Line(url=EnvVar(variable)))
    need = op(name="need", required_resource_keys={"later", "pump"})(lambda context: 1)
    resources = {"plain": plain, "later": later, "pump": pump}
    return job(name="j", resource_defs=resources)(lambda: (need(), None)[1])


def test_defaults_of_resources_come_from_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default of a resource reads the given environment, again for each plan."""
    monkeypatch.setenv("TAP", "of the process")
    made = _defaults_from("TAP")

    for tap in "xy":
        plan = _plan(made, {}, Surroundings({"TAP": tap}, 0.0))
        assert plan.resource_configs == {"plain": tap, "pump": {"name": tap}, "pump.line": {"url": tap}}
    with pytest.raises(DagflowInvalidConfigError, match='"TAP" which is not set'):
        _plan(made, {}, Surroundings({}, 0.0))


def test_a_nested_default_is_checked_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the path of the nested resource, and no run is created."""
    monkeypatch.delenv("TAP", raising=False)
    need = op(name="need", required_resource_keys={"pump"})(lambda context: 1)
    pump = Pump(name="p", line=Line(url=EnvVar("TAP")))
    made = job(name="j", resource_defs={"pump": pump})(lambda: (need(), None)[1])

    with DagflowInstance.ephemeral() as instance:
        with pytest.raises(DagflowInvalidConfigError, match=r"resource 'pump\.line'"):
            made.execute_in_process(instance=instance, raise_on_error=False)
        assert instance.get_runs() == []


def test_resources_that_only_reading_an_asset_starts() -> None:
    """The defaults of an I/O manager that loads an asset read the surroundings too."""
    schema = Field(StringSource, default_value={"env": "TAP"})
    tap = io_manager(config_schema=schema)(lambda context: None)
    source = SourceAsset("water", io_manager_key="tap")
    in_body = job(name="j", resource_defs={"tap": tap})(lambda: (same(source), None)[1])
    water = asset(name="water", io_manager_key="tap")(lambda: 1)
    tea = asset(name="tea")(lambda water: water)
    unselected = build_asset_job([water, tea], selection=["tea"], resources={"tap": tap})

    for made in (in_body, unselected):
        plan = _plan(made, {}, Surroundings({"TAP": "x"}, 0.0))
        assert (plan.resource_keys, plan.resource_configs) == (("io_manager", "tap"), {"tap": "x"})


def test_nothing_but_the_arguments_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler uses no clock, disk, thread, random number or environment."""
    daily = DailyPartitionsDefinition("2024-01-01")
    env = op(name="env", config_schema={"u": StringSource})(lambda context: None)
    days = asset(name="days", partitions_def=daily)(lambda: 1)
    total = asset(name="total")(lambda days: 1)
    jobs = [
        (SHOP.with_changes(), CONFIG, {"bound_inputs": frozenset({"amount"})}),
        (job(name="j")(lambda: (env(), None)[1]), {"ops": {"env": {"config": {"u": {"env": "HOME"}}}}}, {}),
        (_defaults_from("HOME"), {}, {}),
        (build_asset_job([days, total]), {}, {"partition_key": "2024-01-02"}),
        (build_asset_job([days, total]), {}, {}),
    ]
    _plan(job(name="warm")(lambda: (env(), None)[1]), {"ops": {"env": {"config": {"u": "x"}}}})
    build_asset_job([days]).partitions_def.get_partition_keys()  # what is imported on first use

    class Forbidden:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the environment was asked: {name}")

    def forbidden(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("something outside was asked")

    outside = [(time, "time"), (time, "monotonic"), (time, "perf_counter"), (time, "sleep"), (os, "urandom")]
    outside += [(os, "getenv"), (os, "stat"), (random, "random"), (random, "uniform"), (builtins, "open")]
    for module, name in outside:
        monkeypatch.setattr(module, name, forbidden)
    monkeypatch.setattr(threading.Thread, "start", forbidden)
    monkeypatch.setattr(os, "environ", Forbidden())

    plans = [compile_plan(made, config, NOON, **more) for made, config, more in jobs]

    monkeypatch.undo()
    assert [len(plan.steps) for plan in plans] == [5, 1, 1, 2, 2]
    assert plans[1].steps[0].config == {"u": "/"}


def test_a_plan_is_kept_where_nothing_of_the_run_is_in_it() -> None:
    """A plan is stored with the job, once for each set of bound inputs."""
    made = graph(name="g")(lambda n: same(n)).to_job()
    bound = frozenset({"n"})

    assert _plan(made, {}, bound_inputs=bound) is _plan(made, {}, bound_inputs=bound)


def test_a_plan_that_depends_on_the_time_is_not_kept() -> None:
    """A plan that reads all partitions so far is compiled for each run."""
    daily = DailyPartitionsDefinition("2024-01-01")
    made = build_asset_job(
        [asset(name="days", partitions_def=daily)(lambda: 1), asset(name="total")(lambda days: 1)]
    )

    def keys(now: float) -> Any:
        return compile_plan(made, {}, NOON._replace(now=now)).step_by_key("total").inputs[0].partition_keys

    assert keys(NOON.now) == ("2024-01-01", "2024-01-02")
    assert keys(NOON.now + 86400) == ("2024-01-01", "2024-01-02", "2024-01-03")


def _needing(*keys: str, **resources: Any) -> JobDefinition:
    need = op(name="need", required_resource_keys=set(keys))(lambda context: 1)
    return job(name="j", resource_defs=resources)(lambda: (need(), None)[1])


def _resource(*keys: str) -> Any:
    return resource(required_resource_keys=set(keys))(lambda context: 1)


def test_resources_that_are_needed_only() -> None:
    """A run starts the resources of ops and I/O managers, each after the resources that it needs."""
    made = _needing("a", a=_resource("z"), z=_resource("b"), b=5, spare=6)
    assert _plan(made, {}).resource_keys == ("b", "io_manager", "z", "a")


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (
            lambda: _needing("a"),
            DagflowInvalidDefinitionError,
            r"'a' required by op 'need' was not provided. No resource .* Give job 'j'.* at .*compile.py:\d+",
        ),
        (lambda: _needing("bb", bbb=1), DagflowInvalidDefinitionError, "Did you mean 'bbb'"),
        (
            lambda: _needing("a", a=_resource("b")),
            DagflowInvariantViolationError,
            "Resource with key 'b' required by resource with key 'a'",
        ),
        (
            lambda: _needing("a", a=_resource("b"), b=_resource("a")),
            DagflowInvariantViolationError,
            "in a cycle, 'a' -> 'b' -> 'a'",
        ),
        (lambda: _needing("a", a=_resource("a")), DagflowInvariantViolationError, "'a' -> 'a'"),
    ],
)
def test_resources_that_cannot_be(
    made: Callable[[], JobDefinition], error: type[Exception], message: str
) -> None:
    """Errors: a missing resource, one that another resource needs, a cycle."""
    with pytest.raises(error, match=message):
        _plan(made(), {})


@pytest.mark.parametrize(
    ("define", "what"),
    [
        (lambda: op(name="x", out=Out(io_manager_key="k"))(lambda: 1), "output 'result' of op 'x'"),
        (
            lambda: op(name="x", ins={"a": In(int, default_value=1, input_manager_key="k")})(lambda a: 1),
            "input 'a' of op 'x'",
        ),
    ],
)
def test_managers_are_resources_too(define: Any, what: str) -> None:
    """The error names the output or input with the missing I/O manager, also if the run does not use it."""
    made = define()

    with pytest.raises(DagflowInvalidDefinitionError, match=f"manager with key 'k' required by {what}"):
        _plan(_job_of(made), {})


def test_unused_resources_do_not_start() -> None:
    """The loader and the input manager of an input with a default are required, but do not start."""
    shelf = InMemoryIOManager()
    loader = dagflow_type_loader(config_schema=int, required_resource_keys={"l"})(lambda context, n: n)
    loaded = DagflowType(lambda context, value: True, "Loaded", loader=loader)
    made = op(
        name="x",
        ins={"a": In(default_value=1, input_manager_key="k"), "b": In(loaded, default_value=1)},
    )(lambda a, b: 1)

    assert _plan(_job_of(made, resource_defs={"k": shelf, "l": 2}), {}).resource_keys == ("io_manager",)
    for key in "kl":
        with pytest.raises(DagflowInvalidDefinitionError, match=f"with key '{key}' required by"):
            _plan(_job_of(made, resource_defs={other: shelf for other in "kl" if other != key}), {})


def _job_of(definition: Any, **arguments: Any) -> JobDefinition:
    return graph(name="g")(lambda: (definition(), None)[1]).to_job(**arguments)


def test_start_order_by_itself() -> None:
    """The order is sorted, has each resource once, and needed resources first."""
    definitions = {"a": _resource("c"), "b": _resource("c"), "c": _resource()}
    assert start_order(definitions, requirements_of(required_by("ba", "x")), "here") == ["c", "a", "b"]


def test_config_that_does_not_match() -> None:
    """The compiler raises for invalid config."""
    with pytest.raises(DagflowInvalidConfigError, match="root:ops:count:config:n"):
        _bound(config={"ops": {"count": {"config": {"n": "x"}}}})
    with pytest.raises(DagflowInvalidConfigError, match='"ops" at the root'):
        _bound(config={})


def test_the_same_op_many_times() -> None:
    """Steps of the same op share the description of its outputs."""
    made = job(name="j")(lambda: [one() for _ in range(3)] and None)
    first, second, third = _plan(made, {}).steps

    assert first.outputs[0] is second.outputs[0] is third.outputs[0]


def test_a_dependency_written_by_hand() -> None:
    """A graph of the constructor compiles like one of the decorator."""
    by_hand = GraphDefinition(
        "g", node_defs=[one, same], dependencies={"same": {"n": DependencyDefinition("one")}}
    )
    traced = graph(name="g")(lambda: (same(one()), None)[1])

    assert _plan(by_hand, {}) == _plan(traced, {})


def test_an_output_object_is_no_matter_of_the_plan() -> None:
    """The plan does not depend on the returned objects of ops."""
    wrong = op(name="wrong", out={"a": Out(), "b": Out()})(lambda: Output(1))
    assert len(_plan(job(name="j")(lambda: (wrong(), None)[1]), {}).steps) == 1


def test_types_may_need_resources() -> None:
    """Types of inputs and outputs can require resources; the error names a missing one."""
    read = DagflowType(lambda context, value: True, "Read", required_resource_keys={"r"})
    written = DagflowType(lambda context, value: True, "Written", required_resource_keys={"w"})
    typed = op(name="typed", ins={"n": In(read)}, out=Out(written))(lambda n: n)
    wired = graph(name="g")(lambda: (typed(one()), None)[1])

    assert _plan(wired.to_job(resource_defs={"r": 1, "w": 2}), {}).resource_keys == ("io_manager", "r", "w")
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'r' required by the type of input 'n' of op 'typed'"
    ):
        _plan(wired.to_job(resource_defs={"w": 1}), {})
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'w' required by the type of output 'result' of op 'typed'"
    ):
        _plan(wired.to_job(resource_defs={"r": 1}), {})
