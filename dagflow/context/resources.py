"""The resources for user code: an object with an attribute for each key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dagflow._util import nearest
from dagflow.errors import DagflowUnknownResourceError


class ScopedResources:
    """Resources by attribute.

    Args:
        values: The resources by key.
        owner: The reader, for the message about an unknown key ("op 'brew'").

    Raises:
        DagflowUnknownResourceError: On an unknown attribute; also an AttributeError.

    Example:
        >>> ScopedResources({"beans": 3}, "op 'brew'").beans
        3
    """

    __slots__ = ("_owner", "_values")

    def __init__(self, values: Mapping[str, Any], owner: str = "this context") -> None:
        self._values = values
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            value = self._values[name]
            other = getattr(type(value), "get_object_to_set_on_execution_context", None)
            return value if other is None else other(value)
        except KeyError:
            raise DagflowUnknownResourceError(
                name,
                f"unknown resource '{name}': {self._owner} has the resources {sorted(self._values)}."
                f"{nearest(name, self._values)} Name it in 'required_resource_keys', and provide it where "
                "that is run.",
            ) from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def _asdict(self) -> dict[str, Any]:
        """Return the resources by key."""
        return dict(self._values)

    def __repr__(self) -> str:
        return f"<resources {sorted(self._values)}>"


class ResourcesOfType:
    """The resources for the check of a type.

    Args:
        values: Returns all resources by key.
        type_name: The name of the type, for the message about an unknown key.
    """

    __slots__ = ("_type_name", "_values")

    def __init__(self, values: Callable[[], Mapping[str, Any]], type_name: str) -> None:
        self._values = values
        self._type_name = type_name

    def build(self, required_resource_keys: frozenset[str]) -> ScopedResources:
        """Return the resources with these keys, without the missing ones."""
        values = self._values()
        found = {key: values[key] for key in required_resource_keys if key in values}
        return ScopedResources(found, f"type '{self._type_name}'")
