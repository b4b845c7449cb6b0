"""The mistakes in a config value: their reasons and details. Loaded when the first mistake is found."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

from dagflow.config.paths import Path, path_string
from dagflow.errors import repr_of


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
    """The details of a value of the wrong type: the rejecting schema node and the repr of the value."""

    config_type: Any
    value_rep: str


class FieldNames(NamedTuple):
    """The names of fields that are missing or unknown, or the name and the alias of a field given twice."""

    field_names: list[str]

    @property
    def field_name(self) -> str:
        """The first name. It is the only one unless the reason is about several fields or an alias."""
        return self.field_names[0]


class SelectorMismatch(NamedTuple):
    """The details of a selector without exactly one field: its schema node and the names of its fields."""

    config_type: Any
    incoming_fields: list[str]


class FailedLookup(NamedTuple):
    """The details of an environment variable that is not set, or whose content has the wrong type.

    Attributes:
        original_value: The config value that refers to the variable, such as `{"env": "PORT"}`.
        variable: The name of the variable.
    """

    original_value: object
    variable: str


class EvaluationError(NamedTuple):
    """One mistake in a config value.

    Attributes:
        reason: The type of the mistake.
        stack: The path of the mistake in the config value.
        error_data: The details, for programs.
        message: The message, for readers.
    """

    reason: DagflowEvaluationErrorReason
    stack: Path
    error_data: Mismatch | FieldNames | SelectorMismatch | FailedLookup
    message: str

    @property
    def path(self) -> str:
        """The path as a string, such as `root:ops:brew:config:a`."""
        return path_string(self.stack)


def mismatch_error(node: object, value: object, path: Path, message: str) -> EvaluationError:
    """Return the error about a value of the wrong type.

    Args:
        node: The schema node that rejected the value.
        value: The value.
        path: The path of the value in the config.
        message: The message, for readers.
    """
    details = Mismatch(node, repr_of(value))
    return EvaluationError(DagflowEvaluationErrorReason.RUNTIME_TYPE_MISMATCH, path, details, message)


def undefined_error(names: list[str], path: Path, message: str) -> EvaluationError:
    """Return the error about unknown fields. `names` has at least one name; `path` is of their parent."""
    reasons = DagflowEvaluationErrorReason
    reason = reasons.FIELD_NOT_DEFINED if len(names) == 1 else reasons.FIELDS_NOT_DEFINED
    return EvaluationError(reason, path, FieldNames(names), message)


def missing_error(names: list[str], path: Path, message: str) -> EvaluationError:
    """Return the error about missing fields. `names` has at least one name; `path` is of their parent."""
    reasons = DagflowEvaluationErrorReason
    reason = reasons.MISSING_REQUIRED_FIELD if len(names) == 1 else reasons.MISSING_REQUIRED_FIELDS
    return EvaluationError(reason, path, FieldNames(names), message)


def collision_error(name: str, alias: str, path: Path, message: str) -> EvaluationError:
    """Return the error about a field that is given under both its name and its alias."""
    details = FieldNames([name, alias])
    return EvaluationError(DagflowEvaluationErrorReason.FIELD_ALIAS_COLLISION, path, details, message)


def selector_error(node: object, names: list[str], path: Path, message: str) -> EvaluationError:
    """Return the error about a selector without exactly one field. `names` are the given fields."""
    details = SelectorMismatch(node, names)
    return EvaluationError(DagflowEvaluationErrorReason.SELECTOR_FIELD_ERROR, path, details, message)


def lookup_error(original: object, variable: str, path: Path, message: str) -> EvaluationError:
    """Return the error about an environment variable that is not set, or whose content has the wrong type.

    Args:
        original: The config value that refers to the variable.
        variable: The name of the variable.
        path: The path of the value in the config.
        message: The message, for readers.
    """
    details = FailedLookup(original, variable)
    return EvaluationError(DagflowEvaluationErrorReason.FAILED_POST_PROCESSING, path, details, message)
