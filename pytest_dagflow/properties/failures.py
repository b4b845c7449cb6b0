"""The property that a failure stays where it is: `check_failure_contained`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow import DagflowError, RunConfig
from dagflow.testing import Fault
from pytest_dagflow.properties.comparison import difference
from pytest_dagflow.properties.worlds import Outcome, Pipeline, Resources, failure_of


def check_failure_contained(
    job_or_assets: Any,
    *,
    nodes: Sequence[str] | None = None,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    partition_key: str | None = None,
    resources: Resources | None = None,
) -> None:
    """Check that the failure of a node changes nothing but this node and those downstream of it.

    Each node fails in a run of its own, in all its attempts. All other nodes must give the same values as in
    a run without a failure. It finds dependencies that the pipeline does not declare: a file, a global or a
    table that another node writes.

    Args:
        job_or_assets: A job, or a list of assets.
        nodes: The nodes that fail; default: each.
        run_config: The config of each run.
        partition_key: The partition of each run.
        resources: A function that makes the resources of each run; or resources that keep nothing.

    Raises:
        AssertionError: A node that does not depend on the failed one fails, does not run, or gives another
            value.
        DagflowError: A node is unknown.
        ParameterCheckError: An argument is invalid.

    Example:
        >>> from dagflow import asset
        >>> shared = {}
        >>> @asset
        ... def rates():
        ...     shared["rate"] = 2
        >>> @asset
        ... def summary():
        ...     return shared.pop("rate")
        >>> check_failure_contained([rates, summary])
        Traceback (most recent call last):
            ...
        AssertionError: not contained: 'rates' fails, and 'summary', which does not depend on it, fails too...
    """
    __tracebackhide__ = True
    arguments = {"run_config": run_config, "partition_key": partition_key}
    pipeline = Pipeline("check_failure_contained", job_or_assets, resources, None, **arguments)
    healthy = pipeline.run_healthy(run_config=run_config, partition_key=partition_key)
    readers = _readers(healthy)
    for node in _chosen(nodes, readers):
        fault = Fault("fail", node, on_attempt=None)
        outcome = pipeline.run_alone(run_config=run_config, partition_key=partition_key, faults=[fault])
        lines = _problem(healthy, outcome, node, readers)
        if lines:
            fact = f"not contained: '{node}' fails, and {lines[0]}"
            repeat = f"a run with this fault: dag_faults.{fault.describe()}"
            raise pipeline.failure(fact, [*lines[1:], repeat], nodes=[node])


def _readers(outcome: Outcome) -> dict[str, set[str]]:
    """Return the nodes downstream of each node, at every distance, in the order of the steps."""
    found: dict[str, set[str]] = {}
    for step in reversed(outcome.result.plan.steps):
        name = _base(step.key)
        found.setdefault(name, set())
        for key in map(_base, step.upstream_keys):
            found.setdefault(key, set()).update({name, *found[name]})
    return {_base(step.key): found[_base(step.key)] for step in outcome.result.plan.steps}


def _base(step_key: str) -> str:
    return step_key.partition("[")[0]


def _chosen(nodes: Sequence[str] | None, readers: Mapping[str, set[str]]) -> list[str]:
    if nodes is None:
        return list(readers)
    for node in nodes:
        if node not in readers:
            raise DagflowError(f"'{node}' is not a step of the run. Its steps are {', '.join(readers)}")
    return list(nodes)


def _problem(healthy: Outcome, outcome: Outcome, node: str, readers: Mapping[str, set[str]]) -> list[str]:
    """Return the lines about the first node that changed and does not depend on the failed one."""
    affected = {node, *readers[node]}
    for event in outcome.result.all_events:
        if event.event_type.name == "STEP_FAILURE" and _base(str(event.step_key)) not in affected:
            name = _base(str(event.step_key))
            error = failure_of(outcome.result, str(event.step_key))
            return [f"'{name}', which does not depend on it, fails too: {error}"]
    lines = difference(healthy, outcome, is_compared=lambda value: _base(value.step_key) not in affected)
    return [f"so {lines[0]}", *lines[1:], "it does not depend on the failed node"] if lines else []
