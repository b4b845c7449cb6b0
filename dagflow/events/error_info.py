"""The record of an exception: its message, stack and class as strings, and its causes.

The module has the one answer to the question which error is the user's own: `own_error` for exceptions, and
`error_chain` for their records.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dagflow.errors import DagflowMaxRetriesExceededError, DagflowUserCodeExecutionError
from dagflow.events.user import RetryRequested

if TYPE_CHECKING:
    from traceback import TracebackException

_LONGEST_STORED = 100
"""The number of errors in a stored chain. Each is nested in the JSON of the one before it."""

_OUR_FRAME = f'File "{os.path.dirname(os.path.dirname(__file__))}{os.sep}'
"""The beginning of a formatted frame in a module of dagflow."""


class SerializableErrorInfo(NamedTuple):
    """The record of an exception.

    Attributes: `message` (the last lines of a traceback), `stack` (the other lines), `cls_name`, and the
    records of its `cause` (`raise ... from`) and `context` (the exception that was being handled).
    """

    message: str
    stack: Sequence[str]
    cls_name: str | None
    cause: SerializableErrorInfo | None = None
    context: SerializableErrorInfo | None = None

    def to_string(self) -> str:
        """Return the message and the stack, followed by those of each cause."""
        parts = []
        link, how = self, ""
        while True:
            stack = "\nStack Trace:\n" + "".join(link.stack) if link.stack else ""
            parts.append(f"{how}{link.message}{stack}")
            origin = link.cause or link.context
            if origin is None:
                return "\n".join(parts)
            how = "It was caused by:\n" if link.cause else "It was raised during the handling of:\n"
            link = origin

    def to_user_string(self) -> str:
        """Return `to_string()` without the frames of dagflow, as a message to the user shows it."""
        info: SerializableErrorInfo | None = None
        for link in reversed(_links(self)):
            frames = [frame for frame in link.stack if _OUR_FRAME not in frame]
            info = _around(link._replace(stack=frames), info)
        assert info is not None
        return info.to_string()

    def shortened(self) -> SerializableErrorInfo:
        """Return the record with at most 100 errors: the first and the last ones of a longer chain."""
        chain = _links(self)
        if len(chain) <= _LONGEST_STORED:
            return self
        first, last = chain[: _LONGEST_STORED // 2], chain[1 - _LONGEST_STORED // 2 :]
        count = len(chain) - len(first) - len(last)
        before = SerializableErrorInfo(f"({count} errors of a long chain are left out here)\n", [], None)
        first.append(before._replace(cause=chain[-len(last) - 1].cause, context=None))
        info = last[0]
        for link in reversed(first):
            info = _around(link, info)
        return info

    def to_exception_message_only(self) -> SerializableErrorInfo:
        """Return the message and the class, without stack and causes."""
        return SerializableErrorInfo(self.message, [], self.cls_name)

    @staticmethod
    def from_exception(error: BaseException) -> SerializableErrorInfo:
        """Return the record of an exception and of its causes."""
        import traceback  # imported lazily: only a failure uses it

        chain: dict[int, BaseException] = {}  # by id; not recursive: it can be longer than the stack
        current: BaseException | None = error
        while current is not None and id(current) not in chain:
            chain[id(current)] = current
            hidden = current.__cause__ is not None or current.__suppress_context__
            current = current.__cause__ if hidden else current.__context__
        info: SerializableErrorInfo | None = None
        for link in reversed(chain.values()):
            is_cause = link.__cause__ is not None
            others = {id(link.__cause__), id(link.__context__)}  # not read again for each link
            text = traceback.TracebackException(type(link), link, None, compact=True, _seen=others)
            vars(text).setdefault("exceptions", None)  # read by Python 3.13; `_seen` leaves it unset
            info = SerializableErrorInfo(
                "".join(text.format_exception_only()),
                traceback.format_tb(link.__traceback__),
                type(link).__name__,
                info if is_cause else None,
                None if is_cause else info,
            )
        assert info is not None
        return info

    @staticmethod
    def from_traceback(tb: TracebackException) -> SerializableErrorInfo:
        """Return the record of a `traceback.TracebackException` and of its causes.

        Example:
            >>> import traceback
            >>> error = traceback.TracebackException.from_exception(KeyError("cup"))
            >>> SerializableErrorInfo.from_traceback(error).message
            "KeyError: 'cup'\\n"
        """
        chain: list[TracebackException] = []
        current: TracebackException | None = tb
        while current is not None:
            chain.append(current)
            hidden = current.__cause__ is not None or current.__suppress_context__
            current = current.__cause__ if hidden else current.__context__
        info: SerializableErrorInfo | None = None
        for link in reversed(chain):
            is_cause = link.__cause__ is not None
            info = SerializableErrorInfo(
                "".join(link.format_exception_only()),
                link.stack.format(),
                _class_name(link),
                info if is_cause else None,
                None if is_cause else info,
            )
        assert info is not None
        return info


def _class_name(error: TracebackException) -> str:
    if sys.version_info >= (3, 13):  # `exc_type` is deprecated there
        return error.exc_type_str.rpartition(".")[2]
    return error.exc_type.__name__


def _links(info: SerializableErrorInfo) -> list[SerializableErrorInfo]:
    """Return the chain of errors; without recursion, because it can be longer than the stack."""
    chain: list[SerializableErrorInfo] = []
    link: SerializableErrorInfo | None = info
    while link is not None:
        chain.append(link)
        link = link.cause or link.context
    return chain


def _around(info: SerializableErrorInfo, inner: SerializableErrorInfo | None) -> SerializableErrorInfo:
    """Return a record with another error as its cause, or as its context if it has no cause."""
    is_cause = info.cause is not None
    return info._replace(cause=inner if is_cause else None, context=None if is_cause else inner)


_WRAPPERS = (DagflowUserCodeExecutionError, RetryRequested, DagflowMaxRetriesExceededError)
"""The classes of exceptions that stand for another one: the user's own."""


def user_exception(error: BaseException) -> BaseException:
    """Return the exception that a function of the user raised, out of the wrapper that dagflow raised."""
    return error.user_exception if isinstance(error, DagflowUserCodeExecutionError) else error


def own_error(error: BaseException) -> BaseException:
    """Return the user's own error: the exception inside all wrappers and requests for a retry.

    A request for a retry without a cause is itself the user's own error.

    Example:
        >>> request = RetryRequested()
        >>> request.__cause__ = ValueError("no beans")
        >>> own_error(request), own_error(KeyError("cup"))
        (ValueError('no beans'), KeyError('cup'))
    """
    seen: set[int] = set()
    while isinstance(error, _WRAPPERS) and id(error) not in seen:
        seen.add(id(error))
        inner = user_exception(error)
        error = inner if inner is not error else error.__cause__ or error
    return error


def error_chain(error: SerializableErrorInfo | None) -> list[SerializableErrorInfo]:
    """Return the record of an error and the records inside it, outermost first; the last is the user's own.

    A wrapper is a DagflowUserCodeExecutionError or a request for a retry. The error behind a wrapper is its
    cause; a wrapper without a cause is itself the user's own error.

    Example:
        >>> own = SerializableErrorInfo("no beans", [], "ValueError")
        >>> retry = SerializableErrorInfo("retry requested", [], "RetryRequested", own)
        >>> [link.cls_name for link in error_chain(retry)]
        ['RetryRequested', 'ValueError']
    """
    wrappers = {name for cls in _WRAPPERS for name in _class_names(cls)}  # a record has the class name only
    chain = []
    while error is not None:
        chain.append(error)
        error = error.cause if error.cls_name in wrappers else None
    return chain


def _class_names(cls: type[BaseException]) -> list[str]:
    return [cls.__name__, *(name for child in cls.__subclasses__() for name in _class_names(child))]
