"""I/O managers and input managers as definitions.

The built-in I/O managers are here by type and schema. `dagflow.io.builtin` creates the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, overload

from dagflow import _doors
from dagflow._util import class_has
from dagflow.config.choice import StringSource
from dagflow.config.field import Field, is_function, resolve_field
from dagflow.copies import Copied
from dagflow.defs.parts.function import name_of
from dagflow.defs.resources.definition import ResourceDefinition, define, nothing
from dagflow.errors import ParameterCheckError, repr_of


class IOManagerDefinition(ResourceDefinition):
    """A function that creates an I/O manager.

    Args:
        resource_fn: As in ResourceDefinition; returns an IOManager.
        config_schema: The schema of its config.
        description: A sentence for people.
        required_resource_keys: Other resources that the function needs.
        version: The version of this code.
        output_config_schema: The schema of the config of each output that it stores:
            `ops.<op>.outputs.<output>` in the run config, `context.config` in `handle_output`.
        input_config_schema: The schema of the config of each input with it as input manager:
            `ops.<op>.inputs.<input>` in the run config, `context.config` in `load_input`.
        resource_type: As in ResourceDefinition.
    """

    __slots__ = ("input_config_field", "output_config_field")
    _keeps_version = False

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
        resource_type: str = "function",
    ) -> None:
        super().__init__(
            resource_fn,
            config_schema,
            description,
            required_resource_keys,
            version,
            resource_type=resource_type,
        )
        self.output_config_field: Field | None = _field(output_config_schema, resource_fn)
        self.input_config_field: Field | None = _field(input_config_schema, resource_fn)

    def references(self) -> Iterator[tuple[str, str]]:
        """Yield the places where the definition may be found."""
        if self.resource_type in _BUILTIN:
            yield __name__, _BUILTIN[self.resource_type]
        yield from super().references()

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
        """Return a definition of an I/O manager that is this object."""
        definition = IOManagerDefinition(nothing, description=description)
        definition.resource_type, definition.value = "value", value
        return definition


class InputManagerDefinition(ResourceDefinition):
    """A function that loads the inputs with this input manager. Made by `@input_manager`."""

    __slots__ = ("input_config_field", "load_fn")
    _keeps_version = False

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
            raise ParameterCheckError(f"parameter 'load_fn' must be a function, not {repr_of(load_fn)}")
        super().__init__(load_fn, config_schema, description, required_resource_keys, version)
        self.load_fn: Callable[..., Any] = load_fn
        self.input_config_field: Field | None = _field(input_config_schema, load_fn)
        self.resource_fn, self.takes_context = _Loader(load_fn, self.takes_context), False

    @property
    def input_config_schema(self) -> Field | None:
        """The schema of the config of an input."""
        return self.input_config_field


class _Loader(Copied):
    """The resource of an input manager, and the function of the resource, which returns it."""

    __slots__ = ("load_fn", "takes_context")

    def __init__(self, load_fn: Callable[..., Any], takes_context: bool) -> None:
        self.load_fn = load_fn
        self.takes_context = takes_context

    def __call__(self) -> _Loader:
        return self

    def load_input(self, context: Any) -> Any:
        """Load an input with the function of the user, or with the input manager that it returns."""
        value = self.load_fn(context) if self.takes_context else self.load_fn()
        return value.load_input(context) if class_has(value, "load_input") else value


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
    """Make an I/O manager of a function that returns an IOManager. Use it with or without arguments.

    Args:
        config_schema: The schema of its config.
        description: A sentence for people; default: the docstring of the function.
        output_config_schema: The schema of the config of each output that it stores.
        input_config_schema: The schema of the config of each input with it as input manager.
        required_resource_keys: Other resources that the function needs.
        version: The version of this code.

    Returns:
        The IOManagerDefinition, or a decorator.
    """
    if is_function(config_schema):
        return define(IOManagerDefinition, config_schema)
    arguments = (config_schema, description, required_resource_keys, version)
    schemas = {"output_config_schema": output_config_schema, "input_config_schema": input_config_schema}
    return lambda fn: define(IOManagerDefinition, fn, *arguments, **schemas)


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
    """Make an input manager of a function that loads the value of an input, or that returns an InputManager.
    Use it with or without arguments.

    Args:
        config_schema: The schema of its config, which the function reads from `context.resource_config`.
        description: A sentence for people; default: the docstring of the function.
        input_config_schema: The schema of the config of each input, which the function reads from
            `context.config`.
        required_resource_keys: Resources that the function reads from `context.resources`.
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
        return define(InputManagerDefinition, config_schema)
    arguments = (config_schema, description, input_config_schema, required_resource_keys, version)
    return lambda fn: define(InputManagerDefinition, fn, *arguments)


_BUILTIN = {
    "memory_io_manager": "mem_io_manager",
    "filesystem_io_manager": "fs_io_manager",
    "custom_path_io_manager": "custom_path_fs_io_manager",
    "default_io_manager": "default_io_manager",
}
"""The names of the built-in I/O managers in this module, by resource type."""


def _field(schema: Any, fn: Any) -> Field | None:
    return None if schema is None else resolve_field(schema, f"I/O manager '{name_of(fn)}'")


def _build_memory(context: _doors.InitResourceContext) -> Any:
    return _doors.build_builtin(mem_io_manager.resource_type, context)


def _build_files(context: _doors.InitResourceContext) -> Any:
    return _doors.build_builtin(fs_io_manager.resource_type, context)


def _build_at_paths(context: _doors.InitResourceContext) -> Any:
    return _doors.build_builtin(custom_path_fs_io_manager.resource_type, context)


def _build_default(context: _doors.InitResourceContext) -> Any:
    return _doors.build_builtin(default_io_manager.resource_type, context)


mem_io_manager: IOManagerDefinition = IOManagerDefinition(
    _build_memory,
    description="Stores values in memory, by reference, until the run ends.",
    resource_type="memory_io_manager",
)
fs_io_manager: IOManagerDefinition = IOManagerDefinition(
    _build_files,
    {"base_dir": Field(StringSource, is_required=False)},
    description="Stores values as pickle files in a folder.",
    resource_type="filesystem_io_manager",
)
custom_path_fs_io_manager: IOManagerDefinition = IOManagerDefinition(
    _build_at_paths,
    {"base_dir": Field(StringSource)},
    description="Stores each value as a pickle file at the 'path' in the metadata of its output.",
    resource_type="custom_path_io_manager",
)
default_io_manager: IOManagerDefinition = IOManagerDefinition(
    _build_default,
    description="Stores values in files, or in memory for a run in process.",
    resource_type="default_io_manager",
)
