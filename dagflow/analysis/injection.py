"""The effects of faults on one attempt at a step and on the resources of a run.

Each effect is recorded as an ENGINE_EVENT with the number of its fault. So the parent process learns from the
log of the run which faults of a worker fired.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from dagflow._util import UNSET
from dagflow.analysis.faults import INPUT_KINDS, OUTPUT_KINDS, RESOURCE_KIND, Fault
from dagflow.analysis.wrong_values import WrongValue, corrupted, cut_writes
from dagflow.call import missing_output, user_code, wrapped
from dagflow.clock import SystemClock
from dagflow.defs.ops.ports import OutputDefinition
from dagflow.defs.resources.definition import ResourceDefinition
from dagflow.engine.log import NO_STEP
from dagflow.engine.record import EngineMessage
from dagflow.engine.run_state import RunState
from dagflow.engine.step import Attempt, metadata_given
from dagflow.engine.store_outputs import store
from dagflow.events.data import EngineEventData
from dagflow.events.types import CODE, DagflowEventType
from dagflow.events.user import DynamicOutput
from dagflow.metadata.value import MetadataValue
from dagflow.plan.step import Step
from dagflow.resources import resource_error

ENGINE_EVENT = CODE[DagflowEventType.ENGINE_EVENT]
FAULT, MISSED = "fault", "missed"
"""The keys of the metadata of an event about a fault: its number, and the reason if it had no effect."""


class Injection(NamedTuple):
    """A fault at one attempt.

    Attributes:
        number: The number of the fault in its plan.
        fault: The fault. `name` is the input or output in any case.
        missed: The reason why it cannot have an effect here; empty if it can.
    """

    number: int
    fault: Fault
    missed: str = ""


class FaultyAttempt(Attempt):
    """One attempt at a step that has faults.

    Attributes: `injections`, the faults.
    """

    __slots__ = ("injections",)

    def __init__(self, state: RunState, step: Step, number: int, injections: Sequence[Injection]) -> None:
        super().__init__(state, step, number)
        self.injections = injections

    def change_inputs(self, arguments: dict[str, Any]) -> None:
        """Replace loaded values by stale or corrupt ones."""
        for injection in self._of(INPUT_KINDS):
            fault = injection.fault
            name = str(fault.name)
            if injection.missed:
                self._record(injection, injection.missed)
                continue
            value = corrupted(arguments[name], name, self.step.key) if fault.value is UNSET else fault.value
            arguments[name] = value
            self._record(injection)

    def before_call(self) -> None:
        """Delay the call of the function, or fail instead of calling it."""
        for injection in self._of(("delay",)):
            self._record(injection)
            clock = self.state.options.clock
            # the clock of the operating system may skip waits for retries, but not the time of user code
            (time.sleep if isinstance(clock, SystemClock) else clock.sleep)(injection.fault.seconds)
        for injection in self._of(("hang",)):
            self._record(injection)
            while True:
                time.sleep(3600)
        for injection in self._of(("crash",)):
            self._record(injection)
            os.kill(os.getpid(), signal.SIGKILL)
        self._fail("fail")

    def after_call(self) -> None:
        """Fail although the function has ended and all outputs are stored."""
        self._fail("fail_late")

    def _fail(self, kind: str) -> None:
        for injection in self._of((kind,)):
            self._record(injection)
            with user_code(partial(wrapped, op=self.step.op, step_key=self.step.key)):
                raise injection.fault.error or RuntimeError(f"fault of a test: {injection.fault.describe()}")

    def emit(self, output: OutputDefinition, value: Any, given: Any = None) -> None:
        """Process an output, with its faults."""
        mapping_key = given.mapping_key if isinstance(given, DynamicOutput) else None
        found = {
            injection.fault.kind: injection
            for injection in self._of(OUTPUT_KINDS)
            if injection.fault.name == output.name
            and (mapping_key is None or injection.fault.mapping_key in (None, mapping_key))
        }
        if "drop_output" in found:
            self._record(found["drop_output"])
            if output.is_required and mapping_key is None:
                raise missing_output(self.step.op, self.step.key, output.name)
            return
        if "wrong_type" in found:
            value = self._wrong(found["wrong_type"], value)
        if "partial_write" in found:
            self._emit_cut(found["partial_write"], output, value, given)
        else:
            super().emit(output, value, given)
        if "duplicate" in found:
            self._emit_again(found["duplicate"], output, value, given, mapping_key)

    def _wrong(self, injection: Injection, value: Any) -> Any:
        if value is UNSET:
            self._record(injection, "the function gave no value")
            return value
        self._record(injection)
        return WrongValue() if injection.fault.value is UNSET else injection.fault.value

    def _emit_cut(self, injection: Injection, output: OutputDefinition, value: Any, given: Any) -> None:
        error = injection.fault.error or OSError(f"fault of a test: {injection.fault.describe()}")
        record = partial(self._record, injection)
        with cut_writes(error, record) as was_cut:
            super().emit(output, value, given)
        if not was_cut:
            key = self.step.output_by_name[output.name].manager_key
            self._record(
                injection,
                f"the I/O manager '{key}' wrote no file by Python's open() while it stored output "
                f"'{output.name}', so no write was cut",
            )

    def _emit_again(
        self, injection: Injection, output: OutputDefinition, value: Any, given: Any, mapping_key: str | None
    ) -> None:
        """Store an output a second time, with a second materialization."""
        state, declared = self.state, self.step.output_by_name[output.name]
        self._record(injection)
        metadata = dict(metadata_given(declared, given))
        if (
            value is not UNSET
            and declared.manager_key is not None
            and declared.manager_key not in state.in_memory
        ):
            metadata |= store(state, self.step, declared, value, mapping_key, metadata, self._write)
        if declared.asset is not None and declared.asset.event is not None:
            self._record_asset(declared, given, metadata)

    def _of(self, kinds: Sequence[str]) -> list[Injection]:
        return [injection for injection in self.injections if injection.fault.kind in kinds]

    def _record(self, injection: Injection, missed: str = "") -> None:
        record(self.state, injection, self.step.index, self.number, missed)


class TaskFaults(NamedTuple):
    """The faults of one attempt, as its worker process gets them (implements `options.Faults`).

    Attributes: `injections`, the faults of the attempt and of the resources that it starts.
    """

    injections: Sequence[Injection]

    def begin(self, state: RunState, *, is_in_process: bool) -> None:
        """Do nothing: the parent process prepared the run."""

    def end(self, state: RunState) -> None:
        """Do nothing: the parent process reads the log."""

    def attempt(self, state: RunState, step: Step, number: int) -> Attempt:
        """Return the attempt with its faults."""
        return FaultyAttempt(state, step, number, self.injections)

    def for_task(self, state: RunState, step: Step, number: int) -> None:
        """Return None: a worker starts no tasks."""

    def resource_definitions(self, state: RunState) -> Mapping[str, ResourceDefinition]:
        """Return the definitions with those of failing resources replaced."""
        return failing_definitions(state, self.injections)

    def resources_started(self, state: RunState) -> None:
        """Make the stop of resources fail."""
        fail_teardowns(state, self.injections)


def failing_definitions(state: RunState, injections: Sequence[Injection]) -> Mapping[str, ResourceDefinition]:
    """Return the resource definitions of a run, in which the start of some resources raises."""
    definitions = state.job.resource_defs
    failing = {
        injection.fault.resource: _failing(state, injection, definitions[injection.fault.resource])
        for injection in injections
        if injection.fault.kind == RESOURCE_KIND and injection.fault.on == "init"
    }
    return {**definitions, **failing} if failing else definitions


def _failing(state: RunState, injection: Injection, definition: ResourceDefinition) -> ResourceDefinition:
    key = injection.fault.resource

    def start(context: object) -> None:
        record(state, injection)
        error = _resource_fault(injection)
        raise resource_error(key, definition, error) from error

    return ResourceDefinition(resource_fn=start)


def fail_teardowns(state: RunState, injections: Sequence[Injection]) -> None:
    """Make the stop of some started resources raise after their own teardown."""
    closers = state.resources.closers
    for injection in injections:
        fault = injection.fault
        if (
            fault.kind != RESOURCE_KIND
            or fault.on != "teardown"
            or fault.resource not in state.resources.values
        ):
            continue
        position = next((index for index, (key, _) in enumerate(closers) if key == fault.resource), None)
        close = None if position is None else closers[position][1]
        entry = (fault.resource, partial(_close_and_fail, state, injection, close))
        if position is None:
            closers.append(entry)
        else:
            closers[position] = entry


def _close_and_fail(state: RunState, injection: Injection, close: Callable[[], None] | None) -> None:
    if close is not None:
        close()
    record(state, injection)
    raise _resource_fault(injection)


def _resource_fault(injection: Injection) -> Exception:
    return injection.fault.error or RuntimeError(f"fault of a test: {injection.fault.describe()}")


def record(
    state: RunState, injection: Injection, step: int | None = None, attempt: int = 0, missed: str = ""
) -> None:
    """Append the event that a fault fired, or that it had no effect.

    Args:
        state: The run.
        injection: The fault.
        step: The index of the step; default: the only step of a worker, or none.
        attempt: The number of the attempt.
        missed: The reason why it had no effect; empty if it fired.
    """
    if step is None:
        step = NO_STEP if state.plan.only_step is None else state.plan.only_step
    metadata: dict[str, Any] = {FAULT: MetadataValue.int(injection.number)}
    text = f"Fault: {injection.fault.describe()}"
    if missed:
        metadata[MISSED] = MetadataValue.text(missed)
        text += f" had no effect: {missed}"
    state.log.append(ENGINE_EVENT, step, attempt, EngineMessage(text, EngineEventData(metadata)))
