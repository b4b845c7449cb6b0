"""Fields of resource classes that take other resources: one, or a list, tuple or dict of them.

This module does not import pydantic or resources: resources have the marker `__dagflow_resource__`.
"""

from __future__ import annotations

import collections.abc
import types
from typing import Annotated, Any, Union, get_args, get_origin

RESOURCE_MARKER = "__dagflow_resource__"
ONE = "one"
MANY = "many"
_LISTS = (list, tuple, collections.abc.Sequence)
_DICTS = (dict, collections.abc.Mapping)
_CONFIG_CONTAINERS = (list, dict, collections.abc.Sequence, collections.abc.Mapping)


def resources_in(info: Any) -> str:
    """Return ONE or MANY if a field takes a resource or a container of resources, else an empty string.

    Args:
        info: The FieldInfo of pydantic.
    """
    for extra in info.metadata:
        if hasattr(extra, RESOURCE_MARKER):
            return MANY if getattr(extra, "is_container", False) else ONE
    return _resources(info.annotation)


def holds_resources(annotation: Any) -> bool:
    """Return whether an annotation is a container of resources."""
    return _resources(annotation) == MANY


def is_config_of_resources(info: Any) -> bool:
    """Return whether config can give the resources of a container: lists and dicts of resource classes."""
    return resources_in(info) == MANY and _is_config(info.annotation)


def _resources(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, RESOURCE_MARKER) or hasattr(origin, RESOURCE_MARKER):
        return ONE
    if origin is Annotated:
        marks = annotation.__metadata__
        return ONE if any(hasattr(mark, RESOURCE_MARKER) for mark in marks) else _resources(arguments[0])
    if origin in (Union, types.UnionType):
        members = {_resources(argument) for argument in arguments if argument is not type(None)}
        return members.pop() if len(members) == 1 else ""
    items: tuple[Any, ...] = ()
    if origin in _LISTS:
        items = tuple(argument for argument in arguments if argument is not Ellipsis)
    elif origin in _DICTS:
        items = arguments[1:]
    return MANY if items and all(_resources(item) for item in items) else ""


def _is_config(annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        members = [argument for argument in arguments if argument is not type(None)]
        return len(members) == 1 and _is_config(members[0])
    if origin in _CONFIG_CONTAINERS:
        return _is_config(arguments[-1])
    return hasattr(annotation, "__dagflow_config__")
