"""The timeline of one run as plain values, which a worker of xdist can send to its controller.

It has no value of the user, only texts, which are cut: the page of a large session must stay small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

from pytest_dagflow.reports.checks import is_of_checks
from pytest_dagflow.reports.run_steps import (
    RunStep,
    choose_steps,
    count_outcomes,
    format_time,
    steps_of_run,
    tree_order,
)
from pytest_dagflow.reports.run_text import error_line, traceback_lines
from pytest_dagflow.reports.step_names import name_with_keys

if TYPE_CHECKING:
    from dagflow import DagflowEvent, ExecuteInProcessResult

MAX_STEPS = 60
"""The number of steps that the timeline of a run has at most."""
_MAX_NOTES = 12  # of a step
_MAX_METADATA = 8  # of a note
_MAX_VALUE, _MAX_TEXT, _MAX_TRACEBACK = 120, 300, 4000  # characters
_STARTS = ("STEP_START", "STEP_RESTARTED")
_ENDS = {"STEP_UP_FOR_RETRY": "retried", "STEP_SUCCESS": "succeeded", "STEP_FAILURE": "failed"}


class Bar(TypedDict):
    """One attempt at a step: its outcome, and its position on the time of the run in percent."""

    outcome: str
    left: float
    width: float


class Note(TypedDict):
    """A line about a step.

    `kind` is "failed", "retried", "failed-check", "check", "asset" or "log"; `more` is a traceback, and
    `metadata` has pairs of a name and a value.
    """

    kind: str
    text: str
    more: str
    metadata: list[tuple[str, str]]


class StepLine(TypedDict):
    """A step: its name, its outcome, the text about it, its attempts and what happened in it."""

    name: str
    outcome: str
    text: str
    bars: list[Bar]
    notes: list[Note]


class Timeline(TypedDict):
    """A run. `problem` is the reason why nothing else is known; `left_out` counts the missing steps."""

    id: str
    title: str
    outcome: str
    time: str
    partition: str | None
    fixture: str
    steps: list[StepLine]
    number: int
    left_out: str
    notes: list[Note]
    problem: str


def timeline_of(result: ExecuteInProcessResult, fixture: str) -> Timeline:
    """Return the timeline of a run.

    Args:
        result: The result of the run, with the events as they may be shown.
        fixture: The name of the fixture that started the run; empty for a test.
    """
    events = result.all_events
    times = [event.timestamp for event in events]
    start, length = times[0], max(times) - times[0]
    by_step: dict[str, list[DagflowEvent]] = {}
    for event in events:
        if event.step_key is not None:
            by_step.setdefault(event.step_key, []).append(event)
    steps = steps_of_run(result)
    chosen = choose_steps(steps, MAX_STEPS)
    lines = [
        StepLine(
            name=name_with_keys(result, key),
            outcome=steps[key].outcome.replace(" ", "-"),
            text=_cut(steps[key].text, _MAX_TEXT),
            bars=_bars(steps[key], start, length),
            notes=_limited(_notes(by_step.get(key, ()))),
        )
        for key in sorted(chosen, key=tree_order(chosen))
    ]
    left_out = count_outcomes(step for key, step in steps.items() if key not in chosen)
    run, key = result.dagflow_run, result.plan.partition_key
    return Timeline(
        id=run.run_id,
        title="assets" if run.job_name.startswith("__") else run.job_name,
        outcome="succeeded" if result.success else "failed",
        time=format_time(length),
        partition=None if key is None else str(key),
        fixture=fixture,
        steps=lines,
        number=len(steps),
        left_out=left_out if len(chosen) < len(steps) else "",
        notes=_limited(_notes_of_run(events)),
        problem="",
    )


def hidden_timeline(run_id: str, fixture: str, problem: str) -> Timeline:
    """Return the timeline of a run that cannot be shown.

    Args:
        run_id: The id of the run.
        fixture: The name of the fixture that started the run; empty for a test.
        problem: The reason.
    """
    return Timeline(
        id=run_id, title="", outcome="hidden", time="", partition=None, fixture=fixture, steps=[], number=0,
        left_out="", notes=[], problem=problem,
    )  # fmt: skip


def _bars(step: RunStep, start: float, length: float) -> list[Bar]:
    """Return the attempts at a step. One that did not end reaches to the end of the run."""
    found: list[Bar] = []
    began = None
    for event in step.events:
        name = event.event_type.name
        if name in _STARTS:
            began = event.timestamp
        elif name in _ENDS and began is not None:
            found.append(_bar(_ENDS[name], began - start, event.timestamp - start, length))
            began = None
    if began is not None:
        found.append(_bar("unfinished", began - start, length, length))
    return found


def _bar(outcome: str, begin: float, end: float, length: float) -> Bar:
    """Return an attempt. A clock that a test moves may run backwards, so each share is from 0 to 100."""
    whole = length or 1.0
    left = min(max(begin / whole * 100, 0), 100)
    width = min(max((end - begin) / whole * 100, 0), 100 - left)
    return Bar(outcome=outcome, left=round(left, 2), width=round(width, 2))


def _limited(notes: Iterator[Note]) -> list[Note]:
    """Return the first notes, and one with the number of the others."""
    shown = list(islice(notes, _MAX_NOTES))
    more = sum(1 for _ in notes)
    return [*shown, _note("log", f"and {more} more")] if more else shown


def _notes(events: Sequence[DagflowEvent]) -> Iterator[Note]:
    """Yield what happened in a step: the failure first."""
    from dagflow import AssetCheckSeverity

    for event in sorted(events, key=lambda event: event.event_type.name != "STEP_FAILURE"):
        name, data = event.event_type.name, event.event_specific_data
        if name == "STEP_FAILURE" and data is not None and data.error is not None:
            if is_of_checks(data.error):
                continue  # the notes about the checks have more
            failure = data.user_failure_data
            yield _error_note("failed", "", data.error, None if failure is None else failure.metadata)
        elif name == "STEP_UP_FOR_RETRY":
            yield _error_note("retried", f"attempt {event.attempt}: ", data.error)
        elif name == "HOOK_ERRORED":
            yield _error_note("failed", "a hook failed: ", getattr(data, "error", None))
        elif name in ("RESOURCE_INIT_FAILURE", "STEP_SKIPPED"):
            yield _note("failed" if name != "STEP_SKIPPED" else "log", event.message or "")
        elif name == "ASSET_MATERIALIZATION":
            yield _asset_note("materialized", data.materialization)
        elif name == "ASSET_OBSERVATION":
            yield _asset_note("observed", data.asset_observation)
        elif name == "ASSET_CHECK_EVALUATION":
            is_bad = not data.passed and data.severity is AssetCheckSeverity.ERROR
            passed = "passed" if data.passed else f"did not pass ({data.severity.value})"
            blocking = ", blocking" if data.blocking and not data.passed else ""
            text = f"check {data.asset_check_key.to_user_string()} {passed}{blocking}"
            more = f": {data.description}" if data.description else ""
            kind = "check" if data.passed else "failed-check" if is_bad else "retried"
            yield _note(kind, text + more, metadata=data.metadata)
        elif name == "STEP_EXPECTATION_RESULT":
            expectation = data.expectation_result
            passed = "held" if expectation.success else "did not hold"
            text = f"expectation {expectation.label or ''} {passed}"
            yield _note("check" if expectation.success else "failed-check", text)


def _notes_of_run(events: Sequence[DagflowEvent]) -> Iterator[Note]:
    """Yield the error of a run in which no step failed."""
    if any(event.event_type.name == "STEP_FAILURE" for event in events):
        return
    for event in events:
        if event.event_type.name in ("RUN_FAILURE", "RUN_CANCELED"):
            yield _error_note(
                "failed", "", getattr(event.event_specific_data, "error", None), text=event.message or ""
            )


def _error_note(
    kind: str, prefix: str, error: Any, metadata: Mapping[str, Any] | None = None, text: str = ""
) -> Note:
    if error is None:
        return _note(kind, prefix + (text or "no error"), metadata=metadata)
    lines = "\n".join(traceback_lines(error.shortened())).strip("\n")
    if len(lines) > _MAX_TRACEBACK:
        lines = f"...\n{lines[-_MAX_TRACEBACK:]}"
    return _note(kind, prefix + error_line(error), lines, metadata)


def _asset_note(verb: str, one: Any) -> Note:
    partition = "" if one.partition is None else f" [{one.partition}]"
    return _note("asset", f"{verb} {one.asset_key.to_user_string()}{partition}", metadata=one.metadata)


def _note(kind: str, text: str, more: str = "", metadata: Mapping[str, Any] | None = None) -> Note:
    entries = metadata or {}
    pairs = [(name, _shown(value)) for name, value in islice(entries.items(), _MAX_METADATA)]
    if len(entries) > len(pairs):
        pairs.append(("...", f"{len(entries) - len(pairs)} more"))
    return Note(kind=kind, text=_cut(text, _MAX_TEXT), more=more, metadata=pairs)


def _shown(value: Any) -> str:
    """Return a metadata value as a text; for a value of the user that has none, its type."""
    try:
        return _cut(str(getattr(value, "value", value)), _MAX_VALUE)
    except Exception as error:
        return f"(a {type(value).__name__} without a text: {type(error).__name__})"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
