"""Conversion of a run config, in any form that users pass, to a plain dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagflow._util import class_has
from dagflow.errors import ParameterCheckError, repr_of


def run_config_dict(value: Any, place: str) -> dict[str, Any]:
    """Return a run config as a plain dict.

    Args:
        value: None, a mapping, or an object with `to_config_dict()`.
        place: The owner of the config, for the error message.

    Raises:
        ParameterCheckError: `value` is something else.

    Example:
        >>> run_config_dict(None, "job 'brew'")
        {}
    """
    if value is None:
        return {}
    if class_has(value, "to_config_dict"):
        value = value.to_config_dict()
    if not isinstance(value, Mapping):
        raise ParameterCheckError(
            f"the run config of {place} must be a mapping, not {repr_of(value)} of type "
            f"'{type(value).__name__}'"
        )
    return dict(value)
