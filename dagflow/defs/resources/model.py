"""The definitions of the resources of a class: config, nested resources, and one object for each run.

The classes are in `dagflow.defs.resources.classes`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar, get_args

from dagflow import _doors
from dagflow._util import UNSET, has_class
from dagflow.config.aliases import input_keys
from dagflow.config.field import Field
from dagflow.config.model import Config, Entry, entries
from dagflow.config.objects import is_config_object, plain_config
from dagflow.config.parse import parse
from dagflow.config.resource_fields import RESOURCE_MARKER, is_config_of_resources, resources_in
from dagflow.defs.resources.definition import ResourceDefinition, as_resource
from dagflow.defs.resources.nested import NestedResources, resource_items
from dagflow.defs.resources.opening import Opened, close_all, must_not_close
from dagflow.errors import DagflowInvalidDefinitionError

_R = TypeVar("_R", bound=Config)
_Values = dict[str, Any]


class PartialResource:
    """A resource that takes its config from the run config. Made by `configure_at_launch`."""

    __slots__ = ("_definition", "resource_cls", "values")

    def __init__(self, resource_cls: Any, values: Mapping[str, Any]) -> None:
        self.resource_cls: Any = resource_cls
        self.values: dict[str, Any] = dict(values)
        self._definition: ResourceDefinition | None = None

    def get_resource_definition(self) -> ResourceDefinition:
        """Return the definition that the engine starts. Each object has one."""
        if self._definition is None:
            cls = self.resource_cls
            nested = {}
            for name, info in cls.model_fields.items():
                if resources_in(info):
                    value = self.values.get(input_keys(cls, name, info)[0], UNSET)
                    if value is not UNSET or not is_config_of_resources(info) or not info.is_required():
                        nested[name] = self._default(name, info) if value is UNSET else value
            self._definition = cls.definition_class()(cls, self, nested)
        return self._definition

    def _default(self, name: str, info: Any) -> Any:
        """Return the default of a field that takes resources.

        Raises:
            DagflowInvalidDefinitionError: It has no default.
        """
        if not info.is_required():
            return info.get_default(call_default_factory=True)
        if type(None) in get_args(info.annotation):
            return None
        cls = self.resource_cls.__name__
        raise DagflowInvalidDefinitionError(
            f"{cls}.configure_at_launch() lacks the resource of its field '{name}', which the run config "
            f"cannot give. Give it: {cls}.configure_at_launch({name}=...), or in the 'nested_resources' of "
            "from_resource_context."
        )

    def __repr__(self) -> str:
        return f"{self.resource_cls.__name__}.configure_at_launch({self.values})"


class ModelResource(ResourceDefinition):
    """The definition of a resource of a class: of an object, or of a PartialResource.

    Attributes:
        resource_cls: The class.
        source: The object, or the PartialResource.
        parts: The nested resources by field: definitions, or plain values.
        configurable: The fields with containers of resources that config can give, by field.
    """

    def __init__(self, resource_cls: type[Config], source: Any, nested: _Values) -> None:
        self.resource_cls = resource_cls
        self.source = source
        fields = resource_cls.model_fields
        self.parts: dict[str, NestedResources] = {
            name: NestedResources(fields[name], value, _as_part) for name, value in nested.items()
        }
        self.configurable: dict[str, Entry] = {}
        if any(map(is_config_of_resources, fields.values())):
            lacking = fields_of_definitions(resource_cls, nested)
            self.configurable = {
                entry.name: entry
                for entry in entries(resource_cls)
                if is_config_of_resources(fields[entry.name]) and entry.name not in lacking
            }
        super().__init__(self._make, _schema(resource_cls, source, nested), description=resource_cls.__doc__)
        self.nested: tuple[ResourceDefinition, ...] = tuple(part for _, part in self._definitions(""))
        self._own_field = self.config_field  # a copy by `configured` has another field
        self._own_config: Any = UNSET

    def _definitions(self, path: str) -> Iterator[tuple[str, ResourceDefinition]]:
        """Yield the nested resources that are definitions, with their paths."""
        for name, part in self.parts.items():
            for inner, item in part.items(f"{path}.{name}"):
                if has_class(item, ResourceDefinition):
                    yield inner, item

    @property
    def is_shared(self) -> bool:
        """True for a PartialResource. An object has all its config, so each resource that contains it starts
        its own copy.
        """
        return isinstance(self.source, PartialResource)

    @property
    def place(self) -> str:
        """The class and its module, for messages."""
        return f"{self.resource_cls.__module__}.{self.resource_cls.__name__}"

    def open(self, context: _doors.InitResourceContext) -> Opened:
        """Start the nested resources that are not shared, then a new object for this run."""
        closers: list[Callable[[], None]] = []

        def opened(path: str, part: Any, configs: Mapping[str, Any]) -> Any:
            if not has_class(part, ResourceDefinition):
                return part
            value, close = _open_part(part, path, context, configs)
            if close is not None:
                closers.append(close)
            return value

        config = context.resource_config or {}
        try:
            nested = {}
            for name, part in self._parts(config, context).items():
                configs = context.configs if part is self.parts.get(name) else {}
                nested[name] = part.mapped(f"{context.path}.{name}", partial(opened, configs=configs))
            instance = self._object(config, nested)
            object.__setattr__(instance, "_dagflow_context", context)
            value, close = instance.open_for_execution(context)
        except BaseException:
            close_all(closers)
            raise
        if close is not None:
            closers.append(close)
        return value, (lambda: close_all(closers)) if closers else None

    def nested_configs(
        self, path: str, environ: Mapping[str, str], shared: Container[int] = ()
    ) -> dict[str, Any]:
        """Return the config of the nested resources by path, at every depth."""
        configs: dict[str, Any] = {}
        for inner, part in self._definitions(path):
            if not (part.is_shared and id(part) in shared):
                configs[inner] = part.default_config(inner, environ)
                configs.update(part.nested_configs(inner, environ, shared))
        return configs

    def _parts(self, config: Mapping[str, Any], context: Any) -> Mapping[str, NestedResources]:
        """Return the nested resources by field. Config that differs from the given objects replaces them."""
        if not self.configurable:
            return self.parts
        parts = dict(self.parts)
        for name, entry in self.configurable.items():
            wanted, path = config.get(entry.key), f"{context.path}.{name}"
            given = parts.get(name)
            if given is None or wanted != given.mapped(path, lambda inner, _: context.configs.get(inner)):
                incoming = entry.annotation.incoming
                made = wanted if wanted is None or incoming is None else incoming(wanted)
                parts[name] = NestedResources(self.resource_cls.model_fields[name], made, _as_part)
        return parts

    def _object(self, config: Any, nested: _Values) -> Any:
        """Return an object with this config: a copy of the user's object, if the config is the same. A copy
        keeps private attributes, and validators run once for each value.
        """
        if self._own_config is UNSET:
            assert self._own_field is not None
            parsed = parse(self._own_field, UNSET)
            self._own_config = None if parsed.errors else parsed.value
        if config == self._own_config and not isinstance(self.source, PartialResource):
            return fresh_copy(self.source, nested)
        cls = self.resource_cls
        keys = {name: input_keys(cls, name, cls.model_fields[name])[0] for name in nested}
        return cls.from_config({**config, **{keys[name]: nested[name] for name in nested}})

    def _make(self, context: Any) -> Any:
        """Create the resource without a run. This is the function of the definition."""
        return must_not_close(*_open_now(self, context))

    def __repr__(self) -> str:
        return f"<resource {self.source!r}>"


def nested_values(resource: Config) -> _Values:
    """Return the values of the fields that take other resources, by field."""
    fields = type(resource).model_fields.items()
    return {name: getattr(resource, name) for name, info in fields if resources_in(info)}


def fields_of_definitions(cls: type[Config], nested: _Values) -> set[str]:
    """Return the fields with containers of resources of which one is no object of a resource class. Config
    cannot give such a resource.
    """
    return {
        name
        for name, value in nested.items()
        if is_config_of_resources(cls.model_fields[name])
        and any(_is_not_config(item) for _, item in resource_items(value, ""))
    }


def _is_not_config(value: Any) -> bool:
    """Return whether config cannot describe a nested resource: a definition, or a double of a resource."""
    is_object = hasattr(type(value), RESOURCE_MARKER)
    return not is_object and value is not None and type(value) not in (bool, int, float, str)


def _is_unbound(value: Any) -> bool:
    return has_class(value, ResourceDefinition) or has_class(value, PartialResource)


def _as_part(value: Any) -> Any:
    is_object = is_config_object(value) and hasattr(type(value), RESOURCE_MARKER)
    is_definition = is_object or _is_unbound(value)
    return as_resource(value) if is_definition else value


def fresh_copy(resource: _R, nested: _Values) -> _R:
    """Return a copy with its private attributes, but without cached properties."""
    copy = resource.model_copy(update=nested)
    for name in set(copy.__dict__) - set(type(resource).model_fields):
        del copy.__dict__[name]
    return copy


def _schema(cls: type[Config], source: Any, nested: _Values) -> Field:
    """Return the config field of a resource. The values of an object are one default for the whole config;
    the values of `configure_at_launch` are defaults of single fields.
    """
    lacking = fields_of_definitions(cls, nested)
    if isinstance(source, PartialResource):
        keys = {entry.key for entry in entries(cls) if entry.name not in lacking}
        defaults = {key: plain_config(value) for key, value in source.values.items() if key in keys}
        return Field(cls.config_node(defaults, lacking))
    return Field(cls.config_node(without=lacking), default_value=source.to_config_value())


def _open_part(part: ResourceDefinition, path: str, context: Any, configs: Mapping[str, Any]) -> Opened:
    """Start a nested resource. `configs` lacks its path if the config of the run made the resource."""
    if part.is_shared and id(part) in context.shared:
        return context.shared[id(part)], None
    if part.resource_type == "value":
        return part.value, None
    if path not in configs:
        configs = {path: part.default_config(path, os.environ)}
        configs.update(part.nested_configs(path, os.environ, context.shared))
    inner = context.with_config(configs[path], part)
    inner.configs, inner.path = configs, path
    return part.open(inner)


def _open_now(definition: ResourceDefinition, context: Any) -> Opened:
    """Start a resource whose nested config no plan has read."""
    context.path = definition.place
    context.configs = definition.nested_configs(context.path, os.environ, context.shared)
    return definition.open(context)


def open_alone(definition: ResourceDefinition) -> Opened:
    config = definition.default_config(definition.place, os.environ)
    return _open_now(definition, _doors.build_init_resource_context(config))


def open_from_context(cls: Any, context: Any, nested: Mapping[str, Any] | None) -> Opened:
    definition = cls.configure_at_launch(**(nested or {})).get_resource_definition()
    return _open_now(definition, context.with_config(context.resource_config, definition))
