"""The findings of a smoke test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from dagflow.config.evaluation_errors import DagflowEvaluationErrorReason, EvaluationError, FailedLookup
from dagflow.errors import DagflowInvalidConfigError, DagflowUserCodeExecutionError

_MISSING = (
    DagflowEvaluationErrorReason.MISSING_REQUIRED_FIELD,
    DagflowEvaluationErrorReason.MISSING_REQUIRED_FIELDS,
)


class SmokeFinding(NamedTuple):
    """One fact about a definition that a user should know.

    Attributes:
        fact: The fact, in one line.
        detail: The message of the error that shows it; empty without an error.
        remedy: A sentence about what to do; empty if the other sentences name it.
        raised_at: The file and line of user code that raised the error; empty for an error of dagflow.
        is_failure: Whether the definition is wrong. Otherwise it could not be tested here.
    """

    fact: str
    detail: str = ""
    remedy: str = ""
    raised_at: str = ""
    is_failure: bool = True


NOT_LOADED = SmokeFinding(
    "it is not tested, because the definitions do not load as a whole",
    is_failure=False,
)


def of_error(fact: str, error: BaseException) -> SmokeFinding:
    """Return the finding about an error. The detail is the user's own error, if it is wrapped."""
    own = error.user_exception if isinstance(error, DagflowUserCodeExecutionError) else error
    place = _place_of(own)
    text = str(own).strip()
    if place:
        text = f"{type(own).__name__}: {text}" if text else type(own).__name__
    return SmokeFinding(fact, text, raised_at=place)


def of_config(
    subject: str,
    error: DagflowInvalidConfigError,
    *,
    is_complete: bool,
    invalid: str,
    names_variables: bool = True,
) -> Iterator[SmokeFinding]:
    """Yield the findings about config: it is invalid, or it is required and was not given.

    Config that a run must give, and a variable of the environment that is not set here, are no failures.

    Args:
        subject: The definition, as "job 'brew'".
        error: The error about the config.
        is_complete: Whether the config should be complete, so that a missing entry is a failure.
        invalid: The fact that the config is invalid.
        names_variables: Whether variables that are not set are findings.
    """
    invalid_messages = []
    for mistake in error.errors:
        lookup = mistake.error_data
        if isinstance(lookup, FailedLookup) and lookup.variable not in os.environ:
            if names_variables:
                fact = f"{subject} reads the environment variable {lookup.variable}, which is not set here"
                yield SmokeFinding(fact, is_failure=False)
        elif mistake.reason in _MISSING and not is_complete:
            fact = f"{subject} requires config that has no default: {_example(mistake)}"
            yield SmokeFinding(fact, is_failure=False)
        else:
            invalid_messages.append(mistake.message)
    if invalid_messages:
        yield SmokeFinding(invalid, "\n".join(invalid_messages))


def _example(mistake: EvaluationError) -> str:
    """Return the example of the missing config in a message, or else its path."""
    return mistake.message.partition("missing entry: ")[2] or mistake.path


def _place_of(error: BaseException) -> str:
    """Return the last frame of user code in a traceback, as "pipeline.py:7"; empty without such a frame."""
    place = ""
    traceback = error.__traceback__
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] != "dagflow":
            place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
