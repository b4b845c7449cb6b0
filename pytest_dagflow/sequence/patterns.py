"""The pattern of one event, and groups of patterns.

A pattern has one event type and the expected values of some fields. Users make patterns with the functions of
`ev`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dagflow import AssetKey, DagflowError, DagflowEvent, DagflowEventType
from pytest_dagflow.sequence.matchers import (
    ANYTHING,
    ErrorMatcher,
    is_equal,
    source_text,
    suggest,
    unwrap_error,
)


class EventPattern:
    """An expected event: its type and the expected values of some fields.

    Attributes:
        event_type: The type of the event.
        fields: The expected values of the compared fields, by name.
        times: The exact number of such events; None for at least one.
    """

    __slots__ = ("event_type", "fields", "times")

    def __init__(
        self, event_type: DagflowEventType, fields: Mapping[str, object], times: int | None = None
    ) -> None:
        self.event_type = event_type
        self.fields = {name: value for name, value in fields.items() if value is not ANYTHING}
        self.times = times

    def matches(self, event: DagflowEvent) -> bool:
        """Return whether an event matches this pattern."""
        return event.event_type is self.event_type and all(
            is_equal(expected, read_field(event, name)) for name, expected in self.fields.items()
        )

    def differing_fields(self, event: DagflowEvent) -> list[tuple[str, object, object]]:
        """Return name, expected and actual value of each field in which an event of this type differs."""
        found = ((name, expected, read_field(event, name)) for name, expected in self.fields.items())
        return [
            (name, expected, actual) for name, expected, actual in found if not is_equal(expected, actual)
        ]

    def __repr__(self) -> str:
        return source_of(self.event_type.name, self.fields, self.times)


class Group:
    """Patterns in any order (`function` is "par") or in this order (`function` is "chain")."""

    __slots__ = ("function", "items")

    def __init__(self, function: str, items: Iterable[EventPattern | Group]) -> None:
        self.function = function
        self.items = tuple(items)

    def __repr__(self) -> str:
        return f"{self.function}({', '.join(map(repr, self.items))})"


def par(*patterns: object) -> Group:
    """Return a group of patterns in any order.

    Args:
        patterns: Event types, strings such as "STEP_SUCCESS:brew", calls of `ev`, `par` and `chain`.

    Raises:
        DagflowError: A value is not a pattern.

    Example:
        >>> par("STEP_SUCCESS:beans", "STEP_SUCCESS:water")
        par(ev.step_success("beans"), ev.step_success("water"))
    """
    return Group("par", [as_pattern(pattern) for pattern in patterns])


def chain(*patterns: object) -> Group:
    """Return a group of patterns in this order.

    Args:
        patterns: Event types, strings such as "STEP_SUCCESS:brew", calls of `ev`, `par` and `chain`.

    Raises:
        DagflowError: A value is not a pattern.

    Example:
        >>> chain("STEP_START:beans", "STEP_SUCCESS:beans")
        chain(ev.step_start("beans"), ev.step_success("beans"))
    """
    return Group("chain", [as_pattern(pattern) for pattern in patterns])


def as_pattern(value: object) -> EventPattern | Group:
    """Return the pattern of an event type or a string; a pattern itself.

    Raises:
        DagflowError: The value is not a pattern.

    Example:
        >>> as_pattern("RUN_SUCCESS")
        ev.run_success()
    """
    if isinstance(value, (EventPattern, Group)):
        return value
    if isinstance(value, DagflowEventType):
        return EventPattern(value, {})
    if isinstance(value, str):
        name, colon, step = value.partition(":")
        found_type = event_type(name)
        if colon and not step:
            raise DagflowError(f"the pattern {value!r} has no step after the colon")
        if colon and found_type.name.startswith("RUN_"):
            raise DagflowError(f"the pattern {value!r} names a step, but {found_type.name} has no step")
        return EventPattern(found_type, {"step": step} if colon else {})
    if callable(value) and getattr(value, "__module__", None) == "pytest_dagflow.sequence.ev":
        name = getattr(value, "__name__", "")
        raise DagflowError(f"'ev.{name}' is a function: call it, 'ev.{name}(...)', to make a pattern")
    if isinstance(value, (list, tuple)):
        raise DagflowError(f"a pattern must not be the list {value!r}: write par(...) or chain(...)")
    raise DagflowError(
        "a pattern must be an event type, a string such as 'STEP_SUCCESS:brew', a call of ev, par(...) or "
        f"chain(...), not {value!r} of type '{type(value).__name__}'"
    )


def as_patterns(argument: str, values: object) -> list[EventPattern | Group]:
    """Return the patterns of the elements of a list.

    Args:
        argument: The name of the argument, for the message.
        values: The argument.

    Raises:
        DagflowError: The argument is not a list, or an element is not a pattern.
    """
    if isinstance(values, (str, EventPattern, Group)) or not isinstance(values, Iterable):
        raise DagflowError(f"{argument} must be a list of patterns, not {values!r}: write {argument}=[...]")
    return [as_pattern(value) for value in values]


def check_single(argument: str, pattern: EventPattern | Group) -> EventPattern:
    """Return a pattern that must be one of a single event, without `times`.

    Raises:
        DagflowError: The pattern is a group, or has `times`.
    """
    if isinstance(pattern, Group):
        raise DagflowError(f"{argument} takes patterns of single events, not the group {pattern!r}")
    if pattern.times is not None:
        raise DagflowError(f"{argument} takes patterns without times, not {pattern!r}")
    return pattern


def event_patterns_in(patterns: Iterable[EventPattern | Group]) -> Iterator[EventPattern]:
    """Yield the patterns of single events in groups and patterns."""
    for pattern in patterns:
        if isinstance(pattern, Group):
            yield from event_patterns_in(pattern.items)
        else:
            yield pattern


def event_type(name: str) -> DagflowEventType:
    """Return the event type of a name.

    Raises:
        DagflowError: The name is unknown; the message has similar names.

    Example:
        >>> event_type("PIPELINE_START").name
        'RUN_START'
    """
    found = DagflowEventType.__members__.get(name)
    if found is None:
        raise DagflowError(
            f"{name!r} is not an event type.{suggest(name.upper(), DagflowEventType.__members__)}"
        )
    return found


# the attribute path of each field in the data of an event, by event type
_FIELD_PATHS: dict[str, dict[str, str]] = {
    "STEP_INPUT": {"name": "input_name", "passed": "type_check_data.success"},
    "STEP_OUTPUT": {
        "name": "output_name",
        "mapping_key": "mapping_key",
        "passed": "type_check_data.success",
        "metadata": "metadata",
    },
    "LOADED_INPUT": {
        "name": "input_name",
        "manager_key": "manager_key",
        "upstream_step": "upstream_step_key",
        "upstream_output": "upstream_output_name",
        "metadata": "metadata",
    },
    "HANDLED_OUTPUT": {"name": "output_name", "manager_key": "manager_key", "metadata": "metadata"},
    "STEP_UP_FOR_RETRY": {"error": "error", "seconds_to_wait": "seconds_to_wait"},
    "ASSET_MATERIALIZATION": {
        "key": "materialization.asset_key",
        "partition": "materialization.partition",
        "metadata": "materialization.metadata",
        "description": "materialization.description",
    },
    "ASSET_OBSERVATION": {
        "key": "asset_observation.asset_key",
        "partition": "asset_observation.partition",
        "metadata": "asset_observation.metadata",
        "description": "asset_observation.description",
    },
    "ASSET_MATERIALIZATION_PLANNED": {"key": "asset_key", "partition": "partition"},
    "ASSET_CHECK_EVALUATION_PLANNED": {"asset": "asset_key", "name": "check_name"},
    "ASSET_CHECK_EVALUATION": {
        "asset": "asset_key",
        "name": "check_name",
        "passed": "passed",
        "severity": "severity.name",
        "partition": "partition",
        "metadata": "metadata",
        "description": "description",
    },
    "STEP_EXPECTATION_RESULT": {
        "label": "expectation_result.label",
        "success": "expectation_result.success",
        "metadata": "expectation_result.metadata",
        "description": "expectation_result.description",
    },
    "RUN_FAILURE": {"error": "error", "reason": "failure_reason.name"},
}
# the fields of a pattern that is made from an event, by event type: see `pattern_of`
_SHOWN_FIELDS: dict[str, tuple[str, ...]] = {
    "STEP_INPUT": ("step", "name"),
    "STEP_OUTPUT": ("step", "name", "mapping_key"),
    "LOADED_INPUT": ("step", "name"),
    "HANDLED_OUTPUT": ("step", "name"),
    "STEP_RESTARTED": ("step", "attempt"),
    "ASSET_MATERIALIZATION": ("key", "partition"),
    "ASSET_OBSERVATION": ("step", "key", "partition"),
    "ASSET_MATERIALIZATION_PLANNED": ("step", "key", "partition"),
    "ASSET_CHECK_EVALUATION": ("asset", "name", "passed"),
    "ASSET_CHECK_EVALUATION_PLANNED": ("step", "asset", "name"),
    "STEP_EXPECTATION_RESULT": ("step", "label", "success"),
}
_ERROR_EVENTS = ("STEP_FAILURE", "STEP_UP_FOR_RETRY", "HOOK_ERRORED", "RESOURCE_INIT_FAILURE")
_EVENT_ATTRIBUTES = {"step": "step_key", "attempt": "attempt", "message": "message"}


def read_field(event: DagflowEvent, field: str) -> Any:
    """Return the value of a field of an event, an asset key as a string; None if the event has no value."""
    if field in _EVENT_ATTRIBUTES:
        return getattr(event, _EVENT_ATTRIBUTES[field])
    value: Any = event.event_specific_data
    for attribute in _FIELD_PATHS.get(event.event_type.name, {}).get(field, field).split("."):
        value = getattr(value, attribute, None)
    return value.to_user_string() if isinstance(value, AssetKey) else value


def pattern_of(event: DagflowEvent) -> EventPattern:
    """Return the pattern that describes an event, to show it or to paste it.

    Example:
        >>> pattern_of(DagflowEvent("STEP_START", "cafe", step_key="beans"))
        ev.step_start("beans")
    """
    name = event.event_type.name
    fields = {field: read_field(event, field) for field in _SHOWN_FIELDS.get(name, ("step",))}
    if name in _ERROR_EVENTS and (errors := unwrap_error(read_field(event, "error"))):
        fields["error"] = ErrorMatcher(errors[-1].cls_name, None)
    if name == "STEP_OUTPUT" and read_field(event, "passed") is False:
        fields["passed"] = False
    return EventPattern(
        event.event_type, {field: value for field, value in fields.items() if value is not None}
    )


def source_of(name: str, fields: Mapping[str, object], times: int | None = None) -> str:
    """Return the call of `ev` that makes a pattern, as source code.

    Example:
        >>> print(source_of("STEP_OUTPUT", {"step": "brew", "name": "result"}))
        ev.step_output("brew", "result")
    """
    function = name.lower()
    positional: tuple[str, ...] = ("step",)
    if name == "ASSET_MATERIALIZATION" and "step" not in fields:
        function, positional = "materialization", ("key",)
    elif name == "ASSET_CHECK_EVALUATION" and "step" not in fields:
        function, positional = "check", ("asset", "name")
    elif name in ("STEP_INPUT", "STEP_OUTPUT", "LOADED_INPUT", "HANDLED_OUTPUT"):
        positional = ("step", "name")
    arguments, by_position = [], True
    for field in (*positional, *(field for field in fields if field not in positional)):
        if field not in fields:
            by_position = False
        elif isinstance(expected := fields[field], ErrorMatcher):
            arguments += [f"{argument}={text}" for argument, text in expected.arguments()]
        else:
            prefix = "" if by_position and field in positional else f"{_ARGUMENT_NAMES.get(field, field)}="
            arguments.append(prefix + source_text(expected))
    if times is not None:
        arguments.append(f"times={times}")
    return f"ev.{function}({', '.join(arguments)})"


_ARGUMENT_NAMES = {"message": "match"}
