"""The record of an exception: its message, stack and class as strings, and its causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dagflow.errors import DagflowUserCodeExecutionError


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

    def to_exception_message_only(self) -> SerializableErrorInfo:
        """Return the message and the class, without stack and causes."""
        return SerializableErrorInfo(self.message, [], self.cls_name)

    @staticmethod
    def from_exception(error: BaseException) -> SerializableErrorInfo:
        """Return the record of an exception and of its causes."""
        import traceback  # imported lazily: only a failure uses it

        chain: list[BaseException] = []  # not recursive: the chain can be longer than the stack
        current: BaseException | None = error
        while current is not None and not any(current is seen for seen in chain):
            chain.append(current)
            hidden = current.__cause__ is not None or current.__suppress_context__
            current = current.__cause__ if hidden else current.__context__
        info: SerializableErrorInfo | None = None
        for link in reversed(chain):
            is_cause = link.__cause__ is not None
            info = SerializableErrorInfo(
                "".join(traceback.format_exception_only(type(link), link)),
                traceback.format_tb(link.__traceback__),
                type(link).__name__,
                info if is_cause else None,
                None if is_cause else info,
            )
        assert info is not None
        return info


_RETRIES = ("RetryRequested", "RetryRequestedFromPolicy", "DagflowMaxRetriesExceededError")


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
    wrappers = {*_RETRIES, *_class_names(DagflowUserCodeExecutionError)}  # a record has the class name only
    chain = []
    while error is not None:
        chain.append(error)
        error = error.cause if error.cls_name in wrappers else None
    return chain


def _class_names(cls: type[BaseException]) -> list[str]:
    return [cls.__name__, *(name for child in cls.__subclasses__() for name in _class_names(child))]
