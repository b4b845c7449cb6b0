"""The events of runs in a form that is equal for equal runs, for comparisons and snapshots."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Literal, overload

from dagflow.analysis.causality import PlanOfSteps, events_and_plans, plan_of
from dagflow.errors import ParameterCheckError, repr_of
from dagflow.events.catalogue import CATALOGUE
from dagflow.events.error_info import error_chain
from dagflow.events.record import DagflowEvent
from dagflow.events.types import HOOK_EVENTS, STEP_EVENTS
from dagflow.keys import AssetKey


@overload
def canonical_events(
    result_or_events: object, form: Literal["facts"] = "facts"
) -> list[dict[str, object]]: ...


@overload
def canonical_events(result_or_events: object, form: Literal["lines"]) -> list[str]: ...


def canonical_events(
    result_or_events: object, form: Literal["facts", "lines"] = "facts"
) -> list[dict[str, object]] | list[str]:
    """Return the events of steps and hooks in a form that is equal for equal runs.

    Steps are in topological order, ties by step key, independent of the order of execution. The events of a
    step are in the order of their positions, with all attempts. Events of several runs are grouped by run.

    Args:
        result_or_events: The result of a run, its `all_events`, or another list that has the plans.
        form: "facts" or "lines".

    Returns:
        For "facts" a dict of plain JSON for each event, with the keys "type", "step", "attempt" and more for
        some types. Absent values, ids, times, paths and messages are omitted. "error" is the class name of
        the root cause.

        For "lines" one short line for each event, for snapshots: the type, the step, and the other facts as
        `name=value`. Usual values are left out: the first attempt, the output "result", the manager
        "io_manager", and a type check that passed.

    Raises:
        DagflowError: The argument is not a result or a list, or the list lacks the plan of a run.
        ParameterCheckError: `form` is something else.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> canonical_events(materialize_to_memory([water]))[0]
        {'type': 'STEP_START', 'step': 'water', 'attempt': 1}
        >>> canonical_events(materialize_to_memory([water]), form="lines")[2:4]
        ['ASSET_MATERIALIZATION water asset=water', 'HANDLED_OUTPUT water']
    """
    if form not in ("facts", "lines"):
        raise ParameterCheckError(f"parameter 'form' must be 'facts' or 'lines', not {repr_of(form)}")
    events, plans = events_and_plans(result_or_events)
    runs: dict[str, dict[str, list[dict[str, object]]]] = {}
    for event in events:
        if event.event_type in STEP_EVENTS or event.event_type in HOOK_EVENTS:
            steps = runs.setdefault(event.run_id, {})
            steps.setdefault(event.step_key or "", []).append(_canonical(event))
    found = [
        fact
        for run_id, steps in runs.items()
        for key in _in_topological_order(steps, plan_of(plans, run_id))
        for fact in steps[key]
    ]
    return found if form == "facts" else list(map(_line, found))


_USUAL = {"attempt": 1, "output": "result", "upstream_output": "result", "manager": "io_manager"}


def _line(facts: dict[str, object]) -> str:
    usual = _USUAL if facts["type"] == "ASSET_CHECK_EVALUATION" else {**_USUAL, "passed": True}
    words = [str(facts[name]) for name in ("type", "step") if name in facts]
    for name, value in facts.items():
        is_usual = name in usual and usual[name] == value and type(usual[name]) is type(value)
        if name not in ("type", "step") and not is_usual:
            words.append(f"{name}={value if isinstance(value, str) else json.dumps(value)}")
    return " ".join(words)


def _in_topological_order(keys: Iterable[str], plan: PlanOfSteps) -> list[str]:
    from graphlib import TopologicalSorter  # imported lazily: only canonical_events uses it

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
    for name, read in _readers_of(event.event_type.name):
        value = read(event)
        facts[name] = value.to_user_string() if isinstance(value, AssetKey) else value
    error = getattr(event.event_specific_data, "error", None)
    if error is not None:
        facts["error"] = error_chain(error)[-1].cls_name
    return {name: value for name, value in facts.items() if value is not None}


@cache
def _readers_of(event_type: str) -> list[tuple[str, Callable[[DagflowEvent], object]]]:
    """Return the name of each canonical field of a type, with the function that reads it."""
    fields = CATALOGUE[event_type].fields
    return [(field.canonical, field.read) for field in fields if field.canonical is not None]
