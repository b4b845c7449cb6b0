"""Events and their contents as JSON, for stores, child processes and users.

The module `dagflow.events.encoding` describes the form.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar, overload

from dagflow.errors import DagflowSerializationError, repr_of
from dagflow.events.encoding import UnstoredValue, check_class
from dagflow.events.record import json_form

_T = TypeVar("_T")

_FORM = json_form()
to_dict: Callable[[object], dict[str, Any]] = _FORM.to_dict
from_dict = _FORM.from_dict


def as_json(stored: object) -> str:
    """Return the result of `to_dict` as a JSON string."""
    return json.dumps(to_dict(stored))


def serialize_value(val: object) -> str:
    """Return a value as a JSON string.

    Args:
        val: Plain Python, metadata, events, keys and their contents.

    Raises:
        DagflowSerializationError: The value holds something else, or is nested too deeply.

    Example:
        >>> from dagflow import AssetKey
        >>> serialize_value(AssetKey("water"))
        '{"__class__": "AssetKey", "path": ["water"]}'
        >>> deserialize_value(serialize_value(AssetKey("water")))
        AssetKey(['water'])
    """
    return json.dumps(_FORM.encode(val, is_strict=True), allow_nan=False)


@overload
def deserialize_value(val: str, as_type: type[_T]) -> _T: ...


@overload
def deserialize_value(val: str, as_type: tuple[type[Any], ...] | None = None) -> Any: ...


def deserialize_value(val: str, as_type: type[Any] | tuple[type[Any], ...] | None = None) -> Any:
    """Return the value of which `serialize_value` returned this string.

    Args:
        val: The string.
        as_type: The expected class, or a tuple of classes.

    Raises:
        DagflowSerializationError: The string is not such JSON, or the value is of another class.

    Example:
        >>> deserialize_value('{"__class__": "AssetKey", "path": ["water"]}')
        AssetKey(['water'])
    """
    try:
        plain = json.loads(val)
    except (TypeError, ValueError, RecursionError) as error:
        raise DagflowSerializationError(f"{repr_of(val):.200} is not JSON: {error}") from error
    found = _FORM.decode(plain, "value")
    return found if as_type is None else check_class(found, as_type)


__all__ = ["UnstoredValue", "as_json", "deserialize_value", "from_dict", "serialize_value", "to_dict"]
