"""The log of a context: a Python logger whose records also go into the log of the run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_RESERVED = frozenset({"message", "asctime"})
Sink = Callable[[int, str], None]
"""Takes level and text of what was logged."""


class DagflowLogManager(logging.Logger):
    """A `logging.Logger` for one step.

    What is logged goes into the log of the run, and on to the Python logger "dagflow", so that handlers and
    `caplog` see it. Each record has `dagflow_meta` (a dict) and its entries as attributes: `run_id`,
    `job_name`, `step_key`, `op_name`.

    Args:
        meta: What the records say of where they come from.
        sink: Takes level and text for the log of the run; None where there is no run.
    """

    def __init__(self, meta: dict[str, Any], sink: Sink | None = None) -> None:
        super().__init__("dagflow", logging.DEBUG)
        self.parent = logging.getLogger("dagflow")
        self._meta = meta
        self._sink = sink

    warn = logging.Logger.warning  # an older name, which Python's own logger warns of

    def makeRecord(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        """Make a record that knows where it comes from."""
        record = super().makeRecord(*args, **kwargs)
        record.dagflow_meta = self._meta
        for name, value in self._meta.items():
            if name not in _RESERVED and not hasattr(record, name):
                setattr(record, name, value)
        return record

    def handle(self, record: logging.LogRecord) -> None:
        """Put the record into the log of the run, then hand it on with the place before the text."""
        text = record.getMessage()
        if self._sink is not None:
            self._sink(record.levelno, text)
        places = [self._meta.get(name) for name in ("job_name", "run_id", "step_key")]
        record.msg = " - ".join([*(str(place) for place in places if place), text])
        record.args = ()
        parent = self.parent
        if parent is not None and parent.isEnabledFor(record.levelno):
            parent.handle(record)

    def with_tags(self, **tags: Any) -> DagflowLogManager:
        """The same log with further metadata on its records."""
        return DagflowLogManager({**self._meta, **tags}, self._sink)
