"""The loggers that a run config names: created when the run starts, called with each event of the run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dagflow.context.init import InitLoggerContext
from dagflow.context.log import show_event
from dagflow.errors import CheckError, repr_of
from dagflow.events.record import DagflowEvent
from dagflow.events.types import LEVELS

if TYPE_CHECKING:
    from dagflow.engine.run_state import RunState


def start_loggers(state: RunState) -> None:
    """Create the loggers of a run.

    Raises:
        CheckError: The name of a console level is unknown, or a function returned something else.
        Exception: The function of a logger raised it.
    """
    loggers = []
    for name, config in state.plan.logger_configs.items():
        definition = state.job.loggers[name]
        logger = definition.make(InitLoggerContext(config, definition, state.job, state.run.run_id))
        if not isinstance(logger, logging.Logger):
            raise CheckError(
                f"logger '{name}' of {state.job.describe_target()} must return a logging.Logger, "
                f"not {repr_of(logger)} of type '{type(logger).__name__}'"
            )
        loggers.append(logger)
    tags = state.run.tags  # not the state: it holds the log, which holds this function

    def show(event: DagflowEvent) -> None:
        for logger in loggers:
            show_event(logger, event, LEVELS[event.event_type], tags)

    state.log.loggers = loggers
    state.log.observers = (*state.log.observers, show)
