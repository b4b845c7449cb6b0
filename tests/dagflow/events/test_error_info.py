"""The record of an exception, and the user's own error in it."""

from __future__ import annotations

import json
import traceback

import pytest

from dagflow import (
    DagflowExecutionStepExecutionError,
    DagflowMaxRetriesExceededError,
    RetryRequested,
    SerializableErrorInfo,
)
from dagflow.events.error_info import error_chain, own_error
from dagflow.events.stored import as_json, from_dict
from dagflow.events.user import RetryRequestedFromPolicy


def raised(error: BaseException) -> SerializableErrorInfo:
    """Return the record of an exception after it was raised."""
    with pytest.raises(type(error)) as caught:
        raise error
    return SerializableErrorInfo.from_exception(caught.value)


def chained() -> BaseException:
    """Return a KeyError raised while a ValueError was handled, which was caused by a ZeroDivisionError."""
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
    """The cause and the context of an exception are recorded separately."""
    info = SerializableErrorInfo.from_exception(chained())

    assert (info.cls_name, info.cause) == ("KeyError", None)
    assert (info.context.cls_name, info.context.context) == ("ValueError", None)
    assert info.context.cause.cls_name == "ZeroDivisionError"


def test_an_error_as_text():
    """The string starts with the error and ends with the first error of the chain."""
    text = SerializableErrorInfo.from_exception(chained()).to_string()

    order = [
        "KeyError: 'cup'",
        "during the handling of",
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
    """`raise ... from None` hides the context."""
    error = ValueError("spilt")
    error.__context__ = KeyError("cup")
    assert SerializableErrorInfo.from_exception(error).context.cls_name == "KeyError"

    error.__suppress_context__ = True
    assert SerializableErrorInfo.from_exception(error).context is None


def test_endless_chains():
    """A chain that ends in itself is finite; one longer than the stack is complete."""
    error, other = ValueError("a"), ValueError("b")
    error.__cause__, other.__cause__ = other, error
    assert SerializableErrorInfo.from_exception(error).to_string().count("ValueError") == 2

    first = last = ValueError("0")
    for number in range(1500):
        last.__context__ = ValueError(str(number))
        last = last.__context__
    assert SerializableErrorInfo.from_exception(first).to_string().count("ValueError") == 1501


def long_chain(length: int) -> BaseException:
    """Return the last of some errors, each caused by the one before it."""
    last = ValueError(0)
    for number in range(1, length):
        last = caused(ValueError(number), last)
    return last


def test_a_long_chain_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a chain grows with its length, not with the square: each error is formatted once."""
    read = []
    original = traceback.TracebackException.__init__

    def counting(self, *args, **kwargs):
        read.append(self)
        original(self, *args, **kwargs)

    monkeypatch.setattr(traceback.TracebackException, "__init__", counting)
    SerializableErrorInfo.from_exception(long_chain(50))

    assert len(read) == 50


@pytest.mark.parametrize("with_cause", [True, False])
def test_the_ends_of_a_long_chain_are_stored(with_cause: bool) -> None:
    """A stored record has 100 errors at most: the first and the last ones, and the number of the others."""
    first = last = ValueError(0)
    for number in range(1, 1500):
        other = ValueError(number)
        if with_cause:
            last.__cause__ = other
        else:
            last.__context__ = other
        last = other
    info = SerializableErrorInfo.from_exception(first)
    stored = from_dict(json.loads(as_json(info)), SerializableErrorInfo)

    text = stored.to_string()
    assert stored == info.shortened() == info.shortened().shortened()
    assert text.count("ValueError") == 99
    assert "ValueError: 0\n" in text
    assert "ValueError: 1499\n" in text
    assert "(1401 errors of a long chain are left out here)" in text
    assert (text.count("caused by") == 99) is with_cause


def test_a_short_chain_is_stored_as_it_is() -> None:
    """A chain of 100 errors is complete."""
    info = SerializableErrorInfo.from_exception(long_chain(100))

    assert info.shortened() is info


def wrapped(error: BaseException) -> BaseException:
    """Return the wrapper that the engine raises from an error of an op."""
    wrapper = DagflowExecutionStepExecutionError(
        "op 'brew'", user_exception=error, step_key="brew", op_name="brew", op_def_name="brew"
    )
    wrapper.__cause__ = error
    return wrapper


def caused(error: BaseException, cause: BaseException) -> BaseException:
    """Return the error with this cause."""
    error.__cause__ = cause
    return error


class Later(RetryRequested):
    """A request for a retry of the user's own class."""


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (ValueError(), ["ValueError"]),
        (caused(ValueError(), KeyError()), ["ValueError"]),
        (wrapped(ValueError()), ["DagflowExecutionStepExecutionError", "ValueError"]),
        (caused(RetryRequested(), ValueError()), ["RetryRequested", "ValueError"]),
        (RetryRequested(), ["RetryRequested"]),
        (caused(Later(), ValueError()), ["Later", "ValueError"]),
        (
            caused(DagflowMaxRetriesExceededError("m"), ValueError()),
            ["DagflowMaxRetriesExceededError", "ValueError"],
        ),
        (caused(RetryRequestedFromPolicy(), ValueError()), ["RetryRequestedFromPolicy", "ValueError"]),
        (
            wrapped(caused(RetryRequested(), caused(ValueError(), KeyError()))),
            ["DagflowExecutionStepExecutionError", "RetryRequested", "ValueError"],
        ),
    ],
)
def test_the_users_own_error(error: BaseException, names: list[str]) -> None:
    """The chain ends at the first error that is neither a wrapper nor a retry request with a cause."""
    chain = error_chain(SerializableErrorInfo.from_exception(error))

    assert [link.cls_name for link in chain] == names
    assert type(own_error(error)).__name__ == names[-1]


def test_a_request_that_causes_itself() -> None:
    """A circle of requests has an end."""
    error, other = RetryRequested(), RetryRequested()
    error.__cause__, other.__cause__ = other, error

    assert own_error(error) in (error, other)


def test_no_error_has_no_chain() -> None:
    """The chain of None is empty."""
    assert error_chain(None) == []


def test_the_record_of_a_traceback() -> None:
    """A TracebackException gives the record that its exception gives, with causes and contexts."""
    try:
        try:
            raise KeyError("cup")
        except KeyError as error:
            raise ValueError("no cup") from error
    except ValueError as error:
        caught = error

    found = SerializableErrorInfo.from_traceback(traceback.TracebackException.from_exception(caught))
    assert found == SerializableErrorInfo.from_exception(caught)
    assert found.cause is not None
    assert (found.cls_name, found.cause.cls_name) == ("ValueError", "KeyError")
