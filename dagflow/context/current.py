"""The logger of the step that runs now, for code that has no context. Does not import `logging`."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logging import Logger

current_log: ContextVar[Callable[[], Logger] | None] = ContextVar("dagflow_log", default=None)
"""Returns the logger of the step that runs now; None outside of runs."""
