"""Resources in the fields of a resource: one, or a list, tuple or dict of them, at any depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dagflow._util import has_class
from dagflow.config.resource_fields import MANY, resources_in


def resource_items(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each item of a container of resources with its path, as "shop.mills[0]" or "shop.mills.big".

    Example:
        >>> list(resource_items({"big": [1, 2]}, "mills"))
        [('mills.big[0]', 1), ('mills.big[1]', 2)]
    """
    if issubclass(type(value), Mapping):
        for key, item in value.items():
            yield from resource_items(item, f"{path}.{key}")
    elif has_class(value, list) or has_class(value, tuple):
        for number, item in enumerate(value):
            yield from resource_items(item, f"{path}[{number}]")
    else:
        yield path, value


def with_items(value: Any, path: str, function: Callable[[str, Any], Any]) -> Any:
    """Return a copy of a container with the results of a function for its items, called in their order.

    Args:
        value: The container, or one item.
        path: The path of the value.
        function: A function of the path and an item.
    """
    if issubclass(type(value), Mapping):
        return {key: with_items(item, f"{path}.{key}", function) for key, item in value.items()}
    if has_class(value, list) or has_class(value, tuple):
        items = [with_items(item, f"{path}[{number}]", function) for number, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    return function(path, value)


class NestedResources:
    """The value of one field that takes resources.

    Attributes:
        value: A resource, or a container of resources, with definitions in place of objects.
        is_many: Whether the value is a container. The value of another field may be any list or dict.
    """

    __slots__ = ("is_many", "value")

    def __init__(self, info: Any, value: Any, convert: Callable[[Any], Any]) -> None:
        self.is_many: bool = resources_in(info) == MANY
        self.value: Any = self._mapped(value, "", lambda _, item: convert(item))

    def items(self, path: str) -> Iterator[tuple[str, Any]]:
        """Yield each resource with its path; `path` is the path of the field."""
        if self.is_many:
            yield from resource_items(self.value, path)
        else:
            yield path, self.value

    def mapped(self, path: str, function: Callable[[str, Any], Any]) -> Any:
        """Return the value with the result of a function in place of each resource; see `with_items`."""
        return self._mapped(self.value, path, function)

    def _mapped(self, value: Any, path: str, function: Callable[[str, Any], Any]) -> Any:
        return with_items(value, path, function) if self.is_many else function(path, value)
