"""The report section about the runs of a failed test, and the frames that its traceback shows.

Until the end of a test its last run, its last failed run and its JUnit properties are kept. The observer is
called once at the end of each run, so the report costs nothing per event.
"""

from __future__ import annotations

import os
import reprlib
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dagflow import DagflowEvent, ExecuteInProcessResult

_MAX_ROWS = 30
_MAX_EVENTS = 8
_MAX_NAMES = 50
_NOTABLE_OUTCOMES = ("failed", "skipped", "unfinished")
_KEY = pytest.StashKey["ObservedRuns"]()


class ObservedRuns:
    """The runs of one test.

    Attributes:
        count: The number of runs.
        last: The last run.
        failed: The last run that failed.
        property_values: The first values of each JUnit property, by the name of the property.
        observing: Ends the observation of runs at the end of the test.
        is_observing: Whether runs are observed.
    """

    def __init__(self) -> None:
        self.count: int = 0
        self.last: ExecuteInProcessResult | None = None
        self.failed: ExecuteInProcessResult | None = None
        self.property_values: dict[str, dict[str, None]] = {
            "dag_nodes": {},
            "dag_partition": {},
            "dag_run_id": {},
        }
        self.observing: ExitStack[bool | None] = ExitStack()
        self.is_observing: bool = False

    def observe(self) -> None:
        """Observe the runs from now on, if the runtime is loaded. Before that no run is possible."""
        if not self.is_observing and "dagflow" in sys.modules:
            from dagflow.testing import observe_runs

            self.observing.enter_context(observe_runs(self.add))
            self.is_observing = True

    def add(self, result: ExecuteInProcessResult) -> None:
        """Keep a finished run, and the values of its JUnit properties."""
        self.count += 1
        self.last = result
        if not result.success:
            self.failed = result
        plan = result.plan
        partition = () if plan.partition_key is None else (str(plan.partition_key),)
        nodes = [key.partition("[")[0] for key in plan.step_keys]
        found = {"dag_nodes": nodes, "dag_partition": partition, "dag_run_id": (result.run_id,)}
        for name, values in found.items():
            known = self.property_values[name]
            for value in values:
                if len(known) > _MAX_NAMES:
                    break
                known[value] = None

    def properties(self) -> list[tuple[str, str]]:
        """Return the JUnit properties."""
        shown = {name: [*values][:_MAX_NAMES] for name, values in self.property_values.items() if values}
        return [
            (name, ", ".join(values) + (", ..." if len(values) < len(self.property_values[name]) else ""))
            for name, values in shown.items()
        ]


@contextmanager
def keeping_runs(item: pytest.Item) -> Iterator[None]:
    """Keep the runs of a test until the test ends."""
    runs = item.stash[_KEY] = ObservedRuns()
    with runs.observing:
        runs.observe()
        yield
    del item.stash[_KEY]  # frees the runs


def observe_runs_of(item: pytest.Item) -> None:
    """Observe the runs of a test from now on, if one of its fixtures loaded the runtime."""
    if _KEY in item.stash:
        item.stash[_KEY].observe()


def prepare_report(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Hide the frames of dagflow and add the JUnit properties, before pytest makes the report of a phase."""
    if call.excinfo is not None and "dagflow" in sys.modules:
        _hide_frames()
    runs = item.stash.get(_KEY, None)
    if runs is not None and runs.count and (call.when == "call" or call.excinfo is not None):
        known = {name for name, _ in item.user_properties}
        item.user_properties.extend(pair for pair in runs.properties() if pair[0] not in known)


def add_section(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add a section about the runs of a test to the report of a failed phase."""
    if not report.failed:
        return
    runs = item.stash.get(_KEY, None)
    if runs is None or runs.last is None:
        return
    if item.config.getoption("tbstyle", "auto") == "line":
        return  # this style shows one line for each failure
    title = "dagflow" if runs.count == 1 else f"dagflow: {runs.count} runs"
    try:
        text = "\n".join(_section_lines(item, runs))
    except Exception as error:  # a value that cannot be shown must not end the session
        text = f"the runs of this test cannot be shown: {type(error).__name__}: {error}"
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text, "-")
    else:  # `longrepr` is a string, which has no sections
        report.sections.append((title, text))


# frames


def _hide_frames() -> None:
    """Set `__tracebackhide__` in the modules of dagflow, so that tracebacks omit their frames."""
    for name, module in list(sys.modules.items()):
        if name == "dagflow" or name.startswith("dagflow."):
            vars(module).setdefault("__tracebackhide__", _is_user_error)


def _is_user_error(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return whether an error was raised outside of dagflow, or is a DagflowError."""
    from dagflow import DagflowError

    traceback = excinfo.tb
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    package = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    return isinstance(excinfo.value, DagflowError) or package != "dagflow"


# the section


def _section_lines(item: pytest.Item, runs: ObservedRuns) -> Iterator[str]:
    failed, last = runs.failed, runs.last
    if failed is not None:
        yield from _error_lines(failed)
        yield from _run_lines(failed)
    if last is not None and last is not failed:
        yield from _run_lines(last)
    yield "run it again:"
    yield f"  pytest {shlex.quote(_runnable_id(item))}"
    names = [] if failed is None else [_expression_for_step(failed, key) for key in _failed_steps(failed)]
    if names:
        yield "run all tests that touch the failed nodes:"
        yield f"  pytest --dag-select {shlex.quote(', '.join(names))}"


def _runnable_id(item: pytest.Item) -> str:
    """Return the id of a test relative to the folder in which pytest was started."""
    file, colons, name = item.nodeid.partition("::")
    path = item.config.rootpath / file
    try:
        file = os.path.relpath(path, item.config.invocation_params.dir)
    except ValueError:  # on another drive
        file = str(path)
    return f"{file}{colons}{name}"


def _failed_steps(result: ExecuteInProcessResult) -> list[str]:
    return [event.step_key for event in result.get_step_failure_events() if event.step_key is not None]


def _expression_for_step(result: ExecuteInProcessResult, step_key: str) -> str:
    """Return the expression of `--dag-select` for the node of a step."""
    if step_key not in result.plan.step_keys:
        return step_key.partition("[")[0]
    outputs = result.plan.step_by_key(step_key).outputs
    keys = [output.asset_key.to_user_string() for output in outputs if output.asset_key is not None]
    return keys[0] if keys else step_key.partition("[")[0]


def _error_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    """Yield the traceback of the first failed step, or of the run itself, without the frames of dagflow."""
    events = result.get_step_failure_events() or [result.get_run_failure_event()]
    error = events[0].event_specific_data.error
    if error is not None:
        yield from _traceback_lines(error.shortened())
        yield ""


def _traceback_lines(error: Any) -> Iterator[str]:
    import dagflow
    from dagflow.testing import error_chain

    ours = os.path.dirname(dagflow.__file__) + os.sep
    is_wrapper = len(error_chain(error)) > 1
    if error.cause is not None:
        yield from _traceback_lines(error.cause)
        if is_wrapper or not error.stack:
            return
        yield "\nThe above exception was the direct cause of the following exception:\n"
    frames = [frame for frame in error.stack if f'File "{ours}' not in frame]
    if frames:
        yield "Traceback (most recent call last):"
        yield "".join(frames).rstrip("\n")
    yield error.message.rstrip("\n")


def _run_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    events = result.all_events
    run, plan = result.dagflow_run, result.plan
    partition = "" if plan.partition_key is None else f", partition '{plan.partition_key}'"
    outcome = "succeeded" if result.success else "failed"
    time = _format_time(events[-1].timestamp - events[0].timestamp)
    what = "assets" if run.job_name.startswith("__") else f"'{run.job_name}'"
    yield f"run of {what}: {outcome} in {time}{partition}, id {run.run_id}"
    yield from _tree_lines(result)
    yield ""
    yield "last events:"
    yield from _event_lines(events)
    yield ""
    for key in _failed_steps(result)[:1]:
        yield from _input_lines(result, key)


def _tree_lines(result: ExecuteInProcessResult) -> Iterator[str]:
    """Yield a line for each step with its outcome, indented below its graphs."""
    rows = dict.fromkeys((ref[0] for ref in result.given), "given")
    rows.update(dict.fromkeys(result.plan.step_keys, "not run"))
    by_step: dict[str, list[DagflowEvent]] = {}
    for event in result.all_events:
        if event.step_key is not None and event.event_type_value.startswith("STEP_"):
            by_step.setdefault(event.step_key, []).append(event)
    for key, events in by_step.items():
        rows[key] = _outcome(events)
    rows = {key: rows[key] for key in _group_mapped_steps(rows)}
    shown = _choose_steps(rows)
    width = max((2 * key.count(".") + len(key.rpartition(".")[2]) for key in shown), default=0)
    before: Sequence[str] = ()
    for key in sorted(shown, key=_tree_order(shown)):
        *graphs, name = key.split(".")
        for depth, graph in enumerate(graphs):
            if list(before[: depth + 1]) != graphs[: depth + 1]:
                yield f"  {'  ' * depth}{graph}"
        before = graphs
        indented = "  " * len(graphs) + name
        yield f"  {indented:<{width}}  {rows[key]}"
    if len(shown) < len(rows):
        yield f"  ... and {_count_outcomes(rows[key] for key in rows if key not in shown)}"


def _group_mapped_steps(keys: Iterable[str]) -> Iterator[str]:
    """Yield the steps of a mapped node at the position of the node; the node itself if it has no step yet."""
    by_node: dict[str, list[str]] = {}
    for key in keys:
        by_node.setdefault(key.partition("[")[0], []).append(key)
    for steps in by_node.values():
        yield from [key for key in steps if not key.endswith("[?]")] or steps


def _tree_order(keys: Iterable[str]) -> Callable[[str], list[int]]:
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


def _choose_steps(rows: dict[str, str]) -> list[str]:
    """Return the steps to show: all, or the first ones and those with a notable outcome."""
    if len(rows) <= _MAX_ROWS:
        return list(rows)
    notable = [
        key for key, text in rows.items() if "retried" in text or text.partition(" ")[0] in _NOTABLE_OUTCOMES
    ]
    chosen = set(list(dict.fromkeys([*notable, *rows]))[:_MAX_ROWS])
    return [key for key in rows if key in chosen]


def _count_outcomes(texts: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for text in texts:
        outcome = "not run" if text == "not run" else text.partition(" ")[0]
        counts[outcome] = counts.get(outcome, 0) + 1
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _outcome(events: Sequence[DagflowEvent]) -> str:
    """Return the outcome of a step, the time since its first start, and the number of its retries."""
    types = [event.event_type.name for event in events]
    ends = {"STEP_SUCCESS": "succeeded", "STEP_FAILURE": "failed", "STEP_SKIPPED": "skipped"}
    outcome = next((ends[name] for name in reversed(types) if name in ends), "unfinished")
    if outcome == "skipped":
        return outcome
    retries = types.count("STEP_RESTARTED")
    again = f", retried {retries} time{'' if retries == 1 else 's'}" if retries else ""
    return f"{outcome} in {_format_time(events[-1].timestamp - events[0].timestamp)}{again}"


def _format_time(seconds: float) -> str:
    if seconds >= 0.9995:
        return f"{seconds:.2f} s"
    thousandths = seconds * 1000
    return f"{thousandths:.0f} ms" if thousandths >= 10 else f"{thousandths:.2g} ms"


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


def _input_lines(result: ExecuteInProcessResult, step_key: str) -> Iterator[str]:
    if step_key not in result.plan.step_keys or not result.plan.step_by_key(step_key).loads:
        return
    names = [item.name for item in result.plan.step_by_key(step_key).loads]
    show = reprlib.Repr()
    show.maxstring = show.maxother = 120
    known = result.inputs_for_step(step_key)
    yield f"inputs of '{step_key}':"
    for name in names:
        value = show.repr(known[name]) if name in known else "(not kept: loaded from storage or config)"
        yield f"  {name} = " + value.replace("\n", "\n" + " " * (len(name) + 5))
    yield ""


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
