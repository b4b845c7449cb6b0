"""Making a value from config: what an input takes that nothing in the job feeds.

A `DagflowTypeLoader` has the schema of such config and turns what was read into a value. Numbers and texts,
lists, dicts and optional values have one of the loaders below; for a type of their own users write a function
under `@dagflow_type_loader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any as AnyValue

from dagflow import _doors
from dagflow.config.choice import Noneable, ScalarUnion, Selector
from dagflow.config.field import Array, Map, Permissive, resolve_schema
from dagflow.config.scalar import Any, ConfigType
from dagflow.errors import DagflowInvalidDefinitionError, ParameterCheckError
from dagflow.keys import resource_keys


class DagflowTypeLoaderContext:
    """What a type loader can see while it makes a value.

    Args:
        resources: Those that the loader requires.
        log: Gives the log of the step.
        run_id: The run.
        op_def: The op whose input is loaded.
        job_def: The job.
        step_key: The step.
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


class DagflowTypeLoader:
    """Makes a value of a type from config. Subclass it, or decorate a function with `dagflow_type_loader`."""

    @property
    def schema_type(self) -> AnyValue:
        """The schema of the config: anything that can be a config schema."""
        raise NotImplementedError

    @property
    def config_type(self) -> ConfigType:
        """`schema_type` as a node, which reads the config."""
        return resolve_schema(self.schema_type)

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        """The value that config stands for.

        Args:
            context: The resources, logger and run.
            config_value: What was read with `schema_type`.
        """
        raise NotImplementedError

    def required_resource_keys(self) -> frozenset[str]:
        """The resources that `construct_from_config_value` reads."""
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
    """Make a type loader of a function `(context, config)`.

    Args:
        config_schema: What an input of the type takes from config.
        required_resource_keys: The resources that the function reads from its context.

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
            raise ParameterCheckError(f"@dagflow_type_loader decorates a function, not {function!r}")
        code = getattr(function, "__code__", None)
        if code is not None:
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
        return _FunctionLoader(function, schema, keys)

    return decorate


def _one_of(value_schema: ConfigType) -> Selector:
    return Selector({"value": value_schema, "json": {"path": str}, "pickle": {"path": str}})


def _load(chosen: Mapping[str, AnyValue]) -> AnyValue:
    """The value that `{"value": v}`, `{"json": {"path": p}}` or `{"pickle": {"path": p}}` stands for."""
    ((form, content),) = chosen.items()
    if form == "value":
        return content
    if form == "pickle":
        import pickle  # most inputs are given in the config itself

        with open(content["path"], "rb") as file:
            return pickle.load(file)
    import json

    with open(content["path"], encoding="utf-8") as file:
        found = json.load(file)
    if not isinstance(found, dict) or "value" not in found:
        raise ValueError(
            f"the JSON file '{content['path']}' must hold a dict with the key 'value', not {found!r:.80}"
        )
    return found["value"]


class ScalarLoader(DagflowTypeLoader):
    """A bare number or text, `{"value": v}`, or the path of a JSON or pickle file."""

    def __init__(self, scalar: ConfigType) -> None:
        self._scalar = scalar
        self._schema: ConfigType | None = None

    @property
    def schema_type(self) -> ConfigType:
        if self._schema is None:
            self._schema = ScalarUnion(self._scalar, _one_of(self._scalar))
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return _load(config_value) if isinstance(config_value, dict) else config_value


class AnyLoader(DagflowTypeLoader):
    """`{"value": v}`, or the path of a JSON or pickle file: a bare value could mean either."""

    def __init__(self) -> None:
        self._schema: ConfigType | None = None

    @property
    def schema_type(self) -> ConfigType:
        if self._schema is None:
            self._schema = _one_of(Any)
        return self._schema

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return _load(config_value)


class PlainDictLoader(DagflowTypeLoader):
    """A dict, as it stands."""

    @property
    def schema_type(self) -> ConfigType:
        return Permissive()

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        return config_value


class DictLoader(DagflowTypeLoader):
    """A dict of what the loader of the values takes."""

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
    """A list of what the loader of the items takes; `container` (list or set) makes the value of it."""

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
    """A list with what each loader in turn takes. The type check will say whether it is long enough."""

    def __init__(self, inner: Sequence[DagflowTypeLoader]) -> None:
        self._inner = inner

    @property
    def schema_type(self) -> ConfigType:
        return Array(Any)

    def construct_from_config_value(
        self, context: DagflowTypeLoaderContext, config_value: AnyValue
    ) -> AnyValue:
        made = [
            loader.construct_from_config_value(context, item)
            for loader, item in zip(self._inner, config_value, strict=False)
        ]
        return (*made, *config_value[len(made) :])

    def required_resource_keys(self) -> frozenset[str]:
        return frozenset().union(*(loader.required_resource_keys() for loader in self._inner))


class OptionalLoader(DagflowTypeLoader):
    """None, or what the loader of the value takes."""

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
