"""Config as classes: `Config` and `PermissiveConfig`. The one door to pydantic.

A class is read once, into the list of its `Entry` values: the config schema of each field and how its values
are turned. Config that a run is given is checked against that schema, so that all mistakes are reported
together; pydantic's own validators run when the step builds the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import get_annotations
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic import PrivateAttr as PrivateAttr
from pydantic import model_validator as model_validator

from dagflow._util import UNSET
from dagflow.config.annotation import Kind, kind_of
from dagflow.config.choice import Noneable
from dagflow.config.field import Field, Permissive, Shape
from dagflow.config.objects import holds_env_var, plain_config
from dagflow.config.scalar import ConfigType
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPythonicConfigDefinitionError,
)
from dagflow.keys import system_tag_spellings

_C = TypeVar("_C", bound="Config")
_RESOURCE = "__dagflow_resource__"
_PLAIN = (str, int, float, bool, type(None))


class Entry(NamedTuple):
    """A field of a Config class.

    Attributes:
        name: The attribute.
        key: What it is called in config: its alias, else its name.
        kind: What its annotation means.
        field: Its schema.
        is_none: Whether None stands for nothing given: its default is None.
        needs_none: Whether the constructor must be told None where nothing is given.
    """

    name: str
    key: str
    kind: Kind
    field: Field
    is_none: bool
    needs_none: bool


class Config(BaseModel):
    """The base of classes that are the config of an op or asset: annotate its parameter `config` with one.

    The fields are the schema: one without a default must be given in the run config; `Optional` fields need
    not. Objects cannot be changed. The constructor ignores arguments that are no fields; a run config with
    an unknown key is refused.

    Raises:
        DagflowInvalidPythonicConfigDefinitionError: When used: a field whose annotation cannot be config.

    Example:
        >>> from dagflow import Config, op
        >>> class Beans(Config):
        ...     grams: int = 18
        ...     name: str
        >>> @op
        ... def brew(config: Beans):
        ...     return f"{config.grams} g of {config.name}"
        >>> brew(Beans(name="mocha"))
        '18 g of mocha'
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)
    __dagflow_config__: ClassVar[bool] = True
    __dagflow_what__: ClassVar[str] = "Config class"
    _dagflow_env: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        for name, annotation in get_annotations(cls).items():
            if not isinstance(annotation, type) and hasattr(type(annotation), "__dagflow_config_type__"):
                raise DagflowInvalidPythonicConfigDefinitionError(
                    f"field '{name}' of {cls.__dagflow_what__} '{cls.__name__}' is annotated with "
                    f"{annotation!r}, a type that checks the values of inputs and outputs. Annotate config "
                    "with int, str, an Enum, a Config class or another type of config."
                )
        super().__init_subclass__(**kwargs)

    def __init__(self, **data: Any) -> None:
        for entry in converted(type(self)):
            if entry.key in data:
                data[entry.key] = _from_python(entry.kind, data[entry.key])
        super().__init__(**data)
        for key, value in data.items():
            if type(value) not in _PLAIN and holds_env_var(value):
                self._dagflow_env[key] = value

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        raise DagflowInvalidInvocationError(self._why_frozen(name))

    def _why_frozen(self, name: str) -> str:
        cls = type(self).__name__
        return (
            f"'{cls}' is a Pythonic config class and does not support item assignment: attribute '{name}' "
            f"cannot be set. Make another object: {cls}({name}=...)."
        )

    @classmethod
    def to_fields_dict(cls) -> dict[str, Field]:
        """The schema of each field, by its name in config.

        Raises:
            DagflowInvalidPythonicConfigDefinitionError: An annotation that cannot be config.
        """
        return {entry.key: entry.field for entry in entries(cls)}

    @classmethod
    def to_config_schema(cls) -> Field:
        """The schema of the whole class, as `config_schema=` takes it."""
        field: Field | None = cls.__dict__.get("__dagflow_schema__")
        if field is None:
            doc = cls.__dict__.get("__doc__")
            field = Field(cls.config_node(), description=doc)
            type.__setattr__(cls, "__dagflow_schema__", field)
        return field

    @classmethod
    def config_node(cls, default: Any = UNSET, without: str | None = None) -> ConfigType:
        """The schema as a node.

        Args:
            default: Plain config that is the default of its fields.
            without: A field that is left out.
        """
        found = entries(cls) if default is UNSET else tuple(_entries(cls, default))
        fields = {entry.key: entry.field for entry in found if entry.name != without}
        return Permissive(fields) if cls.model_config.get("extra") == "allow" else Shape(fields)

    @classmethod
    def from_config(cls: type[_C], config: Mapping[str, Any]) -> _C:
        """An object made of checked config.

        Raises:
            pydantic.ValidationError: A validator of the class refuses it.
        """
        data = dict(config)
        for entry in entries(cls):
            key = entry.key
            if data.get(key) is None:
                if entry.needs_none:
                    data[key] = None
                elif entry.is_none:
                    data.pop(key, None)
            elif entry.kind.incoming is not None:
                data[key] = entry.kind.incoming(data[key])
        return cls(**data)

    def to_config_value(self) -> dict[str, Any]:
        """The object as plain config. Fields that are None stay away unless they were given."""
        result: dict[str, Any] = {}
        for entry in entries(type(self)):
            if entry.key in self._dagflow_env:
                result[entry.key] = plain_config(self._dagflow_env[entry.key])
                continue
            value = getattr(self, entry.name)
            if value is not None or entry.name in self.model_fields_set:
                result[entry.key] = (entry.kind.outgoing or plain_config)(value)
        for name, value in (self.model_extra or {}).items():
            result[name] = plain_config(self._dagflow_env.get(name, value))
        return result

    def holds_env_vars(self) -> bool:
        """Whether a field, at any depth, is still to be looked up in the environment."""
        return bool(self._dagflow_env)


class PermissiveConfig(Config):
    """A Config class whose objects keep what is no field of theirs, and whose schema lets it pass.

    Example:
        >>> PermissiveConfig(anything=3).anything
        3
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")


def entries(cls: type[Config]) -> tuple[Entry, ...]:
    """The fields of a Config class, read once."""
    found: tuple[Entry, ...] | None = cls.__dict__.get("__dagflow_entries__")
    if found is None:
        found = tuple(_entries(cls))
        type.__setattr__(cls, "__dagflow_entries__", found)
    return found


def converted(cls: type[Config]) -> tuple[Entry, ...]:
    """The fields whose values the constructor converts: few classes have any."""
    found: tuple[Entry, ...] | None = cls.__dict__.get("__dagflow_converted__")
    if found is None:
        found = tuple(entry for entry in entries(cls) if entry.kind.is_selector or entry.kind.names)
        type.__setattr__(cls, "__dagflow_converted__", found)
    return found


def _from_python(kind: Kind, value: Any) -> Any:
    if kind.names is not None:
        return kind.names.get(value, value) if isinstance(value, str) else value
    return value if kind.incoming is None else kind.incoming(value)


def is_resource_field(info: Any) -> bool:
    """Whether a field takes another resource: its annotation has the marker `__dagflow_resource__`."""
    return _names_resource(info.annotation) or any(hasattr(extra, _RESOURCE) for extra in info.metadata)


def _names_resource(annotation: Any) -> bool:
    if hasattr(annotation, _RESOURCE) or hasattr(get_origin(annotation), _RESOURCE):
        return True
    if get_origin(annotation) is Annotated:
        marks = getattr(annotation, "__metadata__", ())
        return any(hasattr(mark, _RESOURCE) for mark in marks) or _names_resource(get_args(annotation)[0])
    arguments = get_args(annotation)
    rest = [argument for argument in arguments if argument is not type(None)]
    return len(rest) == 1 < len(arguments) and _names_resource(rest[0])


def _entries(cls: type[Config], default: Any = UNSET) -> list[Entry]:
    takes_resources = hasattr(cls, _RESOURCE)
    if not cls.__pydantic_complete__:
        cls.model_rebuild()
    return [
        _entry(cls, name, info, default)
        for name, info in cls.model_fields.items()
        if not (takes_resources and is_resource_field(info))
    ]


def _entry(cls: type[Config], name: str, info: Any, defaults: Any) -> Entry:
    key = info.alias or name
    place = f"field '{name}' of {cls.__dagflow_what__} '{cls.__name__}' ({cls.__module__})"
    if isinstance(info.default, Field):
        raise DagflowInvalidDefinitionError(
            f"{place} has a dagflow.Field as its default, which belongs in a 'config_schema'. "
            "Use pydantic.Field in a Config class."
        )
    tag = getattr(info.discriminator, "discriminator", info.discriminator)
    kind = kind_of(info.annotation, place, tag)
    default = _default(info, kind)
    if defaults is not UNSET and key in defaults:
        default = defaults[key]
    if isinstance(default, Mapping) and hasattr(info.annotation, "__dagflow_config__"):
        kind = kind_of(info.annotation, place, tag, default)  # what is not given of it is taken from there
    may_be_none = isinstance(kind.node, Noneable)
    is_given = default is not UNSET and (default is not None or may_be_none)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    is_optional = default is None or may_be_none or not info.is_required()
    return Entry(
        name,
        key,
        kind,
        Field(
            kind.node,
            default_value=default if is_given else UNSET,
            is_required=False if is_optional and not is_given else None,
            description=info.description,
            is_secret=any(extra.get(tag.replace("/", "__")) for tag in system_tag_spellings("is_secret")),
        ),
        is_none=default is None,
        needs_none=info.is_required() and may_be_none,
    )


def _default(info: Any, kind: Kind) -> Any:
    """The default of a field as plain config. One that a factory makes is pydantic's to make for each object,
    unless it is a Config object, which says what the config in it may be.
    """
    if info.is_required():
        return UNSET
    value = info.default
    if info.default_factory is not None:
        holds_config = kind.incoming is not None and kind.names is None
        value = info.get_default(call_default_factory=True) if holds_config else UNSET
    return value if value is UNSET or value is None else (kind.outgoing or plain_config)(value)
