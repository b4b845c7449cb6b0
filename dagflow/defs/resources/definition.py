"""Resource definitions: the function that creates a resource, its config, and the resources it needs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Iterable, Mapping
from types import FunctionType
from typing import Annotated, Any, ClassVar, TypeVar, overload

from dagflow import _doors
from dagflow._util import UNSET, class_has, has_class
from dagflow.config.field import ANYTHING, Field, is_function, resolve_field
from dagflow.config.read import read_config
from dagflow.copies import Copied
from dagflow.defs.parts.configured import configured_field
from dagflow.defs.parts.function import (
    KEYWORD_ONLY,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    documentation_of,
    location,
    name_of,
    parameters_of,
)
from dagflow.defs.resources.opening import Opened, enter
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_texts,
    check_type,
    repr_of,
)
from dagflow.keys import check_name, resource_keys

_R = TypeVar("_R", bound="ResourceDefinition")
_T = TypeVar("_T")


class _Mark:
    """A mark in an annotation: the annotated parameter or field takes a resource, or a container of them."""

    __slots__ = ("is_container",)
    __dagflow_resource__: ClassVar[str] = "value"

    def __init__(self, is_container: bool) -> None:
        self.is_container: bool = is_container

    def __repr__(self) -> str:
        return "resources" if self.is_container else "resource"


RESOURCE_MARK = _Mark(is_container=False)
RESOURCES_MARK = _Mark(is_container=True)
ResourceParam = Annotated[_T, RESOURCE_MARK]
"""The annotation of a parameter that takes a resource: `db: ResourceParam[Database]`. Its name is the key."""


class ResourceDefinition(Copied):
    """A function that creates a resource.

    Args:
        resource_fn: Receives an init context (or nothing) and returns the resource. A generator or context
            manager may clean up after its yield.
        config_schema: The schema of its config.
        description: A sentence for people.
        required_resource_keys: Other resources that the function needs.
        version: The version of this code.
        resource_type: "function", "value" (the resource is `value`), or the name of a built-in I/O manager.

    Example:
        >>> ResourceDefinition.hardcoded_resource(3).value
        3
    """

    __slots__ = (
        "__dict__",  # so that packages can document a definition by its `__doc__`
        "__wrapped__",
        "config_field",
        "description",
        "nested",
        "required_resource_keys",
        "resource_fn",
        "resource_type",
        "takes_context",
        "value",
        "version",
    )
    __dagflow_resource__: ClassVar[str] = "factory"
    _keeps_version: ClassVar[bool] = True

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
        *,
        resource_type: str = "function",
    ) -> None:
        if not callable(resource_fn):
            raise ParameterCheckError(
                f"parameter 'resource_fn' must be a function, not {repr_of(resource_fn)}"
            )
        check_texts("a resource", description=description, version=version)
        self.resource_fn: Callable[..., Any] = resource_fn
        self.config_field: Field | None = (
            None
            if config_schema is None
            else resolve_field(config_schema, f"resource '{name_of(resource_fn)}'")
        )
        self.description: str | None = description
        self.__wrapped__: Callable[..., Any] = resource_fn
        self.required_resource_keys: frozenset[str] = resource_keys(
            required_resource_keys, f"resource ({self.place})"
        )
        self.version: str | None = version
        self.resource_type: str = resource_type
        self.nested: tuple[ResourceDefinition, ...] = ()
        self.value: Any = UNSET
        self.takes_context: bool = _takes_context(resource_fn)

    @property
    def config_schema(self) -> Field:
        """The schema of its config; any config, if it has no schema."""
        return ANYTHING if self.config_field is None else self.config_field

    def open(self, context: Any) -> Opened:
        """Create the resource, for the engine. A generator or context manager that the function returns is
        entered.

        Args:
            context: The init context, which holds the checked config.
        """
        return enter(self.resource_fn(context) if self.takes_context else self.resource_fn(), self.place)

    def default_config(self, path: str, environ: Mapping[str, str]) -> Any:
        """Return the config of this resource if none is given: the defaults of its schema.

        Args:
            path: Its key, or the path of a nested resource, for messages.
            environ: The environment variables that a default may name.

        Raises:
            DagflowInvalidConfigError: A variable is not set, or the schema requires config.
        """
        return read_config(self.config_field, UNSET, f"Error in config for resource '{path}'", environ)

    def nested_configs(
        self, path: str, environ: Mapping[str, str], shared: Container[int] = ()
    ) -> dict[str, Any]:
        """Return the config of the resources that are nested in this one, by path, as "shop.kettle".

        Args:
            path: The path of this resource.
            environ: The environment variables that a default may name.
            shared: The ids of the definitions that are started under their own key.

        Raises:
            DagflowInvalidConfigError: A variable is not set, or required config is missing.
        """
        return {}

    @property
    def is_shared(self) -> bool:
        """True if the resources that contain it share the one that is started under its own key."""
        return True

    @property
    def place(self) -> str:
        """The file and line of its function, for messages."""
        return location(self.__wrapped__)

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """Return a definition of a resource that is this value."""
        definition = ResourceDefinition(nothing, description=description)
        definition.resource_type, definition.value = "value", value
        return definition

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """Return a definition of a resource that is the string in its config."""
        return ResourceDefinition(own_config, str, description)

    @staticmethod
    def mock_resource(description: str | None = None) -> ResourceDefinition:
        """Return a definition of a resource that is a new `unittest.mock.MagicMock` in each run."""

        def make() -> Any:
            from unittest import mock

            return mock.MagicMock()

        return ResourceDefinition(make, description=description)

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """Return a definition of a resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    def configured(
        self: _R, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None
    ) -> _R:
        """Return a copy of this resource with fixed config.

        Args:
            config_or_config_fn: The config, or a function from the config of the copy to this config.
            config_schema: The schema of the config of the copy.
            description: Default: the description of this resource.
        """
        new = copy.copy(self)
        new.config_field = configured_field(
            self.config_field,
            config_or_config_fn,
            config_schema,
            class_name=type(self).__name__,
            place=f"resource ({self.place})",
        )
        new.description = self.description if description is None else description
        if not self._keeps_version:
            new.version = None
        return new

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Create the resource directly, without a run."""
        return _doors.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self.resource_fn, '__name__', self.resource_type)}>"


@overload
def resource(config_schema: Callable[..., Any]) -> ResourceDefinition: ...


@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], ResourceDefinition]: ...


def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> ResourceDefinition | Callable[[Callable[..., Any]], ResourceDefinition]:
    """Make a resource of a function that takes an init context, or nothing. Use it with or without arguments.

    Args:
        config_schema: The schema of its config, which the function reads from `context.resource_config`.
        description: A sentence for people; default: the docstring of the function.
        required_resource_keys: Resources that the function reads from `context.resources`.
        version: The version of this code.

    Returns:
        The ResourceDefinition, or a decorator.

    Example:
        >>> @resource
        ... def beans():
        ...     return 3
        >>> beans()
        3
    """
    if is_function(config_schema):
        return define(ResourceDefinition, config_schema)
    return lambda fn: define(
        ResourceDefinition, fn, config_schema, description, required_resource_keys, version
    )


def make_values_resource(**schema: Any) -> ResourceDefinition:
    """Return a definition of a resource that is the dict of its config.

    Args:
        schema: Config schemas by key; without arguments, any config.
    """
    return ResourceDefinition(own_config, schema or None)


def as_resources(
    values: Mapping[str, Any] | None, place: str, name: str = "resources"
) -> dict[str, ResourceDefinition]:
    """Turn each value into a ResourceDefinition, unless it already is one.

    Args:
        values: Definitions or plain objects by key.
        place: The definition that receives them, for the message.
        name: The name of the argument, for the message.

    Raises:
        ParameterCheckError: The argument is not a mapping.
        DagflowInvalidDefinitionError: A key or a value is invalid.
    """
    if values is None:
        return {}
    check_type(values, Mapping, name, place)
    return {check_name(key, "resource", reserved=False): as_resource(value) for key, value in values.items()}


def as_resource(value: Any) -> ResourceDefinition:
    """Turn a value into a ResourceDefinition, unless it already is one.

    A double, such as a `Mock(spec=Database)`, is a plain value: only its class counts.

    Raises:
        DagflowInvalidDefinitionError: The value is a resource class, not an object of it.
    """
    if has_class(value, ResourceDefinition):
        return value
    if class_has(value, "get_resource_definition"):
        definition: ResourceDefinition = value.get_resource_definition()
        return definition
    if has_class(value, type) and hasattr(value, "get_resource_definition"):
        name = value.__name__
        raise DagflowInvalidDefinitionError(
            f"{name} is the class of a resource. Give an object, {name}(...), or "
            f"{name}.configure_at_launch() to take its config from the run config."
        )
    if class_has(value, "handle_output") and class_has(value, "load_input"):
        return _doors.IOManagerDefinition.hardcoded_io_manager(value)
    return ResourceDefinition.hardcoded_resource(value)


def resource_configs(
    definitions: Mapping[str, ResourceDefinition],
    keys: Iterable[str],
    given: Mapping[str, Any],
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """Return the checked config of resources and of those that are nested in them.

    Args:
        definitions: All resources by key.
        keys: The resources whose config is returned.
        given: Checked config by key. Other resources get the defaults of their schema.
        environ: The environment variables that a default may name.

    Returns:
        Config by key; for a nested resource by its path, as "shop.kettle". A resource without config is left
        out.

    Raises:
        DagflowInvalidConfigError: A default names a variable that is not set, or required config is missing.
    """
    configs: dict[str, Any] = {}
    for key in keys:
        definition = definitions[key]
        config = given.get(key, UNSET)
        if config is not UNSET:
            configs[key] = config
        elif definition.config_field is not None:
            configs[key] = definition.default_config(key, environ)
        if definition.nested:
            shared = {id(known) for known in definitions.values()}
            configs.update(definition.nested_configs(key, environ, shared))
    return configs


def define(cls: type[_R], fn: Callable[..., Any], *arguments: Any, **named: Any) -> _R:
    """Build a definition for a decorator. Its default description is the docstring of the function."""
    if not callable(fn):
        raise DagflowInvalidDefinitionError(f"a resource must be made of a function, not {repr_of(fn)}")
    definition = cls(fn, *arguments, **named)
    if definition.description is None:
        definition.description = documentation_of(fn)
    if isinstance(fn, FunctionType):
        definition.__doc__ = fn.__doc__
        definition.__dict__["__name__"] = fn.__name__
    return definition


def _takes_context(fn: Callable[..., Any]) -> bool:
    try:
        parameters = parameters_of(fn)
    except (TypeError, ValueError):
        return True
    positional = [parameter for parameter in parameters if parameter.role not in (VAR_KEYWORD, KEYWORD_ONLY)]
    first = next((parameter for parameter in positional if parameter.role != VAR_POSITIONAL), None)
    others = [
        parameter.name
        for parameter in parameters
        if parameter is not first
        and not parameter.has_default
        and parameter.role not in (VAR_KEYWORD, VAR_POSITIONAL)
    ]
    if others:
        raise DagflowInvalidDefinitionError(
            f"the resource function '{name_of(fn)}' at {location(fn)} expects only a single positional "
            f"required argument, the init context. Give {', '.join(others)} a default, or read config and "
            f"resources "
            "from the context."
        )
    return bool(positional)


def own_config(context: Any) -> Any:
    """Return the config of a resource. The function of the definitions whose resource is their config."""
    return context.resource_config


def nothing() -> None:
    """Do nothing. The function of the definitions that need no function."""
