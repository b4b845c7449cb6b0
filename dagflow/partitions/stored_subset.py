"""The stored form of subsets of partitions: a JSON string with a version."""

from __future__ import annotations

import json
from typing import Any

from dagflow.errors import DagflowInvalidDeserializationVersionError, DagflowSerializationError, repr_of

VERSION = 1
"""The version of the form. Each change of the form needs a new version."""


def stored(field: str, content: list[Any], **further: Any) -> str:
    """Return the content of a subset as a JSON string with the version.

    Example:
        >>> stored("subset", ["a"])
        '{"version": 1, "subset": ["a"]}'
    """
    return json.dumps({"version": VERSION, field: content, **further})


def content_of(serialized: str, field: str, default_version: int | None = None) -> list[Any]:
    """Return the content of a stored subset.

    Args:
        serialized: The JSON string: a list, or a dict with the version and the list.
        field: The key of the list in the dict.
        default_version: The version of a dict without a version. Default: such a dict is refused.

    Raises:
        DagflowInvalidDeserializationVersionError: The string has another version, or none.
        DagflowSerializationError: The string is not a subset.

    Example:
        >>> content_of('{"version": 1, "subset": ["a"]}', "subset"), content_of('["a"]', "subset")
        (['a'], ['a'])
    """
    try:
        read = json.loads(serialized)
    except (ValueError, TypeError) as error:
        raise DagflowSerializationError(
            f"{repr_of(serialized):.200} is not a stored subset of partitions: it is not JSON ({error})"
        ) from error
    if isinstance(read, dict):
        version = read.get("version", default_version)
        if version != VERSION or isinstance(version, bool):
            raise DagflowInvalidDeserializationVersionError(
                f"this stored subset of partitions has version {version}, but only version {VERSION} can be "
                "read: store it again"
            )
        read = read.get(field)
    if not isinstance(read, list):
        raise unreadable(serialized, f"it needs a list '{field}'")
    return read


def unreadable(serialized: str, reason: str) -> DagflowSerializationError:
    """Return the error about a string that is not a stored subset."""
    return DagflowSerializationError(
        f"{repr_of(serialized):.200} is not a stored subset of these partitions: {reason}"
    )
