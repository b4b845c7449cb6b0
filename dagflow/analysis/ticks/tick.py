"""One simulated tick of a schedule or sensor, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from dagflow.defs.automation.results import AssetEvent
from dagflow.defs.jobs.request_partition import PartitionsRequest
from dagflow.defs.jobs.run_request import RunRequest
from dagflow.errors import text_of
from dagflow.events.check import AssetCheckEvaluation
from dagflow.events.run import DagflowRun, DagflowRunStatus
from dagflow.partitions.requests import AddDynamicPartitionsRequest

if TYPE_CHECKING:
    from dagflow.automation.sensor_data import DagflowRunReaction

_MAX_REQUESTS = 5


class SimulatedRequest(NamedTuple):
    """A request of a simulated tick, and its effect.

    Attributes:
        request: The request, as the tick returned it.
        target: The name of the job, or the keys of the selected assets and checks, joined by `+`.
        run: The run with its final status. None if the run was not executed.
        is_repeated: Whether an earlier request of the same schedule or sensor had this run key, so that no
            run started.
    """

    request: RunRequest
    target: str
    run: DagflowRun | None = None
    is_repeated: bool = False

    def __str__(self) -> str:
        request = self.request
        keys = request.partition_key_range
        if request.partition_key is not None:
            partition = f"[{request.partition_key}]"
        else:
            partition = "" if keys is None else f"[{keys.start}...{keys.end}]"
        key = request.run_key
        run_key = "" if key is None or key == request.partition_key else f" key={key}"
        outcome = " repeated" if self.is_repeated else ""
        if self.run is not None and self.run.status is not DagflowRunStatus.SUCCESS:
            outcome = f" {self.run.status.value}"
        return f"{self.target}{partition}{run_key}{outcome}"


class Tick(NamedTuple):
    """A simulated tick of a schedule or sensor. `str(tick)` is its line in the messages of `assert_ticks`.

    Attributes:
        name: The name of the schedule or sensor.
        time: The time of the tick: in the time zone of the schedule, or in UTC for a sensor.
        requests: The requests for runs, with their effects.
        skip_message: The reason why no run starts, or None.
        cursor: The cursor that the sensor left; None for a schedule.
        reactions: The runs to which a run status sensor has reacted.
        dynamic_partitions_requests: The keys of dynamic partitions that were added or deleted.
        asset_events: The events of assets that were stored.
        error: The exception that the tick raised, or None.

    Example:
        >>> from datetime import datetime
        >>> str(Tick("nightly", datetime(2024, 1, 5, 6), skip_message="a holiday"))
        '2024-01-05 06:00 nightly: skipped: a holiday'
    """

    name: str
    time: datetime
    requests: Sequence[SimulatedRequest] = ()
    skip_message: str | None = None
    cursor: str | None = None
    reactions: Sequence[DagflowRunReaction] = ()
    dynamic_partitions_requests: Sequence[PartitionsRequest] = ()
    asset_events: Sequence[AssetEvent] = ()
    error: BaseException | None = None

    @property
    def run_requests(self) -> list[RunRequest]:
        """The requests for runs, as the tick returned them."""
        return [one.request for one in self.requests]

    @property
    def runs(self) -> list[DagflowRun]:
        """The executed runs, with their final status."""
        return [one.run for one in self.requests if one.run is not None]

    @property
    def is_skipped(self) -> bool:
        """Whether the tick had no effect: it requested and changed nothing, reacted to no run and passed."""
        return not (
            self.requests
            or self.reactions
            or self.dynamic_partitions_requests
            or self.asset_events
            or self.error
        )

    @property
    def outcome(self) -> str:
        """The effects of the tick in one line."""
        if self.error is not None:
            # not its wrapper, which repeats the name of the schedule
            return f"raised {_in_one_line(text_of(getattr(self.error, 'user_exception', self.error)))}"
        parts = [str(one) for one in self.requests[:_MAX_REQUESTS]]
        if len(self.requests) > _MAX_REQUESTS:
            parts.append(f"... ({len(self.requests)} requests)")
        parts += [_reaction_text(one) for one in self.reactions]
        for change in self.dynamic_partitions_requests:
            verb = "adds" if isinstance(change, AddDynamicPartitionsRequest) else "deletes"
            parts.append(f"{verb} {change.partitions_def_name}[{', '.join(change.partition_keys)}]")
        parts += [f"reports {_event_text(event)}" for event in self.asset_events]
        if self.is_skipped:
            parts.append("skipped" + (f": {_in_one_line(self.skip_message)}" if self.skip_message else ""))
        return ", ".join(parts)

    @property
    def time_text(self) -> str:
        """The time on the clock of its zone, with the offset of a zone that is not UTC."""
        time = self.time
        text = f"{time:%Y-%m-%d %H:%M:%S}" if time.second or time.microsecond else f"{time:%Y-%m-%d %H:%M}"
        return text if time.tzinfo is timezone.utc else text + time.isoformat()[19:].lstrip(".0123456789")

    def __str__(self) -> str:
        return f"{self.time_text} {self.name}: {self.outcome}"


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _reaction_text(reaction: DagflowRunReaction) -> str:
    run, status = reaction.dagflow_run, reaction.run_status
    text = f"reacts to {'a run' if run is None else run.job_name} {'' if status is None else status.value}"
    if reaction.error is None:
        return text.rstrip()
    return f"{text.rstrip()} with an error ({_in_one_line(reaction.error.message)})"


def _event_text(event: AssetEvent) -> str:
    if isinstance(event, AssetCheckEvaluation):
        return f"{event.asset_check_key.to_user_string()} {'passed' if event.passed else 'failed'}"
    partition = "" if event.partition is None else f"[{event.partition}]"
    return f"{event.asset_key.to_user_string()}{partition}"
