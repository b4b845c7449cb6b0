"""The tools for tests that projects import from the private modules `_core.test_utils` and `_utils.test`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from dagflow.defs.assets.definition import AssetsDefinition
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.defs.graphs.wiring import InputMapping, OutputMapping
from dagflow.defs.jobs.asset_job import define_asset_job
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.ops.definition import OpDefinition
from dagflow.defs.project.definitions import Definitions
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.instance.instance import DagflowInstance
from dagflow.runs.results import ExecuteInProcessResult

_F = TypeVar("_F", bound=Callable[..., Any])


@contextmanager
def environ(env: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables for a block; None removes one.

    Example:
        >>> import os
        >>> with environ({"CUP": "blue"}):
        ...     os.environ["CUP"]
        'blue'
    """
    before = {name: os.environ.get(name) for name in env}
    _set_environ(env)
    try:
        yield
    finally:
        _set_environ(before)


def _set_environ(env: Mapping[str, str | None]) -> None:
    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def new_cwd(path: str) -> Iterator[None]:
    """Change the current folder for a block."""
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def create_run_for_test(
    instance: DagflowInstance,
    job_name: str = "_test_job_",
    run_id: str | None = None,
    run_config: Mapping[str, Any] | None = None,
    status: DagflowRunStatus | None = None,
    tags: Mapping[str, str] | None = None,
    **selection: Any,
) -> DagflowRun:
    """Store a run of a job by its name alone, and return it.

    Args:
        instance: The instance.
        job_name: The name of the job.
        run_id: The id; default: a new one.
        run_config: The config of the run.
        status: Its status; default: not started.
        tags: Its tags.
        selection: Further arguments of `DagflowRun`, such as `asset_selection`.

    Example:
        >>> instance = DagflowInstance.ephemeral()
        >>> instance.has_run(create_run_for_test(instance, "cafe").run_id)
        True
    """
    status = status or DagflowRunStatus.NOT_STARTED
    return instance.add_run(DagflowRun(job_name, run_id, run_config, status, tags, **selection))


def wrap_op_in_graph(
    op_def: OpDefinition,
    tags: Mapping[str, Any] | None = None,
    do_input_mapping: bool = True,
    do_output_mapping: bool = True,
) -> GraphDefinition:
    """Return a graph with one op.

    Args:
        op_def: The op.
        tags: The tags of the graph.
        do_input_mapping: Whether the inputs of the op are inputs of the graph.
        do_output_mapping: Whether its outputs are outputs of the graph.
    """
    inputs = [InputMapping(name, op_def.name, name) for name in op_def.ins]
    outputs = [
        OutputMapping(name, op_def.name, name, from_dynamic_mapping=out.is_dynamic)
        for name, out in op_def.outs.items()
    ]
    return GraphDefinition(
        f"wraps_{op_def.name}",
        node_defs=[op_def],
        input_mappings=inputs if do_input_mapping else None,
        output_mappings=outputs if do_output_mapping else None,
        tags=tags,
    )


def wrap_op_in_graph_and_execute(
    op_def: OpDefinition,
    resources: Mapping[str, Any] | None = None,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    run_config: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
    do_input_mapping: bool = True,
    do_output_mapping: bool = True,
    logger_defs: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Run one op in a graph of its own.

    Args:
        op_def: The op.
        resources: Its resources.
        input_values: The values of its inputs.
        tags: The tags of the graph.
        run_config: The config of the run.
        raise_on_error: Whether a failure raises.
        do_input_mapping: Whether the inputs of the op are inputs of the graph.
        do_output_mapping: Whether its outputs are outputs of the graph.
        logger_defs: The loggers of the job.

    Example:
        >>> from dagflow import op
        >>> @op
        ... def double(n: int):
        ...     return 2 * n
        >>> wrap_op_in_graph_and_execute(double, input_values={"n": 2}).output_value()
        4
    """
    wrapped = wrap_op_in_graph(op_def, tags, do_input_mapping, do_output_mapping)
    job = wrapped.to_job(logger_defs=logger_defs)
    return job.execute_in_process(
        resources=resources, input_values=input_values, run_config=run_config, raise_on_error=raise_on_error
    )


def create_test_asset_job(
    assets: Sequence[Any],
    *,
    selection: Any = None,
    name: str = "asset_job",
    resources: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> JobDefinition:
    """Return a job of assets.

    Args:
        assets: The assets.
        selection: Those that run; default: all that can be materialized.
        name: The name of the job.
        resources: The resources of the assets.
        kwargs: Further arguments of `define_asset_job`.
    """
    chosen = selection or [
        each for each in assets if isinstance(each, AssetsDefinition) and each.is_executable
    ]
    job = define_asset_job(name, chosen, **kwargs)
    return Definitions(assets=assets, jobs=[job], resources=resources).resolve_job_def(name)


def raise_exception_on_warnings() -> None:
    """Turn each warning into an error, except those about resources that Python closes."""
    warnings.resetwarnings()
    warnings.filterwarnings("error")
    warnings.filterwarnings("ignore", category=ResourceWarning)


def ignore_warning(message_substr: str) -> Callable[[_F], _F]:
    """Return a decorator of tests that ignores warnings with some words in the message."""

    def decorate(function: _F) -> _F:
        @wraps(function)
        def quiet(*args: Any, **kwargs: Any) -> Any:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=f".*{message_substr}")
                return function(*args, **kwargs)

        return quiet  # type: ignore[return-value]

    return decorate
