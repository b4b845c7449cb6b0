"""Outcomes of an attempt that did not produce every output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.plan.step import OutputRef

if TYPE_CHECKING:
    from dagflow.events.error_info import SerializableErrorInfo


INTERRUPTS = (KeyboardInterrupt, DagflowExecutionInterruptedError)
"""Exceptions that end the whole run and are not a failure of a step."""


def is_exit(error: BaseException) -> bool:
    """Return whether an exception leaves user code without being an error: an exit or a cancellation.

    It is a failure like an error, raised only to a caller that wants errors raised. Any other exception that
    is not an Exception, such as the outcome of a test, is always raised.
    """
    asyncio = sys.modules.get("asyncio.exceptions")  # not imported here: without it there is no cancellation
    canceled = () if asyncio is None else (asyncio.CancelledError,)
    return isinstance(error, (SystemExit, GeneratorExit, *canceled))


class Failed(NamedTuple):
    """The outcome of an attempt after which the step is not retried.

    Attributes:
        info: The recorded error.
        ends_run: Whether no further step runs. Then the exception for the caller is in the state of the run.
    """

    info: SerializableErrorInfo
    ends_run: bool


class Retry(NamedTuple):
    """The outcome of an attempt after which the step is retried, after this delay in seconds."""

    seconds: float


class Incomplete(NamedTuple):
    """The outcome of a successful attempt with missing or dynamic outputs.

    Attributes:
        absent: The outputs that were not produced.
        mapping_keys: The keys of each dynamic output, in the order of their values.
    """

    absent: list[OutputRef]
    mapping_keys: dict[OutputRef, list[str]]


Outcome = Failed | Retry | Incomplete
