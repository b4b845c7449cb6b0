"""Tags: those that dagflow itself sets, and the rules for the tags of definitions, runs and assets.

The tags of ops, jobs and runs are strings, or values with a JSON form. The tags of assets and of their events
have stricter rules: see `check_asset_tags`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dagflow._util import nearest, to_json, warn
from dagflow.errors import DagflowInvalidDefinitionError, ElementCheckError, ParameterCheckError, repr_of

_NAME = r"[A-Za-z0-9_.-]{1,63}"
_KEY = f"(?:{_NAME}/)?{_NAME}"
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
        if not re.fullmatch(_KEY, key):
            raise DagflowInvalidDefinitionError(
                f"{where} has an invalid tag key {repr_of(key)}: use 1 to 63 of {_RULE}, after an optional "
                "namespace of the same characters and a '/'"
            )
        if value and not re.fullmatch(_NAME, value):
            raise DagflowInvalidDefinitionError(
                f"{where} has the invalid value {repr_of(value)} for the tag '{key}': use up to 63 of {_RULE}"
            )
    return dict(tags)


def check_kinds(kinds: Iterable[str], where: str) -> None:
    """Check the kinds of an asset, which are tags: they follow the rule for names of tags.

    The decorators of assets require it; an `AssetSpec` alone may have other kinds, as in Dagster.

    Args:
        kinds: The kinds.
        where: The asset, for the message.

    Raises:
        DagflowInvalidDefinitionError: A kind has invalid characters, or more than 63 of them.

    Example:
        >>> check_kinds({"csv"}, "asset 'beans'")
    """
    for kind in sorted(kinds):
        if not re.fullmatch(_NAME, kind):
            raise DagflowInvalidDefinitionError(
                f"{where} has an invalid kind {repr_of(kind)}: use 1 to 63 of {_RULE}, because kinds are tags"
            )


_tag_prefixes: tuple[str, ...] = ("dagflow/", "dagster/")


def use_tag_prefix(prefix: str) -> None:
    """Set the prefix of system tags for the whole process. Tags with the other prefixes are still read."""
    global _tag_prefixes
    _tag_prefixes = (prefix, *(other for other in _tag_prefixes if other != prefix))


def system_tag(name: str) -> str:
    """Return the key of a tag that dagflow itself sets.

    Example:
        >>> system_tag("partition")
        'dagflow/partition'
    """
    return _tag_prefixes[0] + name


def system_tag_spellings(name: str) -> tuple[str, ...]:
    """Return the keys under which dagflow reads a tag, its own spelling first.

    Example:
        >>> system_tag_spellings("priority")
        ('dagflow/priority', 'dagster/priority')
    """
    return tuple([prefix + name for prefix in _tag_prefixes])


def definition_tags(tags: Any, where: str) -> dict[str, str]:
    """Return the tags of a definition as strings. Warns of keys with characters other than letters, digits,
    `_`, `-` and `.`, apart from one slash after a namespace, and of unknown system tags.

    Args:
        tags: None or a mapping of strings to JSON values.
        where: The definition, for the message.

    Raises:
        ParameterCheckError: The tags are not a mapping.
        DagflowInvalidDefinitionError: A key is not a string, or a value cannot be encoded.
    """
    strings = jsonable_tags(tags, where)
    non_compliant = [key for key in strings if not re.fullmatch(_KEY, key)]
    if non_compliant:
        warn(
            f"Non-compliant tag keys like {non_compliant} are deprecated, on {where}: use up to 63 of the "
            "characters A-Z, a-z, 0-9, '_', '-' and '.', after an optional namespace of the same characters "
            "and a '/'",
            DeprecationWarning,
        )
    for key in strings:
        _warn_of_unknown_system_tag(key, where)
    return strings


# the names of the tags that dagflow reads or sets, after the prefix
_SYSTEM_TAGS = (
    "asset_partition_range_end",
    "asset_partition_range_start",
    "compute_kind",
    "concurrency_key",
    "failure_reason",
    "partition",
    "partition_set",
    "priority",
    "step_timeout",
)

# those of the tags with a system prefix that users may set on the runs of a schedule
_USER_TAGS = (
    "isolation",
    "max_retries",
    "max_runtime",
    "priority",
    "retry_on_asset_or_op_failure",
    "retry_strategy",
)


def check_run_tags(tags: Any, where: str) -> dict[str, str]:
    """Return the tags that a definition gives to its runs, as strings.

    Args:
        tags: None or a mapping of strings to JSON values.
        where: The definition, for the message.

    Raises:
        ParameterCheckError: The tags are not a mapping.
        DagflowInvalidDefinitionError: A tag is one that dagflow itself sets, or cannot be encoded.

    Example:
        >>> check_run_tags({"cups": 3}, "schedule 'daily'")
        {'cups': '3'}
    """
    strings = jsonable_tags(tags, where)
    allowed = {spelling for name in _USER_TAGS for spelling in system_tag_spellings(name)}
    for key in strings:
        if key.startswith(system_tag_spellings("")) and key not in allowed:
            raise DagflowInvalidDefinitionError(
                f"Attempted to set tag with reserved system prefix: '{key}' in the tags of {where}. Use "
                "another name."
            )
    return strings


def _warn_of_unknown_system_tag(key: str, where: str) -> None:
    """Warn of a system tag that nothing reads. Other tools read further tags with the prefix of Dagster, so
    of those only a misspelt one is unknown.
    """
    prefix, _, name = key.partition("/")
    if f"{prefix}/" not in _tag_prefixes or name in _SYSTEM_TAGS:
        return
    hint = nearest(name, _SYSTEM_TAGS)
    if hint or prefix == "dagflow":
        warn(f"the tag '{key}' of {where} has no effect: it is unknown.{hint}")


def jsonable_tags(tags: Any, where: str) -> dict[str, str]:
    """Return tags as strings. Values that are not strings are encoded as JSON.

    Args:
        tags: None or a mapping of strings to JSON values.
        where: The definition, for the message.

    Raises:
        ParameterCheckError: The tags are not a mapping.
        DagflowInvalidDefinitionError: A key is not a string, or a value cannot be encoded.

    Example:
        >>> jsonable_tags({"a": 3, "b": "x"}, "op 'beans'")
        {'a': '3', 'b': 'x'}
    """
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise ParameterCheckError(f"the tags of {where} must be a mapping of strings, not {repr_of(tags)}")
    if not tags:
        return {}
    import json  # imported lazily: only definitions with tags use it

    result = {}
    for key, value in tags.items():
        if not isinstance(key, str):
            raise DagflowInvalidDefinitionError(
                f"tag {repr_of(key)} of {where} must have a string as its key"
            )
        if not isinstance(value, str):
            try:
                encoded = to_json(value)
                is_equal = json.loads(encoded) == value
            except (TypeError, ValueError, RecursionError) as error:
                raise DagflowInvalidDefinitionError(
                    f"Invalid value for tag '{key}' of {where}: Could not JSON encode value "
                    f"{repr_of(value)}. "
                    "Use a string, or a value made of numbers, strings, lists and dicts."
                ) from error
            if not is_equal:
                raise DagflowInvalidDefinitionError(
                    f"Invalid value for tag '{key}' of {where}: JSON encoding \"{encoded}\" of value "
                    f'"{repr_of(value)}" is not equivalent to original value, so it cannot be restored. '
                    f"Use numbers, "
                    "strings, lists and dicts."
                )
            value = encoded
        result[key] = value
    return result
