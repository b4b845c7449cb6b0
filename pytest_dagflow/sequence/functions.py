"""The functions of `ev`, made from the rows of the event catalogue.

The parameters of a function are the fields of its row, in their order, and `times`. The kind of a field
selects the check of its argument.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence

from dagflow import DagflowError, DagflowEventType
from dagflow.testing import EventField, EventRow, event_catalogue
from pytest_dagflow.sequence.matchers import (
    ANYTHING,
    Match,
    as_error,
    as_flag,
    as_key,
    as_message,
    as_metadata,
    as_number,
    as_step,
    as_string,
    suggest,
)
from pytest_dagflow.sequence.patterns import STEPLESS_FORMS, EventPattern, positional_fields

EventFunction = Callable[..., EventPattern]

ALIASES = {"failure": "step_failure", "output": "step_output"}
"""The names that are short for other functions."""

_CHECKS: dict[str, Callable[[str, object], object]] = {
    "asset key": as_key,
    "flag": as_flag,
    "metadata": as_metadata,
    "number": as_number,
    "step": as_step,
    "text": as_string,
    "text or none": functools.partial(as_string, or_none=True),
}


class UnknownFunction(DagflowError, AttributeError):
    """The access to a function that `ev` does not have."""


def function_names() -> list[str]:
    """Return the names of all functions: one for each event type, and the short forms."""
    short_forms = [name for name, _ in STEPLESS_FORMS.values()]
    return sorted([*map(str.lower, event_catalogue()), *ALIASES, *short_forms])


@functools.cache
def event_function(name: str) -> EventFunction:
    """Return the function of `ev` with this name.

    Raises:
        UnknownFunction: No function has this name; the message has similar names.

    Example:
        >>> event_function("materialization")("shop/cup")
        ev.materialization("shop/cup")
    """
    if name in ALIASES:
        return event_function(ALIASES[name])
    for row in event_catalogue().values():
        short_form, positional = STEPLESS_FORMS.get(row.name, (None, ()))
        if name == row.name.lower():
            return function_of(row)
        if name == short_form:
            return _stepless_function(name, row, positional)
    raise UnknownFunction(f"'ev.{name}' is not an event.{suggest(name.lower(), function_names())}")


def function_of(row: EventRow) -> EventFunction:
    """Return the function for an event type."""
    positional = positional_fields([field.name for field in row.fields])
    description = f"Return a pattern of {row.name} events: {row.description}."
    return _build(row, row.name.lower(), row.fields, positional, description)


def _stepless_function(name: str, row: EventRow, positional: tuple[str, ...]) -> EventFunction:
    fields = [field for field in row.fields if field.kind != "step"]
    return _build(row, name, fields, positional, f"Return a pattern of {row.name} events of any step.")


def _build(
    row: EventRow, name: str, fields: Sequence[EventField], positional: tuple[str, ...], description: str
) -> EventFunction:
    signature = inspect.Signature([*_parameters(fields, positional)], return_annotation=EventPattern)
    event_type = DagflowEventType[row.name]

    def function(*args: object, **named: object) -> EventPattern:
        __tracebackhide__ = True
        try:
            given = signature.bind(*args, **named).arguments
        except TypeError as error:
            raise TypeError(f"ev.{name}(): {error}{_hint(named, signature)}") from None
        expected = dict(_expected_values(fields, given))
        return EventPattern(event_type, expected, _check_times(given.get("times")))

    function.__name__ = function.__qualname__ = name
    function.__module__ = "pytest_dagflow.sequence.ev"
    function.__doc__ = description
    function.__annotations__ = {
        **{parameter.name: parameter.annotation for parameter in signature.parameters.values()},
        "return": EventPattern,
    }
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _parameters(fields: Sequence[EventField], positional: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    by_name = inspect.Parameter.KEYWORD_ONLY
    match = inspect.Parameter("match", by_name, default=None, annotation=Match)
    for field in fields:
        if field.kind == "message":
            yield match
        elif field.kind == "error":
            yield inspect.Parameter(field.name, by_name, default=None, annotation=object)
            if not _has_message(fields):
                yield match
        else:
            how = inspect.Parameter.POSITIONAL_OR_KEYWORD if field.name in positional else by_name
            yield inspect.Parameter(field.name, how, default=ANYTHING, annotation=object)
    yield inspect.Parameter("times", by_name, default=None, annotation=int | None)


def _has_message(fields: Sequence[EventField]) -> bool:
    """Return whether `match` is searched in the message of the event, and not in that of the error."""
    return any(field.kind == "message" for field in fields)


def _expected_values(
    fields: Sequence[EventField], given: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    match = given.get("match")
    for field in fields:
        if field.kind == "message":
            yield field.name, as_message(match)
        elif field.kind == "error":
            yield field.name, as_error(given.get(field.name), None if _has_message(fields) else match)
        elif field.name in given:
            yield field.name, _CHECKS[field.kind](field.name, given[field.name])


def _hint(named: Mapping[str, object], signature: inspect.Signature) -> str:
    unknown = next((name for name in named if name not in signature.parameters), None)
    if unknown is None:
        return ""
    known = signature.parameters
    return "." + (suggest(unknown, known) or f" The arguments are {', '.join(known)}")


def _check_times(times: object) -> int | None:
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 0):
        raise DagflowError(f"times must be an integer of at least 0, not {times!r}")
    return times
