"""Tests of the error classes: each is raised, with a message that names definition, cause and remedy."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import dagflow as df
from dagflow import errors
from dagflow.testing import observe_runs

HERE = rf"{re.escape(Path(__file__).name)}:\d+"


@df.op
def one():
    return 1


@df.op(config_schema={"n": int})
def count(context):
    return context.op_config["n"]


@df.op(required_resource_keys={"db"})
def need(context):
    return context.resources.db


@df.op
def typed() -> int:
    return "x"  # type: ignore[return-value]


@df.op
def breaks():
    raise ValueError("theirs")


@df.op(out={"cup": df.Out(), "tray": df.Out()})
def half():
    yield df.Output(1, "cup")


@df.op
def no_output():
    yield 5


@df.op(retry_policy=df.RetryPolicy(2))
def tries():
    raise ValueError("theirs")


@df.op
def looks(context):
    return context.resources.dbb


@df.op
def asks_for_assets(context):
    return context.asset_key


@df.op
def says(context):
    return context.partition_key


@df.asset(partitions_def=df.StaticPartitionsDefinition(["north", "south"]))
def sales():
    return 1


@df.op
def same(x):
    return x


def bad_check(context, value):
    raise ValueError("theirs")


@df.op(out=df.Out(df.DagflowType(bad_check, "Cup")))
def poured():
    return 1


@df.dagflow_type_loader(config_schema=int)
def bad_load(context, config):
    raise ValueError("theirs")


@df.op(ins={"cup": df.In(df.DagflowType(lambda context, value: True, "Cup", loader=bad_load))})
def drinks(cup):
    return cup


@df.resource
def no_db(context):
    raise ValueError("theirs")


class Broken(df.IOManager):
    """An I/O manager with one method that raises."""

    def __init__(self, half):
        self.half = half

    def handle_output(self, context, obj):
        if self.half == "handle_output":
            raise OSError("theirs")

    def load_input(self, context):
        raise OSError("theirs")


@df.config_mapping(config_schema={"n": int})
def bad_mapping(value):
    raise ValueError("theirs")


def job_of(body: Any, **arguments: Any) -> Any:
    def j() -> None:
        body()

    return df.job(**arguments)(j)


def run(body: Any, *given: Any, resources: Any = None, **arguments: Any) -> Any:
    return job_of(body, resource_defs=resources).execute_in_process(*given, **arguments)


def recorded(body: Any, config: Any = None, **arguments: Any) -> None:
    """Raise the error that a failed run recorded; its class is found by name."""
    result = job_of(body, **arguments).execute_in_process(config, raise_on_error=False)
    (event,) = result.get_step_failure_events()
    info = event.step_failure_data.error
    raise getattr(errors, info.cls_name).__new__(getattr(errors, info.cls_name), info.message)


def twice_the_same_run() -> None:
    instance = df.DagflowInstance.ephemeral()
    for _ in range(2):
        run(one, run_id="6f9619ff-8b86-4d01-b42d-00cf4fc964ff", instance=instance)


def interrupts() -> None:
    @df.op
    def waits():
        raise df.DagflowExecutionInterruptedError("from outside")

    run(waits)


@df.job(executor_def=df.in_process_executor)
def alone():
    one()


@df.job
def in_processes():
    one()


def executes_again(*selection: str, forgets: bool = False) -> None:
    """Execute a run again that was itself a re-execution, perhaps after its parent is deleted."""
    with df.DagflowInstance.ephemeral() as instance:
        target = df.reconstructable(alone)
        first = df.execute_job(target, instance)
        again = df.ReexecutionOptions(first.run_id, ["one"])
        second = df.execute_job(target, instance, reexecution_options=again)
        if forgets:
            instance.delete_run(first.run_id)
        again = df.ReexecutionOptions(second.run_id, list(selection))
        df.execute_job(target, instance, reexecution_options=again)


def executes_without_a_store() -> None:
    with df.DagflowInstance.ephemeral() as instance:
        df.execute_job(df.reconstructable(in_processes), instance, raise_on_error=True)


def wants_a_config(config: 5):  # type: ignore[valid-type]
    pass


def without_a_home():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGFLOW_HOME", raising=False)
        df.DagflowInstance.get()


# class -> a function that raises it, and patterns that the message must match
RAISED: dict[type[BaseException], tuple[Any, list[str]]] = {
    errors.DagflowError: (lambda: run(one).get_run_failure_event(), ["job 'j'", "RUN_FAILURE"]),
    errors.CheckError: (
        lambda: run(one, partition_key="a"),
        ["'a'", "job 'j'", "nothing in it is partitioned", "partitions_def"],
    ),
    errors.ParameterCheckError: (lambda: run(one, 5), ["job 'j'", "mapping", "not 5", "'int'"]),
    errors.ElementCheckError: (lambda: df.StaticPartitionsDefinition([5]), ["5", "must be a string"]),
    errors.DagflowInvalidDefinitionError: (
        lambda: run(need),
        ["'db'", "op 'need'", HERE, "job 'j'", "Give"],
    ),
    errors.DagflowAbsentError: (
        lambda: df.RunsFilter(updated_after=1),
        ["'updated_after'", "RunsFilter", "not in dagflow yet", "created_after"],
    ),
    errors.CircularDependencyError: (
        lambda: df.materialize(
            [df.asset(name="a", deps=["b"])(lambda: 1), df.asset(name="b", deps=["a"])(lambda: 1)]
        ),
        [rf"'a' \(.*{HERE}\) -> 'b' \(.*{HERE}\) -> 'a'", "Remove one"],
    ),
    errors.DagflowAssetCheckFailedError: (
        lambda: df.materialize_to_memory(
            [
                df.asset(name="a")(lambda: 1),
                df.asset_check(asset="a", name="c", blocking=True)(
                    lambda: df.AssetCheckResult(passed=False, description="cold")
                ),
            ]
        ),
        ["1 blocking asset check", rf"op 'a_c' \(.*{HERE}\)", "a: c", "cold"],
    ),
    errors.DagflowInvalidObservationError: (
        lambda: df.observe([df.observable_source_asset(name="river")(lambda: 5)]),
        ["'river'", HERE, "5", "int", "DataVersion"],
    ),
    errors.ScheduleExecutionError: (
        lambda: df.ScheduleDefinition(
            name="daily", job_name="j", cron_schedule="@daily", tags_fn=lambda context: 1 / 0
        ).evaluate_tick(df.build_schedule_context()),
        ["tags_fn for schedule daily", "ZeroDivisionError: division by zero"],
    ),
    errors.MissingArgumentsError: (
        lambda: df.multi_asset(lambda: 1),
        ["@multi_asset", "@multi_asset\\("],
    ),
    errors.DagflowInvalidDeserializationVersionError: (
        lambda: df.StaticPartitionsDefinition(["a"]).deserialize_subset('{"version": 99, "subset": []}'),
        ["99"],
    ),
    errors.DagflowInvalidInvocationError: (lambda: same(), ['"x"', rf"'same' \(.*{HERE}\)", "Pass"]),
    errors.DagflowInvalidConfigError: (
        lambda: run(count, {"ops": {"count": {"config": {"n": "x"}}}}),
        ["job 'j'", "root:ops:count:config:n", "x", "str", "Int"],
    ),
    errors.DagflowInvalidConfigDefinitionError: (
        lambda: df.op(name="n", config_schema={"a": {"b": object()}})(lambda context: None),
        ["{'a': {'b':", ":a:b", "object", "A config schema is one of"],
    ),
    errors.DagflowInvalidPythonicConfigDefinitionError: (
        lambda: df.op(wants_a_config),
        ["'config'", "'wants_a_config'", HERE, "5", "Config"],
    ),
    errors.DagflowInvalidSubsetError: (
        lambda: run(one, op_selection=["onee"]),
        ["'onee'", "Did you mean 'one'"],
    ),
    errors.DagflowInvalidAssetSelectionError: (
        lambda: df.AssetSelection.from_string("water and tea"),
        ["water and tea", "expected an attribute such as 'key:water'"],
    ),
    errors.DagflowInvariantViolationError: (
        lambda: run(no_output),
        [rf"op 'no_output' \(.*{HERE}\)", "5", "Output"],
    ),
    errors.DagflowInvalidPropertyError: (
        lambda: run(asks_for_assets),
        ["'asset_key'", "op 'asks_for_assets'"],
    ),
    errors.DagflowInvalidMetadata: (
        lambda: df.Output(1, metadata={"made": object()}),
        ["'made'", "output 'result'", "object", "Use a number"],
    ),
    errors.DagflowUnknownResourceError: (lambda: run(looks), ["'dbb'", "required_resource_keys"]),
    errors.DagflowInvalidCursorError: (
        lambda: df.evaluate_automation_conditions([sales], df.DagflowInstance.ephemeral(), cursor="5"),
        ["evaluate_automation_conditions", "'5'", "earlier result, or None"],
    ),
    errors.DagflowUnknownPartitionError: (
        lambda: df.materialize_to_memory([sales], partition_key="nort"),
        ["'nort'", "StaticPartitionsDefinition", "Did you mean 'north'"],
    ),
    errors.DagflowTypeCheckDidNotPass: (
        lambda: run(typed),
        ["result", rf"op 'typed' \(.*{HERE}\)", "Int", "str"],
    ),
    errors.DagflowStepOutputNotFoundError: (
        lambda: run(half),
        ['"tray"', rf"op 'half' \(.*{HERE}\)", "Yield it"],
    ),
    errors.DagflowRunAlreadyExists: (twice_the_same_run, ["'6f9619ff-", "job 'j'", "another UUID"]),
    errors.DagflowMaxRetriesExceededError: (
        lambda: run(tries),
        ["'tries'", "max_retries of 2", "ValueError: theirs"],
    ),
    errors.DagflowExecutionStepExecutionError: (
        lambda: recorded(breaks),
        ["op 'breaks'", HERE, "ValueError"],
    ),
    errors.DagflowExecutionLoadInputError: (
        lambda: recorded(lambda: same(one()), resource_defs={"io_manager": Broken("load_input")}),
        ["input 'x' of step 'same'", "'io_manager'", "OSError"],
    ),
    errors.DagflowExecutionHandleOutputError: (
        lambda: recorded(one, resource_defs={"io_manager": Broken("handle_output")}),
        ["output 'result' of step 'one'", "'io_manager'", "OSError"],
    ),
    errors.DagflowResourceFunctionError: (
        lambda: run(need, resources={"db": no_db}),
        ["resource 'db'", HERE, "ValueError: theirs"],
    ),
    errors.DagflowConfigMappingFunctionError: (
        lambda: job_of(one, config=bad_mapping).execute_in_process({"n": 5}),
        ["job 'j'", "ValueError: theirs"],
    ),
    errors.DagflowTypeCheckError: (
        lambda: recorded(poured),
        ["type 'Cup'", "output 'result' of step 'poured'", "ValueError"],
    ),
    errors.DagflowTypeLoadingError: (
        lambda: recorded(drinks, {"ops": {"drinks": {"inputs": {"cup": 1}}}}),
        ["input 'cup' of step 'drinks'", "config", "ValueError: theirs"],
    ),
    errors.DagflowExecutionStepNotFoundError: (
        lambda: executes_again("onee"),
        ["onee", "Did you mean 'one'", r"The steps are \['one'\]"],
    ),
    errors.DagflowRunNotFoundError: (
        lambda: executes_again("one", forgets=True),
        ["ancestor run '", "goes back", "Execute the whole job anew"],
    ),
    errors.DagflowUnmetExecutorRequirementsError: (
        executes_without_a_store,
        ["'multi_or_in_process_executor'", "job 'in_processes'", "ephemeral", "Use one that lasts"],
    ),
    errors.DagflowImportError: (
        lambda: df.build_reconstructable_job("no_such_module", "cafe"),
        ["No module named", "module 'no_such_module'", "searched for in '", "Correct"],
    ),
    errors.DagflowHomeNotSetError: (
        without_a_home,
        ["DAGFLOW_HOME is not set", "absolute path of a folder", r"DagflowInstance\.ephemeral\(\)"],
    ),
    errors.DagflowExecutionInterruptedError: (interrupts, ["from outside"]),
}

WAITING = {
    "DagflowInvalidAssetKey": "the name is reserved",
}
ELSEWHERE = {
    "ChildProcessCrashException": "tests/dagflow/executors: recorded and never raised",
    "DagflowStepTimeoutError": "tests/dagflow/executors: recorded and never raised",
    "DagflowPipesExecutionError": "tests/dagflow/pipes",
    "DagflowStorageError": "tests/dagflow/instance",
    "DagflowSubprocessError": "tests/dagflow/executors",
    "DagflowMissingResourceError": "tests/dagflow/invocation",
    "DagflowOutputAttributeError": "tests/dagflow/defs/graphs",
    "DagflowSerializationError": "tests/dagflow/events",
    "DagflowUserCodeExecutionError": "the base of the wrappers of a user's error",
    "HookExecutionError": "the event of a failed hook has the error of the hook itself",
}


@pytest.mark.parametrize("error_class", RAISED, ids=lambda error_class: error_class.__name__)
def test_a_class_is_raised(error_class):
    """Code of a user raises it; the message has the names, the location and the remedy."""
    provoke, patterns = RAISED[error_class]

    with pytest.raises(error_class) as raised:
        provoke()

    assert type(raised.value) is error_class
    message = str(raised.value)
    assert [pattern for pattern in patterns if not re.search(pattern, message, re.DOTALL)] == [], message


def test_no_class_is_forgotten():
    """Each class is raised here, has tests in another file, or is not raised yet."""
    known = {
        name
        for name, error_class in vars(errors).items()
        if inspect.isclass(error_class)
        and issubclass(error_class, BaseException)
        and error_class.__module__ == errors.__name__
    }

    assert known == {error_class.__name__ for error_class in RAISED} | set(WAITING) | set(ELSEWHERE)
    for name in WAITING:
        users = [source for source in _sources() if f"raise {name}(" in source]
        assert users == [], f"{name} is raised now: add a row"


def _sources() -> list[str]:
    root = Path(df.__file__).parent
    return [path.read_text(encoding="utf-8") for path in root.rglob("*.py")]


def test_a_failure_of_the_user_shows_the_users_frames():
    """The traceback of the raised error ends in the user's function."""
    with pytest.raises(ValueError, match="theirs") as raised:
        run(breaks)

    assert raised.traceback[-1].name == "breaks"
    seen = []
    with observe_runs(seen.append):
        run(breaks, raise_on_error=False)
    (event,) = seen[0].get_step_failure_events()
    assert "in breaks" in event.step_failure_data.error.cause.stack[-1]
