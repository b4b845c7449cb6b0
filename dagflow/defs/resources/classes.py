"""Resource classes: `ConfigurableResource`, whose fields are its config and its nested resources.

The user creates an object; the engine starts its `get_resource_definition()`. The definition creates a new
object for each run from the config of the run, so no state leaks from one run into the next.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar, overload

from dagflow import _doors
from dagflow._util import has_class, is_double
from dagflow.config.aliases import input_keys
from dagflow.config.model import Config, Entry, entries, model_validator
from dagflow.config.resource_fields import holds_resources
from dagflow.defs.parts.function import function_type_of, location
from dagflow.defs.resources.definition import RESOURCE_MARK, RESOURCES_MARK, ResourceDefinition
from dagflow.defs.resources.model import (
    ModelResource,
    PartialResource,
    fields_of_definitions,
    fresh_copy,
    nested_values,
    open_alone,
    open_from_context,
)
from dagflow.defs.resources.opening import Opened, closing, enter, must_not_close
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, DagflowInvalidInvocationError

T = TypeVar("T")
_Self = TypeVar("_Self", bound="ConfigurableResourceFactory[Any]")

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
            return Annotated[Any, RESOURCES_MARK if holds_resources(item) else RESOURCE_MARK]


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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in ("setup_for_execution", "teardown_after_execution"):
            method = cls.__dict__.get(name)
            if method is not None and function_type_of(method) != "plain":
                raise DagflowInvalidDefinitionError(
                    f"'{name}' of the resource class '{cls.__name__}' ({location(method)}) is async or a "
                    "generator, so its body would never run. Use a plain method, or yield_for_execution."
                )

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
        names = {key: name for name, info in cls.model_fields.items() for key in input_keys(cls, name, info)}
        known = list(names)
        unknown = sorted(set(values) - set(known))
        if unknown and cls.model_config.get("extra") != "allow":
            raise DagflowInvalidInvocationError(
                f"{cls.__name__}.configure_at_launch() was given {unknown}, but its fields are {known}"
            )
        firsts = {name: key for key, name in reversed(names.items())}
        return PartialResource(
            cls, {firsts[names[key]] if key in names else key: values[key] for key in values}
        )

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
        copy = fresh_copy(self, {})
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
        value: T = must_not_close(*open_from_context(cls, context, nested_resources))
        return value

    @classmethod
    @contextlib.contextmanager
    def from_resource_context_cm(
        cls, context: _doors.InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> Iterator[T]:
        """Create the resource as `from_resource_context`, and tear it down at the end of the `with` block."""
        with closing(open_from_context(cls, context, nested_resources)) as value:
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
        value: T = must_not_close(*open_alone(self.get_resource_definition()))
        return value

    @contextlib.contextmanager
    def process_config_and_initialize_cm(self) -> Iterator[T]:
        """Start the resource as `process_config_and_initialize`, and tear it down after the `with` block."""
        with closing(open_alone(self.get_resource_definition())) as value:
            yield value

    def _config_entries(self) -> tuple[Entry, ...]:
        """Return the fields that plain config has: containers of definitions are not config."""
        found = entries(type(self))
        lacking = fields_of_definitions(type(self), nested_values(self))
        return tuple(entry for entry in found if entry.name not in lacking) if lacking else found

    @property
    def _resolved_config_dict(self) -> dict[str, Any]:
        """The config without defaults, except of nested config. Packages for Dagster read it."""
        fields = type(self).model_fields
        defaults = {
            entry.key: fields[entry.name].get_default(call_default_factory=True, validated_data={})
            for entry in self._config_entries()
            if not fields[entry.name].is_required()
        }
        return {
            key: value
            for key, value in self.to_config_value().items()
            if key not in defaults or isinstance(value, dict) or value != defaults[key]
        }

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
