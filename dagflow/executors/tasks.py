"""What the executors with workers have in common at the parent's side."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from dagflow.engine.worker_loop import TagLimit
from dagflow.errors import DagflowUnmetExecutorRequirementsError

_TAIL = 4000  # bytes of what a failed step wrote that are shown


def tag_limits(config: Sequence[Mapping[str, Any]]) -> list[TagLimit]:
    """The limits that `tag_concurrency_limits` of an executor's config sets."""
    limits = []
    for entry in config:
        value = entry.get("value")
        is_each = isinstance(value, Mapping) and bool(value["applyLimitPerUniqueValue"])
        limits.append(
            TagLimit(entry["key"], value if isinstance(value, str) else None, is_each, entry["limit"])
        )
    return limits


def pickled(value: Any, what: str) -> bytes:
    """What a worker is told, to be sent.

    Raises:
        DagflowUnmetExecutorRequirementsError: It cannot be sent.
    """
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # whatever the `__reduce__` of a value raises
        raise DagflowUnmetExecutorRequirementsError(
            f"what {what} is told cannot be sent to another process: {error}. Given values and the functions "
            "of run options must be such that pickle finds them again: define them at the top of a module, "
            "or use the in-process executor."
        ) from error


def last_lines(paths: Iterable[str | os.PathLike[str]]) -> str:
    """The end of what stands in these files."""
    texts = []
    for path in paths:
        with suppress(FileNotFoundError), open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            texts.append(file.read().decode(errors="replace").rstrip())
    return "\n".join(text for text in texts if text)
