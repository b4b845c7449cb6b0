"""`JobExecutionResult`: outputs are loaded by their I/O managers, in a `with` block."""

from __future__ import annotations

from typing import Any

import pytest
from run_jobs import branch, silent

from dagflow import (
    DagflowInstance,
    DynamicOut,
    DynamicOutput,
    IOManager,
    JobExecutionResult,
    MaterializeResult,
    asset,
    execute_job,
    fs_io_manager,
    graph,
    in_process_executor,
    instance_for_test,
    job,
    mem_io_manager,
    op,
    reconstructable,
    resource,
)
from dagflow.defs.jobs.asset_job import build_asset_job
from dagflow.errors import (
    CheckError,
    DagflowInvariantViolationError,
    DagflowResourceFunctionError,
)

happened: list[str] = []
broken: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_happened():
    happened.clear()
    broken.clear()


@resource
def inner(_):
    happened.append("start inner")
    yield 1
    happened.append("stop inner")
    if "stop" in broken:
        raise OSError("stop")


@resource(required_resource_keys={"inner"})
def outer(_):
    if "start" in broken:
        raise OSError("start")
    happened.append("start outer")
    yield 2
    happened.append("stop outer")


class Shelf(IOManager):
    """An I/O manager that notes its loads with their upstream outputs."""

    values: dict[Any, Any] = {}  # noqa: RUF012 - what the class itself keeps

    def handle_output(self, context, obj):
        self.values[tuple(context.get_identifier())] = obj

    def load_input(self, context):
        if "load" in broken:
            raise OSError("load")
        happened.append(f"load {context.name} of {context.upstream_output.step_key}")
        return self.values[tuple(context.upstream_output.get_identifier())]


@op(required_resource_keys={"outer"})
def one() -> int:
    return 1


@op
def plain() -> int:
    return 1


@op
def add(n: int) -> int:
    return n + 1


@op
def bad() -> int:
    raise ValueError


@op(out=DynamicOut())
def cups() -> Any:
    yield DynamicOutput(1, "b")
    yield DynamicOutput(2, "a")


@graph
def doubled(n):
    return add.alias("second")(add.alias("first")(n))


@graph
def whole():
    return doubled(one())


@job(
    executor_def=in_process_executor,
    resource_defs={"inner": inner, "outer": outer, "io_manager": Shelf()},
)
def shelved() -> None:
    doubled(one())
    silent()
    bad()
    branch()
    cups().map(add.alias("each"))


def with_output() -> Any:
    return whole.to_job(executor_def=in_process_executor, resource_defs={"inner": inner, "outer": outer})


@job(executor_def=in_process_executor, resource_defs={"io_manager": mem_io_manager})
def in_memory() -> None:
    add(plain())
    cups().map(add.alias("each"))


@asset
def water() -> int:
    return 5


@asset
def note() -> Any:
    return MaterializeResult()


def drinks() -> Any:
    made = build_asset_job([water, note], name="drinks", resources={"io_manager": fs_io_manager})
    return made.with_executor_def(in_process_executor)


def run(target: Any, instance: DagflowInstance) -> JobExecutionResult:
    """Return the result of a run, and clear the notes about it."""
    result = execute_job(reconstructable(target), instance)
    happened.clear()
    return result


def test_outputs(instance):
    """Outputs of ops, of graphs, of dynamic outputs and without a value can be read."""
    with run(shelved, instance) as result:
        assert result.output_for_node("one") == 1
        assert result.output_for_node("doubled.first") == 2
        assert result.output_for_node("doubled") == 3
        assert result.output_for_node("branch", "yes") == 1
        assert result.output_for_node("silent") is None
        assert result.output_for_node("cups") == {"b": 1, "a": 2}
        assert result.output_for_node("each") == {"b": 2, "a": 3}


def test_output_value(instance):
    """The output of the whole graph is read through its output mapping."""
    with run(with_output, instance) as result:
        assert result.output_value() == 3


def test_assets(instance):
    """The value of an asset is loaded; an asset that was materialized without a value has none."""
    with run(drinks, instance) as result:
        assert result.asset_value("water") == 5
        with pytest.raises(DagflowInvariantViolationError, match=r"No outputs found .* 'note'"):
            result.asset_value("note")
        with pytest.raises(CheckError, match="'milk'"):
            result.asset_value("milk")


def test_only_what_is_asked_for_is_loaded(instance):
    """A value is loaded at each access, by the I/O manager that stored it."""
    with run(shelved, instance) as result:
        happened.clear()
        result.output_for_node("each")
        result.output_for_node("one")
        result.output_for_node("one")

    assert happened[:4] == ["load result of each[b]", "load result of each[a]", *["load result of one"] * 2]


@pytest.mark.parametrize(
    ("node", "output", "kind"),
    [
        ("zz", "result", DagflowInvariantViolationError),
        ("one", "zz", DagflowInvariantViolationError),
        ("bad", "result", DagflowInvariantViolationError),
        ("branch", "no", DagflowInvariantViolationError),
        ("doubled", "zz", CheckError),
    ],
)
def test_what_has_no_value(instance, node, output, kind):
    """Unknown, failed and missing outputs have no value."""
    with run(shelved, instance) as result, pytest.raises(kind, match=node if output == "result" else output):
        result.output_for_node(node, output)


def test_a_closed_result(instance):
    """Outside of the block values cannot be read; everything else can."""
    result = run(shelved, instance)

    for _ in range(2):
        with pytest.raises(DagflowInvariantViolationError, match="must be opened as a context manager"):
            result.output_for_node("one")
        assert result.is_node_success("one")
        assert result.job_def is shelved
        with result:
            pass


def test_resources(instance):
    """Resources start in the order of their needs and stop in reverse, without events."""
    result = run(shelved, instance)
    before = len(result.all_events)

    with result:
        assert happened == ["start inner", "start outer"]
    with result:
        assert result.output_for_node("one") == 1

    assert happened[:4] == ["start inner", "start outer", "stop outer", "stop inner"]
    assert len(instance.all_logs(result.run_id)) >= before
    assert [event.event_type.name for event in result.all_events].count("RESOURCE_INIT_STARTED") == 1


def test_opened_twice(instance):
    """A result can be open once at a time."""
    result = run(shelved, instance)
    with result, pytest.raises(DagflowInvariantViolationError, match="'shelved' was opened twice"):
        result.__enter__()


def test_a_resource_that_does_not_start(instance):
    """The error of a resource is raised at the start of the block, and started resources are stopped."""
    result = run(shelved, instance)
    broken.append("start")

    with pytest.raises(DagflowResourceFunctionError, match="'outer'"):
        result.__enter__()

    assert happened == ["start inner", "stop inner"]
    with pytest.raises(DagflowInvariantViolationError, match="must be opened"):
        result.output_for_node("one")


def test_a_resource_that_does_not_stop(instance):
    """The error of a teardown is raised at the end of the block."""
    result = run(shelved, instance)
    broken.append("stop")

    with pytest.raises(OSError, match="stop"), result:
        pass


def test_an_io_manager_that_does_not_load(instance):
    """The error of the I/O manager is raised unchanged."""
    broken.append("load")

    with run(shelved, instance) as result, pytest.raises(OSError, match="load"):
        result.output_for_node("one")


def test_values_in_memory(instance):
    """Values of I/O managers in memory can be read after a run in this process."""
    with run(in_memory, instance) as result:
        assert result.output_for_node("add") == 2
        assert result.output_for_node("each") == {"b": 2, "a": 3}
        assert result.inputs_for_step("add") == {"n": 1}


def test_the_run():
    """The run has its final status, even if its instance is deleted."""
    with instance_for_test() as instance:
        result = run(in_memory, instance)
        instance.add_run_tags(result.run_id, {"seen": "yes"})

    assert result.dagflow_run.is_success
    assert result.dagflow_run.tags == {}
