"""The observation of a program under one library: all results that must be equal under the other."""

from __future__ import annotations

import contextlib
import difflib
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import import_module
from itertools import groupby
from typing import Any

VOLATILE = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f-]{27}")
POINTER = re.compile(r"(?<=input_event_pointer/)([^']*)', '\d+'")
SPELLINGS = {"dagflow": "dagster", "Dagflow": "Dagster"}


@dataclass(frozen=True)
class Observation:
    """The observed results of one run of a program."""

    defined: str | None = None  # the error class of its definitions
    raised: str | None = None  # the error class of the run
    status: str | None = None
    events: tuple[str, ...] = ()  # from the log of the instance
    result_events: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1_000)  # hypothesis often repeats an example while it shrinks it
def observe(
    library: str, source: str, nodes: tuple[tuple[str, str], ...], *, raise_on_error: bool
) -> Observation:
    """Run a program with a library.

    Args:
        library: "dagflow" or "dagster".
        source: The program, with the names of dagflow.
        nodes: The nodes and outputs whose values are read.
        raise_on_error: The argument of the same name of the run.
    """
    instance_class = getattr(import_module(library), _spelled("DagflowInstance", library))
    names: dict[str, Any] = {"__name__": "program"}
    code = compile(_spelled(source, library), f"<{library}>", "exec", dont_inherit=True)
    with _silence(), instance_class.ephemeral() as instance, _without_folder(names):
        raised, result = None, None
        try:
            exec(code, names)
        except Exception as error:
            return Observation(_class(error))
        try:
            result = names["run"](instance=instance, raise_on_error=raise_on_error)
        except Exception as error:
            raised = _class(error)
        runs = instance.get_runs()[::-1]  # the oldest run first
        entries = [entry for run in runs for entry in instance.all_logs(run.run_id)]
        events = [event for entry in entries if (event := getattr(entry, f"{library}_event")) is not None]
        return Observation(
            None,
            raised,
            " ".join(run.status.name for run in runs) or None,
            _in_order(_lines(events)),
            _in_order(_lines(result.all_events)) if result is not None else (),
            _in_order(_neutral(str(entry)) for entry in names["trace"]),
            _outputs(result, nodes) if result is not None else {},
        )


@contextlib.contextmanager
def _without_folder(names: Mapping[str, Any]) -> Iterator[None]:
    """Remove the folder that a program may have made, at the end."""
    try:
        yield
    finally:
        if "folder" in names:
            names["folder"].cleanup()


def _outputs(result: Any, nodes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    asked = {f"{node}: {output}": (result.output_for_node, node, output) for node, output in nodes if node}
    asked |= {output: (result.output_value, output) for node, output in nodes if not node}
    return {name: _repr_of(*call) for name, call in asked.items()}


def _repr_of(method: Callable[..., Any], *arguments: str) -> str:
    try:
        return _shown(method(*arguments))
    except Exception as error:
        return f"raises {_class(error)}"


def _shown(value: Any) -> str:
    """Return the repr of a value. Objects of the libraries have different ones, so the class is compared."""
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(_shown, value))})"
    is_theirs = type(value).__module__.partition(".")[0] in (*SPELLINGS, *SPELLINGS.values())
    return type(value).__name__ if is_theirs else repr(value)


# --- events as lines


FREE = re.compile(  # the order is free among consecutive lines with the same beginning
    r"HOOK_|hook |ASSET_(MATERIALIZATION|CHECK_EVALUATION)_PLANNED"
    r"|ASSET_MATERIALIZATION\[\S+\] \S+ (?!None )"  # the partitions of an asset, for a range
)


def _in_order(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the lines, with those sorted that have a free order."""
    ordered: list[str] = []
    for beginning, group in groupby(lines, lambda line: (found := FREE.match(line)) and found.group()):
        found = list(group)
        ordered += sorted(found) if beginning else found
    return tuple(ordered)


def _lines(events: Iterable[Any]) -> list[str]:
    """Return a line for each event. Versions and ids that depend on the run are numbered."""
    numbers: dict[str, str] = {}
    lines = []
    for event in events:
        line = _line(event)
        for found in VOLATILE.findall(line):
            line = line.replace(found, numbers.setdefault(found, f"version {len(numbers)}"))
        lines.append(POINTER.sub(r"\1'", line))
    return lines


def _line(event: Any) -> str:
    event_type = event.event_type.name
    key = f"[{event.step_key}]" if event.step_key else ""
    return " ".join(
        [f"{event_type}{key}", *(str(part) for part in _details(event_type, event.event_specific_data))]
    )


def _details(event_type: str, data: Any) -> Iterator[Any]:
    """Yield the facts of an event's data that do not depend on location or time."""
    match event_type:
        case "STEP_INPUT":
            yield from (data.input_name, data.type_check_data.success)
        case "LOADED_INPUT":
            yield from (data.input_name, data.manager_key, data.upstream_step_key, data.upstream_output_name)
        case "STEP_OUTPUT":
            yield from (data.output_name, data.mapping_key, data.type_check_data.success)
        case "HANDLED_OUTPUT":
            yield from (data.output_name, data.manager_key)
        case "STEP_FAILURE":
            yield from (*_causes(data.error), data.error_source.name, data.user_failure_data is not None)
        case "STEP_UP_FOR_RETRY":
            yield from (*_causes(data.error), data.seconds_to_wait)
        case "HOOK_ERRORED":
            yield from _causes(data.error)
        case "RUN_FAILURE":
            first = data.first_step_failure_event
            # a raised error has more causes in dagflow, so only the outermost class is compared
            yield from (*list(_causes(data.error))[:1], data.failure_reason.name, first and first.step_key)
        case "ASSET_MATERIALIZATION":
            yield from (data.materialization.asset_key.to_user_string(), data.materialization.partition)
            yield from (sorted(data.materialization.metadata), _tags(data.materialization))
        case "ASSET_OBSERVATION":
            yield from (data.asset_observation.asset_key.to_user_string(), data.asset_observation.partition)
            yield from (sorted(data.asset_observation.metadata), _tags(data.asset_observation))
        case "ASSET_MATERIALIZATION_PLANNED":
            yield from (data.asset_key.to_user_string(), data.partition)
        case "ASSET_CHECK_EVALUATION":
            yield from (data.asset_check_key.to_user_string(), data.passed, data.severity.name, data.blocking)
            yield from (data.partition, sorted(data.metadata), data.description)
            yield data.target_materialization_data is not None
        case "ASSET_CHECK_EVALUATION_PLANNED":
            yield from (data.asset_key.to_user_string(), data.check_name)
        case "ENGINE_EVENT" | "RESOURCE_INIT_STARTED" | "RESOURCE_INIT_SUCCESS" | "RESOURCE_INIT_FAILURE":
            yield from (data.marker_start, data.marker_end, *_causes(data.error))


def _tags(found: Any) -> list[tuple[str, str]]:
    return sorted((_neutral(name), value) for name, value in (found.tags or {}).items())


def _causes(error: Any) -> Iterator[str]:
    """Yield the classes of an error and its causes. An error may repeat its cause with more words."""
    classes = []
    while error is not None:
        classes.append(_neutral(error.cls_name))
        error = error.cause
    yield from (name for name, _ in groupby(classes))


# --- names of the libraries


def _spelled(source: str, library: str) -> str:
    for ours, theirs in SPELLINGS.items():
        source = source.replace(ours, theirs) if library == "dagster" else source
    return source


def _neutral(name: str) -> str:
    for ours, theirs in SPELLINGS.items():
        name = name.replace(theirs, ours)
    return name


def _class(error: BaseException) -> str:
    return _neutral(type(error).__name__)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Suppress warnings and log lines."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


# --- differences


def difference(theirs: Observation, ours: Observation) -> str:
    """Return the differences from the reference as a string; an empty string if there is none."""
    parts = []
    for name in (part.name for part in fields(Observation)):
        left, right = getattr(theirs, name), getattr(ours, name)
        if left != right and not (name == "result_events" and theirs.events != ours.events):
            parts.append(f"{name}:\n{_describe(left, right)}")
    return "\n".join(parts)


def _describe(left: Any, right: Any) -> str:
    if isinstance(left, tuple):
        diff = difflib.unified_diff(left, right, "reference", "dagflow", lineterm="", n=3)
        return "\n".join(f"    {line}" for line in diff)
    if isinstance(left, dict):
        different = [name for name in {**left, **right} if left.get(name) != right.get(name)]
        return "\n".join(
            f"    {name}: reference {left.get(name)}, dagflow {right.get(name)}" for name in different
        )
    return f"    reference {left}, dagflow {right}"
