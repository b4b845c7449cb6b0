"""Causality of the events of a run: happens-before, computed on demand from the events and the plan.

An event has its run, step, attempt and position; the plan has the upstream steps of each step. Within one
run, an earlier event caused a later event if

1. both belong to one step: program order within an attempt, and attempt n comes before attempt n + 1;
2. the step of the later event waits for the step of the earlier one, directly or through other steps, and the
   earlier event is not after the end of its step (hooks run after that end, and no step waits for a hook);
3. the earlier event belongs to the start of the run (RUN_START, the start of executor and resources), or the
   later event to its end (the end of the executor, RUN_SUCCESS, RUN_FAILURE).

No other events are ordered: two steps without a path between them ran in an accidental order. Events of two
runs are never ordered. Nothing of this is stored, so it costs a run nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from dagflow.errors import DagflowError, repr_of
from dagflow.events.data import ComputeLogsCaptureData
from dagflow.events.record import DagflowEvent
from dagflow.events.types import DagflowEventType
from dagflow.keys import mapped_step_key, step_key_base

_T = DagflowEventType
_ENDS = frozenset({_T.RUN_SUCCESS, _T.RUN_FAILURE, _T.RUN_CANCELED})
_FINISHED = frozenset({_T.STEP_SUCCESS, _T.STEP_SKIPPED})
_NOT_CAUSED = frozenset({"later", "runs", "unrelated", "unfinished"})


class _Step(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def upstream_keys(self) -> Iterable[str]: ...


class PlanOfSteps(Protocol):
    @property
    def steps(self) -> Iterable[_Step]: ...


def causality(result_or_events: object) -> Causality:
    """Return the causality of the events of a result, or of an event list that has the plans of its runs.

    Args:
        result_or_events: The result of a run, its `all_events`, or another list that has the plans.

    Raises:
        DagflowError: The argument is not a result or a list, or is a list without plans.

    Example:
        >>> causality([])
        Traceback (most recent call last):
            ...
        dagflow.errors.DagflowError: this list of events does not have the plan of its run...
    """
    events, plans = events_and_plans(result_or_events)
    return Causality(events, plans)


class Causality:
    """The causality of a list of events (`dagflow.testing.causality` creates it).

    The arguments of its methods must be elements of that list, or equal to one.
    """

    __slots__ = ("_events", "_plans", "_positions", "_runs")

    def __init__(self, events: Sequence[DagflowEvent], plans: Mapping[str, PlanOfSteps]) -> None:
        self._events = events
        self._plans = plans
        self._positions = {
            id(event): position for position, event in enumerate(events)
        }  # the list keeps the ids valid
        self._runs: dict[str, _Run] | None = None

    def caused(self, earlier: DagflowEvent, later: DagflowEvent) -> bool:
        """Return whether `earlier` comes before `later` in every possible order of the run.

        False if it came before `later` by accident only, or did not come before it at all.

        Raises:
            DagflowError: An event is not in the list, or the list does not have the plan of its run.
        """
        return self._why(self._position(earlier), self._position(later)) not in _NOT_CAUSED

    def explain(self, earlier: DagflowEvent, later: DagflowEvent) -> str:
        """Return a sentence about the reason for the order of two events, or about the lack of a reason.

        Raises:
            DagflowError: An event is not in the list, or the list does not have the plan of its run.
        """
        first, second = self._position(earlier), self._position(later)
        why = self._why(first, second)
        a, b = _named(earlier), _named(later)
        if why == "later":
            return f"{a} did not come before {b} in this run"
        if why == "runs":
            return f"{a} and {b} belong to two runs, and nothing orders those"
        if why == "step":
            return f"{a} comes before {b}: both belong to step '{_step_key(earlier)}'"
        if why == "run":
            return f"{a} comes before {b}: one of them is the start or the end of the whole run"
        one, other = _step_key(earlier), _step_key(later)
        if why == "path":
            path = " -> ".join(self._run(earlier.run_id).path(str(one), str(other)))
            return f"{a} comes before {b}: step '{other}' waits for step '{one}' ({path})"
        luck = f"{a} came before {b} in this run, but nothing orders them"
        if why == "unfinished":
            return f"{luck}: step '{other}' waits for the end of step '{one}', and {a} came after that end"
        if one is None or other is None:
            return luck
        return f"{luck}: no path of the plan leads from step '{one}' to step '{other}'"

    def causes_among(self, events: Sequence[DagflowEvent]) -> Callable[[int], int]:
        """Return a function that returns the causes of one event among some events.

        It is quick for many questions about the same events, because the causes are a bit set: bit n is set
        if the event at index n caused the event at the given index.

        Args:
            events: Elements of the list, in its order.

        Example:
            >>> from dagflow import asset, materialize_to_memory
            >>> @asset
            ... def water():
            ...     return 1
            >>> events = materialize_to_memory([water]).all_events
            >>> causes = causality(events).causes_among(events[:3])
            >>> [bin(causes(index)) for index in range(3)]
            ['0b0', '0b1', '0b11']
        """
        positions = [self._position(event) for event in events]
        runs: dict[str, _Among] = {}
        for index, event in enumerate(events):
            if event.run_id not in runs:
                runs[event.run_id] = _Among(self._run(event.run_id))
            runs[event.run_id].add(index, positions[index], event)
        return lambda index: runs[events[index].run_id].causes(index, positions[index], events[index])

    def _position(self, event: DagflowEvent) -> int:
        position = self._positions.get(id(event))
        if position is not None:
            return position
        try:
            return self._events.index(event)  # an equal event from another copy of the list
        except ValueError:
            raise DagflowError(
                f"{repr_of(event)} is not among the {len(self._events)} events of this causality"
            ) from None

    def _run(self, run_id: str) -> _Run:
        if self._runs is None:
            self._runs = {}
            for position, event in enumerate(self._events):
                if event.run_id not in self._runs:
                    self._runs[event.run_id] = _Run()
                self._runs[event.run_id].add(position, event)
        run = self._runs[run_id]
        if run.upstream is None:
            plan = plan_of(self._plans, run_id)
            run.upstream = _upstream_of(plan)
        return run

    def _why(self, first: int, second: int) -> str:
        """Return the reason for the order of two events ("run", "step", "path"), or one of `_NOT_CAUSED`."""
        if first >= second:
            return "later"
        earlier, later = self._events[first], self._events[second]
        if earlier.run_id != later.run_id:
            return "runs"
        run = self._run(earlier.run_id)
        one, other = _step_key(earlier), _step_key(later)
        if one == other and one is not None:
            return "step"
        if first <= run.start <= second or later.event_type in _ENDS or (one is None and other is None):
            return "run"
        if one is None:
            return "run" if first < run.first_of_steps else "unrelated"
        if other is None:
            return "run" if second > run.last_of_steps else "unrelated"
        if one not in run.ancestors(other):
            return "unrelated"
        return "path" if first <= run.finished.get(one, -1) else "unfinished"


class _Run:
    """The positions of the events of one run, and the upstream steps from its plan.

    Attributes:
        start: The position of RUN_START, -1 without that event.
        first_of_steps: The position of the first event of a step. The start of the run is before it.
        last_of_steps: The position of the last event of a step. The end of the run is after it.
        finished: The position of the success or skip of each step, by step key.
        upstream: The keys of the upstream steps, by step key. None until the plan is read.
    """

    __slots__ = ("_ancestors", "finished", "first_of_steps", "last_of_steps", "start", "upstream")

    def __init__(self) -> None:
        self.start = -1
        self.first_of_steps = -1
        self.last_of_steps = -1
        self.finished: dict[str, int] = {}
        self.upstream: dict[str, tuple[str, ...]] | None = None
        self._ancestors: dict[str, frozenset[str]] = {}

    def add(self, position: int, event: DagflowEvent) -> None:
        """Update the positions with the next event of the run."""
        event_type, step_key = event.event_type, _step_key(event)
        if event_type is _T.RUN_START:
            self.start = position
            self.first_of_steps = (
                self.last_of_steps
            ) = -1  # events before RUN_START plan steps and do not run them
        elif step_key is not None:
            if self.first_of_steps < 0:
                self.first_of_steps = position
            self.last_of_steps = position
            if event_type in _FINISHED:
                self.finished[step_key] = position

    def ancestors(self, key: str) -> frozenset[str]:
        """Return the keys of the steps that had to end before the start of step `key`."""
        if key not in self._ancestors:
            self._ancestors[key] = frozenset(self._came_from(key))
        return self._ancestors[key]

    def path(self, ancestor: str, key: str) -> list[str]:
        """Return a shortest path of step keys from `ancestor` to `key`."""
        came_from = self._came_from(key)
        path = [ancestor]
        while path[-1] != key:
            path.append(came_from[path[-1]])
        return path

    def _came_from(self, key: str) -> dict[str, str]:
        """Return the ancestors of a step, each with the next step on a shortest path from it to the step."""
        came_from: dict[str, str] = {}
        upstream = self.upstream or {}
        queue = [key]
        for current in queue:
            for above in upstream.get(current, ()):
                if above not in came_from and above != key:
                    came_from[above] = current
                    # a step without events did not run, so its own upstream steps are skipped, except for
                    # the template of a mapped step without mapping keys: the collecting step waited for it
                    if above in self.finished or above.endswith("[?]"):
                        queue.append(above)
        return came_from


class _Among:
    """The events of one run among some events, as bit sets of their indexes.

    Attributes:
        every: All of them.
        at_start: Those up to the start of the run.
        loose: Those without a step.
        loose_before: Those without a step that come before the first event of a step.
        of_step: Those of each step.
        until_end: Those of each step that come before the end of the step, which the steps below wait for.
    """

    __slots__ = ("_above", "_run", "at_start", "every", "loose", "loose_before", "of_step", "until_end")

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._above: dict[str, int] = {}
        self.every = self.at_start = self.loose = self.loose_before = 0
        self.of_step: dict[str, int] = {}
        self.until_end: dict[str, int] = {}

    def add(self, index: int, position: int, event: DagflowEvent) -> None:
        """Add an event with its index, and its position in the whole list."""
        bit, key, run = 1 << index, _step_key(event), self._run
        self.every |= bit
        if position <= run.start:
            self.at_start |= bit
        if key is None:
            self.loose |= bit
            if position < run.first_of_steps:
                self.loose_before |= bit
            return
        self.of_step[key] = self.of_step.get(key, 0) | bit
        if position <= run.finished.get(key, -1):
            self.until_end[key] = self.until_end.get(key, 0) | bit

    def causes(self, index: int, position: int, event: DagflowEvent) -> int:
        """Return the causes of an event, by the rules of `Causality`."""
        before, key, run = (1 << index) - 1, _step_key(event), self._run
        if event.event_type in _ENDS:
            return self.every & before
        found = self.at_start if position >= run.start else 0
        if key is None:
            found |= self.loose if position <= run.last_of_steps else self.every
        else:
            found |= self.loose_before | self.of_step[key] | self._above_of(key)
        return found & before

    def _above_of(self, key: str) -> int:
        """Return the events of all steps that a step waited for."""
        if key not in self._above:
            found = 0
            for above in self._run.ancestors(key):
                found |= self.until_end.get(above, 0)
            self._above[key] = found
        return self._above[key]


def events_and_plans(result_or_events: object) -> tuple[Sequence[DagflowEvent], Mapping[str, PlanOfSteps]]:
    """Return the events of a result or a list, and the plan of each run.

    Raises:
        DagflowError: The argument is not a result or a list, or the list lacks the plans.
    """
    events = getattr(result_or_events, "all_events", result_or_events)
    if not isinstance(events, Sequence) or isinstance(events, (str, bytes)):
        raise DagflowError(
            f"the argument must be a result or a list of events, not {repr_of(result_or_events)} of type "
            f"'{type(result_or_events).__name__}'"
        )
    plans = getattr(events, "plans", None)
    if plans is None:
        raise DagflowError(
            "this list of events does not have the plan of its run, so the causality is unknown. "
            "Pass the result itself, or its 'all_events' unchanged (a filtered copy has no plan), or "
            "use a mode of assert_event_sequence that needs no plan: exact, prefix, suffix, contiguous, "
            "subsequence or unordered"
        )
    return events, plans


def _upstream_of(plan: PlanOfSteps) -> dict[str, tuple[str, ...]]:
    """Return the steps that each step waits for. A step that waits for a template waits for its
    mapped steps too."""
    mapped: dict[str, list[str]] = {}
    for step in plan.steps:
        if "[" in step.key and not step.key.endswith("[?]"):
            mapped.setdefault(mapped_step_key(step_key_base(step.key), "?"), []).append(step.key)
    return {
        step.key: tuple(key for above in step.upstream_keys for key in (above, *mapped.get(above, ())))
        for step in plan.steps
    }


def plan_of(plans: Mapping[str, PlanOfSteps], run_id: str) -> PlanOfSteps:
    """Return the plan of a run.

    Raises:
        DagflowError: The plan is unknown.
    """
    try:
        return plans[run_id]
    except KeyError:
        known = ", ".join(map(repr, plans)) or "none"
        raise DagflowError(
            f"this list of events does not have the plan of run '{run_id}' (it has: {known}), so the "
            "causality of its events is unknown"
        ) from None


def _step_key(event: DagflowEvent) -> str | None:
    """Return the key of the step of an event, None for an event of the whole run."""
    data = event.event_specific_data
    if isinstance(data, ComputeLogsCaptureData) and len(data.step_keys) == 1:
        return data.step_keys[0]  # logged by the process of this step, or by a run with this step only
    return event.step_key


def _named(event: DagflowEvent) -> str:
    return f"{event.event_type.name} of '{event.step_key}'" if event.step_key else event.event_type.name
