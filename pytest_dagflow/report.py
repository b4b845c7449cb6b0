"""What a failing test tells of the runs that it made, and which frames its traceback shows.

Of the runs of a test little is kept, and only until the test ends: the last run, the last one that failed,
and the names that JUnit gets. A run tells of itself when it is over, so its events cost nothing more.
"""

from __future__ import annotations

import os
import reprlib
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dagflow import DagflowEvent, ExecuteInProcessResult

_MANY_ROWS = 30
_MANY_EVENTS = 8
_MANY_NAMES = 50
_TELLING = ("failed", "skipped", "unfinished")
_KEY = pytest.StashKey["Runs"]()


class Runs:
    """The runs of one test.

    Attributes:
        count: How many there were.
        last, failed: The last run, and the last one that failed.
        names: By the name of a JUnit property, its values in the order in which they came, the first few.
    """

    def __init__(self) -> None:
        self.count: int = 0
        self.last: ExecuteInProcessResult | None = None
        self.failed: ExecuteInProcessResult | None = None
        self.names: dict[str, dict[str, None]] = {"dag_nodes": {}, "dag_partition": {}, "dag_run_id": {}}
        self.watching: ExitStack[bool | None] = ExitStack()
        self.is_watching: bool = False

    def watch(self) -> None:
        """Note the runs from now on, if the runtime is loaded: until then there is none."""
        if not self.is_watching and "dagflow" in sys.modules:
            from dagflow.testing import observe_runs

            self.watching.enter_context(observe_runs(self.note))
            self.is_watching = True

    def note(self, result: ExecuteInProcessResult) -> None:
        """Keep what may be wanted of a run that is over."""
        self.count += 1
        self.last = result
        if not result.success:
            self.failed = result
        plan = result.plan
        partition = () if plan.partition_key is None else (str(plan.partition_key),)
        nodes = [key.partition("[")[0] for key in plan.step_keys]
        found = {"dag_nodes": nodes, "dag_partition": partition, "dag_run_id": (result.run_id,)}
        for name, values in found.items():
            known = self.names[name]
            for value in values:
                if len(known) > _MANY_NAMES:
                    break
                known[value] = None

    def properties(self) -> list[tuple[str, str]]:
        """What JUnit is told."""
        shown = {name: [*values][:_MANY_NAMES] for name, values in self.names.items() if values}
        return [
            (name, ", ".join(values) + (", ..." if len(values) < len(self.names[name]) else ""))
            for name, values in shown.items()
        ]


@contextmanager
def watched(item: pytest.Item) -> Iterator[None]:
    """Note the runs of a test, in a block around all of it."""
    runs = item.stash[_KEY] = Runs()
    with runs.watching:
        runs.watch()
        yield
    del item.stash[_KEY]  # and with it the runs


def watch(item: pytest.Item) -> None:
    """Note the runs of a test from now on, also if the runtime was loaded by one of its fixtures."""
    if _KEY in item.stash:
        item.stash[_KEY].watch()


def prepare(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Before pytest looks at the outcome of a phase of a test: hide frames, hand out properties."""
    if call.excinfo is not None and "dagflow" in sys.modules:
        _hide_frames()
    runs = item.stash.get(_KEY, None)
    if runs is not None and runs.count and (call.when == "call" or call.excinfo is not None):
        known = {name for name, _ in item.user_properties}
        item.user_properties.extend(pair for pair in runs.properties() if pair[0] not in known)


def add_section(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add to the report of a phase of a test that failed what its runs did."""
    runs = item.stash.get(_KEY, None)
    if not report.failed or runs is None or runs.last is None:
        return
    if item.config.getoption("tbstyle", "auto") == "line":
        return  # a line for each failure was asked for
    title = "dagflow" if runs.count == 1 else f"dagflow: {runs.count} runs"
    try:
        text = "\n".join(_lines(item, runs))
    except Exception as error:  # what cannot be shown must not end the session
        text = f"the runs of this test cannot be shown: {type(error).__name__}: {error}"
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text, "-")
    else:  # a text, which has no sections of its own
        report.sections.append((title, text))


# frames


def _hide_frames() -> None:
    """Let tracebacks leave out the frames of dagflow. Its modules say so themselves from now on."""
    for name, module in list(sys.modules.items()):
        if name == "dagflow" or name.startswith("dagflow."):
            vars(module).setdefault("__tracebackhide__", _is_about_the_user)


def _is_about_the_user(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether an error arose outside of dagflow, or is one that dagflow raises for its user to read."""
    from dagflow import DagflowError

    traceback = excinfo.tb
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    home = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    return isinstance(excinfo.value, DagflowError) or home != "dagflow"


# the section


def _lines(item: pytest.Item, runs: Runs) -> Iterator[str]:
    failed, last = runs.failed, runs.last
    if failed is not None:
        yield from _error(failed)
        yield from _run(failed)
    if last is not None and last is not failed:
        yield from _run(last)
    yield "run it again:"
    yield f"  pytest {shlex.quote(_from_here(item))}"
    names = [] if failed is None else [_name(failed, key) for key in _failed_steps(failed)]
    if names:
        yield f"run all tests of what failed:\n  pytest --dag-select {shlex.quote(', '.join(names))}"


def _from_here(item: pytest.Item) -> str:
    """The id of a test as it can be given to pytest where it was started."""
    file, colons, name = item.nodeid.partition("::")
    path = item.config.rootpath / file
    try:
        file = os.path.relpath(path, item.config.invocation_params.dir)
    except ValueError:  # on another drive
        file = str(path)
    return f"{file}{colons}{name}"


def _failed_steps(result: ExecuteInProcessResult) -> list[str]:
    return [event.step_key for event in result.get_step_failure_events() if event.step_key is not None]


def _name(result: ExecuteInProcessResult, step_key: str) -> str:
    """What `--dag-select` calls a step."""
    if step_key not in result.plan.step_keys:
        return step_key.partition("[")[0]
    outputs = result.plan.step_by_key(step_key).outputs
    keys = [output.asset_key.to_user_string() for output in outputs if output.asset_key is not None]
    return keys[0] if keys else step_key.partition("[")[0]


def _error(result: ExecuteInProcessResult) -> Iterator[str]:
    """The traceback of the first step that failed, or of the run itself, without our frames."""
    events = result.get_step_failure_events() or [result.get_run_failure_event()]
    error = events[0].event_specific_data.error
    if error is not None:
        yield from _traceback(error)
        yield ""


def _traceback(error: Any) -> Iterator[str]:
    import dagflow

    ours = os.path.dirname(dagflow.__file__) + os.sep
    wrapper = getattr(dagflow, error.cls_name or "", None)
    is_wrapper = isinstance(wrapper, type) and issubclass(
        wrapper, (dagflow.DagflowUserCodeExecutionError, dagflow.RetryRequested)
    )
    if error.cause is not None:
        yield from _traceback(error.cause)
        if is_wrapper or not error.stack:
            return
        yield "\nThe above exception was the direct cause of the following exception:\n"
    frames = [frame for frame in error.stack if f'File "{ours}' not in frame]
    if frames:
        yield "Traceback (most recent call last):"
        yield "".join(frames).rstrip("\n")
    yield error.message.rstrip("\n")


def _run(result: ExecuteInProcessResult) -> Iterator[str]:
    events = result.all_events
    run, plan = result.dagflow_run, result.plan
    partition = "" if plan.partition_key is None else f", partition '{plan.partition_key}'"
    outcome = "succeeded" if result.success else "failed"
    time = _time(events[-1].timestamp - events[0].timestamp)
    what = "assets" if run.job_name.startswith("__") else f"'{run.job_name}'"
    yield f"run of {what}: {outcome} in {time}{partition}, id {run.run_id}"
    yield from _tree(result)
    yield ""
    yield "last events:"
    yield from _last_events(events)
    yield ""
    for key in _failed_steps(result)[:1]:
        yield from _inputs(result, key)


def _tree(result: ExecuteInProcessResult) -> Iterator[str]:
    """The steps under the graphs that they stand in, each with what became of it."""
    rows = dict.fromkeys((ref[0] for ref in result.given), "given")
    rows.update(dict.fromkeys(result.plan.step_keys, "not run"))
    by_step: dict[str, list[DagflowEvent]] = {}
    for event in result.all_events:
        if event.step_key is not None and event.event_type_value.startswith("STEP_"):
            by_step.setdefault(event.step_key, []).append(event)
    for key, events in by_step.items():
        rows[key] = _outcome(events)
    rows = {key: rows[key] for key in _mapped_in_place(rows)}
    shown = _chosen(rows)
    width = max((2 * key.count(".") + len(key.rpartition(".")[2]) for key in shown), default=0)
    before: Sequence[str] = ()
    for key in sorted(shown, key=_in_tree(shown)):
        *graphs, name = key.split(".")
        for depth, graph in enumerate(graphs):
            if list(before[: depth + 1]) != graphs[: depth + 1]:
                yield f"  {'  ' * depth}{graph}"
        before = graphs
        indented = "  " * len(graphs) + name
        yield f"  {indented:<{width}}  {rows[key]}"
    if len(shown) < len(rows):
        yield f"  ... and {_counted(rows[key] for key in rows if key not in shown)}"


def _mapped_in_place(keys: Iterable[str]) -> Iterator[str]:
    """The steps of a mapped node where the node stands, and the node itself only where it has none yet."""
    by_node: dict[str, list[str]] = {}
    for key in keys:
        by_node.setdefault(key.partition("[")[0], []).append(key)
    for steps in by_node.values():
        yield from [key for key in steps if not key.endswith("[?]")] or steps


def _in_tree(keys: Iterable[str]) -> Any:
    """Orders steps as they are, but those of a graph beside each other."""
    places: dict[str, int] = {}
    for place, key in enumerate(keys):
        parts = key.split(".")
        for depth in range(len(parts)):
            places.setdefault(".".join(parts[: depth + 1]), place)

    def order(key: str) -> list[int]:
        parts = key.split(".")
        return [places[".".join(parts[: depth + 1])] for depth in range(len(parts))]

    return order


def _chosen(rows: dict[str, str]) -> list[str]:
    """The steps to show, where they are too many: first those to which something happened."""
    if len(rows) <= _MANY_ROWS:
        return list(rows)
    special = [key for key, text in rows.items() if "retried" in text or text.partition(" ")[0] in _TELLING]
    chosen = set(list(dict.fromkeys([*special, *rows]))[:_MANY_ROWS])
    return [key for key in rows if key in chosen]


def _counted(texts: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for text in texts:
        outcome = "not run" if text == "not run" else text.partition(" ")[0]
        counts[outcome] = counts.get(outcome, 0) + 1
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def _outcome(events: Sequence[DagflowEvent]) -> str:
    """What became of a step, how long it took from its first start on, and how often it was tried again."""
    kinds = [event.event_type.name for event in events]
    ends = {"STEP_SUCCESS": "succeeded", "STEP_FAILURE": "failed", "STEP_SKIPPED": "skipped"}
    outcome = next((ends[kind] for kind in reversed(kinds) if kind in ends), "unfinished")
    if outcome == "skipped":
        return outcome
    retries = kinds.count("STEP_RESTARTED")
    again = f", retried {retries} time{'' if retries == 1 else 's'}" if retries else ""
    return f"{outcome} in {_time(events[-1].timestamp - events[0].timestamp)}{again}"


def _time(seconds: float) -> str:
    if seconds >= 0.9995:
        return f"{seconds:.2f} s"
    thousandths = seconds * 1000
    return f"{thousandths:.0f} ms" if thousandths >= 10 else f"{thousandths:.2g} ms"


def _last_events(events: Sequence[DagflowEvent]) -> Iterator[str]:
    start = events[0].timestamp
    telling = [event for event in events if event.event_type.name not in ("ENGINE_EVENT", "LOGS_CAPTURED")]
    shown = telling[-_MANY_EVENTS:]
    failures = [place for place, event in enumerate(telling) if event.event_type.name == "STEP_FAILURE"]
    if failures and failures[0] < len(telling) - _MANY_EVENTS:  # other steps went on: show what led to it
        shown = [*telling[: failures[0] + 1][1 - _MANY_EVENTS :], telling[-1]]
    kind_width = max(len(event.event_type.name) for event in shown)
    step_width = max(len(event.step_key or "") for event in shown)
    for event in shown:
        if event is telling[-1] and shown[-2:-1] != telling[-2:-1]:
            yield "  ..."
        text = _short(_said(event).partition("\n")[0], 90)
        place = f"{event.event_type.name:<{kind_width}}  {event.step_key or '':<{step_width}}"
        yield f"  +{event.timestamp - start:.3f} s  {place}  {text}"


def _said(event: DagflowEvent) -> str:
    """The message of an event; of one without, what the error in it says."""
    error = getattr(event.event_specific_data, "error", None)
    return event.message or (error.message if error is not None else "")


def _inputs(result: ExecuteInProcessResult, step_key: str) -> Iterator[str]:
    if step_key not in result.plan.step_keys or not result.plan.step_by_key(step_key).loads:
        return
    names = [item.name for item in result.plan.step_by_key(step_key).loads]
    show = reprlib.Repr()
    show.maxstring = show.maxother = 120
    known = result.inputs_for_step(step_key)
    yield f"inputs of '{step_key}':"
    for name in names:
        value = show.repr(known[name]) if name in known else "(not kept: it came from storage or config)"
        yield f"  {name} = " + value.replace("\n", "\n" + " " * (len(name) + 5))
    yield ""


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
