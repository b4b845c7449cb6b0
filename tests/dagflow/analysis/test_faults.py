"""Tests of `FaultPlan`: each kind of fault happens in a run, and a fault that never fired says why."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagflow import (
    DagflowInstance,
    DynamicOut,
    DynamicOutput,
    In,
    Out,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    execute_job,
    fs_io_manager,
    graph,
    instance_for_test,
    job,
    materialize,
    materialize_to_memory,
    op,
    reconstructable,
    resource,
)
from dagflow.errors import (
    CheckError,
    DagflowResourceFunctionError,
    DagflowStepOutputNotFoundError,
    DagflowTypeCheckDidNotPass,
    DagflowUnmetExecutorRequirementsError,
)
from dagflow.testing import Fault, FaultPlan, VirtualClock, run_options


@asset
def beans() -> int:
    """Return a number."""
    return 1


@asset(retry_policy=RetryPolicy(max_retries=2))
def cup(beans: int) -> int:
    """Return a number made of the beans."""
    return beans + 1


@pytest.fixture(name="faults")
def _faults() -> Iterator[FaultPlan]:
    plan = FaultPlan()
    with run_options(faults=plan):
        yield plan


def run(**options: Any) -> Any:
    """Run both assets in memory, without raising."""
    return materialize_to_memory([beans, cup], raise_on_error=False, **options)


# kinds


def test_a_failure_is_retried_by_the_policy_of_the_step(faults: FaultPlan) -> None:
    """The error counts as one of the function, so the step is tried again."""
    faults.fail(cup, on_attempt=[1, 2], error=OSError("no cup"))

    with run_options(clock=VirtualClock()):
        result = run()

    assert result.retry_attempts_for_node("cup") == 2
    assert result.asset_value("cup") == 2
    assert faults.unfired() == []


def test_a_failure_of_every_attempt_fails_the_step(faults: FaultPlan) -> None:
    """The error of the fault is the error of the user."""
    faults.fail("beans", on_attempt=None, error=KeyError)

    with pytest.raises(KeyError):
        materialize_to_memory([beans, cup])


def test_a_late_failure_comes_after_the_effects_of_an_attempt(faults: FaultPlan) -> None:
    """The function ran and its output was stored before the attempt failed, and a retry does both again."""
    calls: list[int] = []

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def water() -> int:
        calls.append(1)
        return len(calls)

    faults.fail_late(water)
    result = materialize_to_memory([water])

    assert calls == [1, 1]
    assert result.asset_value("water") == 2
    assert len(result.asset_materializations_for_node("water")) == 2
    assert result.retry_attempts_for_node("water") == 1


def test_a_late_failure_without_a_retry_fails_the_step(faults: FaultPlan) -> None:
    """Its error is that of the fault, and nodes downstream do not run."""
    faults.fail_late("beans", error=OSError("the disk is full"))

    result = materialize_to_memory([beans, cup], raise_on_error=False)

    assert result.get_failed_step_keys() == {"beans"}
    assert not result.events_for_node("cup")


def test_a_delay_moves_a_virtual_clock(faults: FaultPlan) -> None:
    """No time passes on a virtual clock, and the events have later times."""
    faults.delay("cup", 3600)
    with run_options(clock=VirtualClock()) as options:
        events = run().all_events

    assert options.clock.sleeps == [3600]  # type: ignore[attr-defined]
    assert events[-1].timestamp - events[0].timestamp == 3600


def test_a_value_of_a_wrong_type_fails_the_type_check(faults: FaultPlan) -> None:
    """The declared type refuses the value."""
    faults.wrong_type("beans")

    with pytest.raises(DagflowTypeCheckDidNotPass, match="WrongValue"):
        materialize_to_memory([beans, cup])


def test_a_dropped_output_is_missing(faults: FaultPlan) -> None:
    """A required output is missed; without an optional one the steps downstream are skipped."""

    @op(out={"hot": Out(is_required=False), "cold": Out()})
    def split() -> Any:
        return 1, 2

    @op
    def drink(n: Any) -> Any:
        return n

    @job
    def cafe() -> None:
        drink(split().hot)

    faults.drop_output("split", "hot")
    result = cafe.execute_in_process()
    faults.clear()
    faults.drop_output("split", "cold")

    assert result.success
    assert result.is_node_skipped("drink")
    with pytest.raises(DagflowStepOutputNotFoundError, match="cold"):
        cafe.execute_in_process()
    assert faults.unfired() == []


@pytest.mark.parametrize("on", ["init", "teardown"])
def test_a_resource_fails(faults: FaultPlan, on: str) -> None:
    """The start of a resource fails the run. The stop fails after the resource is closed, which is logged."""
    closed = []

    @resource
    def db(context: Any) -> Iterator[int]:
        yield 1
        closed.append(1)

    @asset(required_resource_keys={"db"})
    def table() -> None:
        pass

    faults.resource_fails("db", on=on, error=OSError("no database"))
    if on == "init":
        with pytest.raises(DagflowResourceFunctionError, match=r"resource 'db'.*could not be.*no database"):
            materialize_to_memory([table], resources={"db": db})
    else:
        result = materialize_to_memory([table], resources={"db": db})
        assert any("no database" in str(event.event_specific_data) for event in result.all_events)

    assert closed == ([] if on == "init" else [1])
    assert faults.unfired() == []


def test_a_cut_write_keeps_the_old_value(faults: FaultPlan, tmp_path: Path) -> None:
    """The files of this package are replaced whole, so the value of the last run is still there."""
    values = iter([1, 2])

    @asset
    def stock() -> int:
        return next(values)

    io = {"io_manager": fs_io_manager.configured({"base_dir": str(tmp_path)})}
    materialize([stock], resources=io)
    faults.partial_write("stock")
    failed = materialize([stock], resources=io, raise_on_error=False)

    assert not failed.success
    assert faults.unfired() == []
    assert pickle.loads((tmp_path / "stock").read_bytes()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["stock"]


def test_a_cut_write_shows_a_manager_that_loses_the_old_value(faults: FaultPlan, tmp_path: Path) -> None:
    """A manager that writes in place leaves half of the new value."""
    from dagflow import IOManager

    class InPlace(IOManager):
        def handle_output(self, context: Any, obj: str) -> None:
            (tmp_path / "text").write_text(obj)

        def load_input(self, context: Any) -> str:
            return (tmp_path / "text").read_text()

    @asset
    def text() -> str:
        return "tea and milk"

    faults.partial_write("text")
    result = materialize([text], resources={"io_manager": InPlace()}, raise_on_error=False)

    assert not result.success
    assert (tmp_path / "text").read_text() == "tea an"


def test_a_manager_without_files_is_reported(faults: FaultPlan) -> None:
    """A write that cannot be cut is no silent success."""
    from dagflow import InMemoryIOManager

    faults.partial_write("beans")
    materialize([beans], resources={"io_manager": InMemoryIOManager()})

    assert faults.unfired() == [
        "partial_write('beans') never fired: the I/O manager 'io_manager' wrote no file by Python's open() "
        "while it stored output 'result', so no write was cut"
    ]


def test_an_output_is_stored_twice(faults: FaultPlan) -> None:
    """The asset has two materializations, and the consumer reads one value."""
    faults.duplicate("beans")
    result = run()

    assert len(result.asset_materializations_for_node("beans")) == 2
    assert result.asset_value("cup") == 2


@pytest.mark.parametrize("function", [materialize, materialize_to_memory])
def test_a_stale_input_is_the_value_of_the_run_before(faults: FaultPlan, function: Any) -> None:
    """The values of earlier runs are kept from the first run on, also before the fault is added."""
    values = iter([10, 20, 30])

    @asset
    def stock() -> int:
        return next(values)

    @asset
    def report(stock: int) -> int:
        return stock

    with DagflowInstance.ephemeral() as instance:
        function([stock, report], instance=instance)
        faults.stale_input("report", "stock")
        result = function([stock, report], instance=instance)

    assert result.asset_value("stock") == 20
    assert result.asset_value("report") == 10
    assert faults.unfired() == []


def test_a_stale_input_is_read_from_the_storage(tmp_path: Path) -> None:
    """The plan need not have seen the run that stored the value."""
    values = iter([10, 20])

    @asset
    def stock() -> int:
        return next(values)

    @asset
    def report(stock: int) -> int:
        return stock

    io = {"io_manager": fs_io_manager.configured({"base_dir": str(tmp_path)})}
    materialize([stock, report], resources=io)
    faults = FaultPlan([Fault("stale_input", "report")])
    with run_options(faults=faults):
        result = materialize([stock, report], resources=io)

    assert result.asset_value("report") == 10
    assert faults.unfired() == []


def test_a_corrupt_input_keeps_its_type(faults: FaultPlan) -> None:
    """Plain values are changed by a rule, others by the value that the test gives."""
    faults.corrupt_input("cup")
    assert run().asset_value("cup") == -1

    faults.clear()
    faults.corrupt_input("cup", value="many")
    assert "expected type" in str(run().failure_data_for_node("cup").error.message)


# choice of attempts


def test_a_mapping_key_chooses_one_mapped_step(faults: FaultPlan) -> None:
    """Only the step of this key fails, and only the value of this key is dropped."""

    @op(out=DynamicOut())
    def cups() -> Iterator[DynamicOutput[int]]:
        for key in "abc":
            yield DynamicOutput(1, key)

    @op
    def fill(n: int) -> int:
        return n

    @job
    def cafe() -> None:
        cups().map(fill)

    faults.fail("fill", mapping_key="b")
    faults.drop_output("cups", mapping_key="c")
    result = cafe.execute_in_process(raise_on_error=False)

    assert result.get_failed_step_keys() == {"fill[b]"}
    assert result.output_for_node("cups") == {"a": 1, "b": 1}
    assert faults.unfired() == []

    faults.fail("fill[z]")
    cafe.execute_in_process(raise_on_error=False)
    assert "ran for the mapping keys 'a', 'b'" in faults.unfired()[0]


def test_a_partition_chooses_runs(faults: FaultPlan) -> None:
    """The run of another partition has no fault."""

    @asset(partitions_def=StaticPartitionsDefinition(["x", "y"]))
    def table() -> int:
        return 1

    faults.fail("table", partition="y")

    assert materialize_to_memory([table], partition_key="x").success
    assert faults.unfired()[0].endswith("the runs were for 'x', never for 'y'")
    assert not materialize_to_memory([table], partition_key="y", raise_on_error=False).success
    assert faults.unfired() == []


def test_a_seed_always_chooses_the_same_attempts() -> None:
    """A probability chooses some runs, by the seed alone."""

    def failures(seed: int) -> list[bool]:
        plan = FaultPlan([Fault("fail", "beans", probability=0.5, seed=seed)])
        with run_options(faults=plan):
            return [not materialize_to_memory([beans], raise_on_error=False).success for _ in range(20)]

    assert failures(1) == failures(1)
    assert failures(1) != failures(2)
    assert 0 < sum(failures(1)) < 20


def test_nodes_are_named_by_step_asset_or_op(faults: FaultPlan) -> None:
    """A step key wins over the name of an op that several nodes have."""

    @op
    def grind() -> int:
        return 1

    @graph
    def machine() -> int:
        return grind()  # type: ignore[no-any-return]

    @job
    def cafe() -> None:
        machine()
        grind.alias("by_hand")()

    faults.fail("machine.grind")
    assert cafe.execute_in_process(raise_on_error=False).get_failed_step_keys() == {"machine.grind"}
    faults.clear()
    faults.fail(grind)
    failed = cafe.execute_in_process(raise_on_error=False).get_failed_step_keys()
    assert failed == {"machine.grind", "by_hand"}


# reasons


@pytest.mark.parametrize(
    ("add", "reason"),
    [
        (lambda faults: faults.fail("beens"), "no run had a node 'beens'. Did you mean 'beans'?"),
        (lambda faults: faults.fail("cup", on_attempt=3), "never reached attempt 3, its last one was 1"),
        (lambda faults: faults.resource_fails("io_mnager"), "Did you mean 'io_manager'?"),
        (lambda faults: faults.stale_input("cup"), "run it twice"),
        (lambda faults: faults.fail("cup", probability=1e-9), "did not choose the only attempt"),
    ],
)
def test_a_fault_that_never_fired_says_why(
    faults: FaultPlan, add: Callable[[FaultPlan], Fault], reason: str
) -> None:
    """The message names the fault and the reason."""
    fault = add(faults)
    run()

    (message,) = faults.unfired()
    assert message.startswith(f"{fault.describe()} never fired: ")
    assert reason in message


def test_a_node_that_did_not_run_is_a_reason(faults: FaultPlan) -> None:
    """A fault behind another fault does not fire; without a run none does."""
    faults.fail("cup")
    assert faults.unfired() == ["fail('cup') never fired: no run started"]
    faults.fail("beans")
    run()

    assert faults.unfired() == [
        "fail('cup') never fired: 'cup' did not run: a step before it failed or gave no output"
    ]


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda faults: faults.hang("cup"), "the process of the test, which would hang too"),
        (lambda faults: faults.crash("cup"), "Run the job with the multiprocess or the dask executor"),
        (lambda faults: faults.fail("cup", mapping_key="a"), "has no mapping key"),
        (lambda faults: faults.corrupt_input("cup", "beens"), "Did you mean 'beans'?"),
        (lambda faults: faults.corrupt_input("beans"), "has no input"),
        (lambda faults: faults.drop_output("cup", "x"), "It has 'result'"),
        (lambda faults: faults.partial_write("cup"), "nothing is written"),
    ],
)
def test_a_fault_that_a_step_cannot_have_is_refused(
    faults: FaultPlan, add: Callable[[FaultPlan], Fault], message: str
) -> None:
    """The run is refused before its first event, and the fault is not reported twice."""
    add(faults)

    with pytest.raises(CheckError) as caught:
        run()
    assert message in str(caught.value)
    assert faults.unfired() == []


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (lambda faults: faults.fail("cup", on_attempt=0), "'on_attempt' must be the number"),
        (lambda faults: faults.fail("cup", on_attempt=[]), "'on_attempt' is empty"),
        (lambda faults: faults.fail("cup", error="no"), "'error' must be an exception"),
        (lambda faults: faults.fail("cup", probability=0), "above 0 and at most 1"),
        (lambda faults: faults.fail("cup", partitoin="x"), "Did you mean 'partition'?"),
        (lambda faults: faults.fail(3), "needs the name of an op"),
        (lambda faults: faults.delay("cup", -1), "must not be negative"),
        (lambda faults: faults.resource_fails("db", on="stop"), "'init' or 'teardown'"),
        (lambda faults: faults.resource_fails(""), "needs the key of a resource"),
        (lambda faults: faults.add(Fault("fails", "cup")), "Did you mean 'fail'?"),
        (lambda faults: faults.add("fail"), "needs a Fault"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(
    faults: FaultPlan, add: Callable[[FaultPlan], Fault], message: str
) -> None:
    """The error names the fault and the argument."""
    with pytest.raises(CheckError) as caught:
        add(faults)
    assert message in str(caught.value)


def test_a_fault_is_a_plain_value() -> None:
    """Faults are compared by their fields, and survive pickle."""
    fault = Fault("delay", "brew", None, seconds=2.5, mapping_key="a", probability=0.5, seed=3)

    assert pickle.loads(pickle.dumps(fault)) == fault
    assert fault.describe() == "delay('brew', 2.5, on_attempt=None, mapping_key='a', probability=0.5, seed=3)"


# processes


@op(out=Out(io_manager_key="io_manager"))
def grind() -> int:
    """Return a number."""
    return 1


@op(retry_policy=RetryPolicy(max_retries=1), ins={"n": In(int)}, tags={"dagflow/step_timeout": "2"})
def brew(n: int) -> int:
    """Return the next number."""
    return n + 1


@job
def kitchen() -> None:
    """Brew what was ground, each step in its own process."""
    brew(grind())


def test_faults_reach_the_processes_of_steps() -> None:
    """A crash, a failure and a corrupt input happen in the process of their step, and are reported."""
    faults = FaultPlan()
    faults.crash("brew")
    faults.corrupt_input("brew", on_attempt=2)
    faults.fail("grind", on_attempt=2)
    with (
        instance_for_test() as instance,
        run_options(faults=faults, clock=VirtualClock()),
        execute_job(reconstructable(kitchen), instance) as result,
    ):
        assert result.success
        assert result.output_for_node("brew") == -1
        assert result.retry_attempts_for_node("brew") == 1

    (message,) = faults.unfired()
    assert message.startswith("fail('grind', on_attempt=2) never fired: 'grind' never reached attempt 2")


def test_a_resource_fails_in_a_process() -> None:
    """The step of the process fails, because its resources do not start."""
    faults = FaultPlan([Fault("resource_fails", resource="io_manager")])
    with instance_for_test() as instance, run_options(faults=faults):
        result = execute_job(reconstructable(kitchen), instance)

    assert not result.success
    assert faults.unfired() == []


def test_a_step_that_hangs_is_ended_by_its_time_limit() -> None:
    """The attempt is killed, and the next one succeeds. A step without a limit is refused."""
    faults = FaultPlan([Fault("hang", "brew")])
    with instance_for_test() as instance, run_options(faults=faults, clock=VirtualClock()):
        result = execute_job(reconstructable(kitchen), instance)
        assert result.success
        assert result.retry_attempts_for_node("brew") == 1
        assert faults.unfired() == []

        faults.hang("grind")
        with pytest.raises(CheckError, match="has no time limit"):
            execute_job(reconstructable(kitchen), instance)


def test_faults_that_cannot_be_pickled_are_refused() -> None:
    """The error of a fault must be a class that another process can import."""

    class Local(Exception):
        pass

    faults = FaultPlan([Fault("fail", "brew", error=Local())])
    with (
        instance_for_test() as instance,
        run_options(faults=faults),
        pytest.raises(DagflowUnmetExecutorRequirementsError, match="faults of the run cannot be sent"),
    ):
        execute_job(reconstructable(kitchen), instance)
