"""The records of the nodes of one run: their values, metadata, checks, events and times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pytest_dagflow.against.neutral import without_addresses
from pytest_dagflow.against.records import NodeRun, Value

if TYPE_CHECKING:
    from dagflow import AssetCheckResult, DagflowEvent, ExecuteInProcessResult
    from dagflow.testing import NodeOfStep, NodesOfRun

    Outputs = Mapping[tuple[str, str, str | None], Value]

_STARTS = ("STEP_START", "STEP_RESTARTED")
_ENDS = ("STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY")


class RunReader:
    """The reader of one finished run.

    Args:
        result: The result of the run.
        outputs: The observed values, by step key, output and mapping key. A step in another process has none:
            to load them, the resources of the run would have to start again.
        text: Returns a text without the folders of this side.
    """

    def __init__(
        self,
        result: ExecuteInProcessResult,
        outputs: Outputs,
        text: Callable[[str], str],
    ) -> None:
        from dagflow.testing import nodes_of_run

        self._result = result
        self._outputs = outputs
        self.nodes: NodesOfRun = nodes_of_run(result)
        self._runs: dict[str, NodeRun] = {}
        self._text_of_side = text

    def read(self, shown: ExecuteInProcessResult | None, owner: str, run: str) -> list[NodeRun]:
        """Return the record of each node of the run.

        Args:
            shown: The result with the events as they may be shown; None for no events.
            owner: The owner of the run.
            run: The name of the run.
        """
        for key, step in self.nodes.steps.items():
            for label in _labels(step):
                if label not in self._runs:
                    self._runs[label] = NodeRun(owner, run, label, self.nodes.partition)
            for output, label in step.outputs.items():
                if not label.startswith("check "):
                    self._runs[label].outputs.update(self._values(key, step, output))
        if shown is not None:
            self._add_lines(shown)
            for event in shown.all_events:
                self._add_facts(event)
        self._add_seconds()
        return list(self._runs.values())

    def _text(self, text: str) -> str:
        return self._text_of_side(text.replace(self._result.run_id, "<run>"))

    def _values(self, key: str, step: NodeOfStep, output: str) -> Iterator[tuple[str, Value]]:
        """Yield the values of an output of a step under their names in the record."""
        if output not in step.given:
            return
        mapped = "" if step.mapping_key is None else f"[{step.mapping_key}]"
        mapping_keys: Iterable[str | None] = step.given[output] or (None,)
        for mapping_key in mapping_keys:
            value = self._outputs.get((key, output, mapping_key))
            if value is not None:
                dynamic = "" if mapping_key is None else f"[{mapping_key}]"
                yield f"{output}{dynamic}{mapped}", value

    def _add_lines(self, shown: ExecuteInProcessResult) -> None:
        """Add each canonical event to the nodes of its step that it is about."""
        from dagflow.testing import canonical_events

        lines = canonical_events(shown, form="lines")
        labels = {key: _labels(step) for key, step in self.nodes.steps.items()}
        has_several = any(len(of_step) > 1 for of_step in labels.values())
        # the facts cost as much as the lines, and only a step with several nodes needs them
        facts: list[dict[str, object]] = canonical_events(shown) if has_several else [{}] * len(lines)
        for of_line, line in zip(facts, lines, strict=True):
            key = line.split(" ", 2)[1]  # the event of a step or of its hook has a step
            of_step = labels.get(key, [])
            if len(of_step) > 1:
                of_step = _labels_of_line(self.nodes.steps[key], of_line)
            for label in of_step:
                self._runs[label].events.append(self._text(line))

    def _add_facts(self, event: DagflowEvent) -> None:
        """Add the metadata or the result of a check in an event."""
        step = self.nodes.steps.get(event.step_key or "")
        if step is None:
            return
        kind = event.event_type_value
        if kind == "ASSET_CHECK_EVALUATION":
            evaluation = event.asset_check_evaluation_data
            name = evaluation.asset_check_key.to_user_string()
            run = self._runs.get(f"check {name}") or self._runs[_labels(step)[0]]
            name = _with_suffix(name, self._other_partition(evaluation.partition))
            run.checks[name] = check_facts(evaluation, self._text)
        elif kind in ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION"):
            data: Any = event.materialization if kind == "ASSET_MATERIALIZATION" else event.asset_observation
            key = data.asset_key.to_user_string()
            own = f"asset {key}" in _labels(step)
            run = self._runs[f"asset {key}" if own else _labels(step)[0]]
            partition = self._other_partition(data.partition)
            self._add_metadata(run, "" if own else f"{key}: ", data.metadata, partition)
        elif kind == "STEP_OUTPUT":
            output: Any = event.event_specific_data
            label = step.outputs.get(output.output_name, "")
            if label.startswith("op "):
                self._add_metadata(
                    self._runs[label], output_prefix(output.output_name), output.metadata, output.mapping_key
                )

    def _other_partition(self, partition: str | None) -> str | None:
        """Return a partition, None for that of the run."""
        return None if partition == self.nodes.partition else partition

    def _add_metadata(
        self, run: NodeRun, prefix: str, metadata: Mapping[str, Any] | None, suffix: str | None
    ) -> None:
        for name, value in plain_metadata(metadata, self._text).items():
            run.metadata[_with_suffix(f"{prefix}{name}", suffix)] = value

    def _add_seconds(self) -> None:
        started: dict[str, float] = {}
        for event in self._result.all_events:
            key, kind = event.step_key, event.event_type_value
            if key is None or key not in self.nodes.steps:
                continue
            if kind in _STARTS:
                started[key] = event.timestamp
            elif kind in _ENDS and key in started:
                seconds = event.timestamp - started.pop(key)
                labels = _labels(self.nodes.steps[key])
                for label in labels[:1] if labels[0].startswith("op ") else labels:
                    self._runs[label].seconds += seconds


def _with_suffix(name: str, suffix: str | None) -> str:
    return name if suffix is None else f"{name}[{suffix}]"


def output_prefix(output: str) -> str:
    """Return the prefix of the metadata of an output of an op: nothing for the usual output."""
    return "" if output == "result" else f"{output}: "


def _labels(step: NodeOfStep) -> list[str]:
    """Return the labels of the nodes of a step: each asset and check, and the op unless it is that of them.

    The last op of the graph of an asset gives the asset, and is a node of its own.
    """
    is_op = step.label.startswith("op ")
    found = dict.fromkeys([step.label] if is_op or not step.outputs else [])
    found.update(dict.fromkeys(step.outputs.values()))
    return list(found)


def _labels_of_line(step: NodeOfStep, facts: Mapping[str, object]) -> list[str]:
    """Return the nodes of a step that an event is about. All assets of a step have its start and end.

    A check beside an asset, and the asset of an op in a graph, have only their own. Such an op has all.
    """
    labels = _labels(step)
    if "check" in facts:
        about = f"check {facts['asset']}:{facts['check']}"
    elif "asset" in facts:
        about = f"asset {facts['asset']}"
    else:
        about = step.outputs.get(str(facts.get("output")), "")
    if step.label.startswith("op "):
        return [label for label in labels if label in (about, step.label)]
    if about in labels:
        return [about]
    return [label for label in labels if not label.startswith("check ")] or labels


def plain_metadata(metadata: Mapping[str, Any] | None, text: Callable[[str], str]) -> dict[str, Any]:
    """Return metadata as plain JSON: the type and the content of each value.

    Args:
        metadata: The metadata.
        text: Returns a text without the folders of this side.
    """
    return {name: _plain_entry(value, text) for name, value in (metadata or {}).items()}


def _plain_entry(value: object, text: Callable[[str], str]) -> dict[str, Any]:
    try:
        content = getattr(value, "value", value)
        shown = _fields(value) if content is value else content
        return {"type": type(value).__name__.removesuffix("MetadataValue"), "value": _plain(shown, text)}
    except Exception as error:  # a class of a user may raise anything
        return {"type": type(value).__name__, "value": None, "problem": type(error).__name__}


def _fields(value: object) -> dict[str, Any]:
    """Return the fields of a value that has no plain content, such as a table."""
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: getattr(value, name) for name in names if not name.startswith("_") and hasattr(value, name)}


def _plain(value: object, text: Callable[[str], str]) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {text(str(name)): _plain(one, text) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, text) for one in value]
    if type(value).__module__.startswith("dagflow."):
        return _plain(_fields(value), text) or without_addresses(text(repr(value)))
    return without_addresses(text(repr(value)))


def check_facts(check: AssetCheckResult | Any, text: Callable[[str], str]) -> dict[str, Any]:
    """Return the result of a check as plain JSON.

    Args:
        check: An AssetCheckResult, or the evaluation in an event.
        text: Returns a text without the folders of this side.
    """
    return {
        "passed": check.passed,
        "severity": check.severity.name,
        "description": None if check.description is None else text(check.description),
        "metadata": plain_metadata(check.metadata, text),
    }
