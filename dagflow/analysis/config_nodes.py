"""`ConfigNode`: a config schema as tools read it, such as the strategies that draw config.

It hides the differences of how a schema was made: a `Config` class that contains itself, a source of an
environment variable, a config mapping. It knows the constraints of pydantic, which schemas do not have.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from dagflow.config.choice import (
    BoolSource,
    Enum,
    FloatSource,
    IntSource,
    Noneable,
    ScalarUnion,
    Selector,
    StringSource,
)
from dagflow.config.field import Array, Field, Map, Permissive, Shape
from dagflow.config.mapping import Mapped
from dagflow.config.nested import ClassReference
from dagflow.config.parse import Reading
from dagflow.config.resource_fields import RESOURCE_MARKER, resources_in
from dagflow.config.scalar import Bool, ConfigType, Float, Int, String
from dagflow.defs.jobs.definition import JobDefinition
from dagflow.defs.jobs.run_config import schema_of

_SOURCES: tuple[ScalarUnion, ...] = (IntSource, FloatSource, BoolSource, StringSource)
_SCALARS = {Int: "int", Float: "float", Bool: "bool", String: "string"}
_KINDS = (
    (Enum, "enum"),
    (Shape, "dict"),
    (Selector, "selector"),
    (Array, "list"),
    (Map, "map"),
    (Noneable, "optional"),
    (ScalarUnion, "union"),
)
_CONSTRAINTS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


class ConfigEntry(NamedTuple):
    """A field of a dict or selector.

    Attributes:
        node: The schema of its value.
        is_required: Whether config must have it.
    """

    node: ConfigNode
    is_required: bool


class ConfigNode:
    """A node of a config schema.

    Args:
        schema: The schema.
        annotation: The annotation of the field in a Config class; None outside of such classes.
        metadata: The constraints of that field, as pydantic stores them.
        fixed: The values of the fields that a Config class has and its schema has not.

    Attributes:
        schema: The schema, without references and config mappings: config is what the user gives.

    Example:
        >>> from dagflow.config.field import resolve_schema
        >>> node = ConfigNode(resolve_schema({"cups": int, "names": [str]}))
        >>> node.kind, node.fields["names"].node.kind, node.fields["names"].node.inner.kind
        ('dict', 'list', 'string')
    """

    def __init__(
        self,
        schema: ConfigType,
        annotation: Any = None,
        metadata: Iterable[Any] = (),
        fixed: Mapping[str, Any] | None = None,
    ) -> None:
        while True:
            if isinstance(schema, ClassReference):
                schema = schema.node
            elif isinstance(schema, Mapped):
                schema = schema.outer.config_type
            elif isinstance(schema, ScalarUnion) and any(schema is source for source in _SOURCES):
                schema = schema.scalar_type
            else:
                break
        self.schema: ConfigType = schema
        self._annotation, self._metadata = _plain_annotation(annotation, tuple(metadata))
        self._fixed = dict(fixed or {})

    @cached_property
    def kind(self) -> str:
        """The kind: any, int, float, bool, string, enum, dict, selector, list, map, optional or union.

        A union is a scalar, or a dict or list.
        """
        if self.schema in _SCALARS:
            return _SCALARS[self.schema]
        return next((kind for cls, kind in _KINDS if isinstance(self.schema, cls)), "any")

    @cached_property
    def constraints(self) -> Mapping[str, Any]:
        """The constraints of pydantic: gt, ge, lt, le, multiple_of, min_length, max_length, pattern."""
        return {
            name: value
            for one in _flat(self._metadata)
            for name in _CONSTRAINTS
            if (value := getattr(one, name, None)) is not None
        }

    @property
    def choices(self) -> list[str]:
        """The names of the choices of an enum."""
        return self.schema.config_values if isinstance(self.schema, Enum) else []

    @property
    def is_open(self) -> bool:
        """Whether a dict accepts fields that it does not declare."""
        return isinstance(self.schema, Permissive)

    @cached_property
    def fields(self) -> Mapping[str, ConfigEntry]:
        """The fields of a dict or selector."""
        schema = self.schema
        if isinstance(schema, Selector):
            return {
                name: ConfigEntry(ConfigNode(field.config_type, fixed=_fixed(field, name)), field.is_required)
                for name, field in schema.fields.items()
            }
        if not isinstance(schema, Shape):
            return {}
        infos = _infos(schema.config_class)
        return {
            name: ConfigEntry(ConfigNode(field.config_type, *infos.get(name, ())), field.is_required)
            for name, field in schema.fields.items()
        }

    @property
    def names_of_plain_values(self) -> list[str]:
        """The fields of a selector that give a value. The others of some selectors read it from a file."""
        names = list(self.fields)
        return ["value"] if set(names) == {"value", "json", "pickle"} else names

    @cached_property
    def inner(self) -> ConfigNode:
        """The node of the items of a list or map, of the value of an optional, of the dict of a union."""
        schema, arguments = self.schema, get_args(self._annotation)
        if isinstance(schema, (Array, Map)):
            return ConfigNode(schema.inner_type, arguments[-1] if arguments else None)
        if isinstance(schema, Noneable):
            return ConfigNode(schema.inner_type, _without_none(self._annotation), self._metadata)
        assert isinstance(schema, ScalarUnion), f"{self.kind} has no inner node"
        return ConfigNode(schema.non_scalar_type)

    @cached_property
    def scalar(self) -> ConfigNode:
        """The node of the keys of a map, and of the scalar of a union."""
        schema = self.schema
        assert isinstance(schema, (Map, ScalarUnion)), f"{self.kind} has no scalar"
        return ConfigNode(schema.key_type if isinstance(schema, Map) else schema.scalar_type)

    @property
    def has_validators(self) -> bool:
        """Whether a Config class builds its object from the value, so that a validator may refuse it."""
        cls = getattr(self.schema, "config_class", None)
        if cls is None:
            return False
        is_resource = hasattr(cls, RESOURCE_MARKER)
        return not (is_resource and any(map(resources_in, cls.model_fields.values())))

    def accepts(self, value: Any, environ: Mapping[str, str]) -> bool:
        """Return whether the Config class of a dict builds an object from its value.

        Args:
            value: Config that matches the schema. Other config counts as accepted.
            environ: The environment of the variables in defaults.
        """
        if not self.has_validators:
            return True
        reading = Reading(environ)
        read = self.schema.read(value, (), reading)
        if reading.errors:
            return True
        try:
            self.schema.config_class.from_config({**read, **self._fixed})  # type: ignore[attr-defined]
        except ValueError:  # the ValidationError of pydantic is one
            return False
        return True

    def __repr__(self) -> str:
        return f"ConfigNode({self.schema!r})"


def run_config_node(job: JobDefinition) -> ConfigNode:
    """Return the schema of the run config of a job.

    Example:
        >>> from dagflow import job, op
        >>> @op(config_schema={"cups": int})
        ... def brew(): ...
        >>> @job
        ... def cafe():
        ...     brew()
        >>> sorted(run_config_node(cafe).fields)
        ['execution', 'loggers', 'ops', 'resources']
    """
    if job.config_mapping is not None:
        return ConfigNode(job.config_mapping.config_schema.config_type)
    return ConfigNode(schema_of(job, frozenset(job.input_values), in_process=False))


def _fixed(field: Field, name: str) -> dict[str, Any]:
    """Return the fields of a Config class of a union that the name in the selector gives."""
    left_out: tuple[str, ...] = getattr(ConfigNode(field.config_type).schema, "left_out", ())
    return dict.fromkeys(left_out, name)


def _infos(config_class: Any) -> dict[str, tuple[Any, Any]]:
    """Return the annotation and the constraints of each field of a Config class, by its name in config."""
    if config_class is None:
        return {}
    from dagflow.config.model import entries  # imported lazily: it imports pydantic

    fields = config_class.model_fields
    return {
        entry.key: (fields[entry.name].annotation, fields[entry.name].metadata)
        for entry in entries(config_class)
    }


def _plain_annotation(annotation: Any, metadata: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = (*metadata, *more)
    return annotation, metadata


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    rest = [one for one in get_args(annotation) if one is not type(None)]
    return rest[0] if len(rest) == 1 else None


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Yield the constraints, with those inside a `pydantic.Field` of an `Annotated`."""
    for one in metadata:
        yield one
        yield from _flat(getattr(one, "metadata", ()))
