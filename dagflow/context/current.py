"""The logger and the context of the step that runs now, for code without them. Does not import `logging`."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dagflow.errors import DagflowInvariantViolationError

if TYPE_CHECKING:
    from logging import Logger

current_log: ContextVar[Callable[[], Logger] | None] = ContextVar("dagflow_log", default=None)
"""Returns the logger of the step that runs now; None outside of runs."""

current_context: ContextVar[Callable[[str], Any] | None] = ContextVar("dagflow_context", default=None)
"""Returns a context of the step that runs now, by kind: "op", "asset" or "check". None outside of runs."""


def context_of_step(kind: str, class_name: str) -> Any:
    """Return a context of the step that runs now.

    Args:
        kind: "op", "asset" or "check".
        class_name: The name of the class of the context, for a message.

    Raises:
        DagflowInvariantViolationError: No step runs now, or the step has no context of this kind.
    """
    find = current_context.get()
    found = None if find is None else find(kind)
    if found is None:
        where = "a step" if kind == "op" else f"a step with an {class_name}"
        raise DagflowInvariantViolationError(
            f"{class_name}.get() was called outside of {where}. Call it while the function of "
            f"{_OF_KIND[kind]} runs in a run, in the same thread. A direct call has no step."
        )
    return found


_OF_KIND = {"op": "an op, asset or check", "asset": "an op or asset", "check": "an asset check"}
