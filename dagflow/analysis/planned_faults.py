"""`PlannedFaults`: the faults of a plan in the runs of this process.

It decides for each attempt which faults it has, and sends a worker process only those. After a run it reads
from the log which of them fired.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from dagflow._util import UNSET
from dagflow.analysis.fault_status import FaultStatus
from dagflow.analysis.fault_targets import check_target, previous_value, steps_of, target_names
from dagflow.analysis.faults import RESOURCE_KIND, Fault
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
from dagflow.executors.tasks import pickled_spec
from dagflow.keys import step_key_base
from dagflow.plan.step import Step


class PlannedFaults:
    """The faults of a plan, as runs use them (implements `options.Faults`).

    Attributes:
        statuses: The faults, with the record of each.
        count: The number of runs so far.
        nodes, resources: The nodes and the resources of these runs.
    """

    def __init__(self) -> None:
        self.statuses: list[FaultStatus] = []
        self.count = 0
        self.nodes: dict[str, None] = {}
        self.resources: dict[str, None] = {}
        self._running: dict[int, _RunFaults] = {}  # by the id of the plan of the run
        self._values: dict[Any, Any] = {}

    def begin(self, state: RunState, *, is_in_process: bool) -> None:
        """Find the steps of the faults in a run.

        Raises:
            CheckError: A step of the run cannot have its fault.
            DagflowUnmetExecutorRequirementsError: The faults cannot be pickled.
        """
        self.count += 1
        run = _RunFaults(self.count)
        plan = state.plan
        self.nodes.update(dict.fromkeys(name for step in plan.steps for name in target_names(step)[:2]))
        self.resources.update(dict.fromkeys(plan.resource_keys))
        for status in self.statuses:
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
            pickled_spec([status.fault for status in self.statuses], "the faults of the run")
        self._running[id(plan)] = run

    def end(self, state: RunState) -> None:
        """Read from the log of a run which faults fired, and keep its values for stale inputs."""
        self._running.pop(id(state.plan), None)
        by_number = {status.number: status for status in self.statuses}
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
