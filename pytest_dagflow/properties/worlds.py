"""The runs of a property: each in a world with its own instance, resources and virtual time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from dagflow import (
    AssetsDefinition,
    DagflowInstance,
    DynamicPartitionsDefinition,
    ExecuteInProcessResult,
    InMemoryIOManager,
    JobDefinition,
    JobExecutionResult,
    LoggerDefinition,
    ParameterCheckError,
    default_loggers,
)
from dagflow.testing import (
    Fault,
    FaultPlan,
    RunValue,
    VirtualClock,
    error_chain,
    in_memory_managers,
    run_options,
    run_values,
)
from pytest_dagflow.drawing.arguments import as_job
from pytest_dagflow.drawing.assets import BuiltAssets
from pytest_dagflow.drawing.programs import BuiltJob
from pytest_dagflow.session import shown_event

Resources = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
State = Callable[[Mapping[str, Any]], object]
Result = ExecuteInProcessResult | JobExecutionResult


class Outcome(NamedTuple):
    """One run of a property.

    Attributes:
        result: The result.
        values: The values of its nodes, in the order of the steps.
        state: The state outside of the run after it; None without a function that reads it.
    """

    result: Result
    values: list[RunValue]
    state: object

    @property
    def problem(self) -> str:
        """The first failure of the run as a sentence; empty if it succeeded."""
        return "" if self.result.success else failure_of(self.result)


class Pipeline:
    """The subject of a property.

    Args:
        check: The name of the property.
        target: A job or a list of assets.
        resources: The resources, or a function that makes new ones for each world.
        state: A function of the resources that reads the state outside of runs.
        **arguments: The other arguments of the property, which its replay line shows.

    Attributes:
        job: The job that runs.
        arguments: The other arguments.

    Raises:
        ParameterCheckError: The target is neither a job nor a list of assets, or an argument is invalid.
    """

    def __init__(
        self,
        check: str,
        target: Any,
        resources: Resources | None = None,
        state: State | None = None,
        **arguments: Any,
    ) -> None:
        job = as_job("job_or_assets", target)
        self.job: JobDefinition = job if job.logger_defs else job.with_logger_defs(_silent_loggers())
        self.arguments = arguments
        self._check, self._target = check, target
        self._resources, self._state = resources, state
        if not (resources is None or callable(resources) or isinstance(resources, Mapping)):
            raise ParameterCheckError(
                f"parameter 'resources' of {check} must be a dict or a function that makes one, not "
                f"{resources!r}"
            )
        if not (state is None or callable(state)):
            raise ParameterCheckError(
                f"parameter 'state' of {check} must be a function of the resources, not {state!r}"
            )

    @contextmanager
    def world(self, keys: Iterable[str] = ()) -> Iterator[World]:
        """Provide a new world. `keys` are those of dynamic partitions."""
        given = self._resources() if callable(self._resources) else (self._resources or {})
        memory = InMemoryIOManager()
        with ExitStack() as stack:
            instance = stack.enter_context(DagflowInstance.ephemeral())
            definition = self.job.partitions_def
            if isinstance(definition, DynamicPartitionsDefinition) and definition.name is not None:
                instance.add_dynamic_partitions(definition.name, list(keys))
            stack.enter_context(run_options(clock=VirtualClock()))
            resources = {**in_memory_managers(self.job, given, memory), **given}
            yield World(self, instance, resources)

    def run_alone(
        self, *, run_config: Any, partition_key: str | None, faults: Iterable[Fault] = ()
    ) -> Outcome:
        """Run the job in a new world, and return its values."""
        with self.world([partition_key] if partition_key else ()) as world:
            return world.run(run_config=run_config, partition_key=partition_key, faults=faults)

    def run_healthy(self, *, run_config: Any, partition_key: str | None) -> Outcome:
        """Run the job in a new world, without faults.

        Raises:
            AssertionError: The run fails.
        """
        __tracebackhide__ = True
        outcome = self.run_alone(run_config=run_config, partition_key=partition_key)
        if outcome.problem:
            raise self.failure(f"a run without faults fails: {outcome.problem}")
        return outcome

    def state_of(self, resources: Mapping[str, Any]) -> object:
        """Return the state outside of runs."""
        return None if self._state is None else self._state(resources)

    def replay(self, **more: Any) -> str:
        """Return the line that repeats the property. `more` are arguments in place of the given ones."""
        given = {**self.arguments, **more}
        parts = [f"{name}={value!r}" for name, value in given.items() if value not in (None, ())]
        others = {"resources": self._resources, "state": self._state}
        parts += [f"{name}={_name_in_code(value)}" for name, value in others.items() if value is not None]
        return f"repeat it with: {self._check}({', '.join([shown_target(self._target), *parts])})"

    def run_line(self, run_config: Mapping[str, Any]) -> str:
        """Return the line that runs the job or the assets with a config."""
        target = shown_target(self._target)
        if isinstance(self._target, JobDefinition):
            return f"repeat it with: {target}.execute_in_process(run_config={dict(run_config)!r})"
        return f"repeat it with: materialize_to_memory({target}, run_config={dict(run_config)!r})"

    def failure(self, fact: str, lines: Iterable[str] = (), **more: Any) -> AssertionError:
        """Return the error of the property: the fact, its details, the line that repeats it."""
        return AssertionError("\n".join([fact, *lines, self.replay(**more)]))


class World:
    """An instance and resources, in which runs follow each other.

    Attributes:
        pipeline: The subject.
        instance: The instance.
        resources: The resources.
    """

    def __init__(self, pipeline: Pipeline, instance: DagflowInstance, resources: Mapping[str, Any]) -> None:
        self.pipeline, self.instance, self.resources = pipeline, instance, resources

    def run(
        self,
        *,
        run_config: Any = None,
        partition_key: str | None = None,
        faults: Iterable[Fault] = (),
    ) -> Outcome:
        """Run the job, and return its values.

        Raises:
            DagflowError: The run cannot start, because its config or its partition is invalid.
        """
        found = list(faults)
        with run_options(faults=FaultPlan(found) if found else None):
            result = self.pipeline.job.execute_in_process(
                run_config=run_config,
                instance=self.instance,
                partition_key=partition_key,
                raise_on_error=False,
                resources=dict(self.resources),
            )
        return Outcome(result, run_values(result), self.pipeline.state_of(self.resources))


def _silent_loggers() -> dict[str, LoggerDefinition]:
    """Return loggers that write nothing, because a property starts many runs that fail on purpose."""
    found = default_loggers()
    return {name: LoggerDefinition(_silent_logger, one.config_schema) for name, one in found.items()}


def _silent_logger(context: Any) -> logging.Logger:
    return logging.Logger("silent", logging.CRITICAL + 1)


def failure_of(result: Result, step_key: str | None = None) -> str:
    """Return a sentence about the first failure of a run, or about that of a step.

    Example:
        >>> from dagflow import job, op
        >>> @op
        ... def brew():
        ...     raise ValueError("cold")
        >>> @job
        ... def cafe():
        ...     brew()
        >>> failure_of(cafe.execute_in_process(raise_on_error=False))
        "'brew' failed with ValueError: cold"
    """
    for event in result.all_events:
        is_failure = event.event_type.name in ("STEP_FAILURE", "RESOURCE_INIT_FAILURE", "RUN_FAILURE")
        if is_failure and step_key in (None, event.step_key):
            errors = error_chain(getattr(shown_event(event).event_specific_data, "error", None))
            what = f"'{event.step_key}'" if event.step_key else "the run"
            if not errors:
                return f"{what} failed"
            return f"{what} failed with {errors[-1].cls_name}: {_message_of(errors[-1])}"
    return "the run did not succeed"


def _message_of(error: Any) -> str:
    text = " ".join(str(error.message).split())
    return text.removeprefix(f"{error.cls_name}: ")


def shown_target(target: Any) -> str:
    """Return a job or assets as the code of a user has them.

    Example:
        >>> from pytest_dagflow.strategies import build_job
        >>> shown_target(build_job("a"))
        "build_job('a')"
    """
    if isinstance(target, (BuiltJob, BuiltAssets)):
        return repr(target)
    if isinstance(target, JobDefinition):
        return target.name
    assets = [target] if isinstance(target, AssetsDefinition) else target
    return f"[{', '.join(map(_name_of, assets))}]"


def _name_of(definition: Any) -> str:
    if isinstance(definition, AssetsDefinition) and not definition.is_declaration:
        return str(definition.node_def.name)
    return str(getattr(definition, "name", definition))


def _name_in_code(value: Any) -> str:
    """Return the name of a function, and dots for a lambda or a dict of resources."""
    name = getattr(value, "__name__", "")
    return name if name.isidentifier() else "..."
