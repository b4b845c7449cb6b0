"""`execute_job`: the executor of a run, errors before the run, and the stored run."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from run_jobs import drinks, one, two

from dagflow import (
    AssetKey,
    DagflowEventType,
    DagflowRunStatus,
    Executor,
    ExecutorRequirement,
    Failure,
    InMemoryIOManager,
    InProcessExecutor,
    Nothing,
    Out,
    ReexecutionOptions,
    RetryPolicy,
    RetryRequested,
    define_asset_job,
    execute_job,
    executor,
    in_process_executor,
    job,
    mem_io_manager,
    op,
    reconstructable,
    resource,
    static_partitioned_config,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowResourceFunctionError,
    DagflowUnknownPartitionError,
    DagflowUnmetExecutorRequirementsError,
    ParameterCheckError,
)
from dagflow.events.data import ErrorSource, RunFailureReason
from dagflow.testing import observe_runs, run_options

IN_PROCESS = {"execution": {"config": {"in_process": {}}}}


@op
def bad() -> int:
    raise ValueError("theirs")


@job(executor_def=in_process_executor, tags={"kind": "chain"})
def chain() -> None:
    two(one())


@job(executor_def=in_process_executor)
def mess() -> None:
    two(bad())
    one()


@job
def either() -> None:
    two(one())


def test_in_process(instance, sequence):
    """An in-process run stores the same events as `execute_in_process`."""
    result = execute_job(reconstructable(chain), instance)

    assert result.success
    assert sequence(result) == sequence(chain.execute_in_process())
    run = instance.get_run_by_id(result.run_id)
    assert run == result.dagflow_run
    assert (run.status, run.tags) == (DagflowRunStatus.SUCCESS, {"kind": "chain"})
    assert (run.op_selection, run.asset_selection, run.parent_run_id) == (None, None, None)
    assert run.step_keys_to_execute == ["one", "two"]


def test_the_run_config_chooses_the_executor(instance):
    """The run config can select the in-process part of the default executor."""
    result = execute_job(reconstructable(either), instance, IN_PROCESS)

    assert result.success
    assert {event.pid for event in result.all_events} == {os.getpid()}
    assert result.dagflow_run.run_config == IN_PROCESS


def test_a_failure(instance):
    """By default a failure is in the result, and independent steps run."""
    result = execute_job(reconstructable(mess), instance)

    assert not result.success
    assert result.get_failed_step_keys() == {"bad"}
    assert result.is_node_success("one")
    assert instance.get_run_by_id(result.run_id).status is DagflowRunStatus.FAILURE


def test_a_failure_is_raised(instance):
    """With raise_on_error the user's own error is raised, no further step runs, and the run is stored."""
    with pytest.raises(ValueError, match="theirs"):
        execute_job(reconstructable(mess), instance, raise_on_error=True)

    (run,) = instance.get_runs()
    assert run.is_failure
    kinds = [entry.dagflow_event.event_type.name for entry in instance.all_logs(run.run_id)]
    assert kinds[-2:] == ["STEP_FAILURE", "RUN_FAILURE"]


@resource
def broken(_):
    raise ValueError("theirs")


@job(resource_defs={"io_manager": broken}, executor_def=in_process_executor)
def without_resource() -> None:
    one()


def test_a_resource_that_fails(instance):
    """A resource that does not start fails the run; the error is raised with raise_on_error."""
    assert not execute_job(reconstructable(without_resource), instance).success
    with pytest.raises(DagflowResourceFunctionError):
        execute_job(reconstructable(without_resource), instance, raise_on_error=True)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            {"job": chain},
            ParameterCheckError,
            r"'job' of execute_job must .*\. Wrap it: execute_job\(reconstructable\(chain\), ",
        ),
        ({"instance": None}, ParameterCheckError, "'instance'"),
        ({"raise_on_error": 1}, ParameterCheckError, "'raise_on_error'"),
        ({"reexecution_options": "x"}, ParameterCheckError, "'reexecution_options'"),
        ({"op_selection": "one"}, ParameterCheckError, "'op_selection' must be a list of strings, not 'one'"),
        ({"op_selection": ["onee"]}, DagflowInvalidSubsetError, r"No qualified .*op_selection=\['onee'\]"),
        ({"op_selection": ["one"], "asset_selection": ["a"]}, CheckError, "both 'op_selection' and"),
        ({"asset_selection": ["a"]}, DagflowInvalidSubsetError, "'a'"),
        ({"run_config": {"ops": {"three": {}}}}, DagflowInvalidConfigError, "three"),
        ({"run_config": {"execution": {"config": {"retries": 5}}}}, DagflowInvalidConfigError, "retries"),
        ({"tags": {"a": object()}}, DagflowInvalidDefinitionError, "'a'"),
    ],
)
def test_what_is_refused_before_a_run(instance, arguments, kind, message):
    """An invalid argument is always raised, and no run is stored."""
    with pytest.raises(kind, match=message):
        execute_job(**{"job": reconstructable(chain), "instance": instance, **arguments})

    assert instance.get_runs_count() == 0


def test_tags(instance):
    """Tags of the call replace those of the job."""
    result = execute_job(reconstructable(chain), instance, tags={"kind": "other", "n": 5})

    assert result.dagflow_run.tags == {"kind": "other", "n": "5"}


def test_a_selection_of_ops(instance):
    """The run has the selection as given and as a set, and the selected step keys."""
    result = execute_job(reconstructable(chain), instance, op_selection=["*two"])
    part = execute_job(reconstructable(chain), instance, op_selection=["one"])

    run = result.dagflow_run
    assert (run.op_selection, run.resolved_op_selection) == (["*two"], {"*two"})
    assert run.step_keys_to_execute == ["one", "two"]
    assert part.dagflow_run.step_keys_to_execute == ["one"]
    assert part.job_def.name == "chain"


def test_a_selection_of_the_pointer(instance):
    """A subset of a reconstructable job runs, unless the call has another selection."""
    part = reconstructable(chain).get_subset(op_selection=["one"])

    assert execute_job(part, instance).dagflow_run.op_selection == ["one"]
    again = execute_job(part, instance, op_selection=["*two"])
    assert again.dagflow_run.step_keys_to_execute == ["one", "two"]


def test_a_selection_of_assets(instance):
    """The run has the keys; only the selected assets are planned and materialized."""
    result = execute_job(reconstructable(drinks), instance, asset_selection=[AssetKey("water")])

    assert result.dagflow_run.asset_selection == {AssetKey("water")}
    assert [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()] == [
        "water"
    ]
    planned = instance.all_logs(result.run_id, DagflowEventType.ASSET_MATERIALIZATION_PLANNED)
    assert [entry.step_key for entry in planned] == ["water"]


@op(config_schema=str)
def says(context) -> Any:
    return context.partition_key, context.op_config


@static_partitioned_config(["north", "south"])
def by_region(key):
    return {"ops": {"says": {"config": key}}}


@job(config=by_region, executor_def=in_process_executor)
def regional() -> None:
    says()


def test_a_partition(instance):
    """The partition tag, in either spelling, selects the partition and its config."""
    for tag in ("dagflow/partition", "dagster/partition"):
        with execute_job(reconstructable(regional), instance, tags={tag: "north"}) as result:
            assert result.output_for_node("says") == ("north", "north")
        assert result.dagflow_run.tags == {tag: "north"}
    given = {"ops": {"says": {"config": "given"}}}
    tags = {"dagflow/partition": "south"}
    with execute_job(reconstructable(regional), instance, given, tags) as result:
        assert result.output_for_node("says") == ("south", "given")


def test_an_unknown_partition(instance):
    """An unknown partition is an error; a job without partitions ignores the tag."""
    with pytest.raises(DagflowUnknownPartitionError, match="'west'"):
        execute_job(reconstructable(regional), instance, tags={"dagflow/partition": "west"})
    assert execute_job(reconstructable(chain), instance, tags={"dagflow/partition": "west"}).success


@job(input_values={"n": object()}, executor_def=in_process_executor)
def with_input(n) -> None:
    @op
    def same(x):
        return x

    same(n)


def test_input_values(instance):
    """The input values of the job are used, whatever their type."""
    assert execute_job(reconstructable(with_input), instance).success


# retries


@op(retry_policy=RetryPolicy(max_retries=2))
def tries() -> None:
    raise ValueError("theirs")


@op
def asks() -> None:
    raise RetryRequested(max_retries=2)


@op(retry_policy=RetryPolicy(max_retries=2))
def gives_up() -> None:
    raise Failure("theirs")


@job(executor_def=in_process_executor)
def retried() -> None:
    tries()
    asks()
    gives_up()


NO_RETRIES = {"execution": {"config": {"retries": {"disabled": {}}}}}


def test_retries_disabled(instance):
    """With disabled retries a requested retry fails the step at once; the error has the reason."""
    result = execute_job(reconstructable(retried), instance, NO_RETRIES)

    found = {event.step_key: event.step_failure_data for event in result.get_step_failure_events()}
    errors = {key: (data.error.cls_name, data.error.cause) for key, data in found.items()}
    assert {data.error.message for data in found.values()} == {"RetryRequested but retries are disabled"}
    assert {data.error_source for data in found.values()} == {ErrorSource.FRAMEWORK_ERROR}
    assert errors["asks"] == ("RetryRequested", None)
    assert errors["tries"][0] == "RetryRequestedFromPolicy"
    assert errors["tries"][1].cls_name == "ValueError"
    assert found["gives_up"].user_failure_data.description == "theirs"
    assert result.retry_attempts_for_node("tries") == 0


def test_retries_disabled_and_raised(instance):
    """With raise_on_error the user's own error is raised."""
    with pytest.raises(ValueError, match="theirs"):
        execute_job(
            reconstructable(retried), instance, NO_RETRIES, op_selection=["tries"], raise_on_error=True
        )


def test_retries_enabled(instance):
    """By default steps are retried."""
    result = execute_job(reconstructable(retried), instance)

    assert {result.retry_attempts_for_node(name) for name in ("tries", "asks", "gives_up")} == {2}


# executors


@executor(config_schema={"say": str})
def custom(context):
    seen.append((context.executor_config, context.job.name, context.executor_def.name, context.instance))
    return InProcessExecutor(retries=False)


seen: list[Any] = []


@executor
def raising(context):
    raise ValueError("theirs")


@executor
def nothing(context):
    return None


@executor(config_schema=str)
def of_text(context):
    return InProcessExecutor()


@executor(requirements=[ExecutorRequirement.NON_EPHEMERAL_INSTANCE])
def demanding(context):
    return InProcessExecutor()


@executor(requirements=[ExecutorRequirement.PERSISTENT_OUTPUTS])
def far_away(context):
    return InProcessExecutor()


@executor
def abstract(context):
    return Executor()


@op(tags={"dagflow/step_timeout": 2.5})
def slow() -> None: ...


@job(executor_def=custom)
def customized() -> None:
    tries()


@job(executor_def=raising)
def badly_made() -> None:
    one()


@job(executor_def=nothing)
def not_made() -> None:
    one()


@job(executor_def=abstract)
def half_made() -> None:
    one()


@job(executor_def=of_text)
def told_text() -> None:
    one()


@job(executor_def=demanding)
def demands() -> None:
    one()


@job(executor_def=far_away, resource_defs={"io_manager": mem_io_manager})
def in_memory() -> None:
    one()


@job(resource_defs={"io_manager": InMemoryIOManager()})
def in_an_object() -> None:
    one()


@op(out=Out(Nothing))
def silent() -> None: ...


@job(executor_def=far_away, resource_defs={"io_manager": mem_io_manager})
def without_values() -> None:
    silent()


@job(executor_def=in_process_executor)
def timed() -> None:
    slow()
    one()


def test_a_custom_executor(instance):
    """Its function gets the checked config, the job, the definition and the instance, and returns an
    executor.
    """
    seen.clear()

    result = execute_job(reconstructable(customized), instance, {"execution": {"config": {"say": "hello"}}})

    assert seen == [({"say": "hello"}, "customized", "custom", instance)]
    assert result.retry_attempts_for_node("tries") == 0


def test_a_custom_executor_without_its_config(instance):
    """The required config of an executor is checked as any other config."""
    with pytest.raises(DagflowInvalidConfigError, match="say"):
        execute_job(reconstructable(customized), instance)
    with pytest.raises(ParameterCheckError, match=r"'executor_config' of executor 'of_text'.*'hello'"):
        execute_job(reconstructable(told_text), instance, {"execution": {"config": "hello"}})


@pytest.mark.parametrize(
    ("broken_job", "kind", "message"),
    [
        (badly_made, ValueError, "theirs"),
        (not_made, DagflowInvariantViolationError, "executor 'nothing' returned None.*InProcessExecutor"),
        (half_made, DagflowInvariantViolationError, "executor 'abstract' returned <Executor>"),
        (demands, DagflowUnmetExecutorRequirementsError, "'demanding' of job 'demands'.*ephemeral.*Use one"),
        (either, DagflowUnmetExecutorRequirementsError, "'multi_or_in_process_executor' of job 'either'"),
    ],
)
def test_an_executor_that_cannot_be_made(instance, broken_job, kind, message):
    """The run fails before its first step with one event, which is raised with raise_on_error."""
    result = execute_job(reconstructable(broken_job), instance)

    assert not result.success
    (entry,) = instance.all_logs(result.run_id)
    data = entry.dagflow_event.job_failure_data
    assert data.failure_reason is RunFailureReason.JOB_INITIALIZATION_FAILURE
    assert data.error.cls_name == kind.__name__
    assert f'initialization for job "{broken_job.name}"' in entry.message
    with pytest.raises(kind, match=message):
        execute_job(reconstructable(broken_job), instance, raise_on_error=True)
    assert [run.status.name for run in instance.get_runs()] == ["FAILURE", "FAILURE"]


@pytest.mark.parametrize("kept", [in_memory, in_an_object])
def test_outputs_in_memory(instance, kept):
    """An I/O manager in memory is an error if other processes must read the output."""
    with pytest.raises(
        DagflowUnmetExecutorRequirementsError, match=r"output 'result' of step 'one'.*'io_man"
    ):
        execute_job(reconstructable(kept), instance)

    assert instance.get_runs_count() == 0


def test_outputs_of_type_nothing(instance):
    """Outputs without a value can have an I/O manager in memory."""
    assert execute_job(reconstructable(without_values), instance).success


def test_a_time_limit(instance):
    """A step with a time limit cannot run in this process, unless the step is not selected."""
    with pytest.raises(
        DagflowUnmetExecutorRequirementsError, match=r"'slow'.*2.5 seconds.*multiprocess_exec"
    ):
        execute_job(reconstructable(timed), instance)
    with pytest.raises(DagflowUnmetExecutorRequirementsError, match=r"'slow'.*dask_executor"):
        timed.execute_in_process()
    assert instance.get_runs_count() == 0
    assert execute_job(reconstructable(timed), instance, op_selection=["one"]).success


# around a run


def test_observers(instance):
    """An observer of runs gets the result, even if the failure is raised."""
    results = []
    with observe_runs(results.append), pytest.raises(ValueError, match="theirs"):
        execute_job(reconstructable(mess), instance, raise_on_error=True)

    assert [result.success for result in results] == [False]
    assert results[0].inputs_for_step("two") == {}


def test_given_values(instance):
    """Given values replace outputs, and are in the result."""
    with run_options(given={"one": 5}), execute_job(reconstructable(chain), instance) as result:
        assert result.output_for_node("two") == 6
    assert list(result.given.values()) == [5]


@op
def is_terminated() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@job(executor_def=in_process_executor)
def terminated() -> None:
    is_terminated()
    one()


def test_sigterm(instance):
    """SIGTERM interrupts like Ctrl-C during a run; its handler is restored afterwards."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        result = execute_job(reconstructable(terminated), instance)

        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    (failure,) = result.get_step_failure_events()
    assert failure.step_failure_data.error.cls_name == "KeyboardInterrupt"
    reason = result.get_run_failure_event().job_failure_data.failure_reason
    assert reason is RunFailureReason.UNEXPECTED_TERMINATION
    assert result.is_node_untouched("one")


def test_another_thread(instance):
    """A job runs on any thread, also where signal handlers cannot be set."""
    results = []
    thread = threading.Thread(target=lambda: results.append(execute_job(reconstructable(chain), instance)))
    thread.start()
    thread.join()

    assert results[0].success


def test_reexecution_and_selection(instance):
    """A re-execution has the selection of its parent, so another selection is an error."""
    result = execute_job(reconstructable(chain), instance)
    options = ReexecutionOptions(result.run_id)

    with pytest.raises(
        DagflowInvariantViolationError, match="re-execution and op selection cannot be used to"
    ):
        execute_job(reconstructable(chain), instance, op_selection=["one"], reexecution_options=options)
    with pytest.raises(DagflowInvariantViolationError, match="Use 'step_selection'"):
        execute_job(reconstructable(chain), instance, asset_selection=["a"], reexecution_options=options)


def test_an_asset_job_that_no_definitions_resolved(instance):
    """A job of `define_asset_job` leads to the job of its Definitions, here and in every message about it."""
    ingest = define_asset_job("ingest")

    with pytest.raises(ParameterCheckError, match=r"returns defs\.get_job_def\('ingest'\), of its"):
        execute_job(ingest, instance)
    with pytest.raises(DagflowInvariantViolationError, match=r"defs\.get_job_def\('ingest'\)"):
        reconstructable(ingest)
