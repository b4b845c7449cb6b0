"""The mutations of a plan: edges, the gates of blocking checks, retry policies and partitions of inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from dagflow._util import UNSET
from dagflow.analysis.mutation.mutation import (
    DROP_EDGE,
    DROP_GATE,
    IGNORE_RETRY,
    SHIFT_PARTITIONS,
    Mutation,
    is_about,
)
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.keys import AssetKey
from dagflow.plan.plan import Plan
from dagflow.plan.step import FROM_DEFAULT, FROM_OUTPUTS, NO_VALUE, Source, Step, StepInput
from dagflow.plan.surroundings import Surroundings


def with_mutation(mutation: Mutation, job: JobDefinition, plan: Plan, surroundings: Surroundings) -> Plan:
    """Return the plan of a run with a mutation; the plan itself if the mutation does not concern it.

    Args:
        mutation: The mutation.
        job: The job of the plan.
        plan: The plan, which stays unchanged.
        surroundings: Environment, time and dynamic partitions.
    """
    mutate = _MUTATORS.get(mutation.kind)
    if mutate is None:
        return plan
    change = _Change(mutation, job, plan, surroundings)
    changed = {step.key: new for step in plan.steps if (new := mutate(change, step)) is not None}
    if not changed:
        return plan
    steps = [changed.get(step.key, step) for step in plan.steps]
    for step in changed.values():
        _move_forward(step, steps)
    part = Plan(
        plan.job_name,
        [step.copy() for step in steps],  # a Plan numbers its steps, and the old plan keeps its own
        plan.resource_keys,
        plan.resource_configs,
        plan.partitions,
        plan.bound_inputs,
        plan.logger_configs,
    )
    part.given, part.to_execute, part.execution = plan.given, plan.to_execute, plan.execution
    return part


def _move_forward(step: Step, steps: list[Step]) -> None:
    """Move a step behind the last of its upstream steps, because nothing else makes it wait."""
    steps.remove(step)
    place = max((place for place, one in enumerate(steps) if one.key in step.upstream), default=-1)
    steps.insert(place + 1, step)


class _Change(NamedTuple):
    mutation: Mutation
    job: JobDefinition
    plan: Plan
    surroundings: Surroundings

    def is_about(self, step: Step) -> bool:
        return is_about(self.mutation, step.op, step.path)

    def with_input(self, step: Step, change: Callable[[StepInput], StepInput | None]) -> Step | None:
        """Return a step with a changed input, None if the step does not have it."""
        if not self.is_about(step):
            return None
        changed = {item.name: change(item) for item in step.inputs if item.name == self.mutation.target}
        if not any(changed.values()):
            return None
        return step.copy(inputs=[changed.get(item.name) or item for item in step.inputs])


def _drop_edge(change: _Change, step: Step) -> Step | None:
    def dropped(item: StepInput) -> StepInput | None:
        source = item.source
        if source.source_type == FROM_OUTPUTS and item.dagflow_type.is_nothing:
            parts = tuple(_without_edge(part) for part in source.parts)
        elif source.source_type == FROM_OUTPUTS:
            kept = [part for index, part in enumerate(source.parts) if index != change.mutation.position]
            parts = tuple(kept)
        elif source.ref is None and source.asset_key is None:
            return None  # this run has the value from elsewhere
        elif item.dagflow_type.is_nothing:
            return item.with_source(_without_edge(source))
        else:
            default = item.definition.default_value
            value = None if default is UNSET else default
            new = item.with_source(Source(FROM_DEFAULT, value=value))
            new.partition_keys = None
            return new
        return item.with_source(source._replace(parts=parts))

    return change.with_input(step, dropped)


def _without_edge(source: Source) -> Source:
    return source._replace(source_type=NO_VALUE, ref=None)


def _drop_gate(change: _Change, step: Step) -> Step | None:
    checks = {
        one.key
        for one in change.plan.steps
        for output in one.outputs
        if output.check_spec is not None and output.check_spec.key.to_user_string() == change.mutation.target
    }
    kept = [gate for gate in step.gates if gate not in checks]
    return step.copy(gates=kept) if len(kept) < len(step.gates) else None


def _ignore_retry(change: _Change, step: Step) -> Step | None:
    if step.retry_policy is None or not change.is_about(step):
        return None
    return step.copy(retry_policy=None)


def _shift_partitions(change: _Change, step: Step) -> Step | None:
    def shifted(item: StepInput) -> StepInput | None:
        layer, key = change.job.asset_layer, AssetKey.from_user_string(change.mutation.other)
        upstream = None if layer is None else layer.partitions_def(key)
        if upstream is None or not item.partition_keys:
            return None
        now, dynamic = change.surroundings.now, change.surroundings.dynamic
        every = upstream.get_partition_keys(now, dynamic)
        keys = _shifted(item.partition_keys, every)
        if keys == item.partition_keys:
            return None
        new = item.with_source(item.source)
        new.partition_keys = keys
        return new

    return change.with_input(step, shifted)


def _shifted(keys: tuple[str, ...], every: Sequence[str]) -> tuple[str, ...]:
    """Return the keys before some keys, or those behind them if they are the first ones."""
    places = {key: place for place, key in enumerate(every)}
    found = [places[key] for key in keys if key in places]
    before = [every[place - 1] for place in found if place > 0]
    return tuple(before) or tuple(every[place + 1] for place in found if place + 1 < len(every))


_MUTATORS: Mapping[str, Callable[[_Change, Step], Step | None]] = {
    DROP_EDGE: _drop_edge,
    DROP_GATE: _drop_gate,
    IGNORE_RETRY: _ignore_retry,
    SHIFT_PARTITIONS: _shift_partitions,
}
