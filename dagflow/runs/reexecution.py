"""Re-execution: the steps of an earlier run that run again, and the outputs of the other steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagflow._util import nearest
from dagflow.engine.run_state import Earlier
from dagflow.errors import (
    CheckError,
    DagflowExecutionStepNotFoundError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowRunNotFoundError,
    ParameterCheckError,
    check_type,
    repr_of,
)
from dagflow.events.run import DagflowRun
from dagflow.instance.instance import DagflowInstance
from dagflow.keys import describe_job, step_key_base
from dagflow.plan.dynamic import resolved_key, template_key
from dagflow.plan.plan import Plan
from dagflow.plan.step import OutputKey, OutputRef
from dagflow.runs.recorded_outputs import OUTPUT_EVENT_TYPES, recorded_outputs
from dagflow.selection.parse import parse_clause
from dagflow.selection.resolve import walk


@dataclass(frozen=True, slots=True)
class ReexecutionOptions:
    """The run that is executed again, and the selection of its steps.

    Args:
        parent_run_id: The id of the run.
        step_selection: Clauses over step keys, such as `["brew[a]*", "+serve"]`; a mapped step is chosen by
            its mapping key, or by `[?]` for all keys. An empty list chooses all steps.
        is_from_failure: Whether the steps that failed or did not run are chosen instead; see `from_failure`.

    Raises:
        ParameterCheckError: An argument is of the wrong type.

    Example:
        >>> ReexecutionOptions("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", ["mid*"]).step_selection
        ['mid*']
    """

    parent_run_id: str
    step_selection: Sequence[str] = field(default_factory=list)
    is_from_failure: bool = False

    def __post_init__(self) -> None:
        check_type(self.parent_run_id, str, "parent_run_id")
        check_type(self.is_from_failure, bool, "is_from_failure")
        clauses = self.step_selection
        if (
            not isinstance(clauses, Collection)
            or isinstance(clauses, str)
            or not all(isinstance(clause, str) for clause in clauses)
        ):
            raise ParameterCheckError(
                f"parameter 'step_selection' must be a list of strings, not {repr_of(clauses)}"
            )

    @staticmethod
    def from_failure(run_id: str, instance: DagflowInstance) -> ReexecutionOptions:
        """Return the options that run the failed steps of a run and their downstream steps again.

        Args:
            run_id: The id of the run.
            instance: The instance that stores the run.
        """
        check_type(instance, DagflowInstance, "instance")
        return ReexecutionOptions(run_id, is_from_failure=True)


def parent_of(instance: DagflowInstance, options: ReexecutionOptions) -> DagflowRun:
    """Return the run that is executed again.

    Raises:
        CheckError: The run is unknown.
        DagflowInvariantViolationError: The options ask for its failed steps, but it did not fail.
    """
    parent = instance.get_run_by_id(options.parent_run_id)
    if parent is None:
        raise CheckError(
            f"this instance has no run '{options.parent_run_id}' to execute again. Use the id of a run "
            "that it remembers."
        )
    if options.is_from_failure and not parent.is_failure_or_canceled:
        raise DagflowInvariantViolationError(
            f"Cannot reexecute from failure a run that is not failed or canceled: run '{parent.run_id}' of "
            f"{describe_job(parent.job_name)} is {parent.status.value}. Give a 'step_selection' instead."
        )
    return parent


def earlier_of(instance: DagflowInstance, parent: DagflowRun) -> Earlier:
    """Return the outputs of a run, and of the runs that it was a re-execution of.

    Raises:
        DagflowRunNotFoundError: One of these runs is unknown.
    """
    outputs: dict[OutputKey, str] = {}
    ended: set[str] = set()
    mapping_keys: dict[OutputRef, list[str]] = {}
    for run in _lineage(instance, parent):
        recorded = recorded_outputs(_events(instance, run))
        outputs = {ref: run_id for ref, run_id in outputs.items() if ref[0] not in recorded.ended}
        mapping_keys = {ref: keys for ref, keys in mapping_keys.items() if ref.step_key not in recorded.ended}
        for ref in recorded.outputs:
            outputs[ref] = run.run_id
            step_key, name, mapping_key = ref
            if mapping_key is not None:
                mapping_keys.setdefault(OutputRef(step_key, name), []).append(mapping_key)
        ended |= recorded.ended
    return Earlier(outputs, frozenset(ended), mapping_keys)


def _lineage(instance: DagflowInstance, run: DagflowRun) -> list[DagflowRun]:
    """Return a run and the runs that it was a re-execution of, the oldest first."""
    runs = [run]
    while runs[-1].parent_run_id is not None:
        run_id = runs[-1].parent_run_id
        ancestor = instance.get_run_by_id(run_id)
        if ancestor is None:
            raise DagflowRunNotFoundError(
                f"Could not load ancestor run '{run_id}' for re-execution: run '{runs[0].run_id}' goes back "
                "to it, but this instance has deleted it. Execute the whole job anew.",
                invalid_run_id=run_id,
            )
        runs.append(ancestor)
    return runs[::-1]


def _events(instance: DagflowInstance, run: DagflowRun) -> Iterable[Any]:
    return [entry.dagflow_event for entry in instance.all_logs(run.run_id, OUTPUT_EVENT_TYPES)]


def keys_to_execute(
    plan: Plan,
    options: ReexecutionOptions,
    instance: DagflowInstance,
    parent: DagflowRun,
    earlier: Earlier,
) -> list[str] | None:
    """Return the keys of the steps that run again, in plan order; None for all.

    Raises:
        DagflowExecutionStepNotFoundError: The selection names unknown steps.
        DagflowInvalidSubsetError: The selection is invalid, or no step failed.
    """
    steps = _StepChoice(plan, earlier)
    if options.is_from_failure:
        ended = recorded_outputs(_events(instance, parent)).ended
        executed = parent.step_keys_to_execute
        keys = [
            key
            for key in steps.known
            if key not in ended and (executed is None or key in executed or template_key(key) in executed)
        ]
        if not keys:
            raise DagflowInvalidSubsetError(
                f"No steps needed to be retried in the failed run '{parent.run_id}' of "
                f"{describe_job(parent.job_name)}: all of them succeeded or were skipped. Execute "
                "it as a whole."
            )
        return keys
    return steps.keys_of(options.step_selection) if options.step_selection else None


class _StepChoice:
    """The steps that a selection can choose: the steps of a plan, with a step for each mapping key so far.

    Attributes:
        known: Their keys in plan order. The steps of a template replace it if the earlier run has its mapping
            keys.
        templates: The keys of the templates.
        parents, children: The upstream and downstream keys of each key.
        made_by_step: The step with the dynamic output, by key of a mapped step or template.
    """

    def __init__(self, plan: Plan, earlier: Earlier) -> None:
        self.known: list[str] = []
        self.templates: list[str] = []
        self.parents: dict[str, list[str]] = {}
        self.made_by_step: dict[str, str] = {}
        expanded: dict[str, list[str]] = {}  # by template, the keys of its steps, if the earlier run has them
        for step in plan.steps:
            over = step.mapped_over
            if over is None:
                self.known.append(step.key)
                self.parents[step.key] = [
                    key for upstream in step.upstream for key in expanded.get(upstream, [upstream])
                ]
                continue
            self.templates.append(step.key)
            self.parents[step.key] = list(step.upstream)
            self.made_by_step[step.key] = over.step_key
            if over.step_key not in earlier.ended:
                self.known.append(step.key)
                continue
            keys = earlier.mapping_keys.get(over, [])
            expanded[step.key] = [resolved_key(step.key, key) for key in keys]
            for key, own in zip(keys, expanded[step.key], strict=True):
                self.known.append(own)
                self.made_by_step[own] = over.step_key
                self.parents[own] = [
                    resolved_key(name, key) if name in self.templates else name for name in step.upstream
                ]
        self.children: dict[str, list[str]] = {key: [] for key in self.parents}
        for key, parents in self.parents.items():
            for parent in parents:
                self.children[parent].append(key)
        self._add_collectors(expanded)

    def _add_collectors(self, expanded: dict[str, list[str]]) -> None:
        """Make the steps that collect the steps of a template children of the template too."""
        for template, keys in expanded.items():
            mapped = set(self.parents) - set(self.made_by_step)
            behind = [child for key in keys for child in self.children[key] if child in mapped]
            self.children[template] += dict.fromkeys(behind)

    def keys_of(self, selection: Sequence[str]) -> list[str]:
        """Return the keys that clauses choose, in plan order."""
        found: set[str] = set()
        named: set[str] = set()
        unknown: list[str] = []
        for text in selection:
            try:
                clause = parse_clause(text)
            except DagflowInvalidSubsetError as error:
                raise DagflowInvalidSubsetError(
                    f"No qualified steps to execute found for step_selection={repr_of(list(selection))}: "
                    f"{error}"
                ) from None
            if clause.name is None:
                found.update(self.known)
            elif clause.name not in self.parents:
                unknown.append(clause.name)
            else:
                named.add(clause.name)
                found |= walk([clause.name], clause.up, self.parents.__getitem__)
                found |= walk([clause.name], clause.down, self.children.__getitem__)
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            raise DagflowExecutionStepNotFoundError(
                f"Step selection refers to unknown step{plural}: {', '.join(unknown)}."
                f"{nearest(unknown[0], self.parents)} The steps are {[*self.known, *self.templates]}.",
                step_keys=unknown,
            )
        return self._in_order(found, named)

    def _in_order(self, found: set[str], named: set[str]) -> list[str]:
        repeated = [key for key in found if self.made_by_step.get(key) in found]
        conflicting = [key for key in repeated if key in named and key not in self.templates]
        if conflicting:
            raise DagflowExecutionStepNotFoundError(
                f"the step selection names {conflicting}, but also runs "
                f"'{self.made_by_step[conflicting[0]]}' again, which gives new mapping keys. Choose "
                f"'{template_key(conflicting[0])}', which means all of them.",
                step_keys=conflicting,
            )
        found = (found - set(repeated)) | {template_key(key) for key in repeated}
        order = [*self.known, *self.templates]
        places = {step_key_base(key): place for place, key in reversed(list(enumerate(order)))}
        return sorted(found, key=lambda key: (places[step_key_base(key)], order.index(key)))
