"""What an attempt at a step came to, where not all outputs are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagflow.plan.step import OutputRef

if TYPE_CHECKING:
    from dagflow.events.data import SerializableErrorInfo


class Failed(NamedTuple):
    """A step failed for good.

    Attributes:
        error: What the caller gets, if it wants failures raised.
        info: The recorded error.
        interrupts: Whether the whole run ends at once (Ctrl-C, exit, or an outcome of a test runner).
    """

    error: BaseException
    info: SerializableErrorInfo
    interrupts: bool = False


class Retry(NamedTuple):
    """A step will be tried again, after this many seconds."""

    seconds: float


class Incomplete(NamedTuple):
    """An attempt ended well, without some outputs, or with dynamic ones.

    Attributes:
        absent: The outputs that did not come.
        mapping_keys: The keys of each dynamic output, in the order in which they came.
    """

    absent: list[OutputRef]
    mapping_keys: dict[OutputRef, list[str]]


Outcome = Failed | Retry | Incomplete
