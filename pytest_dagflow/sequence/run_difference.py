"""The difference of two runs: their canonical events, and how they end."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from dagflow import DagflowEvent
from dagflow.testing import canonical_events
from pytest_dagflow.sequence.compared import events_of
from pytest_dagflow.sequence.matchers import count
from pytest_dagflow.session import is_verbose

_MAX_LINES = 40


def explain_runs(one: object, other: object) -> list[str]:
    """Return the lines about the differences of two runs, the summary first; an empty list without any.

    Raises:
        DagflowError: An argument is not a result or a list of events with plans.
    """
    runs = (one, other)
    facts = [canonical_events(run) for run in runs]
    ends = [[end.event_type.name for end in end_events(events_of(run))] for run in runs]
    if facts[0] == facts[1] and ends[0] == ends[1]:
        return []
    lines = [[*canonical_events(run, "lines"), *end] for run, end in zip(runs, ends, strict=True)]
    if lines[0] == lines[1]:  # they differ in a value that the lines leave out
        lines = [[*map(str, found), *end] for found, end in zip(facts, ends, strict=True)]
    names = "the first run", "the second run"
    difference = list(difflib.unified_diff(lines[0], lines[1], *names, lineterm="", n=2))
    if len(difference) > _MAX_LINES and not is_verbose():
        hidden = count(len(difference) - _MAX_LINES, "more line")
        difference[_MAX_LINES:] = [f"... {hidden}; with -vv all of them"]
    return [_summary(lines, ends), *difference]


def _summary(lines: Sequence[list[str]], ends: Sequence[list[str]]) -> str:
    if ends[0] != ends[1]:
        first, second = (", ".join(end) or "no end" for end in ends)
        return f"the runs differ: the first has {first}, the second {second}"
    found = [
        f"{count(len(only), 'event')} only in the {name} run"
        for name, own, others in (("first", *lines), ("second", *lines[::-1]))
        if (only := [line for line in own if line not in set(others)])
    ]
    return f"the runs differ: {' and '.join(found) or 'other numbers or another order of events'}"


def end_events(events: Sequence[DagflowEvent]) -> list[DagflowEvent]:
    """Return the events at the ends of the runs."""
    return [e for e in events if e.event_type.name in ("RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED")]
