"""Annotations of config as schema nodes: `int`, `list[str]`, `Optional[...]`, enums, Config classes.

Beside the node, an annotation can have two functions: one that turns checked config into a Python value, and
one that turns the value back. This module does not import pydantic: a Config class has a marker attribute and
builds its own node.
"""

from __future__ import annotations

import collections.abc
import contextlib
import enum
import types
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from dagflow._util import UNSET
from dagflow.config.choice import (
    BoolSource,
    EnumSource,
    EnumValue,
    FloatSource,
    IntSource,
    Noneable,
    Selector,
    StringSource,
)
from dagflow.config.field import Array, Map, Permissive
from dagflow.config.nested import class_node
from dagflow.config.objects import is_config_object, plain_config
from dagflow.config.resource_fields import RESOURCE_MARKER
from dagflow.config.scalar import Any as AnyConfig
from dagflow.config.scalar import Bool, ConfigType, Float, Int, String
from dagflow.errors import DagflowInvalidPythonicConfigDefinitionError, repr_of

Convert = Callable[[Any], Any]

_SCALARS: dict[Any, ConfigType] = {
    int: IntSource,
    float: FloatSource,
    bool: BoolSource,
    str: StringSource,
    Any: AnyConfig,
    list: Array(AnyConfig),
    dict: Permissive(),
    collections.abc.Mapping: Permissive(),
}
_KEYS: dict[Any, ConfigType] = {int: Int, float: Float, bool: Bool, str: String}
_LISTS = (list, collections.abc.Sequence)
_DICTS = (dict, collections.abc.Mapping)


class AnnotationSchema(NamedTuple):
    """The config schema of an annotation, and the conversion of its values.

    Attributes:
        node: The schema.
        incoming: A function that turns checked config into a Python value; None if they are the same.
        outgoing: A function that turns a Python value into plain config; None if `plain_config` does it.
        is_selector: True if pydantic does not accept the config form, so that the constructor of a Config
            class must convert it.
        names: The members of an enum by name, if constructors accept the names.
    """

    node: ConfigType
    incoming: Convert | None = None
    outgoing: Convert | None = None
    is_selector: bool = False
    names: Mapping[str, enum.Enum] | None = None


def annotation_schema(
    annotation: Any,
    place: str,
    discriminator: str | None = None,
    default: Any = UNSET,
    owner: type | None = None,
) -> AnnotationSchema:
    """Return the config schema of an annotation.

    Args:
        annotation: The annotation.
        place: The annotated field, as error messages name it.
        discriminator: The field that distinguishes the classes of a union.
        default: Plain config with the default of each field, if the annotation is a Config class.
        owner: The Config class that has the field. A class that contains it is resolved when it is read.

    Raises:
        DagflowInvalidPythonicConfigDefinitionError: The annotation is not a type of config.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    plain = annotation if arguments or origin is None else origin  # typing.List as list
    node = _SCALARS.get(plain) if isinstance(plain, collections.abc.Hashable) else None
    if node is not None:
        return AnnotationSchema(node)
    if origin is Annotated:
        tags = (getattr(extra, "discriminator", None) for extra in arguments[1:])
        return annotation_schema(
            arguments[0], place, next((tag for tag in tags if tag), discriminator), default, owner
        )
    if origin in (Union, types.UnionType):
        return _union(arguments, annotation, place, discriminator, default, owner)
    if origin is Literal and all(isinstance(value, str) for value in arguments):
        name = f"Literal[{', '.join(map(repr, arguments))}]"
        return AnnotationSchema(EnumSource(name, [EnumValue(value) for value in arguments]))
    if origin in _LISTS and len(arguments) == 1:
        inner = annotation_schema(arguments[0], place, owner=owner)
        return inner._replace(
            node=Array(inner.node),
            incoming=_each_item(inner.incoming),
            outgoing=_each_item(inner.outgoing),
            names=None,
        )
    if origin in _DICTS and len(arguments) == 2 and arguments[0] in _KEYS:
        inner = annotation_schema(arguments[1], place, owner=owner)
        return inner._replace(
            node=Map(_KEYS[arguments[0]], inner.node),
            incoming=_each_value(inner.incoming),
            outgoing=_each_value(inner.outgoing),
            names=None,
        )
    if isinstance(annotation, type) and _is_config_class(annotation, owner):
        if issubclass(annotation, enum.Enum):
            choices = [EnumValue(member.name, member.value) for member in annotation]
            node = EnumSource(annotation.__name__, choices)
            return AnnotationSchema(node, annotation, _name_of(annotation), names=annotation.__members__)
        config_class: Any = annotation
        if hasattr(config_class, "__dagflow_config__"):
            return AnnotationSchema(class_node(config_class, owner, default), _from_config(config_class))
    raise _unsupported_error(annotation, place)


def _union(
    members: tuple[Any, ...],
    annotation: Any,
    place: str,
    discriminator: str | None,
    default: Any,
    owner: type | None,
) -> AnnotationSchema:
    rest = tuple(member for member in members if member is not type(None))
    if len(rest) < len(members):
        inner = annotation_schema(
            Union[rest],  # noqa: UP007 - the operator `|` does not take a tuple
            place,
            discriminator,
            default,
            owner,
        )
        return inner._replace(
            node=Noneable(inner.node),
            incoming=_unless_none(inner.incoming),
            outgoing=_unless_none(inner.outgoing),
        )
    if discriminator is None:
        raise _unsupported_error(annotation, place)
    return _selector(rest, place, discriminator, owner)


def _selector(
    members: tuple[Any, ...], place: str, discriminator: str, owner: type | None
) -> AnnotationSchema:
    """Return a selector for a union of Config classes. Its keys are the values of the discriminator."""
    classes: dict[str, Any] = {}
    for member in members:
        field = getattr(member, "model_fields", {}).get(discriminator)
        for value in get_args(field.annotation) if field is not None else ():
            classes[value] = member
    if not all(hasattr(member, "__dagflow_config__") for member in members) or not classes:
        raise DagflowInvalidPythonicConfigDefinitionError(
            f"{place} is a union with the discriminator '{discriminator}'. Each of its members must be a "
            f"Config class with a field '{discriminator}: Literal[...]'."
        )
    node = Selector({
        value: class_node(member, owner, without=(discriminator,)) for value, member in classes.items()
    })  # fmt: skip

    def incoming(value: Any) -> Any:
        if not isinstance(value, Mapping) or len(value) != 1:
            return value
        ((name, inner),) = value.items()
        if name not in classes:
            return value
        member: Any = classes[name].from_config({**(inner or {}), discriminator: name})
        return member

    def outgoing(value: Any) -> Any:
        if not is_config_object(value):
            return plain_config(value)
        plain = value.to_config_value()
        return {plain.pop(discriminator): plain}

    return AnnotationSchema(node, incoming, outgoing, is_selector=True)


def _is_config_class(annotation: Any, owner: type | None) -> bool:
    """Return whether a class may be a type of config: resources only inside containers of a resource."""
    return not hasattr(annotation, RESOURCE_MARKER) or hasattr(owner, RESOURCE_MARKER)


def _name_in_config(enum_class: type[enum.Enum], value: Any) -> Any:
    """Return the name of a member in config. With `use_enum_values` the member is a value."""
    if not isinstance(value, enum.Enum) and not hasattr(value, "__dagflow_env_var__"):
        with contextlib.suppress(ValueError):
            return enum_class(value).name
    return plain_config(value)


def _name_of(enum_class: type[enum.Enum]) -> Convert:
    return partial(_name_in_config, enum_class)


def _read_config(config_class: Any, value: Any) -> Any:
    return config_class.from_config(value) if isinstance(value, Mapping) else value


def _read_items(convert: Convert, items: Any) -> Any:
    return [convert(item) for item in items]


def _read_values(convert: Convert, items: Any) -> Any:
    return {key: convert(item) for key, item in items.items()}


def _read_unless_none(convert: Convert, value: Any) -> Any:
    return None if value is None else convert(value)


# partial functions, because closures cannot be pickled


def _from_config(config_class: Any) -> Convert:
    return partial(_read_config, config_class)


def _each_item(convert: Convert | None) -> Convert | None:
    return None if convert is None else partial(_read_items, convert)


def _each_value(convert: Convert | None) -> Convert | None:
    return None if convert is None else partial(_read_values, convert)


def _unless_none(convert: Convert | None) -> Convert | None:
    return None if convert is None else partial(_read_unless_none, convert)


def _unsupported_error(annotation: Any, place: str) -> DagflowInvalidPythonicConfigDefinitionError:
    return DagflowInvalidPythonicConfigDefinitionError(
        f"{place} is annotated with {repr_of(annotation)}, which is not a type of config. Use int, float, "
        f"bool, str, an "
        "Enum, a Literal of strings, a list or dict of these, Optional[...], a Config class, or a union of "
        "Config classes with a pydantic discriminator. A resource belongs in a field of a "
        "ConfigurableResource; annotate it with ResourceDependency[...] unless it is a ConfigurableResource."
    )
