"""StepCallState: the state behind the context of one attempt at a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagflow.context.call_state import CallState, RunFacts
from dagflow.engine.log import RunLog
from dagflow.engine.run_state import RunState
from dagflow.events.record import DagflowEvent
from dagflow.events.types import CODE, DagflowEventType
from dagflow.events.user import UserEvent
from dagflow.plan.step import Step

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager
    from dagflow.engine.record import Record
    from dagflow.keys import CoercibleToAssetKey


class StepCallState(CallState):
    """The state behind the context of one attempt at a step.

    Args:
        run_state: The state of the run.
        step: The step.
        number: The number of the attempt, from 1.
        logged: Receives the records of the events that the context logs.
    """

    __slots__ = ("_logged", "_number", "_run_state")

    step: Step

    def __init__(self, run_state: RunState, step: Step, number: int, logged: list[Record]) -> None:
        super().__init__(
            RunFacts(
                run_state.run.run_id,
                run_state.get_instance,
                run_state.run.tags,
                run_state.plan.partitions.key,
                run_state.plan.partitions.range,
                run_state.run,
                run_state.job,
                run_state.run.run_config,
            ),
            step,
            step.config,
            step.mapping_key,
            number - 1,
        )
        self._run_state = run_state
        self._number = number
        self._logged = logged

    def resource_values(self) -> dict[str, Any]:
        """Return the resources that the op and the I/O managers of its outputs require, by key."""
        keys = set(self.step.op.required_resource_keys)
        keys.update(self.step.op.body.optional_resources)
        keys.update([output.definition.io_manager_key for output in self.step.outputs])
        values = self._run_state.resources.values
        return {key: values[key] for key in keys if key in values}

    def make_log(self) -> DagflowLogManager:
        """Create the log of the step."""
        return self._run_state.log_of(self.step, self._number)

    def log_event(self, event: UserEvent) -> None:
        """Append an event to the log of the run."""
        record = self._run_state.log.append(code_of(event), self.step.index, self._number, event)
        self._logged.append(record)

    def load_asset_value(
        self, asset_key: CoercibleToAssetKey, python_type: type[Any] | None, partition_key: str | None
    ) -> Any:
        """Load the stored value of an asset."""
        from dagflow.engine.load_asset import load_asset_value  # imported lazily: few steps load values

        return load_asset_value(self._run_state, asset_key, python_type, partition_key)

    def take_events(self) -> list[DagflowEvent]:
        """Return the events since the last output, and remove them from the events of the run."""
        return take_back(self._run_state.log, self._logged)


def code_of(event: UserEvent) -> int:
    """Return the code of the event type of a user's object."""
    return CODE[DagflowEventType(event.becomes)]


def take_back(log: RunLog, logged: list[Record]) -> list[DagflowEvent]:
    """Remove the events since the last output from the events of the run, and return them."""
    log.unconfirmed.update(map(id, logged))
    events = [log.event_of(record) for record in logged]
    logged.clear()
    return events
