"""What belongs to events: errors as text, and what people are shown of them."""

from __future__ import annotations

import pytest

from dagflow import SerializableErrorInfo
from dagflow.events.data import ErrorSource, StepFailureData


def raised(error: BaseException) -> SerializableErrorInfo:
    """What is kept of an exception after it was raised."""
    with pytest.raises(type(error)) as caught:
        raise error
    return SerializableErrorInfo.from_exception(caught.value)


def chained() -> BaseException:
    """A KeyError that came up while a ValueError was handled, which was caused by a ZeroDivisionError."""
    try:
        try:
            try:
                _ = 1 / 0
            except ZeroDivisionError as error:
                raise ValueError("spilt") from error
        except ValueError:
            raise KeyError("cup")  # noqa: B904 - that is what is tried
    except KeyError as error:
        return error


def test_an_error_is_its_last_line_and_its_stack():
    """The message ends in a newline, as a traceback does; the stack has the user's frames."""
    info = raised(ValueError("spilt"))

    assert (info.message, info.cls_name, info.cause, info.context) == (
        "ValueError: spilt\n",
        "ValueError",
        None,
        None,
    )
    assert "raise error" in info.stack[-1]


def test_an_error_tells_where_it_comes_from():
    """A cause and what was being handled are told apart."""
    info = SerializableErrorInfo.from_exception(chained())

    assert (info.cls_name, info.cause) == ("KeyError", None)
    assert (info.context.cls_name, info.context.context) == ("ValueError", None)
    assert info.context.cause.cls_name == "ZeroDivisionError"


def test_an_error_as_text():
    """The text starts with the error and ends with the origin of it all."""
    text = SerializableErrorInfo.from_exception(chained()).to_string()

    order = [
        "KeyError: 'cup'",
        "while this was handled",
        "ValueError: spilt",
        "caused by",
        "ZeroDivisionError",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert text.count("Stack Trace:") == 3
    alone = SerializableErrorInfo("ValueError: spilt\n", [], "ValueError")
    assert alone.to_string() == "ValueError: spilt\n"
    assert raised(ValueError("spilt")).to_exception_message_only() == alone


def test_an_origin_can_be_hidden():
    """`raise ... from None` hides what was being handled."""
    error = ValueError("spilt")
    error.__context__ = KeyError("cup")
    assert SerializableErrorInfo.from_exception(error).context.cls_name == "KeyError"

    error.__suppress_context__ = True
    assert SerializableErrorInfo.from_exception(error).context is None


def test_endless_chains():
    """A chain that ends in itself ends; one longer than the stack is told whole."""
    error, other = ValueError("a"), ValueError("b")
    error.__cause__, other.__cause__ = other, error
    assert SerializableErrorInfo.from_exception(error).to_string().count("ValueError") == 2

    first = last = ValueError("0")
    for number in range(1500):
        last.__context__ = ValueError(str(number))
        last = last.__context__
    assert SerializableErrorInfo.from_exception(first).to_string().count("ValueError") == 1501


def test_what_people_are_shown_of_a_failure():
    """For an error of user code: the wrapper's sentence, then what the user raised; else the error."""
    theirs = SerializableErrorInfo("ValueError: spilt\n", ["frame\n"], "ValueError")
    ours = SerializableErrorInfo("Wrapper: op 'brew'\n", ["frame\n"], "Wrapper", theirs)

    shown = StepFailureData(ours, None, ErrorSource.USER_CODE_ERROR).error_display_string
    assert shown == f"Wrapper: op 'brew':\n\n{theirs.to_string()}"
    assert StepFailureData(ours, None, ErrorSource.FRAMEWORK_ERROR).error_display_string == ours.to_string()
    assert StepFailureData(None).error_display_string == ""
