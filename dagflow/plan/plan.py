"""The plan of a run: its steps in order, their dependencies, and the resources of the run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any

from dagflow._util import nearest
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import describe_job, mapped_step_key, step_key_base
from dagflow.plan.step import (
    FROM_COLLECT,
    FROM_OUTPUT,
    FROM_STORAGE,
    GIVEN,
    OutputRef,
    Source,
    Step,
    StepInput,
    refs_of,
    stored_ref,
)
from dagflow.plan.surroundings import NO_PARTITIONS, PartitionsOfRun
from dagflow.plan.tags import priority_of


class Plan:
    """Steps in plan order: in each graph the nodes by level, then by name.

    The steps of an inner graph take the position of its node. A plan is immutable, except that a run adds
    mapped steps to its copy.

    Attributes:
        job_name: The job.
        steps: All steps in plan order; `step.index` is the position.
        index_by_key: The position by step key.
        dependents: For each position, the positions of the steps that wait for it.
        waiting: For each position, the number of steps that it waits for.
        resource_keys: The resources that the run starts.
        resource_configs: Their checked config.
        partitions: The partitions of the run.
        bound_inputs: The inputs of the graph that the run has values for.
        given: The outputs that have a given value from the start.
        logger_configs: The loggers that the run makes, with their checked config.
        has_hooks: Whether a step has hooks.
        has_templates: Whether a step is mapped over a dynamic output, so that a run adds steps.
        to_execute: The keys of the steps that this run executes, None for all. An earlier run or another
            process has executed the others.
        execution: The checked config of the executor, None if the run config has none.
    """

    __slots__ = (
        "bound_inputs",
        "dependents",
        "execution",
        "given",
        "has_hooks",
        "has_templates",
        "index_by_key",
        "job_name",
        "logger_configs",
        "partitions",
        "resource_configs",
        "resource_keys",
        "steps",
        "to_execute",
        "waiting",
    )

    def __init__(
        self,
        job_name: str,
        steps: Sequence[Step],
        resource_keys: Sequence[str] = (),
        resource_configs: Mapping[str, Any] | None = None,
        partitions: PartitionsOfRun = NO_PARTITIONS,
        bound_inputs: frozenset[str] = frozenset(),
        logger_configs: Mapping[str, Any] | None = None,
    ) -> None:
        self.job_name: str = job_name
        self.steps: list[Step] = list(steps)
        for index, step in enumerate(self.steps):
            step.index = index
        self.index_by_key: dict[str, int] = {step.key: step.index for step in self.steps}
        self.dependents: list[list[int]] = [[] for _ in self.steps]
        self.waiting: list[int] = []
        for step in self.steps:
            for key in step.upstream:
                self.dependents[self.index_by_key[key]].append(step.index)
            self.waiting.append(len(step.upstream))
        self.resource_keys: tuple[str, ...] = tuple(resource_keys)
        self.resource_configs: dict[str, Any] = dict(resource_configs or {})
        self.partitions: PartitionsOfRun = partitions
        self.bound_inputs: frozenset[str] = bound_inputs
        self.given: frozenset[OutputRef] = frozenset()
        self.logger_configs: dict[str, Any] = dict(logger_configs or {})
        self.has_hooks: bool = any(step.hooks for step in self.steps)
        self.has_templates: bool = any(step.mapped_over is not None for step in self.steps)
        self.to_execute: frozenset[str] | None = None
        self.execution: Any = None

    @property
    def partition_key(self) -> str | None:
        """The partition of a run for one partition."""
        return self.partitions.key

    def for_run(self) -> Plan:
        """Return the plan for one run: a copy if the run adds steps."""
        if not self.has_templates:
            return self
        return self._with(self.steps, self.given)

    def only(self, keys: Collection[str], resource_keys: Sequence[str]) -> Plan:
        """Return a copy that executes only some steps.

        Args:
            keys: The keys of these steps.
            resource_keys: The resources that they need, in the order in which they are started.
        """
        part = copy(self)
        part.to_execute = frozenset(keys)
        part.resource_keys = tuple(resource_keys)
        return part

    def executes(self, step: Step) -> bool:
        """Return whether this run executes a step: its key or the key of its template is chosen."""
        to_execute = self.to_execute
        if to_execute is None or step.key in to_execute:
            return True
        return step.mapping_key is not None and mapped_step_key(step_key_base(step.key), "?") in to_execute

    def add(self, steps: Sequence[Step]) -> None:
        """Append steps, with their dependencies."""
        for step in steps:
            step.index = len(self.steps)
            self.steps.append(step)
            self.index_by_key[step.key] = step.index
            self.dependents.append([])
        for step in steps:
            for key in step.upstream:
                self.dependents[self.index_by_key[key]].append(step.index)
            self.waiting.append(len(step.upstream))

    @property
    def step_keys(self) -> list[str]:
        """The keys of the steps that the run executes, in plan order."""
        return [step.key for step in self.steps if self.executes(step)]

    @property
    def only_step(self) -> int | None:
        """The position of the step, if the run executes one step only."""
        if self.to_execute is None:
            return 0 if len(self.steps) == 1 else None
        if len(self.to_execute) > 1:
            return None
        places = [self.index_by_key[key] for key in self.to_execute if key in self.index_by_key]
        return next((place for place in places if self.steps[place].mapped_over is None), None)

    def step_by_key(self, key: str) -> Step:
        """Return the step with a key.

        Raises:
            DagflowInvalidDefinitionError: The key is unknown.
        """
        if key not in self.index_by_key:
            raise DagflowInvalidDefinitionError(
                f"the plan of {describe_job(self.job_name)} has no step "
                f"'{key}'.{nearest(key, self.index_by_key)}"
            )
        return self.steps[self.index_by_key[key]]

    def priorities(self) -> list[int]:
        """Return the priority of each step.

        Raises:
            ValueError: A priority tag is not an integer.
        """
        return [priority_of(step) if step.node.tags else 0 for step in self.steps]

    def with_given(self, given: frozenset[OutputRef]) -> Plan:
        """Return the plan of a run with given values instead of some outputs.

        A step does not run if all of its outputs are given. An input that reads a given output gets the
        value.

        Args:
            given: The outputs; `stored_ref` for an asset that no step of the plan produces.
        """
        covered = {
            step.key
            for step in self.steps
            if all(OutputRef(step.key, output.name) in given for output in step.outputs)
        }
        steps = [
            step.copy(
                inputs=[_with_given(item, given, covered) for item in step.inputs],
                gates=[gate for gate in step.gates if gate not in covered],
            )
            for step in self.steps
            if step.key not in covered
        ]
        return self._with(steps, given)

    def _with(self, steps: Sequence[Step], given: frozenset[OutputRef]) -> Plan:
        plan = Plan(
            self.job_name,
            steps,
            self.resource_keys,
            self.resource_configs,
            self.partitions,
            self.bound_inputs,
            self.logger_configs,
        )
        plan.given = given
        plan.to_execute = self.to_execute
        plan.execution = self.execution
        return plan

    def describe(self) -> str:
        """Return the steps and their upstream steps, a line for each step.

        Example:
            >>> from dagflow.plan.plan import Plan
            >>> Plan("empty", []).describe()
            "job 'empty': 0 steps"
        """
        count = f"{len(self.steps)} step{'' if len(self.steps) == 1 else 's'}"
        lines = (
            f"  {step.key}" + (f" <- {', '.join(step.upstream)}" if step.upstream else "")
            for step in self.steps
        )
        return "\n".join([f"{describe_job(self.job_name)}: {count}", *lines])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Plan):
            return NotImplemented
        return (
            self.job_name == other.job_name
            and self.steps == other.steps
            and self.resource_keys == other.resource_keys
            and self.resource_configs == other.resource_configs
            and self.logger_configs == other.logger_configs
            and self.partitions == other.partitions
            and self.to_execute == other.to_execute
            and self.execution == other.execution
        )

    def __hash__(self) -> int:
        return hash((self.job_name, tuple(self.index_by_key)))

    def __repr__(self) -> str:
        return f"<plan of {describe_job(self.job_name)}, {len(self.steps)} steps>"


def _with_given(item: StepInput, given: frozenset[OutputRef], covered: set[str]) -> StepInput:
    source = _source_with_given(item.source, given, covered)
    return item if source is item.source else item.with_source(source)


def _source_with_given(source: Source, given: frozenset[OutputRef], covered: set[str]) -> Source:
    if source.parts:
        parts = tuple(_source_with_given(part, given, covered) for part in source.parts)
        return source if parts == source.parts else source._replace(parts=parts)
    if source.source_type == FROM_STORAGE and source.asset_key is not None:
        ref = stored_ref(source.asset_key)
        return Source(GIVEN, ref, asset_key=source.asset_key) if ref in given else source
    if source.ref is None or source.ref not in given:
        return source
    if source.source_type in (FROM_OUTPUT, FROM_COLLECT):
        return source._replace(source_type=GIVEN, manager_key=None)
    return source._replace(ref=None) if source.ref.step_key in covered else source


__all__ = ["Plan", "refs_of"]
