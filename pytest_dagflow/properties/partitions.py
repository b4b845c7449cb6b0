"""The property that partitions do not depend on each other: `check_partitions_independent`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagflow import DynamicPartitionsDefinition, ParameterCheckError, RunConfig
from dagflow.testing import boundaries
from pytest_dagflow.properties.comparison import difference
from pytest_dagflow.properties.worlds import Outcome, Pipeline, Resources, State

_MOST_KEYS = 5


def check_partitions_independent(
    job_or_assets: Any,
    keys: Sequence[str] | None = None,
    *,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    resources: Resources | None = None,
    state: State | None = None,
) -> None:
    """Check that a partition has the same values, whichever partitions ran before it.

    Each partition runs alone, then after those before it, then after those behind it. It finds a node that
    adds to the data of other partitions, keeps something in a global, or forgets to use its partition key in
    the name of a file.

    Args:
        job_or_assets: A job, or a list of assets, with partitions.
        keys: The partitions, at least two. Default: the first keys of `dagflow.testing.boundaries`.
        run_config: The config of each run.
        resources: A function that makes the resources for each order of runs; or resources that keep nothing.
        state: A function of the resources that returns the state outside of runs. It must be the same after
            all partitions, in both orders.

    Raises:
        AssertionError: A partition depends on another one, or a run fails.
        ParameterCheckError: The job has no partitions, or fewer than two.

    Example:
        >>> from dagflow import StaticPartitionsDefinition, asset
        >>> seen = []
        >>> @asset(partitions_def=StaticPartitionsDefinition(["york", "bath"]))
        ... def visits(context):
        ...     seen.append(context.partition_key)
        ...     return len(seen)
        >>> check_partitions_independent([visits])
        Traceback (most recent call last):
            ...
        AssertionError: partition 'york' depends on other runs: after no other run the value of 'visits'...
    """
    __tracebackhide__ = True
    pipeline = Pipeline(
        "check_partitions_independent", job_or_assets, resources, state, run_config=run_config
    )
    found = _keys_of(pipeline, keys)
    alone = {}
    for key in found:
        with pipeline.world(found) as world:
            alone[key] = world.run(run_config=run_config, partition_key=key)
        if alone[key].problem:
            raise pipeline.failure(f"partition '{key}' fails alone: {alone[key].problem}", keys=[key])
    ends = []
    for order in (found, found[::-1]):
        with pipeline.world(found) as world:
            for index, key in enumerate(order):
                outcome = world.run(run_config=run_config, partition_key=key)
                _compare(pipeline, key, order[:index], alone[key], outcome)
            ends.append(outcome)
    lines = difference(ends[0], ends[1], is_compared=lambda value: False)
    if lines:
        fact = f"the order of partitions matters: after {_listed(found[::-1])} {lines[0]}, as in that order"
        raise pipeline.failure(fact, lines[1:], keys=found)


def _keys_of(pipeline: Pipeline, keys: Sequence[str] | None) -> list[str]:
    definition = pipeline.job.partitions_def
    if definition is None:
        raise ParameterCheckError(
            f"check_partitions_independent needs partitions, and {pipeline.job!r} has none"
        )
    if keys is None:
        is_dynamic = isinstance(definition, DynamicPartitionsDefinition)
        found = [] if is_dynamic else boundaries(definition)[:_MOST_KEYS]
    else:
        found = list(dict.fromkeys(keys))
    if isinstance(keys, str) or len(found) < 2:
        raise ParameterCheckError(
            "check_partitions_independent compares partitions: pass keys=[...] with two or more, "
            f"not {found if keys is None else keys!r}"
        )
    return found


def _compare(pipeline: Pipeline, key: str, before: list[str], alone: Outcome, outcome: Outcome) -> None:
    after = f"after {_listed(before)}" if before else "after no other run"
    pair = [before[-1], key] if before else None
    if outcome.problem:
        fact = f"partition '{key}' depends on other runs: {after} it fails: {outcome.problem}"
        raise pipeline.failure(fact, keys=pair)
    lines = difference(alone._replace(state=None), outcome._replace(state=None))
    if lines:
        fact = f"partition '{key}' depends on other runs: {after} {lines[0]}, as in a run alone"
        raise pipeline.failure(fact, lines[1:], keys=pair)


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)
