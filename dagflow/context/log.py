"""Loggers for user code: Python loggers whose records also go to the log of the run. Imports `logging`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from dagflow.context.current import current_log
from dagflow.errors import repr_of
from dagflow.events.levels import level_number

if TYPE_CHECKING:
    from dagflow.events.record import DagflowEvent
    from dagflow.events.run import DagflowRun

_root = "dagflow"
_RESERVED = frozenset({"message", "asctime"})
_PLACES = ("job_name", "run_id", "step_key")


class Sink(Protocol):
    """The receiver of the level and message of each record.

    Attributes: `loggers` are those of the run config, `handlers` and lowest `level` those of the instance.
    """

    @property
    def level(self) -> int: ...

    @property
    def loggers(self) -> Sequence[logging.Logger]: ...

    @property
    def handlers(self) -> Sequence[logging.Handler]: ...

    def __call__(self, level: int, text: str) -> None: ...


class _Receivers(NamedTuple):
    """A receiver of lines that belong to no stored run."""

    level: int
    loggers: Sequence[logging.Logger]
    handlers: Sequence[logging.Handler]

    def __call__(self, level: int, text: str) -> None:
        """Store nothing."""


class DagflowLogManager(logging.Logger):
    """A `logging.Logger` for one step.

    Records go to the log of the run, to the loggers of the run config, and to the
    Python logger "dagflow", so that handlers and `caplog` see it. Each record has `dagflow_meta` (a dict,
    with the plain message as `orig_message`) and its entries as attributes: `run_id`, `job_name`, `job_tags`,
    `step_key`, `op_name`.

    Args:
        meta: The origin of the records: the facts about run, step and op.
        sink: Receives level and message for the log of the run; None outside of a run.
    """

    def __init__(self, meta: dict[str, Any], sink: Sink | None = None) -> None:
        super().__init__(_root, logging.DEBUG if sink is None else sink.level)
        self.parent: logging.Logger | None = logging.getLogger(_root)
        self._meta = meta
        self._sink = sink

    @staticmethod
    def create(
        loggers: Sequence[logging.Logger],
        handlers: Sequence[logging.Handler] | None = None,
        *,
        dagflow_run: DagflowRun | None = None,
    ) -> DagflowLogManager:
        """Create a log outside of a step, whose lines no instance stores.

        Args:
            loggers: The Python loggers that receive the lines.
            handlers: The Python handlers that receive them.
            dagflow_run: The run that the lines name before their message.

        Example:
            >>> import sys
            >>> log = DagflowLogManager.create([], [logging.StreamHandler(sys.stdout)])
            >>> log.with_tags(step_key="tea").warning("cold")
            tea - cold
        """
        run = dagflow_run
        meta = {} if run is None else {"run_id": run.run_id, "job_name": run.job_name, "job_tags": run.tags}
        return DagflowLogManager(meta, _Receivers(logging.DEBUG, loggers, handlers or ()))

    def __copy__(self) -> DagflowLogManager:
        return self

    def __deepcopy__(self, memo: Any) -> DagflowLogManager:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the pickle of the logger. In another process its records go to the Python logger only."""
        return DagflowLogManager, (self._meta,)

    # an older name, which is deprecated in Python's own logger
    warn: ClassVar[Callable[..., None]] = logging.Logger.warning

    def log(self, level: int | str, msg: object, *args: Any, **kwargs: Any) -> None:
        """Log a message with a level, which is a number or a name.

        Raises:
            CheckError: The level name is unknown.
        """
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        super().log(level_number(level), msg, *args, **kwargs)

    def handle(self, record: logging.LogRecord) -> None:
        """Append the record to the log of the run, then forward it with its origin before the message."""
        self.take(record)
        named = () if self._sink is None else self._sink.loggers
        parent = self.parent
        if parent is not None and (parent.hasHandlers() or not named):  # else Python would print it once more
            hand_to(parent, record)

    def take(self, record: logging.LogRecord) -> None:
        """Do the same without the Python logger "dagflow", for a record that another Python logger has."""
        try:
            text = record.getMessage()
        except Exception as error:  # as in `logging`, a message that cannot be formatted never stops a step
            name = type(error).__name__
            text = f"{repr_of(record.msg)} % {repr_of(record.args)} (cannot be formatted: {name})"
        if self._sink is not None:
            self._sink(record.levelno, text)
        record.args = ()
        record.msg = _line(self._meta, text)
        _describe(record, {**self._meta, "orig_message": text})
        if self._sink is None:
            return
        for logger in self._sink.loggers:
            own = copy(record)
            own.name = logger.name
            hand_to(logger, own)
        for handler in self._sink.handlers:
            if record.levelno >= handler.level:
                handler.handle(copy(record))  # a copy: a filter or formatter may change it

    def with_tags(self, **tags: Any) -> DagflowLogManager:
        """Return the same log with further metadata in its records."""
        return DagflowLogManager({**self._meta, **tags}, self._sink)


def get_dagflow_logger(name: str | None = None) -> logging.Logger:
    """Return a logger for code without a context.

    While a step runs, its records go to the receivers of `context.log` of that step. Outside of a run they
    go to the Python logger "dagflow".

    Records of a thread that user code started do not belong to the step; use `context.log` there.

    Args:
        name: The last part of the logger name.

    Example:
        >>> get_dagflow_logger("beans").name
        'dagflow.builtin.beans'
    """
    inside = f"{_root}.builtin"
    return _step_logger(inside if name is None else f"{inside}.{name}")


def use_log_name(name: str) -> None:
    """Give the loggers that are made from now on another name than "dagflow", in the whole process."""
    global _root
    _root = name


@cache
def _step_logger(name: str) -> logging.Logger:
    return _StepLogger(name, logging.DEBUG)


class _StepLogger(logging.Logger):
    """A logger that forwards its records to the log of the step that runs now."""

    def handle(self, record: logging.LogRecord) -> None:
        logger_of_step = current_log.get()
        hand_to(logging.getLogger(_root) if logger_of_step is None else logger_of_step(), record)


def hand_to(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Forward a record of one logger to another one."""
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def show_event(logger: logging.Logger, event: DagflowEvent, level: int, job_tags: Mapping[str, str]) -> None:
    """Create the record of an event and forward it to a logger."""
    if not logger.isEnabledFor(level):
        return
    type_name = event.event_type.name
    text = event.message or ""
    error = getattr(event.event_specific_data, "error", None)
    if error is not None:
        text += f"\n\n{error.to_string()}"
    meta = {
        "run_id": event.run_id,
        "job_name": event.job_name,
        "job_tags": job_tags,
        "step_key": event.step_key,
        "op_name": None if event.node_handle is None else event.node_name,
    }
    parts = [event.job_name, event.run_id, str(event.pid), event.step_key, type_name, text]
    record = logger.makeRecord(
        logger.name, level, __file__, 0, " - ".join(part for part in parts if part), (), None, "show_event"
    )
    _describe(record, {**meta, "orig_message": text, "dagflow_event": event})
    logger.handle(record)


def _line(meta: Mapping[str, Any], text: str) -> str:
    places = (meta.get(name) for name in _PLACES)
    return " - ".join([*(str(place) for place in places if place), text])


def _describe(record: logging.LogRecord, meta: dict[str, Any]) -> None:
    record.dagflow_meta = meta
    for name, value in meta.items():
        if name not in _RESERVED and not hasattr(record, name):
            setattr(record, name, value)
