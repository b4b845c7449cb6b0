"""The rules for the tags of assets and their events: `check_asset_tags`.

The tags of ops, jobs and runs have other rules: see `dagflow.keys`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError, repr_of

_NAME = r"[A-Za-z0-9_.-]{1,63}"
_RULE = "the characters A-Z, a-z, 0-9, '_', '-' and '.'"


def check_asset_tags(tags: Any, where: str, exempt: Iterable[str] = ()) -> dict[str, str]:
    """Check the tags of an asset or of its events, and return them as a dict.

    Args:
        tags: The tags. A key is a name, or a namespace and a name joined by a slash.
        where: The owner of the tags, for the message.
        exempt: Beginnings of keys that are not checked, nor are their values.

    Raises:
        ParameterCheckError: The tags are not a mapping.
        ElementCheckError: A key is not a string.
        DagflowInvalidDefinitionError: A value is not a string, or a key or value has invalid characters or
            more than 63 of them.

    Example:
        >>> check_asset_tags({"cafe/roast": "dark"}, "asset 'beans'")
        {'cafe/roast': 'dark'}
    """
    if not isinstance(tags, Mapping):
        raise ParameterCheckError(f"the tags of {where} must be a dict of strings, not {repr_of(tags)}")
    starts = tuple(exempt)
    for key, value in tags.items():
        if not isinstance(key, str):
            raise ElementCheckError(
                f"the tags of {where} must be a dict of strings, but a key is {repr_of(key)}"
            )
        if not isinstance(value, str):
            raise DagflowInvalidDefinitionError(
                f"the tags of {where} must be a dict of strings, but {repr_of(key)} has the value "
                f"{repr_of(value)}"
            )
        if starts and key.startswith(starts):
            continue
        if not re.fullmatch(f"(?:{_NAME}/)?{_NAME}", key):
            raise DagflowInvalidDefinitionError(
                f"{where} has an invalid tag key {repr_of(key)}: use 1 to 63 of {_RULE}, after an optional "
                "namespace of the same characters and a '/'"
            )
        if value and not re.fullmatch(_NAME, value):
            raise DagflowInvalidDefinitionError(
                f"{where} has the invalid value {repr_of(value)} for the tag '{key}': use up to 63 of {_RULE}"
            )
    return dict(tags)
