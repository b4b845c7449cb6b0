"""Config that a function makes of other config: `ConfigMapping` for graphs and jobs, and `configured`.

Both become a `Mapped` node of a config schema. The reader of the schema calls the function and checks its
result, so all code that reads config handles both alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, overload

from dagflow.config.field import ANYTHING, Field, resolve_field
from dagflow.config.mapping import Mapped, MappingMessages
from dagflow.config.objects import is_config_object, plain_config
from dagflow.copies import Copied, WithFirst, first_of
from dagflow.defs.parts.function import config_class_of, location, name_of, parameters_of
from dagflow.errors import CheckError, ParameterCheckError, check_optional, repr_of

_ConfigFn = Callable[[Any], Any]


class ConfigMapping(Copied):
    """A function from the config of a graph or job to the config of the nodes inside it.

    Args:
        config_fn: Takes config that matches `config_schema`. Returns the config of the nodes by name (for a
            graph), or a whole run config (for a job).
        config_schema: The schema of the config of the graph or job; default: any config, or none at all.
        receive_processed_config_values: Whether `config_fn` receives enum members and the values of
            environment variables (default), or names and `{"env": ...}` as written (False).

    Raises:
        ParameterCheckError: `config_fn` is not a function.

    Example:
        >>> from dagflow import graph, op
        >>> @op(config_schema={"grams": int})
        ... def brew(context):
        ...     return context.op_config["grams"]
        >>> @graph(config=ConfigMapping(lambda cups: {"brew": {"config": {"grams": 9 * cups}}}, int))
        ... def bar():
        ...     brew()
        >>> bar.execute_in_process({"ops": {"config": 2}}).output_for_node("brew")
        18
    """

    __slots__ = ("config_fn", "config_schema", "receive_processed_config_values")

    def __init__(
        self,
        config_fn: _ConfigFn,
        config_schema: Any = None,
        receive_processed_config_values: bool | None = None,
    ) -> None:
        self.config_fn: _ConfigFn = _function(config_fn, "config_fn")
        self.config_schema: Field = resolve_field(config_schema, f"config mapping '{name_of(config_fn)}'")
        self.receive_processed_config_values: bool | None = check_optional(
            receive_processed_config_values, bool, "receive_processed_config_values", "a ConfigMapping"
        )

    def decorated(self) -> Callable[..., Any] | None:
        """Return the function of the user."""
        fn: Callable[..., Any] = getattr(self.config_fn, "__wrapped__", self.config_fn)
        return fn

    @property
    def is_raw(self) -> bool:
        """True if `config_fn` receives names of enum members and `{"env": ...}` as written."""
        return self.receive_processed_config_values is False

    def __repr__(self) -> str:
        return f"ConfigMapping({self.config_fn!r}, {self.config_schema!r})"


@overload
def config_mapping(config_fn: _ConfigFn) -> ConfigMapping: ...


@overload
def config_mapping(
    config_fn: None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> Callable[[_ConfigFn], ConfigMapping]: ...


def config_mapping(
    config_fn: _ConfigFn | None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> ConfigMapping | Callable[[_ConfigFn], ConfigMapping]:
    """Make a ConfigMapping of a function. Use it with or without arguments.

    The arguments are those of ConfigMapping. If the parameter of the function is annotated with a Config
    class, the class is the schema, and the function receives an object of it.

    Returns:
        The ConfigMapping, or a decorator.

    Example:
        >>> @config_mapping(config_schema={"cups": int})
        ... def bar_config(config):
        ...     return {"ops": {"brew": {"config": {"grams": 9 * config["cups"]}}}}
        >>> bar_config.config_schema
        Field({ cups: Int }, required)
    """

    def decorate(fn: _ConfigFn) -> ConfigMapping:
        function, schema = _on_plain_config(_function(fn, "config_fn"), config_schema)
        return ConfigMapping(function, schema, receive_processed_config_values)

    return decorate if config_fn is None else decorate(config_fn)


def as_config_mapping(config: Any, place: str) -> ConfigMapping | None:
    """Turn the `config` argument of a graph into a config mapping. A dict is the fixed config of its nodes.

    Raises:
        ParameterCheckError: `config` is not a ConfigMapping, a dict or None.
    """
    if config is None or isinstance(config, ConfigMapping):
        return config
    if isinstance(config, Mapping):
        fixed = dict(config)
        return ConfigMapping(WithFirst(first_of, fixed))
    raise ParameterCheckError(
        f"parameter 'config' of {place} must be a ConfigMapping or a dict, not {repr_of(config)}"
    )


def configured(configurable: Any, config_schema: Any = None, **more: Any) -> Callable[[Any], Any]:
    """Make a copy of a definition with fixed config. The result takes a dict, or decorates a function.

    Args:
        configurable: An op, resource, resource class, I/O manager, executor or logger, or a graph with a
            config mapping.
        config_schema: The schema of the config of the new definition, which the function takes.
        more: `name` (of ops, graphs and executors; default: the name of the function) and `description`.

    Returns:
        A function that takes the config, or a function that makes it, and returns the new definition.

    Raises:
        ParameterCheckError: `configurable` takes no config.
        CheckError: An op or graph is configured with a dict, but without a name.

    Example:
        >>> from dagflow import op
        >>> @op(config_schema={"grams": int})
        ... def brew(context):
        ...     return context.op_config["grams"]
        >>> @configured(brew, config_schema=int)
        ... def brew_cups(cups):
        ...     return {"grams": 9 * cups}
        >>> brew_cups.name
        'brew_cups'
    """
    if isinstance(configurable, type) and hasattr(configurable, "configure_at_launch"):
        configurable = configurable.configure_at_launch().get_resource_definition()
    method = getattr(configurable, "configured", None)
    if method is None or isinstance(configurable, type):
        raise ParameterCheckError(
            f"parameter 'configurable' must be an op, graph, resource, resource class, I/O manager, executor "
            f"or logger, not {repr_of(configurable)}"
        )
    return lambda config: method(config, config_schema=config_schema, **more)


def configured_field(
    inner: Field | None,
    config_or_fn: Any,
    config_schema: Any,
    *,
    class_name: str,
    place: str,
    when_refused: str | None = None,
) -> Field:
    """Return the config field of a definition with fixed config.

    Args:
        inner: The config field of the original definition.
        config_or_fn: The config, or a function that makes it.
        config_schema: The schema of the config that the function takes.
        class_name: The class of the definition, for the message about a function that raises.
        place: The new definition, for messages.
        when_refused: The first line of the error about config that does not match `inner`.
    """
    if callable(config_or_fn):
        function, schema = _on_plain_config(config_or_fn, config_schema)
    else:
        config = plain_config(config_or_fn) if is_config_object(config_or_fn) else config_or_fn
        function, schema = WithFirst(first_of, config), None
    return Field(
        Mapped(
            resolve_field(schema, place),
            function,
            ANYTHING if inner is None else inner,
            MappingMessages(
                f"on a `configured` {class_name}",
                when_refused or f"Error in config for {place}",
                detail=f"It makes the config of {place}.",
                path=("config",),
            ),
            source=config_or_fn,
        )
    )


def new_name(config_or_fn: Any, name: str | None, place: str) -> str:
    """Return the name of a definition with fixed config: the given name, or that of the function.

    Raises:
        CheckError: No name is given, and the config is not a function with a name.
    """
    found = name if name is not None else getattr(config_or_fn, "__name__", None)
    if not isinstance(found, str):
        raise CheckError(
            f"{place} is configured with {repr_of(config_or_fn)}; give the new definition a 'name'"
        )
    return found


def _on_plain_config(function: _ConfigFn, schema: Any) -> tuple[_ConfigFn, Any]:
    """Return a function from dict to dict and its schema, for one that may take and return Config objects."""
    given = config_class_of(function)
    if given is not None and schema is not None:
        raise CheckError(
            "Cannot provide config_schema to @configured function with Config-annotated param: "
            f"'{given.__name__}' is the schema of the function at {location(function)}"
        )
    if given is not None and len(parameters_of(function)) != 1:
        raise CheckError(
            "@configured function should have exactly one parameter, the config; "
            f"see the one at {location(function)}"
        )

    converted = WithFirst(_call_on_plain_config, function)
    return converted, schema if given is None else given.to_config_schema()


def _call_on_plain_config(function: _ConfigFn, config: Any) -> Any:
    given = config_class_of(function)
    made = function(config if given is None else given.from_config(config))
    return plain_config(made) if is_config_object(made) else made


def _function(value: Any, name: str) -> _ConfigFn:
    if not callable(value):
        raise ParameterCheckError(f"parameter '{name}' must be a function, not {repr_of(value)}")
    function: _ConfigFn = value
    return function
