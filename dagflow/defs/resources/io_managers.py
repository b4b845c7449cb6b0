"""I/O managers and input managers as definitions.

The built-in I/O managers are here by kind and schema only; `dagflow.io.builtin` has the object of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

from dagflow.config.field import Field, resolve_field
from dagflow.defs.resources.definition import ResourceDefinition, decorated, is_function, nothing
from dagflow.errors import ParameterCheckError


class IOManagerDefinition(ResourceDefinition):
    """How an I/O manager is made.

    Args:
        resource_fn: As in ResourceDefinition; what it returns is an IOManager.
        config_schema: What config it takes.
        description: A sentence for people.
        required_resource_keys: Resources that it needs itself.
        version: The version of this code.
        output_config_schema: What config each output that it stores takes: `ops.<op>.outputs.<output>` of a
            run config, `context.config` in `handle_output`.
        input_config_schema: What config an input takes that names it as its input manager:
            `ops.<op>.inputs.<input>` of a run config, `context.config` in `load_input`.
    """

    __slots__ = ("input_config_field", "output_config_field")

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
        *,
        output_config_schema: Any = None,
        input_config_schema: Any = None,
        kind: str = "function",
    ) -> None:
        super().__init__(resource_fn, config_schema, description, required_resource_keys, version, kind=kind)
        self.output_config_field: Field | None = _field(output_config_schema)
        self.input_config_field: Field | None = _field(input_config_schema)

    @property
    def output_config_schema(self) -> Field | None:
        """The schema of the config of an output."""
        return self.output_config_field

    @property
    def input_config_schema(self) -> Field | None:
        """The schema of the config of an input."""
        return self.input_config_field

    @staticmethod
    def hardcoded_io_manager(value: Any, description: str | None = None) -> IOManagerDefinition:
        """An I/O manager that is this object."""
        definition = IOManagerDefinition(nothing, description=description)
        definition.kind, definition.value = "value", value
        return definition


class InputManagerDefinition(ResourceDefinition):
    """How inputs are loaded that name this resource as their input manager. Made by `input_manager`."""

    __slots__ = ("input_config_field", "load_fn")

    resource_fn: Callable[[], _Loader]
    takes_context: bool

    def __init__(
        self,
        load_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        input_config_schema: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
    ) -> None:
        if not callable(load_fn):
            raise ParameterCheckError(f"parameter 'load_fn' must be a function, not {load_fn!r}")
        super().__init__(load_fn, config_schema, description, required_resource_keys, version)
        self.load_fn: Callable[..., Any] = load_fn
        self.input_config_field: Field | None = _field(input_config_schema)
        loader = _Loader(load_fn if self.takes_context else lambda context: load_fn())
        self.resource_fn, self.takes_context = lambda: loader, False

    @property
    def input_config_schema(self) -> Field | None:
        """The schema of the config of an input."""
        return self.input_config_field


class _Loader:
    """The resource that an input manager is: `load_input` is the function of the user."""

    __slots__ = ("load_input",)

    def __init__(self, load_input: Callable[[Any], Any]) -> None:
        self.load_input = load_input


@overload
def io_manager(config_schema: Callable[..., Any]) -> IOManagerDefinition: ...


@overload
def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], IOManagerDefinition]: ...


def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> IOManagerDefinition | Callable[[Callable[..., Any]], IOManagerDefinition]:
    """Make an I/O manager of a function that returns an IOManager. Usable bare.

    Args:
        config_schema: What config it takes.
        description: A sentence for people; default: the docstring.
        output_config_schema: What config each output takes that it stores.
        input_config_schema: What config an input takes that names it as its input manager.
        required_resource_keys: Resources that it needs itself.
        version: The version of this code.

    Returns:
        The IOManagerDefinition, or a decorator.
    """
    if is_function(config_schema):
        return decorated(IOManagerDefinition, config_schema)
    arguments = (config_schema, description, required_resource_keys, version)
    schemas = {"output_config_schema": output_config_schema, "input_config_schema": input_config_schema}
    return lambda fn: decorated(IOManagerDefinition, fn, *arguments, **schemas)


@overload
def input_manager(config_schema: Callable[..., Any]) -> InputManagerDefinition: ...


@overload
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], InputManagerDefinition]: ...


def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
) -> InputManagerDefinition | Callable[[Callable[..., Any]], InputManagerDefinition]:
    """Make an input manager of a function that loads the value of an input. Usable bare.

    Args:
        config_schema: What config it takes; the function reads `context.resource_config`.
        description: A sentence for people; default: the docstring.
        input_config_schema: What config each input takes; the function reads `context.config`.
        required_resource_keys: Resources that it reads from `context.resources`.
        version: The version of this code.

    Returns:
        The InputManagerDefinition, or a decorator.

    Example:
        >>> from dagflow import In, input_manager, job, op
        >>> @input_manager
        ... def shelf(context):
        ...     return f"the {context.name} of the shelf"
        >>> @op(ins={"beans": In(input_manager_key="shelf")})
        ... def grind(beans):
        ...     return beans
        >>> @job(resource_defs={"shelf": shelf})
        ... def cafe():
        ...     grind()
        >>> cafe.execute_in_process().output_for_node("grind")
        'the beans of the shelf'
    """
    if is_function(config_schema):
        return decorated(InputManagerDefinition, config_schema)
    arguments = (config_schema, description, input_config_schema, required_resource_keys, version)
    return lambda fn: decorated(InputManagerDefinition, fn, *arguments)


def _field(schema: Any) -> Field | None:
    return None if schema is None else resolve_field(schema)


mem_io_manager: IOManagerDefinition = IOManagerDefinition(
    nothing,
    description="Keeps values in memory, by reference, for the time of a run.",
    kind="memory_io_manager",
)
fs_io_manager: IOManagerDefinition = IOManagerDefinition(
    nothing,
    {"base_dir": Field(str, is_required=False)},
    description="Keeps values as pickle files below a folder.",
    kind="filesystem_io_manager",
)
default_io_manager: IOManagerDefinition = IOManagerDefinition(
    nothing, description="Files, or memory for a run in process.", kind="default_io_manager"
)
