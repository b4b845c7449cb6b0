"""The merge of the resources and loggers of several Definitions, and the check of their lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagflow.errors import CheckError, DagflowInvariantViolationError, ParameterCheckError, repr_of


def merged(sets: Sequence[Mapping[str, Any]], what: str) -> dict[str, Any]:
    """Return one dict with the entries of several. Equal objects may have one key.

    Args:
        sets: The dicts.
        what: What they hold, for messages.

    Raises:
        DagflowInvariantViolationError: Two dicts have different objects with one key.
    """
    owners: dict[str, int] = {}
    for index, entries in enumerate(sets):
        for key, value in entries.items():
            owner = owners.setdefault(key, index)
            first = sets[owner][key]
            if first is not value and not _are_equal(first, value):
                raise DagflowInvariantViolationError(
                    f"Definitions objects {owner} and {index} have different {what} with same key '{key}': "
                    f"{repr_of(first)} and {repr_of(value)}. Use one object, or two keys."
                )
    return {key: sets[owner][key] for key, owner in owners.items()}


def _are_equal(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    try:
        return bool(one == other)
    except Exception:  # a table or an array has no single answer
        return False


def members_of(
    values: Iterable[Any] | None, classes: tuple[type[Any], ...], parameter: str, what: str
) -> list[Any]:
    """Return the elements of a list that is an argument of Definitions; an empty list instead of None.

    Args:
        values: The list.
        classes: The classes of its elements.
        parameter: The name of the argument.
        what: What an element is, for messages.

    Raises:
        ParameterCheckError: `values` is not a list.
        CheckError: An element has another type.
    """
    if values is None:
        return []
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise ParameterCheckError(
            f"parameter '{parameter}' of Definitions must be a list, not {repr_of(values)}"
        )
    members = list(values)
    for member in members:
        if not issubclass(type(member), classes):  # a double is not a definition
            raise CheckError(
                f"parameter '{parameter}' of Definitions holds {repr_of(member)} of type "
                f"'{type(member).__name__}', which is not {what}"
            )
    return members
