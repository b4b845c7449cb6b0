"""Functions that the executors with workers share, in the parent."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from dagflow.engine.workers import TagLimit
from dagflow.errors import DagflowUnmetExecutorRequirementsError, text_of

_TAIL_LENGTH = 4000  # bytes of a captured file that are shown if the step failed


def tag_limits(config: Sequence[Mapping[str, Any]]) -> list[TagLimit]:
    """Read `tag_concurrency_limits` of an executor's config."""
    limits = []
    for entry in config:
        value = entry.get("value")
        is_each = isinstance(value, Mapping) and bool(value["applyLimitPerUniqueValue"])
        limits.append(
            TagLimit(entry["key"], value if isinstance(value, str) else None, is_each, entry["limit"])
        )
    return limits


def pickled_spec(spec: Any, owner: str) -> bytes:
    """Pickle a spec for a worker.

    Args:
        spec: The spec.
        owner: The run or step of the spec, for the error message.

    Raises:
        DagflowUnmetExecutorRequirementsError: The spec cannot be pickled.
    """
    try:
        return pickle.dumps(spec, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # a `__reduce__` may raise anything
        raise DagflowUnmetExecutorRequirementsError(
            f"{owner} cannot be sent to another process: {text_of(error)}. Pickle must be able to import "
            "given values and the functions of run options: define them at the top of a module, or use the "
            "in-process executor."
        ) from error


def last_lines(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Return the last lines of some files; a missing file has none."""
    ends = []
    for path in paths:
        with suppress(FileNotFoundError), open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_LENGTH))
            ends.append(file.read().decode(errors="replace").rstrip())
    return "\n".join(end for end in ends if end)
