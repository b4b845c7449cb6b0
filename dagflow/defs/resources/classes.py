"""Resource classes: `ConfigurableResource`, whose fields are its config and its nested resources.

The user creates an object; the engine starts its `get_resource_definition()`. The definition creates a new
object for each run from the config of the run, so no state leaks from one run into the next.
"""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar, overload

from dagflow import _doors
from dagflow._util import UNSET, has_class, is_double
from dagflow.config.field import Field
from dagflow.config.model import Config, is_resource_field, model_validator
from dagflow.config.objects import plain_config
from dagflow.config.parse import parse
from dagflow.defs.resources.definition import (
    RESOURCE_MARK,
    ResourceDefinition,
    as_resource,
)
from dagflow.defs.resources.opening import Opened, close_all, closing, enter, must_not_close
from dagflow.errors import CheckError, DagflowInvalidInvocationError

T = TypeVar("T")
_Self = TypeVar("_Self", bound="ConfigurableResourceFactory[Any]")
_Values = dict[str, Any]

if TYPE_CHECKING:

    class ResourceDependency(Generic[T]):
        """A field of a resource that takes another resource."""

        def __set_name__(self, owner: Any, name: str) -> None: ...

        @overload
        def __get__(self, instance: None, owner: Any) -> ResourceDependency[T]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T: ...
        def __get__(self, instance: Any, owner: Any) -> Any: ...

        def __set__(
            self,
            instance: Any,
            value: T | ResourceDefinition | PartialResource | ConfigurableResourceFactory[T],
        ) -> None: ...

else:

    class ResourceDependency:
        """A field of a resource that takes another resource: an object of a resource class, a resource
        definition, or a plain value. Reading the field returns the value.

        Example:
            >>> from dagflow import ConfigurableResource
            >>> class Shop(ConfigurableResource):
            ...     till: ResourceDependency[list]
            >>> Shop(till=[]).till
            []
        """

        def __class_getitem__(cls, item: Any) -> Any:
            return Annotated[Any, RESOURCE_MARK]


class ConfigurableResourceFactory(Config, Generic[T]):
    """The base of classes whose objects create a resource. Ops and assets receive the result of
    `create_resource` as a `ResourceParam[T]`.

    Example:
        >>> from dagflow import ResourceParam, job, op
        >>> class Kettle(ConfigurableResourceFactory[int]):
        ...     litres: int
        ...     def create_resource(self, context):
        ...         return 1000 * self.litres
        >>> @op
        ... def boil(kettle: ResourceParam[int]):
        ...     return kettle
        >>> @job(resource_defs={"kettle": Kettle(litres=2)})
        ... def tea():
        ...     boil()
        >>> tea.execute_in_process().output_for_node("boil")
        2000
    """

    __slots__ = ("_dagflow_context", "_dagflow_definition")  # not fields, so they do not count for equality
    __dagflow_resource__: ClassVar[str] = "factory"
    __dagflow_what__: ClassVar[str] = "resource class"

    @model_validator(mode="wrap")
    @classmethod
    def _accept_definition(cls, value: Any, handler: Callable[[Any], Any]) -> Any:
        """Accept a definition, a PartialResource or a double in a field of another resource."""
        if has_class(value, PartialResource) or has_class(value, ResourceDefinition) or is_double(value):
            return value
        return handler(value)

    # the user overrides these methods

    def create_resource(self, context: _doors.InitResourceContext) -> T | Generator[T, None, None]:
        """Create the resource for ops and assets. May be a generator that cleans up after its yield."""
        raise NotImplementedError(f"{type(self).__name__} needs a method create_resource(self, context)")

    def setup_for_execution(self, context: _doors.InitResourceContext) -> None:
        """Set up, when a run starts and before `create_resource`. May set private attributes."""

    def teardown_after_execution(self, context: _doors.InitResourceContext) -> None:
        """Tear down, when a run ends, even after a failure."""

    @contextlib.contextmanager
    def yield_for_execution(self, context: _doors.InitResourceContext) -> Iterator[T]:
        """Set up, yield the resource for ops and assets, and tear down, as one context manager."""
        self.setup_for_execution(context)
        try:
            value, close = enter(self.create_resource(context), type(self).__name__)
            try:
                yield value
            finally:
                if close is not None:
                    close()
        finally:
            self.teardown_after_execution(context)

    # the user calls these methods

    @classmethod
    def configure_at_launch(cls, **values: Any) -> PartialResource:
        """Return a resource of this class that takes its config from the run config.

        Args:
            values: Defaults of the config, and nested resources.

        Raises:
            DagflowInvalidInvocationError: A name is not a field.
        """
        known = [info.alias or name for name, info in cls.model_fields.items()]
        unknown = sorted(set(values) - set(known))
        if unknown and cls.model_config.get("extra") != "allow":
            raise DagflowInvalidInvocationError(
                f"{cls.__name__}.configure_at_launch() was given {unknown}, but its fields are {known}"
            )
        return PartialResource(cls, values)

    def get_resource_definition(self) -> ResourceDefinition:
        """Return the definition that the engine starts. Each object has one."""
        definition: ModelResource | None = getattr(self, "_dagflow_definition", None)
        if definition is None:
            definition = type(self).definition_class()(type(self), self, nested_values(self))
            object.__setattr__(self, "_dagflow_definition", definition)
        return definition

    @classmethod
    def definition_class(cls) -> type[ModelResource]:
        """Return the class of the definitions of its objects."""
        return ModelResource

    def get_resource_context(self) -> _doors.InitResourceContext:
        """Return the init context with which this object was started.

        Raises:
            CheckError: The object was not started yet.
        """
        if not hasattr(self, "_dagflow_context"):
            raise CheckError(
                "Attempted to get context before resource was initialized. "
                f"{type(self).__name__} has one in a run, after process_config_and_initialize(), and as "
                "with_replaced_resource_context(context)."
            )
        context: _doors.InitResourceContext = self._dagflow_context
        return context

    def with_replaced_resource_context(self: _Self, context: _doors.InitResourceContext) -> _Self:
        """Return a copy whose `get_resource_context()` returns this context."""
        copy = _fresh_copy(self, {})
        object.__setattr__(copy, "_dagflow_context", context)
        return copy

    @classmethod
    def from_resource_context(
        cls, context: _doors.InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> T:
        """Create the resource inside a resource function, from the config of its context.

        Raises:
            CheckError: The resource must be torn down. Use `from_resource_context_cm`.
        """
        value: T = must_not_close(*_from_context(cls, context, nested_resources))
        return value

    @classmethod
    @contextlib.contextmanager
    def from_resource_context_cm(
        cls, context: _doors.InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> Iterator[T]:
        """Create the resource as `from_resource_context`, and tear it down at the end of the `with` block."""
        with closing(_from_context(cls, context, nested_resources)) as value:
            yield value

    def process_config_and_initialize(self) -> T:
        """Start the resource and its nested resources, without a run. Environment variables are read.

        Raises:
            DagflowInvalidConfigError: A variable is not set.
            CheckError: The resource must be torn down. Use `process_config_and_initialize_cm`.

        Example:
            >>> from dagflow import ConfigurableResource
            >>> class Kettle(ConfigurableResource):
            ...     litres: int
            >>> Kettle(litres=2).process_config_and_initialize().litres
            2
        """
        value: T = must_not_close(*_open_alone(self.get_resource_definition()))
        return value

    @contextlib.contextmanager
    def process_config_and_initialize_cm(self) -> Iterator[T]:
        """Start the resource as `process_config_and_initialize`, and tear it down after the `with` block."""
        with closing(_open_alone(self.get_resource_definition())) as value:
            yield value

    def open_for_execution(self, context: _doors.InitResourceContext) -> Opened:
        """Start this object, for the engine."""
        cls = type(self)
        base = ConfigurableResourceFactory
        if (
            cls.yield_for_execution is not base.yield_for_execution
            or cls.teardown_after_execution is not base.teardown_after_execution
        ):
            return enter(self.yield_for_execution(context), cls.__name__)
        self.setup_for_execution(context)
        return enter(self.create_resource(context), cls.__name__)

    def _frozen_message(self, name: str) -> str:
        return (
            f"'{type(self).__name__}' is a Pythonic resource and does not support item assignment: "
            f"attribute '{name}' cannot be set. Keep state in a private attribute "
            f"('_{name}: ... = PrivateAttr()'), or in an object that a method of the resource makes."
        )


class ConfigurableResource(ConfigurableResourceFactory[T], Generic[T]):
    """The base of resource classes. Its fields are the config and nested resources. Ops and assets receive an
    object through a parameter that is annotated with the class, and call its methods.

    Override `setup_for_execution` and `teardown_after_execution`, or `yield_for_execution` for both, if
    needed. Objects are immutable, but have private attributes (`_client = PrivateAttr()`).

    Raises:
        pydantic.ValidationError: A value does not match its field.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> class Kettle(ConfigurableResource):
        ...     degrees: int = 96
        ...     def boil(self):
        ...         return f"{self.degrees} degrees"
        >>> @asset
        ... def water(kettle: Kettle):
        ...     return kettle.boil()
        >>> materialize_to_memory([water], resources={"kettle": Kettle(degrees=90)}).output_for_node("water")
        '90 degrees'
    """

    __dagflow_resource__: ClassVar[str] = "value"

    def create_resource(self, context: _doors.InitResourceContext) -> Any:
        """Return the object itself. A subclass may return another object."""
        return self


class IAttachDifferentObjectToOpContext(ABC):
    """A resource with one object for resource parameters and another for `context.resources`. It helps code
    that migrates from one to the other.
    """

    @abstractmethod
    def get_object_to_set_on_execution_context(self) -> Any:
        """Return the object for `context.resources`."""


class PartialResource:
    """A resource that takes its config from the run config. Made by `configure_at_launch`."""

    __slots__ = ("_definition", "resource_cls", "values")

    def __init__(
        self, resource_cls: type[ConfigurableResourceFactory[Any]], values: Mapping[str, Any]
    ) -> None:
        self.resource_cls: type[ConfigurableResourceFactory[Any]] = resource_cls
        self.values: dict[str, Any] = dict(values)
        self._definition: ResourceDefinition | None = None

    def get_resource_definition(self) -> ResourceDefinition:
        """Return the definition that the engine starts. Each object has one."""
        if self._definition is None:
            nested = {}
            for name, info in self.resource_cls.model_fields.items():
                if is_resource_field(info):
                    default = None if info.is_required() else info.get_default(call_default_factory=True)
                    nested[name] = self.values.get(info.alias or name, default)
            self._definition = self.resource_cls.definition_class()(self.resource_cls, self, nested)
        return self._definition

    def __repr__(self) -> str:
        return f"{self.resource_cls.__name__}.configure_at_launch({self.values})"


class ModelResource(ResourceDefinition):
    """The definition of a resource of a class: of an object, or of a PartialResource.

    Attributes:
        resource_cls: The class.
        source: The object, or the PartialResource.
        parts: The nested resources by field: definitions, or plain values.
    """

    def __init__(
        self, resource_cls: type[ConfigurableResourceFactory[Any]], source: Any, nested: _Values
    ) -> None:
        self.resource_cls = resource_cls
        self.source = source
        self.parts: dict[str, Any] = {
            name: as_resource(value) if _is_definition(value) else value for name, value in nested.items()
        }
        super().__init__(self._make, _schema(resource_cls, source), description=resource_cls.__doc__)
        self.nested: tuple[ResourceDefinition, ...] = tuple(
            part for part in self.parts.values() if has_class(part, ResourceDefinition)
        )
        self._own_config: Any = UNSET

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
        try:
            nested = {}
            for name, part in self.parts.items():
                nested[name] = part
                if has_class(part, ResourceDefinition):
                    nested[name], close = _open_part(part, name, context)
                    if close is not None:
                        closers.append(close)
            instance = self._object(context.resource_config or {}, nested)
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
        for name, part in self.parts.items():
            if has_class(part, ResourceDefinition) and not (part.is_shared and id(part) in shared):
                inner = f"{path}.{name}"
                configs[inner] = part.default_config(inner, environ)
                configs.update(part.nested_configs(inner, environ, shared))
        return configs

    def _object(self, config: Any, nested: _Values) -> ConfigurableResourceFactory[Any]:
        """Return an object with this config: a copy of the user's object, if the config is the same. A copy
        keeps private attributes, and validators run once for each value.
        """
        if self._own_config is UNSET:
            assert self.config_field is not None
            parsed = parse(self.config_field, UNSET)
            self._own_config = None if parsed.errors else parsed.value
        if config == self._own_config and isinstance(self.source, ConfigurableResourceFactory):
            return _fresh_copy(self.source, nested)
        aliases = {name: info.alias or name for name, info in self.resource_cls.model_fields.items()}
        return self.resource_cls.from_config({**config, **{aliases[name]: nested[name] for name in nested}})

    def _make(self, context: Any) -> Any:
        """Create the resource without a run. This is the function of the definition."""
        return must_not_close(*_open_now(self, context))

    def __repr__(self) -> str:
        return f"<resource {self.source!r}>"


def nested_values(resource: ConfigurableResourceFactory[Any]) -> _Values:
    """Return the values of the fields that take other resources, by field."""
    fields = type(resource).model_fields.items()
    return {name: getattr(resource, name) for name, info in fields if is_resource_field(info)}


def _fresh_copy(resource: _Self, nested: _Values) -> _Self:
    """Return a copy with its private attributes, but without cached properties."""
    copy = resource.model_copy(update=nested)
    for name in set(copy.__dict__) - set(type(resource).model_fields):
        del copy.__dict__[name]
    return copy


def _is_definition(value: Any) -> bool:
    return any(
        has_class(value, cls) for cls in (ResourceDefinition, ConfigurableResourceFactory, PartialResource)
    )


def _schema(cls: type[ConfigurableResourceFactory[Any]], source: Any) -> Field:
    """Return the config field of a resource. The values of an object are one default for the whole config;
    the values of `configure_at_launch` are defaults of single fields.
    """
    if isinstance(source, PartialResource):
        keys = cls.to_fields_dict()
        defaults = {key: plain_config(value) for key, value in source.values.items() if key in keys}
        return Field(cls.config_node(defaults))
    return Field(cls.config_node(), default_value=source.to_config_value())


def _open_part(part: ResourceDefinition, name: str, context: Any) -> Opened:
    if part.is_shared and id(part) in context.shared:
        return context.shared[id(part)], None
    if part.resource_type == "value":
        return part.value, None
    path = f"{context.path}.{name}"
    inner = context.with_config(context.configs[path], part)
    inner.configs, inner.path = context.configs, path
    return part.open(inner)


def _open_now(definition: ResourceDefinition, context: Any) -> Opened:
    """Start a resource whose nested config no plan has read."""
    context.path = definition.place
    context.configs = definition.nested_configs(context.path, os.environ, context.shared)
    return definition.open(context)


def _open_alone(definition: ResourceDefinition) -> Opened:
    config = definition.default_config(definition.place, os.environ)
    return _open_now(definition, _doors.build_init_resource_context(config))


def _from_context(cls: Any, context: Any, nested: Mapping[str, Any] | None) -> Opened:
    definition = cls.configure_at_launch(**(nested or {})).get_resource_definition()
    return _open_now(definition, context.with_config(context.resource_config, definition))
