"""Which log belongs to what runs here now, for code that has no context. Does not import `logging`."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagflow.context.log import DagflowLogManager

current_log: ContextVar[Callable[[], DagflowLogManager] | None] = ContextVar("dagflow_log", default=None)
"""Gives the log of the step that runs now; None outside of runs."""
