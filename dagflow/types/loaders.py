"""Loaders, which build the value of an input from config if the input has no upstream output.

A `DagflowTypeLoader` has a config schema and turns checked config into a value. Numbers, strings, lists,
dicts and optional values have one of the loaders below. For their own types, users decorate a function with
`@dagflow_type_loader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType
from typing import Any as AnyValue

from dagflow import _doors
from dagflow._util import takes
from dagflow.config.choice import Noneable, ScalarUnion, Selector
from dagflow.config.field import Array, Map, Permissive, resolve_schema
from dagflow.config.scalar import Any, ConfigType
from dagflow.copies import Copied
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError, repr_of
from dagflow.keys import resource_keys


class DagflowTypeLoaderContext:
    """The context of a type loader.

    Args:
        resources: The resources that the loader requires, as attributes.
        log: A function that returns the log of the step.
        run_id: The ID of the run.
        op_def: The op whose input is loaded.
        job_def: The job.
        step_key: The key of the step.
    """

    __slots__ = ("_log", "job_def", "op_def", "resources", "run_id", "step_key")

    def __init__(
        self,
        *,
        resources: _doors.ScopedResources,
        log: Callable[[], _doors.DagflowLogManager],
        run_id: str,
        op_def: _doors.OpDefinition | None = None,
        job_def: _doors.JobDefinition | None = None,
        step_key: str | None = None,
    ) -> None:
        self.resources: _doors.ScopedResources = resources
        self._log = log
        self.run_id: str = run_id
        self.op_def: _doors.OpDefinition | None = op_def
        self.job_def: _doors.JobDefinition | None = job_def
        self.step_key: str | None = step_key

    @property
    def log(self) -> _doors.DagflowLogManager:
        """The log of the step."""
        return self._log()


class DagflowTypeLoader(Copied):
    """A loader of values from config. Subclass it, or decorate a function with `dagflow_type_loader`."""

    @property
    def schema_type(self) -> AnyValue:
        """The config schema, in any form that users write."""
        raise NotImplementedError

    @property
    def config_type(self) -> ConfigType:
        """The config schema as a node."""
        return resolve_schema(self.schema_type)

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        """Return the value for checked config.

        Args:
            context: The resources, log and run.
            config_value: Config that matches `schema_type`.
        """
        raise NotImplementedError

    def required_resource_keys(self) -> frozenset[str]:
        """Return the keys of the resources that `construct_from_config_value` reads."""
        return frozenset()


_Construct = Callable[[DagflowTypeLoaderContext, AnyValue], AnyValue]


class _FunctionLoader(DagflowTypeLoader):
    def __init__(
        self, function: _Construct, schema: ConfigType, required_resource_keys: frozenset[str]
    ) -> None:
        self._schema = schema
        self._function = function
        self._required_resource_keys = required_resource_keys
        self.__wrapped__ = function
        self.__doc__ = function.__doc__

    @property
    def schema_type(self) -> ConfigType:
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return self._function(context, config_value)

    def required_resource_keys(self) -> frozenset[str]:
        return self._required_resource_keys


def dagflow_type_loader(
    config_schema: AnyValue, required_resource_keys: Iterable[str] | None = None
) -> Callable[[_Construct], DagflowTypeLoader]:
    """Turn a function `(context, config)` into a type loader.

    Args:
        config_schema: The schema of the config for an input of the type.
        required_resource_keys: The resources that the function reads from its context.

    Returns:
        A decorator.

    Raises:
        DagflowInvalidDefinitionError: The function's first parameter is not called `context`.

    Example:
        >>> @dagflow_type_loader(config_schema={"cups": int})
        ... def brew(context, config):
        ...     return ["cup"] * config["cups"]
        >>> brew.schema_type
        <config type { cups: Int }>
    """
    schema = resolve_schema(config_schema)
    keys = resource_keys(required_resource_keys, "a type loader")

    def decorate(function: _Construct) -> DagflowTypeLoader:
        if not callable(function):
            raise ParameterCheckError(f"@dagflow_type_loader decorates a function, not {repr_of(function)}")
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            parameters = code.co_varnames[: code.co_argcount]
            is_named = bool(parameters) and parameters[0] in ("context", "_context", "context_", "_")
            least = code.co_argcount - len(getattr(function, "__defaults__", None) or ())
            most = 2 if code.co_flags & 0x04 else code.co_argcount  # 0x04: it has *args
            if not is_named or not least <= 2 <= most:
                raise DagflowInvalidDefinitionError(
                    f"the type loader '{code.co_name}' ({code.co_filename}:{code.co_firstlineno}) must have "
                    f"'context' as its first parameter and the config as its second one; it has "
                    f"{list(parameters)!r}"
                )
        if not takes(function, 2):
            raise DagflowInvalidDefinitionError(
                f"the type loader '{getattr(function, '__name__', repr_of(function))}' cannot be called with "
                "two arguments, a context and the config"
            )
        return _FunctionLoader(function, schema, keys)

    return decorate


def _source_selector(value_schema: ConfigType) -> Selector:
    return Selector({"value": value_schema, "json": {"path": str}, "pickle": {"path": str}})


def _load(source: Mapping[str, AnyValue]) -> AnyValue:
    """Return the value of `{"value": v}`, `{"json": {"path": p}}` or `{"pickle": {"path": p}}`."""
    ((form, content),) = source.items()
    if form == "value":
        return content
    if form == "pickle":
        import pickle  # imported lazily: the config itself holds most values

        with open(content["path"], "rb") as file:
            return pickle.load(file)
    import json

    with open(content["path"], encoding="utf-8") as file:
        found = json.load(file)
    if not isinstance(found, dict) or "value" not in found:
        raise ValueError(
            f"the JSON file '{content['path']}' must contain a dict with the key 'value', not {found!r:.80}"
        )
    return found["value"]


class ScalarLoader(DagflowTypeLoader):
    """A loader of scalars from a bare value, `{"value": v}`, or the path of a JSON or pickle file."""

    def __init__(self, scalar: ConfigType) -> None:
        self._scalar = scalar
        self._schema: ConfigType | None = None

    @property
    def schema_type(self) -> ConfigType:
        if self._schema is None:
            self._schema = ScalarUnion(self._scalar, _source_selector(self._scalar))
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return _load(config_value) if isinstance(config_value, dict) else config_value


class AnyLoader(DagflowTypeLoader):
    """A loader of any value from `{"value": v}`, or the path of a JSON or pickle file.

    A bare value is not accepted, because a bare dict would be ambiguous.
    """

    def __init__(self) -> None:
        self._schema: ConfigType | None = None

    @property
    def schema_type(self) -> ConfigType:
        if self._schema is None:
            self._schema = _source_selector(Any)
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return _load(config_value)


class PlainDictLoader(DagflowTypeLoader):
    """A loader that returns a dict from config unchanged."""

    @property
    def schema_type(self) -> ConfigType:
        return Permissive()

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return config_value


class DictLoader(DagflowTypeLoader):
    """A loader of dicts; the loader `inner` builds each value."""

    def __init__(self, key: ConfigType, inner: DagflowTypeLoader) -> None:
        self._inner = inner
        self._schema = Map(key, inner.config_type)

    @property
    def schema_type(self) -> ConfigType:
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        construct = self._inner.construct_from_config_value
        return {key: construct(context, item) for key, item in config_value.items()}

    def required_resource_keys(self) -> frozenset[str]:
        return self._inner.required_resource_keys()


class ListLoader(DagflowTypeLoader):
    """A loader of a `container` (list or set) from a list; the loader `inner` builds each item."""

    def __init__(
        self, inner: DagflowTypeLoader, container: Callable[[Iterable[AnyValue]], AnyValue] = list
    ) -> None:
        self._inner = inner
        self._container = container
        self._schema = Array(inner.config_type)

    @property
    def schema_type(self) -> ConfigType:
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        construct = self._inner.construct_from_config_value
        return self._container([construct(context, item) for item in config_value])

    def required_resource_keys(self) -> frozenset[str]:
        return self._inner.required_resource_keys()


class TupleLoader(DagflowTypeLoader):
    """A loader of tuples from a list, with a loader for each item. The type check tests the length."""

    def __init__(self, inner: Sequence[DagflowTypeLoader]) -> None:
        self._inner = inner

    @property
    def schema_type(self) -> ConfigType:
        return Array(Any)

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        loaded = [
            loader.construct_from_config_value(context, item)
            for loader, item in zip(self._inner, config_value, strict=False)
        ]
        return (*loaded, *config_value[len(loaded) :])

    def required_resource_keys(self) -> frozenset[str]:
        return frozenset().union(*(loader.required_resource_keys() for loader in self._inner))


class OptionalLoader(DagflowTypeLoader):
    """A loader of None, or of a value that the loader `inner` builds."""

    def __init__(self, inner: DagflowTypeLoader) -> None:
        self._inner = inner
        self._schema = Noneable(inner.config_type)

    @property
    def schema_type(self) -> ConfigType:
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return (
            None if config_value is None else self._inner.construct_from_config_value(context, config_value)
        )

    def required_resource_keys(self) -> frozenset[str]:
        return self._inner.required_resource_keys()
