"""The config fields that count in the coverage, and those that a run exercised.

A field is exercised if a run has another value for it than the default. A field without default is exercised
by any value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagflow._util import UNSET
from dagflow.config.field import Field
from dagflow.config.parse import Reading

WHOLE = "config"
"""The label of a config that has no fields, such as a number."""
_MAX_DEPTH = 8


def config_fields(field: Field | None) -> list[str]:
    """Return the paths of the fields of a schema, joined by dots, without dicts whose fields are known.

    Args:
        field: The schema; None for none.

    Example:
        >>> config_fields(Field({"cups": int, "sugar": {"spoons": int, "brown": bool}}))
        ['cups', 'sugar.spoons', 'sugar.brown']
    """
    return [] if field is None else [path for path, _, _ in _leaves(field, UNSET, "", 0)]


def fields_with_value(field: Field, config: Any) -> Iterator[str]:
    """Yield the paths of the fields whose value differs from the default.

    Args:
        field: The schema.
        config: The checked config of a step, with defaults.
    """
    for path, leaf, value in _leaves(field, config, "", 0):
        if value is not UNSET and not _is_default(leaf, value):
            yield path


def _leaves(field: Field, value: Any, path: str, depth: int) -> Iterator[tuple[str, Field, Any]]:
    """Yield the path, schema and value of each field that has no fields itself."""
    inner = getattr(field.config_type, "fields", None)
    if not isinstance(inner, dict) or not inner or depth == _MAX_DEPTH:
        yield path or WHOLE, field, value
        return
    for name, one in inner.items():
        found = value.get(name, UNSET) if isinstance(value, dict) else UNSET
        yield from _leaves(one, found, f"{path}.{name}" if path else str(name), depth + 1)


def _is_default(field: Field, value: Any) -> bool:
    if not field.default_provided:
        return False
    default = field.default
    return bool(value == default or value == field.read(default, (), Reading(None)))
