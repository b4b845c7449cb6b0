"""Resources as definitions: how they are made, from which config, out of which other resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from dagflow._util import UNSET
from dagflow.config.field import Field, resolve_field
from dagflow.defs import _entry
from dagflow.defs.signature import location
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, check_type
from dagflow.keys import check_name

_R = TypeVar("_R", bound="ResourceDefinition")


class ResourceDefinition:
    """How a resource is made.

    Args:
        resource_fn: Called with an init context (or with nothing), returns the resource; a generator or a
            context manager may clean up behind its yield.
        config_schema: What config it takes.
        description: A sentence for people.
        required_resource_keys: Resources that it needs itself.
        version: The version of this code.

    Example:
        >>> ResourceDefinition.hardcoded_resource(3).value
        3
    """

    __slots__ = (
        "__wrapped__",
        "config_field",
        "description",
        "kind",
        "required_resource_keys",
        "resource_fn",
        "takes_context",
        "value",
        "version",
    )

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
        *,
        kind: str = "function",
    ) -> None:
        if not callable(resource_fn):
            raise ParameterCheckError(f"parameter 'resource_fn' must be a function, not {resource_fn!r}")
        self.resource_fn = resource_fn
        self.config_field: Field | None = None if config_schema is None else resolve_field(config_schema)
        self.description = description
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.version = version
        self.kind = kind
        self.value: Any = UNSET
        self.takes_context = _takes_context(resource_fn)
        self.__wrapped__ = resource_fn

    @property
    def config_schema(self) -> Field | None:
        """The schema of its config, None where anything goes."""
        return self.config_field

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """A resource that is this value."""
        definition = ResourceDefinition(nothing, description=description)
        definition.kind, definition.value = "value", value
        return definition

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """A resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make the resource directly, without a run."""
        return _entry.invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self.resource_fn, '__name__', self.kind)}>"


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
) -> Any:
    """Make a resource of a function that takes an init context, or nothing. Usable bare.

    Args:
        config_schema: What config it takes; the function reads `context.resource_config`.
        description: A sentence for people; default: the docstring.
        required_resource_keys: Resources that it reads from `context.resources`.
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
    if callable(config_schema) and not isinstance(config_schema, (type, Field)):
        return decorated(ResourceDefinition, config_schema)
    return lambda fn: decorated(
        ResourceDefinition, fn, config_schema, description, required_resource_keys, version
    )


def make_values_resource(**schema: Any) -> ResourceDefinition:
    """A resource whose value is a dict of its config.

    Args:
        schema: Config schema by key; without any, everything is accepted.
    """
    return ResourceDefinition(lambda context: context.resource_config, schema or None)


def as_resources(values: Mapping[str, Any] | None, place: str) -> dict[str, ResourceDefinition]:
    """Resource definitions by key: what is none already is the value of one.

    Args:
        values: Definitions or plain objects by key.
        place: What they were given to, for the message.
    """
    if not values:
        return {}
    check_type(values, Mapping, f"resources of {place}")
    return {check_name(key, "resource", reserved=False): as_resource(value) for key, value in values.items()}


def as_resource(value: Any) -> ResourceDefinition:
    """The resource definition that a value stands for."""
    return value if isinstance(value, ResourceDefinition) else ResourceDefinition.hardcoded_resource(value)


def decorated(cls: type[_R], fn: Callable[..., Any], *arguments: Any) -> _R:
    """The definition of a class that a decorator makes of a function; its docstring describes it."""
    if not callable(fn):
        raise DagflowInvalidDefinitionError(f"a resource must be made of a function, not {fn!r}")
    definition = cls(fn, *arguments)
    if definition.description is None:
        definition.description = inspect.getdoc(fn)
    return definition


def _takes_context(fn: Callable[..., Any]) -> bool:
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return True
    needed = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    if len(needed) > 1:
        raise DagflowInvalidDefinitionError(
            f"the resource function at {location(fn)} has {len(needed)} parameters without a default, but is "
            "called with "
            "one at most, the init context"
        )
    return bool(needed) or bool(parameters)


def nothing() -> None:
    """What makes a resource that something else stands for."""

