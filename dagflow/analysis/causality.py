"""Who caused what in a run: happens-before, worked out from the events and the plan when somebody asks.

An event knows its run, its step, its attempt and its position; the plan knows which step waits for which.
Within one run, an earlier event caused a later one when

1. both belong to one step: program order within an attempt, and attempt n comes before attempt n + 1;
2. the later one's step waits for the earlier one's, over any number of steps between, and the earlier event
   is not after the end of its step (a hook runs after it, and nobody waits for a hook);
3. the earlier one belongs to the start of the run (RUN_START, the start of executor and resources), or the
   later one to its end (the end of the executor, RUN_SUCCESS, RUN_FAILURE).

Nothing else: two steps that no path connects ran in some order, but nothing orders them. Events of two runs
are never ordered. Nothing of this is stored, so a run that nobody asks about pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from dagflow.errors import DagflowError
from dagflow.events.catalogue import CATALOGUE
from dagflow.events.data import ComputeLogsCaptureData
from dagflow.events.error_info import error_chain
from dagflow.events.record import DagflowEvent
from dagflow.events.types import HOOK_EVENTS, STEP_EVENTS, DagflowEventType

_T = DagflowEventType
_ENDS = frozenset({_T.RUN_SUCCESS, _T.RUN_FAILURE, _T.RUN_CANCELED})
_FINISHED = frozenset({_T.STEP_SUCCESS, _T.STEP_SKIPPED})
_NOT_CAUSED = frozenset({"later", "runs", "unrelated", "unfinished"})


class _Step(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def upstream_keys(self) -> Iterable[str]: ...


class _Plan(Protocol):
    @property
    def steps(self) -> Iterable[_Step]: ...


def causality(result_or_events: object) -> Causality:
    """Who caused what among the events of a result, or of an event list that knows its plans.

    Args:
        result_or_events: The result of a run, its `all_events`, or another list that has the plans.

    Raises:
        DagflowError: A bare list, which does not know its plans.

    Example:
        >>> causality([])
        Traceback (most recent call last):
            ...
        dagflow.errors.DagflowError: this list of events does not know the plan of its run...
    """
    events, plans = _events_and_plans(result_or_events)
    return Causality(events, plans)


def canonical_events(result_or_events: object) -> list[dict[str, object]]:
    """The events of the steps in a form that is equal for equal runs.

    Steps stand in topological order, ties by step key, whatever the order in which they happened to run; the
    events of a step stand as they happened, each attempt. There are no ids, times, paths or messages, and no
    metadata. Every value is plain JSON. Events of several runs stand one run after the other.

    Args:
        result_or_events: The result of a run, its `all_events`, or another list that has the plans.

    Raises:
        DagflowError: A bare list, which does not know its plans.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> canonical_events(materialize_to_memory([water]))[0]
        {'type': 'STEP_START', 'step': 'water', 'attempt': 1}
    """
    events, plans = _events_and_plans(result_or_events)
    runs: dict[str, dict[str, list[dict[str, object]]]] = {}
    for event in events:
        if event.event_type in STEP_EVENTS or event.event_type in HOOK_EVENTS:
            steps = runs.setdefault(event.run_id, {})
            steps.setdefault(event.step_key or "", []).append(_canonical(event))
    return [
        fact
        for run_id, steps in runs.items()
        for key in _in_topological_order(steps, _plan_of(plans, run_id))
        for fact in steps[key]
    ]


class Causality:
    """Answers whether one event of a list caused another (`dagflow.testing.causality` makes one).

    The two events of a question must be of that list.
    """

    __slots__ = ("_events", "_places", "_plans", "_runs")

    def __init__(self, events: Sequence[DagflowEvent], plans: Mapping[str, _Plan]) -> None:
        self._events = events
        self._plans = plans
        self._places = {id(event): place for place, event in enumerate(events)}  # the list keeps them alive
        self._runs: dict[str, _Run] | None = None

    def caused(self, earlier: DagflowEvent, later: DagflowEvent) -> bool:
        """Whether `earlier` had to come before `later`, by rule and not by luck.

        Raises:
            DagflowError: An event that is not of this list, or of a run whose plan is not known.
        """
        return self._why(self._place(earlier), self._place(later)) not in _NOT_CAUSED

    def explain(self, earlier: DagflowEvent, later: DagflowEvent) -> str:
        """In a sentence: what orders the two events, or why nothing does.

        Raises:
            DagflowError: An event that is not of this list, or of a run whose plan is not known.
        """
        first, second = self._place(earlier), self._place(later)
        why = self._why(first, second)
        a, b = _named(earlier), _named(later)
        if why == "later":
            return f"{a} did not come before {b} in this run"
        if why == "runs":
            return f"{a} and {b} belong to two runs, and nothing orders those"
        if why == "step":
            return f"{a} comes before {b}: both belong to step '{_lane(earlier)}'"
        if why == "run":
            return f"{a} comes before {b}: one of them is the start or the end of the whole run"
        one, other = _lane(earlier), _lane(later)
        if why == "path":
            path = " -> ".join(self._run(earlier.run_id).path(str(one), str(other)))
            return f"{a} comes before {b}: step '{other}' waits for step '{one}' ({path})"
        luck = f"{a} came before {b} in this run, but nothing orders them"
        if why == "unfinished":
            return f"{luck}: step '{other}' waits for the end of step '{one}', and {a} came after that end"
        if one is None or other is None:
            return luck
        return f"{luck}: no path of the plan leads from step '{one}' to step '{other}'"

    def _place(self, event: DagflowEvent) -> int:
        place = self._places.get(id(event))
        if place is not None:
            return place
        try:
            return self._events.index(event)  # an equal one, read from another copy of the list
        except ValueError:
            raise DagflowError(
                f"{event!r} is not among the {len(self._events)} events that this causality was made of"
            ) from None

    def _run(self, run_id: str) -> _Run:
        if self._runs is None:
            self._runs = {}
            for place, event in enumerate(self._events):
                if event.run_id not in self._runs:
                    self._runs[event.run_id] = _Run()
                self._runs[event.run_id].add(place, event)
        run = self._runs[run_id]
        if run.upstream is None:
            plan = _plan_of(self._plans, run_id)
            run.upstream = {step.key: tuple(step.upstream_keys) for step in plan.steps}
        return run

    def _why(self, first: int, second: int) -> str:
        """What orders the events at two places: "run", "step" or "path"; or one of `_NOT_CAUSED`."""
        if first >= second:
            return "later"
        earlier, later = self._events[first], self._events[second]
        if earlier.run_id != later.run_id:
            return "runs"
        run = self._run(earlier.run_id)
        one, other = _lane(earlier), _lane(later)
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
    """Where the events of one run stand, and what its plan says of them.

    `start` is the place of RUN_START, -1 if there is none; `first_of_steps` and `last_of_steps` bound the
    events that belong to a step (the start of the run stands before, its end behind); `finished` has the
    place at which each step ended well, last attempt.
    """

    __slots__ = ("_ancestors", "finished", "first_of_steps", "last_of_steps", "start", "upstream")

    def __init__(self) -> None:
        self.start = -1
        self.first_of_steps = -1
        self.last_of_steps = -1
        self.finished: dict[str, int] = {}
        self.upstream: dict[str, tuple[str, ...]] | None = None
        self._ancestors: dict[str, frozenset[str]] = {}

    def add(self, place: int, event: DagflowEvent) -> None:
        """Take note of the next event of the run."""
        kind, lane = event.event_type, _lane(event)
        if kind is _T.RUN_START:
            self.start = place
            self.first_of_steps = self.last_of_steps = -1  # what was planned before is no work of a step
        elif lane is not None:
            if self.first_of_steps < 0:
                self.first_of_steps = place
            self.last_of_steps = place
            if kind in _FINISHED:
                self.finished[lane] = place

    def ancestors(self, key: str) -> frozenset[str]:
        """The steps that had to end before step `key` began."""
        if key not in self._ancestors:
            self._ancestors[key] = frozenset(self._came_from(key))
        return self._ancestors[key]

    def path(self, ancestor: str, key: str) -> list[str]:
        """A shortest path of step keys from `ancestor` to `key`."""
        came_from = self._came_from(key)
        path = [ancestor]
        while path[-1] != key:
            path.append(came_from[path[-1]])
        return path

    def _came_from(self, key: str) -> dict[str, str]:
        """Each ancestor of a step, with the next step on a shortest path to it."""
        came_from: dict[str, str] = {}
        upstream = self.upstream or {}
        queue = [key]
        for current in queue:
            for above in upstream.get(current, ()):
                if above not in came_from and above != key:
                    came_from[above] = current
                    # a step without events did not run, and what it would have waited for orders nothing;
                    # except a mapped step of which there turned out to be none: what collects it did wait
                    if above in self.finished or above.endswith("[?]"):
                        queue.append(above)
        return came_from


def _events_and_plans(result_or_events: object) -> tuple[Sequence[DagflowEvent], Mapping[str, _Plan]]:
    events = getattr(result_or_events, "all_events", result_or_events)
    if not isinstance(events, Sequence) or isinstance(events, (str, bytes)):
        raise DagflowError(
            f"a result or a list of events is needed, not {result_or_events!r} of type "
            f"'{type(result_or_events).__name__}'"
        )
    plans = getattr(events, "plans", None)
    if plans is None:
        raise DagflowError(
            "this list of events does not know the plan of its run, so nobody can tell what caused what. "
            "Give the result itself, or its 'all_events' as they are (a filtered copy is a bare list), or "
            "use a mode of assert_event_sequence that needs no plan: exact, prefix, suffix, contiguous, "
            "subsequence or unordered"
        )
    return events, plans


def _plan_of(plans: Mapping[str, _Plan], run_id: str) -> _Plan:
    try:
        return plans[run_id]
    except KeyError:
        known = ", ".join(map(repr, plans)) or "none"
        raise DagflowError(
            f"the plan of run '{run_id}' is not known to this list of events (known: {known}), so nobody can "
            "tell what caused what in it"
        ) from None


def _lane(event: DagflowEvent) -> str | None:
    """The step to which an event belongs; None for those of the whole run."""
    data = event.event_specific_data
    if isinstance(data, ComputeLogsCaptureData) and len(data.step_keys) == 1:
        return data.step_keys[0]  # of a worker process, or of a run with this one step
    return event.step_key


def _named(event: DagflowEvent) -> str:
    return f"{event.event_type.name} of '{event.step_key}'" if event.step_key else event.event_type.name


def _in_topological_order(keys: Iterable[str], plan: _Plan) -> list[str]:
    from graphlib import TopologicalSorter  # only a snapshot needs it

    wanted = set(keys)
    sorter = TopologicalSorter({step.key: step.upstream_keys for step in plan.steps})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        sorter.done(*ready)
        order += ready
    known = set(order)
    return [key for key in order if key in wanted] + sorted(wanted - known)


def _canonical(event: DagflowEvent) -> dict[str, object]:
    asset_key = event.asset_key
    facts: dict[str, object] = {
        "type": event.event_type.name,
        "step": event.step_key,
        "attempt": event.attempt,
        "asset": asset_key.to_user_string() if asset_key is not None else None,
        "partition": event.partition,
    }
    for field in CATALOGUE[event.event_type.name].fields:
        if field.canonical is not None:
            facts[field.canonical] = field.read(event)
    errors = error_chain(getattr(event.event_specific_data, "error", None))
    facts["error"] = errors[-1].cls_name if errors else None
    return {name: value for name, value in facts.items() if value is not None}
