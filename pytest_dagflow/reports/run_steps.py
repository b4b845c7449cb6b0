"""The steps of a run with their outcomes, for the report of a failed test and for the page of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_dagflow.reports.checks import is_of_checks, outcomes_of_blocked

if TYPE_CHECKING:
    from dagflow import DagflowEvent, ExecuteInProcessResult

_NOTABLE = ("failed", "skipped", "unfinished")
_ENDS = {"STEP_SUCCESS": "succeeded", "STEP_FAILURE": "failed", "STEP_SKIPPED": "skipped"}


class RunStep(NamedTuple):
    """A step of a run.

    Attributes:
        outcome: "succeeded", "failed", "skipped", "unfinished", "not run", or "given" by the caller.
        events: The events of the step itself, without those of its outputs and assets.
        checks: The checks that failed the step, or for which it waited; empty without them.
    """

    outcome: str
    events: Sequence[DagflowEvent] = ()
    checks: str = ""

    @property
    def retries(self) -> int:
        """The number of its retries."""
        return sum(event.event_type.name == "STEP_RESTARTED" for event in self.events)

    @property
    def seconds(self) -> float:
        """The time since its first start."""
        return self.events[-1].timestamp - self.events[0].timestamp if self.events else 0.0

    @property
    def error(self) -> Any:
        """The error that failed it; None for a step that did not fail, or that blocking checks failed."""
        if self.outcome != "failed":
            return None
        error = getattr(self.events[-1].event_specific_data, "error", None)
        return None if error is None or is_of_checks(error) else error

    @property
    def text(self) -> str:
        """The outcome with the time, the number of retries and the checks."""
        if self.outcome == "not run":
            return f"not run, blocked by {self.checks}" if self.checks else "not run"
        if self.outcome in ("given", "skipped"):
            return self.outcome
        retries = self.retries
        again = f", retried {retries} time{'' if retries == 1 else 's'}" if retries else ""
        checks = f": {self.checks} did not pass" if self.checks else ""
        return f"{self.outcome} in {format_time(self.seconds)}{again}{checks}"


def steps_of_run(result: ExecuteInProcessResult) -> dict[str, RunStep]:
    """Return the steps of a run by key, those of a mapped node at the position of the node.

    Args:
        result: The result of the run.
    """
    steps = dict.fromkeys((ref[0] for ref in result.given), RunStep("given"))
    by_checks, blocked = outcomes_of_blocked(result)
    steps.update((key, RunStep("not run", (), blocked.get(key, ""))) for key in result.plan.step_keys)
    by_step: dict[str, list[DagflowEvent]] = {}
    for event in result.all_events:
        if event.step_key is not None and event.event_type_value.startswith("STEP_"):
            by_step.setdefault(event.step_key, []).append(event)
    for key, events in by_step.items():
        types = [event.event_type.name for event in events]
        outcome = next((_ENDS[name] for name in reversed(types) if name in _ENDS), "unfinished")
        is_blocked = outcome == "failed" and _failed_by_checks(events)
        steps[key] = RunStep(outcome, events, by_checks.get(key, "") if is_blocked else "")
    return {key: steps[key] for key in _group_mapped_steps(steps)}


def _failed_by_checks(events: Sequence[DagflowEvent]) -> bool:
    error = getattr(events[-1].event_specific_data, "error", None)
    return error is not None and is_of_checks(error)


def _group_mapped_steps(keys: Iterable[str]) -> list[str]:
    """Return the keys with the steps of each mapped node together; the node itself if it has no step yet."""
    by_node: dict[str, list[str]] = {}
    for key in keys:
        by_node.setdefault(key.partition("[")[0], []).append(key)
    return [
        key
        for steps in by_node.values()
        for key in [key for key in steps if not key.endswith("[?]")] or steps
    ]


def choose_steps(steps: Mapping[str, RunStep], limit: int) -> list[str]:
    """Return the steps to show: all, or those with a notable outcome and the steps beside them.

    Args:
        steps: The steps of a run.
        limit: The number of steps to show at most.
    """
    if len(steps) <= limit:
        return list(steps)
    notable = [key for key, step in steps.items() if step.outcome in _NOTABLE or step.retries]
    positions = {key: position for position, key in enumerate(steps)}
    centers = [positions[key] for key in notable[:limit]] or [0]
    nearest = sorted(steps, key=lambda key: min(abs(positions[key] - center) for center in centers))
    chosen = set(list(dict.fromkeys([*notable, *nearest]))[:limit])
    return [key for key in steps if key in chosen]


def tree_order(keys: Iterable[str]) -> Callable[[str], list[int]]:
    """Return a sort key that keeps the order of the steps, and puts the steps of a graph together."""
    positions: dict[str, int] = {}
    for position, key in enumerate(keys):
        parts = key.split(".")
        for depth in range(len(parts)):
            positions.setdefault(".".join(parts[: depth + 1]), position)

    def order(key: str) -> list[int]:
        parts = key.split(".")
        return [positions[".".join(parts[: depth + 1])] for depth in range(len(parts))]

    return order


def count_outcomes(steps: Iterable[RunStep]) -> str:
    """Return the number of steps for each outcome: "3 succeeded, 1 not run"."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.outcome] = counts.get(step.outcome, 0) + 1
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def format_time(seconds: float) -> str:
    """Return a time with its unit: "1.50 s", "12 ms", "0.34 ms"."""
    if seconds >= 0.9995:
        return f"{seconds:.2f} s"
    thousandths = seconds * 1000
    return f"{thousandths:.0f} ms" if thousandths >= 10 else f"{thousandths:.2g} ms"
