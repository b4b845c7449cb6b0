"""The record of an exception, and the user's own error in it."""

from __future__ import annotations

import pytest

from dagflow import DagflowExecutionStepExecutionError, RetryRequested, SerializableErrorInfo
from dagflow.events.error_info import error_chain
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


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (ValueError(), ["ValueError"]),
        (caused(ValueError(), KeyError()), ["ValueError"]),
        (wrapped(ValueError()), ["DagflowExecutionStepExecutionError", "ValueError"]),
        (caused(RetryRequested(), ValueError()), ["RetryRequested", "ValueError"]),
        (RetryRequested(), ["RetryRequested"]),
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


def test_no_error_has_no_chain() -> None:
    """The chain of None is empty."""
    assert error_chain(None) == []
