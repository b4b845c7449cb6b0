"""Where user code logs: Python loggers whose records also go into the log of the run. Imports `logging`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from dagflow.context.current import current_log
from dagflow.defs.loggers.levels import level_number

if TYPE_CHECKING:
    from dagflow.events.record import DagflowEvent

_ROOT = "dagflow"
_INSIDE = "dagflow.builtin"
_RESERVED = frozenset({"message", "asctime"})
_PLACES = ("job_name", "run_id", "step_key")


class Sink(Protocol):
    """Takes level and text of what was logged; `loggers` are those that the run config names."""

    @property
    def loggers(self) -> Sequence[logging.Logger]: ...

    def __call__(self, level: int, text: str) -> None: ...


class DagflowLogManager(logging.Logger):
    """A `logging.Logger` for one step.

    What is logged goes into the log of the run, to the loggers that the run config names, and on to the
    Python logger "dagflow", so that handlers and `caplog` see it. Each record has `dagflow_meta` (a dict,
    with the text alone as `orig_message`) and its entries as attributes: `run_id`, `job_name`, `job_tags`,
    `step_key`, `op_name`.

    Args:
        meta: What the records say of where they come from.
        sink: Takes level and text for the log of the run; None where there is no run.
    """

    def __init__(self, meta: dict[str, Any], sink: Sink | None = None) -> None:
        super().__init__(_ROOT, logging.DEBUG)
        self.parent: logging.Logger | None = logging.getLogger(_ROOT)
        self._meta = meta
        self._sink = sink

    warn: ClassVar[Callable[..., None]] = (
        logging.Logger.warning
    )  # an older name, which Python's own logger warns of

    def log(self, level: int | str, msg: object, *args: Any, **kwargs: Any) -> None:
        """Log with a level, given by number or by name.

        Raises:
            CheckError: There is no level of that name.
        """
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        super().log(level_number(level), msg, *args, **kwargs)

    def handle(self, record: logging.LogRecord) -> None:
        """Put the record into the log of the run, then hand it on with the place before the text."""
        text = record.getMessage()
        if self._sink is not None:
            self._sink(record.levelno, text)
        record.args = ()
        record.msg = _line(self._meta, text)
        _describe(record, {**self._meta, "orig_message": text})
        named = () if self._sink is None else self._sink.loggers
        for logger in named:
            own = copy(record)
            own.name = logger.name
            hand_to(logger, own)
        parent = self.parent
        if parent is not None and (parent.hasHandlers() or not named):  # else Python would print it once more
            hand_to(parent, record)

    def with_tags(self, **tags: Any) -> DagflowLogManager:
        """The same log with further metadata on its records."""
        return DagflowLogManager({**self._meta, **tags}, self._sink)


def get_dagflow_logger(name: str | None = None) -> logging.Logger:
    """A logger for code that has no context: what it logs while a step runs goes where `context.log` of that
    step goes; outside of a run it goes to the Python logger "dagflow".

    What is logged on a thread that user code started is not known to belong to the step; use `context.log`
    there.

    Args:
        name: What is logging.

    Example:
        >>> get_dagflow_logger("beans").name
        'dagflow.builtin.beans'
    """
    return _of_the_step(_INSIDE if name is None else f"{_INSIDE}.{name}")


@cache
def _of_the_step(name: str) -> logging.Logger:
    return _OfTheStep(name, logging.DEBUG)


class _OfTheStep(logging.Logger):
    """Hands its records to the log of the step that runs now."""

    def handle(self, record: logging.LogRecord) -> None:
        logger_of_step = current_log.get()
        hand_to(logging.getLogger(_ROOT) if logger_of_step is None else logger_of_step(), record)


def hand_to(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Let a logger handle a record that another one made."""
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def show_event(logger: logging.Logger, event: DagflowEvent, level: int, job_tags: Mapping[str, str]) -> None:
    """Let a logger handle the record that an event makes."""
    if not logger.isEnabledFor(level):
        return
    kind = event.event_type.name
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
    parts = [event.job_name, event.run_id, str(event.pid), event.step_key, kind, text]
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
