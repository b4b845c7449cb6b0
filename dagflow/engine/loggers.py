"""The loggers that a run config names: made when the run starts, told of each of its events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from dagflow.context.init import InitLoggerContext
from dagflow.context.log import show_event
from dagflow.errors import CheckError
from dagflow.events.record import ERROR_LEVEL_EVENTS, DagflowEvent

if TYPE_CHECKING:
    from dagflow.engine.run_state import RunState


def start_loggers(state: RunState) -> None:
    """Make the loggers of a run.

    Raises:
        CheckError: A level of the console has an unknown name, or a function made something else.
        Exception: What the function of a logger raised.
    """
    made = []
    for name, config in state.plan.logger_configs.items():
        definition = state.job.loggers[name]
        logger = definition.make(InitLoggerContext(config, definition, state.job, state.run.run_id))
        if not isinstance(logger, logging.Logger):
            raise CheckError(
                f"logger '{name}' of job '{state.job.name}' must return a logging.Logger, not {logger!r} of "
                f"type '{type(logger).__name__}'"
            )
        made.append(logger)
    tags = state.run.tags  # not the state, which holds the log, which will hold this function

    def show(event: DagflowEvent) -> None:
        level = logging.ERROR if event.event_type in ERROR_LEVEL_EVENTS else logging.DEBUG
        for logger in made:
            show_event(logger, event, level, tags)

    state.log.loggers = made
    state.log.observers = (*state.log.observers, show)
