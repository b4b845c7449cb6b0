"""The pattern of one event, and groups of patterns.

A pattern has one event type and the expected values of some fields. Users make patterns with the functions of
`ev`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dagflow import AssetKey, DagflowError, DagflowEvent, DagflowEventType
from dagflow.testing import EventField, EventRow, event_catalogue
from pytest_dagflow.sequence.matchers import (
    ANYTHING,
    ErrorMatcher,
    is_equal,
    source_text,
    suggest,
    unwrap_error,
)
from pytest_dagflow.session import shown_event


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
        self.event_type: DagflowEventType = event_type
        self.fields: dict[str, object] = {
            name: value for name, value in fields.items() if value is not ANYTHING
        }
        self.times: int | None = times

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
        self.function: str = function
        self.items: tuple[EventPattern | Group, ...] = tuple(items)

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
        if colon and not event_catalogue()[found_type.name].has_step:
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


# the types with a short form for events of any step: the name of its function and the positional arguments
STEPLESS_FORMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ASSET_MATERIALIZATION": ("materialization", ("key",)),
    "ASSET_CHECK_EVALUATION": ("check", ("asset", "name")),
}
# the names of the fields by which one event of a type differs from another of the same step
_IDENTIFYING_FIELDS = {"name", "mapping_key", "key", "asset", "partition", "label", "success"}


@functools.cache
def fields_of(event_type: DagflowEventType) -> dict[str, EventField]:
    """Return the fields of an event type by name."""
    return {field.name: field for field in event_catalogue()[event_type.name].fields}


def positional_fields(names: Iterable[str]) -> tuple[str, ...]:
    """Return the fields that a function of `ev` takes by position: a step in front, and a name after it.

    Example:
        >>> positional_fields(["step", "name", "passed"]), positional_fields(["step", "asset", "name"])
        (('step', 'name'), ('step',))
    """
    leading = zip(names, ("step", "name"), strict=False)
    return tuple(name for name, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], leading))


def read_field(event: DagflowEvent, name: str) -> Any:
    """Return the value of a field of an event, an asset key as a string; None if the event has no value."""
    field = fields_of(event.event_type).get(name)
    value = None if field is None else field.read(event)
    return value.to_user_string() if isinstance(value, AssetKey) else value


def pattern_of(event: DagflowEvent) -> EventPattern:
    """Return the pattern that describes an event, to show it or to paste it.

    Example:
        >>> pattern_of(DagflowEvent("STEP_START", "cafe", step_key="beans"))
        ev.step_start("beans")
    """
    event = shown_event(event)
    row = event_catalogue()[event.event_type.name]
    fields: dict[str, object] = {}
    for name, field in fields_of(event.event_type).items():
        value = read_field(event, name)
        if value is None or not _is_shown(row, field, value):
            continue
        if field.kind != "error":
            fields[name] = value
        elif errors := unwrap_error(value):
            fields[name] = ErrorMatcher(errors[-1].cls_name, None)
    return EventPattern(event.event_type, fields)


def _is_shown(row: EventRow, field: EventField, value: object) -> bool:
    """Return whether the pattern of an event has this field."""
    if field.kind == "step":
        return row.name not in STEPLESS_FORMS
    if field.kind == "error":
        return row.has_step  # the error of a run repeats the error of a step
    if field.name == "passed":
        return row.has_asset or value is False  # a type check is shown only if it failed
    if field.name == "attempt":
        return row.name == "STEP_RESTARTED"  # a step may restart several times
    return field.name in _IDENTIFYING_FIELDS


def source_of(name: str, fields: Mapping[str, object], times: int | None = None) -> str:
    """Return the call of `ev` that makes a pattern, as source code.

    Example:
        >>> print(source_of("STEP_OUTPUT", {"step": "brew", "name": "result"}))
        ev.step_output("brew", "result")
    """
    if name in STEPLESS_FORMS and "step" not in fields:
        function, positional = STEPLESS_FORMS[name]
    else:
        function, positional = name.lower(), positional_fields(fields_of(DagflowEventType[name]))
    arguments, by_position = [], True
    for field in (*positional, *(field for field in fields if field not in positional)):
        if field not in fields:
            by_position = False
        elif isinstance(expected := fields[field], ErrorMatcher):
            arguments += [f"{argument}={source}" for argument, source in expected.arguments()]
        else:
            prefix = "" if by_position and field in positional else f"{_ARGUMENT_NAMES.get(field, field)}="
            arguments.append(prefix + source_text(expected))
    if times is not None:
        arguments.append(f"times={times}")
    return f"ev.{function}({', '.join(arguments)})"


_ARGUMENT_NAMES = {"message": "match"}
