"""What an attempt at a step came to, where not all outputs are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagflow.errors import DagflowExecutionInterruptedError
from dagflow.plan.step import OutputRef

if TYPE_CHECKING:
    from dagflow.events.error_info import SerializableErrorInfo


INTERRUPTS = (KeyboardInterrupt, DagflowExecutionInterruptedError)
"""What ends the whole run and is nobody's failure."""


class Failed(NamedTuple):
    """A step failed for good.

    Attributes:
        info: The recorded error.
        ends_run: Whether no further step runs. Then what is raised to the caller stands in the run's state.
    """

    info: SerializableErrorInfo
    ends_run: bool


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
