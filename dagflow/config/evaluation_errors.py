"""The mistakes in a config value: their reasons and details. Loaded when the first mistake is found."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

from dagflow.config.paths import Path, path_string


class DagflowEvaluationErrorReason(enum.Enum):
    """The type of mistake that an `EvaluationError` describes."""

    RUNTIME_TYPE_MISMATCH = "RUNTIME_TYPE_MISMATCH"
    MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD"
    MISSING_REQUIRED_FIELDS = "MISSING_REQUIRED_FIELDS"
    FIELD_NOT_DEFINED = "FIELD_NOT_DEFINED"
    FIELDS_NOT_DEFINED = "FIELDS_NOT_DEFINED"
    SELECTOR_FIELD_ERROR = "SELECTOR_FIELD_ERROR"
    FIELD_ALIAS_COLLISION = "FIELD_ALIAS_COLLISION"
    FAILED_POST_PROCESSING = "FAILED_POST_PROCESSING"


class Mismatch(NamedTuple):
    """A value of the wrong type: the schema node that rejected it, and its repr."""

    config_type: Any
    value_rep: str


class FieldNames(NamedTuple):
    """The names of fields that are missing or unknown."""

    field_names: list[str]

    @property
    def field_name(self) -> str:
        """The first name; the only one if the reason is in the singular."""
        return self.field_names[0]


class SelectorMismatch(NamedTuple):
    """A selector without exactly one field: the schema node and the given names."""

    config_type: Any
    incoming_fields: list[str]


class FailedLookup(NamedTuple):
    """An environment variable that is not set, or whose content has the wrong type."""

    original_value: object
    variable: str


class EvaluationError(NamedTuple):
    """One mistake in a config value: its type, its path, details for programs and a message for readers."""

    reason: DagflowEvaluationErrorReason
    stack: Path
    error_data: Mismatch | FieldNames | SelectorMismatch | FailedLookup
    message: str

    @property
    def path(self) -> str:
        """The path as a string, such as `root:ops:brew:config:a`."""
        return path_string(self.stack)


def mismatch_error(node: object, value: object, path: Path, message: str) -> EvaluationError:
    """Return the error about a value of the wrong type."""
    details = Mismatch(node, repr(value))
    return EvaluationError(DagflowEvaluationErrorReason.RUNTIME_TYPE_MISMATCH, path, details, message)


def undefined_error(names: list[str], path: Path, message: str) -> EvaluationError:
    """Return the error about unknown fields."""
    reasons = DagflowEvaluationErrorReason
    reason = reasons.FIELD_NOT_DEFINED if len(names) == 1 else reasons.FIELDS_NOT_DEFINED
    return EvaluationError(reason, path, FieldNames(names), message)


def missing_error(names: list[str], path: Path, message: str) -> EvaluationError:
    """Return the error about missing required fields."""
    reasons = DagflowEvaluationErrorReason
    reason = reasons.MISSING_REQUIRED_FIELD if len(names) == 1 else reasons.MISSING_REQUIRED_FIELDS
    return EvaluationError(reason, path, FieldNames(names), message)


def collision_error(name: str, alias: str, path: Path, message: str) -> EvaluationError:
    """Return the error about a field that is given under two names."""
    details = FieldNames([name, alias])
    return EvaluationError(DagflowEvaluationErrorReason.FIELD_ALIAS_COLLISION, path, details, message)


def selector_error(node: object, names: list[str], path: Path, message: str) -> EvaluationError:
    """Return the error about a selector without exactly one field."""
    details = SelectorMismatch(node, names)
    return EvaluationError(DagflowEvaluationErrorReason.SELECTOR_FIELD_ERROR, path, details, message)


def lookup_error(original: object, variable: str, path: Path, message: str) -> EvaluationError:
    """Return the error about an environment variable that is not set or has the wrong content."""
    details = FailedLookup(original, variable)
    return EvaluationError(DagflowEvaluationErrorReason.FAILED_POST_PROCESSING, path, details, message)
