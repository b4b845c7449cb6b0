"""Functions about config that packages import from the private module `dagster._config`."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from dagflow.config.evaluation_errors import EvaluationError
from dagflow.config.field import Field, resolve_schema
from dagflow.config.model import Config
from dagflow.config.parse import parse
from dagflow.config.scalar import ConfigType


class EvaluateValueResult(NamedTuple):
    """The result of a check of config.

    Attributes:
        success: Whether the config is valid.
        value: The config with its defaults; None if it is invalid.
        errors: All mistakes; None if there are none.
    """

    success: bool | None
    value: Any
    errors: list[EvaluationError] | None


def process_config(config_type: Any, config_dict: Any) -> EvaluateValueResult:
    """Check config against a schema, and add its defaults and environment variables.

    Args:
        config_type: A schema, as of an op.
        config_dict: The config.

    Example:
        >>> process_config({"cups": int}, {"cups": "two"}).errors[0].reason.value
        'RUNTIME_TYPE_MISMATCH'
    """
    parsed = parse(resolve_schema(config_type), config_dict, environ=os.environ)
    if parsed.errors:
        return EvaluateValueResult(False, None, list(parsed.errors))
    return EvaluateValueResult(True, parsed.value, None)


validate_config = process_config


def resolve_to_config_type(obj: Any) -> ConfigType:
    """Return the type of a schema.

    Example:
        >>> resolve_to_config_type({"cups": int}).fields["cups"].is_required
        True
    """
    return resolve_schema(obj)


def infer_schema_from_config_class(model_cls: type[Config], description: str | None = None) -> Field:
    """Return the field of a Config class, or of a resource class.

    Args:
        model_cls: The class.
        description: Replaces the description of the class.

    Example:
        >>> class Cup(Config):
        ...     size: int
        >>> infer_schema_from_config_class(Cup, "a cup").description
        'a cup'
    """
    found = model_cls.to_config_schema()
    if description is None:
        return found
    return Field(found.config_type, is_required=found.is_required, description=description)
