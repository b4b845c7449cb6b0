"""The setting `python_logs` of an instance, during one run: a lowest level, handlers, and managed loggers.

The lines of user code go to the handlers, as to the loggers of a run config. Events do not. The records of
managed loggers, which are Python's, go to the log of the step that runs. Imports `logging.config`.
"""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

from dagflow.context.current import current_log
from dagflow.context.log import DagflowLogManager
from dagflow.errors import DagflowInvariantViolationError
from dagflow.events.levels import level_number

if TYPE_CHECKING:
    from dagflow.engine.log import RunLog

_PARTS = ("formatters", "filters", "handlers")


@contextmanager
def following(log: RunLog, settings: Mapping[str, Any]) -> Iterator[None]:
    """Apply the settings to the lines of a run, for a block.

    Args:
        log: The log of the run, or of one attempt in a worker.
        settings: The content of `python_logs`.

    Raises:
        DagflowInvariantViolationError: A handler, formatter or filter cannot be created.
    """
    level = settings.get("python_log_level")
    number = None if level is None else level_number(level)
    if number is not None:
        log.level = number
    if not log.is_of_worker:  # a worker sends its lines to the parent, which gives them to the handlers
        log.handlers = handlers_of(settings.get("dagflow_handler_config", {}))
    managed = [
        logging.getLogger(None if name == "root" else name)
        for name in dict.fromkeys(settings.get("managed_python_loggers", ()))
    ]
    levels = [logger.level for logger in managed]
    receiver = _ToCurrentLog()
    for logger in managed:
        logger.addHandler(receiver)
        if number is not None:
            logger.setLevel(number)
    try:
        yield
    finally:
        for logger, before in zip(managed, levels, strict=True):
            logger.removeHandler(receiver)
            logger.setLevel(before)
        handlers, log.handlers = log.handlers, ()
        for handler in handlers:
            handler.close()


def handlers_of(config: Mapping[str, Any]) -> list[logging.Handler]:
    """Create the handlers of a `dagflow_handler_config`, and attach them to no logger.

    Args:
        config: `handlers`, `formatters` and `filters`, as in `logging.config.dictConfig`.

    Raises:
        DagflowInvariantViolationError: One of them cannot be created. The message names it.

    Example:
        >>> handlers_of({"handlers": {"none": {"class": "logging.NullHandler", "level": "INFO"}}})
        [<NullHandler (INFO)>]
    """
    configurator = logging.config.DictConfigurator({
        "version": 1, **{part: dict(config.get(part, {})) for part in _PARTS}
    })  # fmt: skip
    makers = (
        configurator.configure_formatter,
        configurator.configure_filter,
        configurator.configure_handler,
    )
    for part, make in zip(_PARTS, makers, strict=True):
        made = configurator.config[part]
        for name in made:
            try:
                made[name] = make(made[name])
            except Exception as error:  # noqa: PERF203 - the message names the one that is wrong
                raise DagflowInvariantViolationError(
                    f"'{name}' of the {part} in 'python_logs' of the settings of the instance cannot be "
                    f"created: {error.__cause__ or error}. Correct it there, in the form of "
                    "logging.config.dictConfig."
                ) from error
    return list(configurator.config["handlers"].values())


class _ToCurrentLog(logging.Handler):
    """A handler of managed loggers that forwards records to the log of the step that runs in this context."""

    def emit(self, record: logging.LogRecord) -> None:
        """Forward a record, unless it comes from a log of a step or no step runs."""
        log = current_log.get()
        if log is None or hasattr(record, "dagflow_meta"):
            return
        manager = log()
        if isinstance(manager, DagflowLogManager) and manager.isEnabledFor(record.levelno):
            manager.take(copy(record))  # a copy: other handlers must not see the changed message
