"""`FaultPlan`: the faults of a block of code, and the record of those that fired.

The plan lives in the process that starts the runs. It decides for each attempt which faults it has, and sends
a worker process only those. After a run it reads from the log which of them fired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from dagflow._util import UNSET
from dagflow.analysis.conditions import Conditions
from dagflow.analysis.fault_methods import FaultMethods
from dagflow.analysis.fault_status import FaultStatus
from dagflow.analysis.fault_targets import check_target, previous_value, steps_of, target_names
from dagflow.analysis.faults import RESOURCE_KIND, Fault, check_fault
from dagflow.analysis.injection import (
    ENGINE_EVENT,
    FAULT,
    MISSED,
    FaultyAttempt,
    Injection,
    TaskFaults,
    fail_teardowns,
    failing_definitions,
)
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.engine.run_state import RunState
from dagflow.engine.step import Attempt
from dagflow.errors import ParameterCheckError
from dagflow.executors.tasks import pickled_spec
from dagflow.keys import step_key_base
from dagflow.plan.step import Step


class FaultPlan(FaultMethods):
    """The faults that runs inject, for `run_options(faults=...)`. A fault that never fired is reported.

    Each method adds one fault and returns it. `node` is the name of an op, asset or step, such as "brew",
    "raw/beans", "machine.grind", or its definition. These arguments are the same in each method:

    - `on_attempt`: the number of the attempt that has the fault, from 1, a list of numbers, or None for all;
    - `mapping_key`: the mapping key of the step, or of a value of a dynamic output;
    - `partition`: the partition of the run;
    - `probability`, `seed`: the chance of each attempt. The same seed gives the same faults.

    Args:
        faults: The first faults.
        conditions: The conditions of `sometimes`, which several plans may share; default: new ones.

    Attributes: `conditions`; `runs`, the number of runs so far.

    Example:
        >>> from dagflow import RetryPolicy, job, op
        >>> from dagflow.testing import FaultPlan, run_options
        >>> @op(retry_policy=RetryPolicy(max_retries=1))
        ... def brew():
        ...     return "tea"
        >>> @job
        ... def cafe():
        ...     brew()
        >>> faults = FaultPlan()
        >>> with run_options(faults=faults):
        ...     _ = faults.fail("brew")
        ...     result = cafe.execute_in_process()
        >>> result.retry_attempts_for_node("brew"), faults.unfired()
        (1, [])
    """

    def __init__(self, faults: Iterable[Fault] = (), conditions: Conditions | None = None) -> None:
        self.conditions: Conditions = Conditions() if conditions is None else conditions
        self._statuses: list[FaultStatus] = []
        self._removed: list[str] = []
        self._added = 0
        self.runs = 0
        self._running: dict[int, _RunFaults] = {}  # by the id of the plan of the run
        self._nodes: dict[str, None] = {}
        self._resources: dict[str, None] = {}
        self._values: dict[Any, Any] = {}
        for fault in faults:
            self.add(fault)

    @property
    def faults(self) -> list[Fault]:
        """The faults, in the order in which they were added."""
        return [status.fault for status in self._statuses]

    def add(self, fault: Fault) -> Fault:
        """Add a fault.

        Raises:
            CheckError: A field of it is invalid.
        """
        if not isinstance(fault, Fault):
            raise ParameterCheckError(f"add() needs a Fault, not {fault!r} of type '{type(fault).__name__}'")
        check_fault(fault)
        node, bracket, key = fault.node.partition("[")
        if bracket:  # a mapped step, as brew[a]
            fault = fault._replace(node=node, mapping_key=key.rstrip("]"))
        self._statuses.append(FaultStatus(self._added, fault))
        self._added += 1
        return fault

    def clear(self) -> None:
        """Remove all faults: later runs have none. `unfired` still lists those that never fired."""
        self._removed += self._unfired()
        self._statuses.clear()

    def sometimes(self, name: str, condition: object) -> None:
        """Note whether a condition holds now. It must hold at least once, over all examples of a property.

        Args:
            name: The name of the condition.
            condition: Any value; only its truth counts.
        """
        self.conditions.note(name, condition)

    def unfired(self) -> list[str]:
        """Return a message for each fault that never fired: the fault, and the reason.

        A fault that a run refused with an error is not listed, because the caller of the run got the error.
        """
        return [*self._removed, *self._unfired()]

    def _unfired(self) -> list[str]:
        messages = []
        for status in self._statuses:
            if not status.fired and not status.is_refused:
                names = self._resources if status.fault.resource else self._nodes
                reason = status.reason(names) if self.runs else "no run started"
                messages.append(f"{status.fault.describe()} never fired: {reason}")
        return messages

    # the runs (implements `options.Faults`)

    def begin(self, state: RunState, *, is_in_process: bool) -> None:
        """Find the steps of the faults in a run.

        Raises:
            CheckError: A step of the run cannot have its fault.
            DagflowUnmetExecutorRequirementsError: The faults cannot be pickled.
        """
        self.runs += 1
        run = _RunFaults(self.runs)
        plan = state.plan
        self._nodes.update(dict.fromkeys(name for step in plan.steps for name in target_names(step)[:2]))
        self._resources.update(dict.fromkeys(plan.resource_keys))
        for status in self._statuses:
            fault = status.fault
            found = [] if fault.kind == RESOURCE_KIND else steps_of(plan, fault.node)
            if not found and fault.resource not in plan.resource_keys:
                continue
            status.is_known = True
            if fault.partition is not None and fault.partition not in plan.partitions.keys:
                status.other_partitions.update(dict.fromkeys(plan.partitions.keys or (None,)))
                continue
            if fault.kind == RESOURCE_KIND:
                run.of_resources.append(status)
            for step in found:
                status.is_refused = True  # unless the next line returns
                resolved = check_target(state, step, fault, is_in_process=is_in_process)
                status.is_refused = False
                run.by_step.setdefault(step_key_base(step.key), []).append((status, resolved))
                if resolved.kind == "stale_input":
                    run.stored[status.number, step_key_base(step.key)] = previous_value(state, step, resolved)
        if not is_in_process:
            pickled_spec([status.fault for status in self._statuses], "the faults of the run")
        self._running[id(plan)] = run

    def end(self, state: RunState) -> None:
        """Read from the log of a run which faults fired, and keep its values for stale inputs."""
        self._running.pop(id(state.plan), None)
        by_number = {status.number: status for status in self._statuses}
        for record in state.log.records:
            if record[0] != ENGINE_EVENT or record[4] is None:
                continue
            data = state.log.whole_event_of(record).event_specific_data
            metadata: Mapping[str, Any] = getattr(data, "metadata", {})
            status = by_number.get(metadata[FAULT].value) if FAULT in metadata else None
            if status is None:
                continue
            if MISSED in metadata:
                status.missed[metadata[MISSED].value] = None
            else:
                status.fired += 1
        self._values.update(state.values)

    def attempt(self, state: RunState, step: Step, number: int) -> Attempt:
        """Return an attempt at a step, with its faults."""
        injections = self._injections(state, step, number)
        return FaultyAttempt(state, step, number, injections) if injections else Attempt(state, step, number)

    def for_task(self, state: RunState, step: Step, number: int) -> TaskFaults | None:
        """Return the faults of one attempt and of its resources, for a worker process."""
        found = [*self._injections(state, step, number), *self._of_resources(state, f"{step.key} {number}")]
        return TaskFaults(found) if found else None

    def resource_definitions(self, state: RunState) -> Mapping[str, ResourceDefinition]:
        """Return the resource definitions of a run, in which the start of some raises."""
        run = self._running[id(state.plan)]
        run.resources = self._of_resources(state, "")
        return failing_definitions(state, run.resources)

    def resources_started(self, state: RunState) -> None:
        """Make the stop of some resources fail."""
        fail_teardowns(state, self._running[id(state.plan)].resources)

    def _injections(self, state: RunState, step: Step, number: int) -> list[Injection]:
        run = self._running[id(state.plan)]
        base, found = step_key_base(step.key), []
        for status, fault in run.by_step.get(base, ()):
            status.attempts.append((step.key, number))
            if fault.on_attempt is not None and number not in fault.on_attempt:
                continue
            if step.mapping_key is not None and fault.mapping_key not in (None, step.mapping_key):
                continue
            if not _is_drawn(status, run, f"{step.key} {number}", state):
                continue
            injection = Injection(status.number, fault)
            if fault.kind == "stale_input" and fault.value is UNSET:
                injection = self._with_stale_value(injection, step, run.stored[status.number, base])
            found.append(injection)
        return found

    def _of_resources(self, state: RunState, where: str) -> list[Injection]:
        run = self._running[id(state.plan)]
        return [
            Injection(status.number, status.fault)
            for status in run.of_resources
            if _is_drawn(status, run, where, state)
        ]

    def _with_stale_value(self, injection: Injection, step: Step, stored: Any) -> Injection:
        """Return the fault with the value of an earlier run: as the run kept it, or as it is stored."""
        fault = injection.fault
        source = next(item.source for item in step.loads if item.name == fault.name)
        if source.ref in self._values:
            return injection._replace(fault=fault._replace(value=self._values[source.ref]))
        if isinstance(stored, str):
            return injection._replace(missed=stored)
        return injection._replace(fault=fault._replace(value=stored[0]))


class _RunFaults:
    """The faults of one run.

    Attributes:
        number: The number of the run, from 1.
        by_step: The faults of each step, by its key without mapping key.
        of_resources: The faults of resources.
        resources: Those of them that a run in this process has.
        stored: The value of a stale input before the run, in a tuple, or the reason why there is none.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.by_step: dict[str, list[tuple[FaultStatus, Fault]]] = {}
        self.of_resources: list[FaultStatus] = []
        self.resources: list[Injection] = []
        self.stored: dict[tuple[int, str], Any] = {}


def _is_drawn(status: FaultStatus, run: _RunFaults, where: str, state: RunState) -> bool:
    """Return whether the probability of a fault chooses an attempt. The same seed always chooses the same."""
    fault = status.fault
    if fault.probability < 1:
        status.draws += 1
        facts = f"{fault.seed} {run.number} {state.plan.partitions.key} {where}"
        if Random(facts).random() >= fault.probability:
            return False
    status.is_drawn = True
    return True
