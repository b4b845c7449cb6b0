"""The property that a pipeline runs with each config that it accepts: `check_config_total`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from dagflow import DagflowInvalidConfigError
from dagflow.testing import observe
from pytest_dagflow.drawing.arguments import check_count
from pytest_dagflow.drawing.config import InvalidRunConfig, invalid_run_configs, run_configs
from pytest_dagflow.properties.worlds import Pipeline, Resources


def check_config_total(
    job_or_assets: Any,
    *,
    values: Mapping[str, SearchStrategy[Any]] | None = None,
    allow: type[Exception] | tuple[type[Exception], ...] = (),
    partition_key: str | None = None,
    resources: Resources | None = None,
    max_examples: int | None = None,
) -> None:
    """Check that a pipeline runs with each config that its schema accepts, and refuses the rest at its path.

    It draws `run_configs`, with which the run must succeed, and `invalid_run_configs`, which must be refused
    with one error at the right path, before a step starts. It finds values that the schema allows and the
    code does not: 0, a negative number, an empty list.

    Args:
        job_or_assets: A job, or a list of assets.
        values: Strategies for the values at some paths, as in `run_configs`.
        allow: The errors that a run may raise.
        partition_key: The partition of each run.
        resources: The resources, or a function that makes new ones for each run.
        max_examples: The number of configs of each kind; default: that of the profile of hypothesis.

    Raises:
        AssertionError: A run fails, or an invalid config is accepted. The message has the smallest config.
        ParameterCheckError: An argument is invalid.

    Example:
        >>> from dagflow import job, op
        >>> @op(config_schema={"cups": int})
        ... def brew(context):
        ...     return 12 / context.op_config["cups"]
        >>> @job
        ... def cafe():
        ...     brew()
        >>> check_config_total(cafe, allow=ZeroDivisionError)  # without it, the failure has the config
    """
    __tracebackhide__ = True
    if max_examples is not None:
        check_count("max_examples", max_examples, 1, 1_000_000)
    pipeline = Pipeline("check_config_total", job_or_assets, resources, partition_key=partition_key)
    configured = settings(
        settings(),
        deadline=None,
        report_multiple_bugs=False,
        database=None,  # the examples of another pipeline would be of no use
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.nested_given],
        phases=[phase for phase in settings().phases if phase is not Phase.explain],
    )
    if max_examples is not None:
        configured = settings(configured, max_examples=max_examples)

    @configured
    @given(run_config=run_configs(pipeline.job, values=values))
    def runs(run_config: dict[str, Any]) -> None:
        _check_valid(pipeline, run_config, partition_key, allow)

    @configured
    @given(invalid=invalid_run_configs(pipeline.job).filter(_is_about_the_run))
    def refuses(invalid: InvalidRunConfig) -> None:
        _check_invalid(pipeline, invalid, partition_key)

    runs()
    refuses()


def _is_about_the_run(invalid: InvalidRunConfig) -> bool:
    """Return whether a run in this process reads the config with the mistake. It ignores the executor's."""
    return not invalid.path.startswith("root:execution") and "'execution'" not in invalid.reason


def _check_valid(
    pipeline: Pipeline,
    run_config: dict[str, Any],
    partition_key: str | None,
    allow: type[Exception] | tuple[type[Exception], ...],
) -> None:
    __tracebackhide__ = True
    failed: list[str | None] = []

    def note(event: Any) -> None:
        if event.event_type.name == "STEP_FAILURE":
            failed.append(event.step_key)

    with pipeline.world([partition_key] if partition_key else ()) as world, observe(note):
        try:
            pipeline.job.execute_in_process(
                run_config=run_config,
                instance=world.instance,
                partition_key=partition_key,
                resources=dict(world.resources),
            )
        except allow:
            return
        except Exception as error:
            what = f"'{failed[0]}' fails" if failed else "the run does not start"
            text = " ".join(str(error).split())
            fact = f"{what} with config that its schema accepts: {type(error).__name__}: {text}"
            raise AssertionError(f"{fact}\n{pipeline.run_line(run_config)}") from error


def _check_invalid(pipeline: Pipeline, invalid: InvalidRunConfig, partition_key: str | None) -> None:
    __tracebackhide__ = True
    started: list[str | None] = []

    def note(event: Any) -> None:
        if event.event_type.name == "STEP_START":
            started.append(event.step_key)

    found = "it was accepted"
    with pipeline.world([partition_key] if partition_key else ()) as world, observe(note):
        try:
            pipeline.job.execute_in_process(
                run_config=invalid.config,
                instance=world.instance,
                partition_key=partition_key,
                resources=dict(world.resources),
            )
        except DagflowInvalidConfigError as error:
            paths = [one.path for one in error.errors]
            if paths == [invalid.path] and not started:
                return
            found = f"the error is about {', '.join(paths)}"
        except Exception as error:
            found = f"it raised {type(error).__name__}: {' '.join(str(error).split())}"
    raise AssertionError(
        f"config with a mistake at {invalid.path} ({invalid.reason}) is not refused there: {found}\n"
        f"{pipeline.run_line(invalid.config)}"
    )
