"""The text about one run: its steps as a tree, its errors, inputs and log lines, the most important first."""

from __future__ import annotations

import logging
import os
import re
import reprlib
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pytest_dagflow.reports.checks import check_lines, is_of_checks
from pytest_dagflow.reports.run_steps import (
    choose_steps,
    count_outcomes,
    format_time,
    steps_of_run,
    tree_order,
)
from pytest_dagflow.reports.step_names import display_name, name_with_keys

if TYPE_CHECKING:
    from dagflow import DagflowEvent, ExecuteInProcessResult

_MAX_ROWS = 30
_MAX_EVENTS = 8
_MAX_LOG_LINES = 10
_MAX_RETRIED = 5
_TIME = 8  # the columns of a time
_OUTCOME, _LOG_TEXT = 26, 50  # the columns that a column of names leaves to the others


def run_lines(
    result: ExecuteInProcessResult,
    actual: ExecuteInProcessResult,
    fixture: str,
    report_text: str,
    *,
    is_verbose: bool,
    columns: int,
) -> Iterator[str]:
    """Yield the lines about a run, with an empty line at the end of each part.

    Args:
        result: The result of the run, with the events as they may be shown.
        actual: The result with the events as they happened.
        fixture: The name of the fixture that started the run, or an empty string.
        report_text: The report of pytest. A traceback in it is not repeated.
        is_verbose: Whether the last events are shown too.
        columns: The width of the terminal. The texts of steps and log lines are folded to it.
    """
    run, plan = result.dagflow_run, result.plan
    events = result.all_events
    where = f" in {_fixture_name(fixture)}" if fixture else ""
    partition = "" if plan.partition_key is None else f", partition '{plan.partition_key}'"
    outcome = "succeeded" if result.success else "failed"
    time = format_time(events[-1].timestamp - events[0].timestamp)
    what = "assets" if run.job_name.startswith("__") else f"'{run.job_name}'"
    head = f"run of {what}{where}: {outcome} in {time}{partition},"
    yield from _folded(head, f" id {run.run_id}", columns, time)
    yield from _tree_lines(result, columns)
    yield ""
    failed = failed_steps(result)
    parts = [
        _error_lines(result, actual, report_text),
        check_lines(result),
        _metadata_lines(result),
        _attempt_lines(result),
        _hook_lines(result),
        _input_lines(result, failed[0]) if failed else (),
        _log_lines(result, actual, failed, columns),
        _event_lines(events) if is_verbose else (),
    ]
    for part in parts:
        lines = list(part)
        yield from lines
        if lines:
            yield ""


def _fixture_name(fixture: str) -> str:
    """Return "fixture 'x'", or the name of the method for the fixtures that pytest makes of such methods."""
    found = re.match(r"_(?:unittest|xunit)_(\w+?)_fixture_", fixture)
    return found[1] if found else f"fixture '{fixture}'"


def failed_steps(result: ExecuteInProcessResult) -> list[str]:
    """Return the keys of the failed steps, in the order of their failures."""
    return [event.step_key for event in result.get_step_failure_events() if event.step_key is not None]


# errors


def _error_lines(
    result: ExecuteInProcessResult, actual: ExecuteInProcessResult, report_text: str
) -> Iterator[str]:
    """Yield the traceback of the first failed step, or of the run itself, if pytest does not show it."""
    if result.success:
        return
    error = _first_error(result)
    if error is None or any(_is_shown(one, report_text) for one in (error, _first_error(actual))):
        return  # pytest shows the actual one, the message of an assertion the other
    if is_of_checks(error):
        return  # the lines about the checks have more, and no frame is the user's
    yield from traceback_lines(error.shortened())


def _first_error(result: ExecuteInProcessResult) -> Any:
    """Return the error of the first failed step, or of the run itself."""
    events = result.get_step_failure_events() or [result.get_run_failure_event()]
    return getattr(events[0].event_specific_data, "error", None)


def _is_shown(error: Any, report_text: str) -> bool:
    """Return whether a text has the last frame and the message of the user's own error."""
    import dagflow
    from dagflow.testing import error_chain

    own = error_chain(error)[-1]
    frame = "".join(own.stack[-1:])
    folders = (os.path.dirname(dagflow.__file__), os.path.dirname(os.path.dirname(__file__)))
    is_ours = any(f'File "{folder}{os.sep}' in frame for folder in folders)  # no line of the user's code
    source = [] if is_ours else [line.strip() for line in frame.splitlines()[1:2]]
    message = own.message.strip().partition("\n")[0].removeprefix("Failed: ")  # pytest.fail has no prefix
    return all(text in report_text for text in (*source, message))


def traceback_lines(error: Any) -> Iterator[str]:
    """Yield a traceback without the frames of dagflow, the cause first."""
    import dagflow
    from dagflow.testing import error_chain

    ours = os.path.dirname(dagflow.__file__) + os.sep
    is_wrapper = len(error_chain(error)) > 1
    if error.cause is not None:
        yield from traceback_lines(error.cause)
        if is_wrapper or not error.stack:
            return
        yield "\nThe above exception was the direct cause of the following exception:\n"
    frames = [frame for frame in error.stack if f'File "{ours}' not in frame]
    if frames:
        yield "Traceback (most recent call last):"
        yield "".join(frames).rstrip("\n")
    yield error.message.rstrip("\n")


def error_line(error: Any) -> str:
    """Return the class and the message of the user's own error in one line, short enough for a row."""
    from pytest_dagflow.sequence.difference import describe_error  # lazily, because it imports dagflow

    return _shorten(describe_error(error), 120)


def _place_of(error: Any) -> str:
    """Return file and line of the last frame of the user's own error, as " (file.py:7)"."""
    from dagflow.testing import error_chain

    frame = "".join(error_chain(error)[-1].stack[-1:]).strip()
    path, _, rest = frame.removeprefix('File "').partition('", line ')
    number = rest.partition(",")[0]
    return f" ({os.path.basename(path)}:{number})" if number.isdigit() else ""


def _metadata_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    """Yield the metadata of each Failure that user code raised."""
    for event in result.get_step_failure_events():
        failure = event.event_specific_data.user_failure_data
        if failure is None or not failure.metadata:
            continue
        yield f"metadata of the failure of '{display_name(result, event.step_key or '')}':"
        width = max(map(len, failure.metadata))
        for name, value in failure.metadata.items():
            text = str(getattr(value, "value", value)) if value is not None else "None"
            first, *others = text.splitlines() or [""]
            yield f"  {name:<{width}}  {_shorten(first, 150)}"
            yield from (f"  {'':<{width}}  {_shorten(line, 150)}".rstrip() for line in others[:9])
            yield from [f"  {'':<{width}}  ..."] if len(others) > 9 else []


def _attempt_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    """Yield the error of each earlier attempt of the retried steps; equal ones of a step once."""
    by_step: dict[str, dict[str, list[int]]] = {}
    for event in result.all_events:
        if event.event_type.name == "STEP_UP_FOR_RETRY" and event.step_key is not None:
            error = event.event_specific_data.error
            text = error_line(error) + _place_of(error) if error is not None else "no error"
            known = by_step.setdefault(event.step_key, {})
            known.setdefault(text, []).append(sum(map(len, known.values())) + 1)
    if not by_step:
        return
    yield "earlier attempts:"
    rows = [(key, numbers, text) for key, known in by_step.items() for text, numbers in known.items()]
    shown = set([*dict.fromkeys([*failed_steps(result), *by_step])][:_MAX_RETRIED])
    for key, numbers, text in rows:
        if key in shown:
            yield f"  {display_name(result, key)} {_number_range(numbers)}: {text}"
    if len(by_step) > len(shown.intersection(by_step)):
        yield f"  ... and those of {len(by_step) - len(shown.intersection(by_step))} more steps"


def _number_range(numbers: list[int]) -> str:
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers))


def _hook_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    """Yield the errors of hooks, which do not fail the run."""
    events = [event for event in result.all_events if event.event_type.name == "HOOK_ERRORED"]
    if events:
        yield "errors of hooks:"
    for event in events[:_MAX_EVENTS]:
        error = getattr(event.event_specific_data, "error", None)
        text = error_line(error) if error is not None else _shorten(event.message or "", 120)
        yield f"  {display_name(result, event.step_key or '')}: {text}"


# steps


def _tree_lines(result: ExecuteInProcessResult, columns: int) -> Iterator[str]:
    """Yield a line for each step with its outcome, indented below its graphs."""
    steps = steps_of_run(result)
    names = {key: name_with_keys(result, key) for key in steps}
    shown = choose_steps(steps, _MAX_ROWS)
    lengths = (2 * key.count(".") + len(_last_part(key, names)) for key in shown)
    width = min(max(lengths, default=0), max(columns - _OUTCOME, 0))  # longer names are not aligned
    before: Sequence[str] = ()
    for key in sorted(shown, key=tree_order(shown)):
        graphs, name = key.split(".")[:-1], _last_part(key, names)
        for depth, graph in enumerate(graphs):
            if list(before[: depth + 1]) != graphs[: depth + 1]:
                yield f"  {'  ' * depth}{graph}"
        before = graphs
        indented = "  " * len(graphs) + name
        error = steps[key].error
        reason = f": {error_line(error)}" if error is not None else ""
        time = format_time(steps[key].seconds)
        yield from _folded(f"  {indented:<{width}}  {steps[key].text}", reason, columns, time)
    if len(shown) < len(steps):
        yield f"  ... and {count_outcomes(step for key, step in steps.items() if key not in shown)}"


def _last_part(key: str, names: dict[str, str]) -> str:
    name = names.get(key, key)
    return name.rpartition(".")[2] if name == key else name


# inputs, log, events


def _input_lines(result: ExecuteInProcessResult, step_key: str) -> Iterator[str]:
    if step_key not in result.plan.index_by_key or not result.plan.step_by_key(step_key).loads:
        return
    names = [item.name for item in result.plan.step_by_key(step_key).loads]
    show = reprlib.Repr()
    show.maxstring = show.maxother = 120
    known = result.inputs_for_step(step_key)
    yield f"inputs of '{display_name(result, step_key)}':"
    for name in names:
        value = show.repr(known[name]) if name in known else "(not kept: loaded from storage or config)"
        yield f"  {name} = " + value.replace("\n", "\n" + " " * (len(name) + 5))


def _log_lines(
    result: ExecuteInProcessResult, actual: ExecuteInProcessResult, failed: Sequence[str], columns: int
) -> Iterator[str]:
    """Yield the last lines of `context.log`, first of all those of the failed steps."""
    from dagflow.testing import log_lines

    # without the lines of the engine: the tree, the error and the captured log have them
    lines = [
        (position, line)
        for position, line in enumerate(log_lines(actual))
        if not line.user_message.startswith(
            (
                f"Step '{line.step_key}' is not executed",
                f"step '{line.step_key}' failed. Its process wrote:",
            )
        )
    ]
    if not lines:
        return
    chosen = [pair for pair in lines if pair[1].step_key in failed][-_MAX_LOG_LINES:]
    rest = _MAX_LOG_LINES - len(chosen)
    others = [pair for pair in lines if pair[1].step_key not in failed]
    chosen = sorted([*chosen, *(others[-rest:] if rest else ())], key=lambda pair: pair[0])
    start = result.all_events[0].timestamp
    names = [display_name(result, line.step_key or "") for _, line in chosen]
    width = min(max(map(len, names)), max(columns - _LOG_TEXT, 0))
    more = f" (the last {len(chosen)} of {len(lines)})" if len(lines) > len(chosen) else ""
    yield f"log{more}:"
    for name, (_, line) in zip(names, chosen, strict=True):
        first, *others_of_text = line.user_message.splitlines() or [""]
        text = _shorten(first, 120) + (" ..." if others_of_text else "")
        level = logging.getLevelName(line.level)
        head = f"  +{line.timestamp - start:.3f} s  {level:<7}  {name:<{width}}"
        yield from _folded(head, f"  {text}", columns)


def _event_lines(events: Sequence[DagflowEvent]) -> Iterator[str]:
    start = events[0].timestamp
    relevant = [event for event in events if event.event_type.name not in ("ENGINE_EVENT", "LOGS_CAPTURED")]
    shown = relevant[-_MAX_EVENTS:]
    is_failure = [event.event_type.name == "STEP_FAILURE" for event in relevant]
    first = is_failure.index(True) if any(is_failure) else len(relevant)
    if first < len(relevant) - _MAX_EVENTS:
        # other steps continued after the failure: show the events before it
        shown = [*relevant[: first + 1][1 - _MAX_EVENTS :], relevant[-1]]
    type_width = max(len(event.event_type.name) for event in shown)
    step_width = max(len(event.step_key or "") for event in shown)
    yield "last events:"
    for event in shown:
        if event is relevant[-1] and shown[-2:-1] != relevant[-2:-1]:
            yield "  ..."
        text = _shorten(_message_of(event).partition("\n")[0], 90)
        label = f"{event.event_type.name:<{type_width}}  {event.step_key or '':<{step_width}}"
        yield f"  +{event.timestamp - start:.3f} s  {label}  {text}"


def _message_of(event: DagflowEvent) -> str:
    """Return the message of an event, or the message of its error if the event has none."""
    error = getattr(event.event_specific_data, "error", None)
    return event.message or (error.message if error is not None else "")


def _folded(head: str, rest: str, columns: int, time: str = "") -> Iterator[str]:
    """Yield the two parts of a line, the second one in lines of its own if both are too long together.

    Args:
        head: The first part.
        rest: The second part; empty for none.
        columns: The width of the terminal.
        time: The time in the line. Its length does not count, so that all runs have the same lines.
    """
    length = len(head) + len(rest) + (_TIME - len(time) if time else 0)
    if not rest or length <= columns:
        yield head + rest
        return
    yield head.rstrip()
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    yield from textwrap.wrap(
        rest.lstrip(": "),
        max(columns, 2 * len(indent) + 20),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
