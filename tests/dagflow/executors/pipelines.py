"""Pipelines as strings: the same job in this process and in any other that imports this file.

A description is a JSON string with `rows`, one for each node of the job, which can read earlier rows; `hooks`
of the whole job, each as `[when, raises]`; `retries`, the policy of the job. A row of an op has

* `name`;
* `reads`, a list of sources: `["value", node, output]`, `["each", node, output]` (the op is mapped),
  `["collect", node, output]`, `["list", [[node, output], ...]]`, `["after", node, output]` (only the
  order), `["default"]`;
* `outs`, `[name, kind]` with a kind of `OUTS`, and `yields`, the produced outputs: `[output, mapping key]`;
* `retries`, its own policy;
* `fault`: `what` of `FAULTS`, or of `PROCESS_FAULTS` if each step has its own process; `attempts`, the
  number of attempts with the fault; `after`, the number of outputs before it; `key`, the only mapping key
  with the fault.

A row of a graph has `name`, `reads` (one source) and `rows`, ops of which the first may read the graph's
input as the node "" and the last has the output. Values consist of names, attempts and inputs, so they do
not depend on time, random numbers or the process. `drawn_pipelines` draws descriptions.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dagflow
from dagflow import (
    DagflowInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    Failure,
    GraphDefinition,
    In,
    JobDefinition,
    Nothing,
    OpDefinition,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    failure_hook,
    graph,
    op,
    success_hook,
)
from dagflow.keys import step_key_base
from dagflow.testing import canonical_events

TIMEOUT = 2.0  # seconds until a step that hangs is ended
OUTS: dict[str, Callable[[Any], Any]] = {
    "required": lambda kind: Out(kind),
    "optional": lambda kind: Out(kind, is_required=False),
    "dynamic": lambda kind: DynamicOut(kind),
    "nothing": lambda _: Out(Nothing),
}


class TwoPartError(Exception):
    """An error that pickle cannot restore: it stores one argument and needs two."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


class OpenError(Exception):
    """An error that cannot be pickled, because it holds an open object."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.lock = threading.Lock()


def _raise(error: BaseException) -> None:
    raise error


FAULTS: dict[str, Callable[[str], object]] = {
    "error": lambda name: _raise(ValueError(name)),
    "two-part error": lambda name: _raise(TwoPartError(name, "always")),
    "open error": lambda name: _raise(OpenError(name)),
    "failure": lambda name: _raise(Failure(name)),
    "final failure": lambda name: _raise(Failure(name, allow_retries=False)),
    "retry": lambda name: _raise(RetryRequested(max_retries=1)),
    "type": lambda name: None,  # None does not match the declared type of the outputs
}
PROCESS_FAULTS: dict[str, Callable[[str], object]] = {
    "exit": lambda name: os._exit(3),
    "kill": lambda name: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda name: threading.Event().wait(),
    "unpicklable": lambda name: None,  # the outputs are locks
}


# --- the job


def job_of(description: str, executor: str | None = None) -> JobDefinition:
    """Return the job of a description.

    Args:
        description: The JSON string.
        executor: The name in `dagflow` of the job's executor, None for the default.
    """
    described = json.loads(description)
    whole = graph(name="whole")(lambda: _wire(described["rows"], {}))
    return whole.to_job(
        hooks={_hook(place, *told) for place, told in enumerate(described["hooks"])},
        op_retry_policy=_policy(described["retries"]),
        executor_def=None if executor is None else getattr(dagflow, executor),
    )


def _wire(rows: list[dict[str, Any]], handles: dict[tuple[str, str], Any]) -> None:
    """Call the nodes that the rows describe, and add the handle of each output to the earlier handles."""
    for row in rows:
        _call(row, handles)


def _call(row: dict[str, Any], handles: dict[tuple[str, str], Any]) -> None:
    definition = _graph(row) if "rows" in row else _op(row)
    given, mapped = {}, None
    for name, source in _numbered(row["reads"]):
        match source:
            case ["value" | "after", node, output]:
                given[name] = handles[node, output]
            case ["collect", node, output]:
                given[name] = handles[node, output].collect()
            case ["list", parts]:
                given[name] = [handles[node, output] for node, output in parts]
            case ["each", node, output]:
                mapped = name, handles[node, output]
    if mapped is None:
        made = definition(**given)
    else:
        each, values = mapped
        made = values.map(lambda value: definition(**given, **{each: value}))
    names = list(definition.output_dict)
    for place, name in enumerate(names):
        handles[row["name"], name] = made[place] if len(names) > 1 else made


def _graph(row: dict[str, Any]) -> GraphDefinition:
    def body(p0: Any) -> Any:
        handles = {("", "p0"): p0}
        _wire(row["rows"], handles)
        return handles[row["rows"][-1]["name"], "result"]

    return graph(name=row["name"])(body)


def _op(row: dict[str, Any]) -> OpDefinition:
    fault = row["fault"]
    kind = int if fault and fault["what"] == "type" else None
    at_once = row["outs"] == [["result", "required"]] and row["yields"] == [["result", None]]

    def returns(context: Any, **inputs: Any) -> Any:
        return next(_outputs(row, context, inputs)).value

    def yields(context: Any, **inputs: Any) -> Any:
        yield from _outputs(row, context, inputs)

    return op(
        name=row["name"],
        ins={name: _in(source) for name, source in _numbered(row["reads"])},
        out={name: OUTS[of](kind) for name, of in row["outs"]},
        retry_policy=_policy(row["retries"]),
        tags={"dagflow/step_timeout": str(TIMEOUT)} if fault and fault["what"] == "hang" else None,
    )(returns if at_once and not (fault and fault["after"]) else yields)


def _outputs(row: dict[str, Any], context: Any, inputs: dict[str, Any]) -> Iterator[Any]:
    """Yield the outputs of an attempt at an op, or raise its fault."""
    name, fault, attempt = row["name"], row["fault"], context.retry_number
    strikes = (
        fault is not None
        and attempt < fault["attempts"]
        and fault["key"] in (None, context.get_mapping_key())
    )
    value: Any = [name, attempt, *(inputs[given] for given in sorted(inputs))]
    if fault and fault["what"] == "type":
        value = name if strikes else attempt
    elif strikes and fault["what"] == "unpicklable":
        value = threading.Lock()
    for place, (output, key) in enumerate(row["yields"]):
        if strikes and place == fault["after"]:
            _strike(fault["what"], name)
        if key is not None:
            yield DynamicOutput([key, value] if isinstance(value, list) else value, key, output)
        else:
            yield Output(None if [output, "nothing"] in row["outs"] else value, output)
    if strikes and fault["after"] >= len(row["yields"]):
        _strike(fault["what"], name)


def _strike(what: str, name: str) -> None:
    (FAULTS.get(what) or PROCESS_FAULTS[what])(name)


def _in(source: list[Any]) -> In:
    match source[0]:
        case "after":
            return In(Nothing)
        case "default":
            return In(default_value="default")
    return In()


def _numbered(sources: list[list[Any]]) -> list[tuple[str, list[Any]]]:
    return [(f"p{place}", source) for place, source in enumerate(sources)]


def _policy(retries: int | None) -> RetryPolicy | None:
    return None if retries is None else RetryPolicy(max_retries=retries)


def _hook(place: int, when: str, raises: bool) -> Any:
    def called(context: Any) -> None:
        if raises:
            raise KeyError(when)

    made = success_hook if when == "success" else failure_hook
    return made(name=f"hook_{place}")(called)


# --- the result


def observed(result: Any) -> dict[str, Any]:
    """Return the facts that must be equal with every executor: the outcome, the events and the outputs.

    Values that did not pass their type check are omitted, because they exist in memory only.
    """
    events = canonical_events(result)
    refused = [
        f"{step_key_base(str(event['step']))}.{event['output']}"
        for event in events
        if event["type"] == "STEP_OUTPUT" and not event["passed"]
    ]
    return {
        "success": result.success,
        "events": events,
        "outputs": {
            f"{node}.{output}": _value(result, node, output)
            for node, output in _outs_in(result.job_def.graph)
            if not any(value.startswith(f"{node}.") for value in refused)  # of the op, or inside the graph
        },
    }


def _outs_in(around: GraphDefinition, path: str = "") -> Iterator[tuple[str, str]]:
    for name, node in around.node_dict.items():
        inner = node.definition
        yield from ((f"{path}{name}", output) for output in inner.output_dict)
        if isinstance(inner, GraphDefinition):
            yield from _outs_in(inner, f"{path}{name}.")


def _value(result: Any, node: str, output: str) -> Any:
    try:
        return result.output_for_node(node, output)
    except DagflowInvariantViolationError:
        return "has no value"
