"""Tests of the functions of `ev`, which come from the event catalogue."""

from __future__ import annotations

import inspect
import pickle
import re
import typing

import pytest

from dagflow import DagflowError, DagflowEvent, DagflowEventType
from dagflow.testing import EventRow, event_catalogue
from pytest_dagflow import ev
from pytest_dagflow.sequence.functions import event_function, function_of
from pytest_dagflow.sequence.patterns import EventPattern

ROWS = pytest.mark.parametrize("row", event_catalogue().values(), ids=list(event_catalogue()))


def test_functions_are_the_event_types_and_the_short_forms() -> None:
    """Each row has a function, and there is no other function than the short forms."""
    short_forms = {"check", "failure", "materialization", "output"}

    assert set(dir(ev)) == {name.lower() for name in event_catalogue()} | short_forms
    assert all(callable(getattr(ev, name)) for name in dir(ev))


@ROWS
def test_parameters_are_the_fields_in_their_order(row: EventRow) -> None:
    """`match` follows an error or replaces a message, and `times` is the last parameter."""
    signature = inspect.signature(getattr(ev, row.name.lower()))
    fields = [field.name for field in row.fields]

    expected = ["match" if name == "message" else name for name in fields]
    if "error" in fields and "message" not in fields:
        expected.insert(expected.index("error") + 1, "match")
    assert list(signature.parameters) == [*expected, "times"]


@ROWS
def test_a_function_makes_a_pattern_of_its_type(row: EventRow) -> None:
    """Without arguments only the type is compared."""
    pattern = getattr(ev, row.name.lower())()

    assert pattern.event_type is DagflowEventType[row.name]
    assert pattern.fields == {}
    assert pattern.times is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("step_start", "(step, *, times)"),
        ("step_output", "(step, name, *, mapping_key, passed, metadata, attempt, times)"),
        ("asset_check_evaluation_planned", "(step, *, asset, name, times)"),
        ("run_start", "(*, times)"),
        ("engine_event", "(step, *, match, error, times)"),
        ("materialization", "(key, *, partition, metadata, description, times)"),
        ("check", "(asset, name, *, passed, severity, partition, metadata, description, times)"),
    ],
)
def test_step_and_the_name_after_it_are_positional(name: str, text: str) -> None:
    """The other parameters are given by keyword. A short form without step begins with the asset."""
    parameters = [
        parameter.replace(default=parameter.empty, annotation=parameter.empty)
        for parameter in inspect.signature(getattr(ev, name)).parameters.values()
    ]

    # without defaults no signature differs, because every parameter has one
    assert str(inspect.Signature(parameters)) == text


def test_a_new_row_gives_a_function() -> None:
    """A row that the catalogue does not have is enough for name, docstring, parameters and checks."""
    fields = (("step", ".step_key", "step"), ("name", "output_name", "text"), ("error", "error", "error"))
    row = EventRow("STEP_OUTPUT", "a cup was spilt", ("step",), None, 10, None, fields)

    function = function_of(row)

    assert function.__name__ == "step_output"
    assert function.__doc__ == "Return a pattern of STEP_OUTPUT events: a cup was spilt."
    assert list(inspect.signature(function).parameters) == ["step", "name", "error", "match", "times"]
    assert (
        repr(function("brew", "cup", error=ValueError)) == 'ev.step_output("brew", "cup", error=ValueError)'
    )
    with pytest.raises(DagflowError, match="name must be a string"):
        function("brew", 5)


def test_a_function_is_like_one_of_the_module() -> None:
    """Its module, its type hints and pickle find it under its name."""
    assert (ev.step_start.__module__, ev.step_start.__qualname__) == (ev.__name__, "step_start")
    assert typing.get_type_hints(ev.step_start) == {
        "step": object,
        "times": int | None,
        "return": EventPattern,
    }
    assert pickle.loads(pickle.dumps(ev.step_start)) is ev.step_start
    assert ev.failure is ev.step_failure is event_function("failure")


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        (("a",), {"atempt": 1}, "unexpected keyword argument 'atempt'. Did you mean 'attempt'"),
        (("a",), {"zzz": 1}, "unexpected keyword argument 'zzz'. The arguments are step, attempt, times"),
        (("a", 1), {}, "too many positional arguments"),
        (("a",), {"step": "b"}, "multiple values for argument 'step'"),
    ],
)
def test_wrong_arguments_are_a_type_error(arguments, named, message) -> None:
    """The message has the name of the function, and similar names of arguments."""
    with pytest.raises(TypeError, match=rf"^ev\.step_success\(\): .*{re.escape(message)}"):
        ev.step_success(*arguments, **named)


def test_an_unknown_function_is_an_attribute_error() -> None:
    """A tool may ask for any name; a private name gets no hint."""
    assert not hasattr(ev, "nope")
    with pytest.raises(AttributeError, match="Did you mean 'step_start'"):
        ev.STEP_START  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute '_fixture'"):
        ev._fixture  # noqa: B018, SLF001


def test_match_is_searched_in_the_message_of_an_event() -> None:
    """A type with a message field compares the message, and not the error."""
    event = DagflowEvent("ENGINE_EVENT", "cafe", step_key="brew", message="started a process")

    assert ev.engine_event("brew", match="a p.ocess").matches(event)
    assert not ev.engine_event("brew", match="ended").matches(event)
    assert not ev.engine_event("serve").matches(event)
