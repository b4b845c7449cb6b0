"""Config as classes: `Config` and `PermissiveConfig`. Only this module imports pydantic.

Each class is read once, into the list of its `Entry` values: the config schema of each field and the
conversion of its values. The config of a run is checked against that schema, so that one error lists all
mistakes. pydantic's own validators run when the step builds the object.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping
from inspect import get_annotations
from typing import Any, ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic import PrivateAttr as PrivateAttr
from pydantic import model_validator as model_validator

from dagflow._util import UNSET, nearest, warn
from dagflow.config.aliases import input_keys
from dagflow.config.annotation import AnnotationSchema, annotation_schema
from dagflow.config.choice import Noneable
from dagflow.config.field import Field, Permissive, Shape
from dagflow.config.nested import complete
from dagflow.config.objects import holds_env_var, plain_config, too_deep_error
from dagflow.config.resource_fields import RESOURCE_MARKER, is_config_of_resources, resources_in
from dagflow.config.scalar import ConfigType
from dagflow.errors import (
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPythonicConfigDefinitionError,
    repr_of,
)
from dagflow.tags import system_tag_spellings

_C = TypeVar("_C", bound="Config")
_PLAIN = (str, int, float, bool, type(None))


class Entry(NamedTuple):
    """A field of a Config class.

    Attributes:
        name: The attribute.
        key: The name in config: the first of `keys`.
        keys: All names in config and of the argument of the constructor.
        annotation: The schema of the annotation, and the conversion of values.
        field: The schema, with the default.
        is_none: True if the default is None, so that None in config means that no value is given.
        needs_none: True if the constructor needs an explicit None when no value is given.
    """

    name: str
    key: str
    keys: tuple[str, ...]
    annotation: AnnotationSchema
    field: Field
    is_none: bool
    needs_none: bool


class Config(BaseModel):
    """The base of config classes: annotate the parameter `config` of an op or asset with a subclass.

    The fields are the schema. The run config must give each field without a default, unless it is `Optional`.
    Objects are immutable. The constructor ignores unknown arguments with a warning; an unknown key in a run
    config is an error.

    Raises:
        DagflowInvalidPythonicConfigDefinitionError: A field's annotation is not a type of config. Raised on
            first use.

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
                    f"{repr_of(annotation)}, a type of inputs and outputs. Annotate config "
                    "with int, str, an Enum, a Config class or another type of config."
                )
        super().__init_subclass__(**kwargs)

    def __init__(self, **data: Any) -> None:
        _warn_of_unknown(type(self), data)
        for entry in converted(type(self)):
            for key in entry.keys:
                if key in data:
                    data[key] = _from_python(entry.annotation, data[key])
        for value in data.values():
            if type(value) not in _PLAIN:
                variables = self._variables(data)
                if variables:
                    validator = _lenient(type(self)).__pydantic_validator__
                    validator.validate_python(data, self_instance=self)
                    self._dagflow_env.update(variables)
                    return
                break
        super().__init__(**data)

    @classmethod
    def _variables(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the constructor that contain environment variables, by name in config."""
        try:
            found = {key: value for key, value in data.items() if holds_env_var(value)}
        except RecursionError:
            raise too_deep_error(data, (), f"{cls.__dagflow_what__} '{cls.__name__}'") from None
        if not found:
            return found
        keys = {key: entry.key for entry in entries(cls) for key in entry.keys}
        return {keys.get(key, key): value for key, value in found.items()}

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        raise DagflowInvalidInvocationError(self._frozen_message(name))

    def _frozen_message(self, name: str) -> str:
        cls = type(self).__name__
        return (
            f"'{cls}' is a Pythonic config class and does not support item assignment: attribute '{name}' "
            f"cannot be set. Make another object: {cls}({name}=...)."
        )

    @classmethod
    def to_fields_dict(cls) -> dict[str, Field]:
        """Return the schema of each field, by its name in config.

        Raises:
            DagflowInvalidPythonicConfigDefinitionError: An annotation is not a type of config.
        """
        return {entry.key: entry.field for entry in entries(cls)}

    @classmethod
    def to_config_schema(cls) -> Field:
        """Return the schema of the whole class, for the argument `config_schema`."""
        field: Field | None = cls.__dict__.get("__dagflow_schema__")
        if field is None:
            doc = cls.__dict__.get("__doc__")
            field = Field(cls.config_node(), description=doc)
            type.__setattr__(cls, "__dagflow_schema__", field)
        return field

    @classmethod
    def config_node(cls, default: Any = UNSET, without: Collection[str] = ()) -> ConfigType:
        """Return the schema as a node.

        Args:
            default: Plain config with the default of each field.
            without: The names of the fields to leave out.
        """
        found = entries(cls) if default is UNSET else tuple(_entries(cls, default))
        found = tuple(entry for entry in found if entry.name not in without)
        fields = {entry.key: entry.field for entry in found}
        node = Permissive(fields) if cls.model_config.get("extra") == "allow" else Shape(fields)
        node.field_aliases = {entry.key: entry.keys[1:] for entry in found if len(entry.keys) > 1} or None
        node.config_class, node.left_out = cls, tuple(without)
        return node

    @classmethod
    def from_config(cls: type[_C], config: Mapping[str, Any]) -> _C:
        """Return an object for checked config.

        Raises:
            pydantic.ValidationError: A validator of the class rejects the config.
        """
        data = dict(config)
        for entry in entries(cls):
            key = entry.key
            if data.get(key) is None:
                if entry.needs_none:
                    data[key] = None
                elif entry.is_none:
                    data.pop(key, None)
            elif entry.annotation.incoming is not None:
                data[key] = entry.annotation.incoming(data[key])
        return cls(**data)

    def to_config_value(self) -> dict[str, Any]:
        """Return the object as plain config, without fields that are None by default."""
        result: dict[str, Any] = {}
        for entry in self._config_entries():
            if entry.key in self._dagflow_env:
                result[entry.key] = plain_config(self._dagflow_env[entry.key])
                continue
            value = getattr(self, entry.name)
            if value is not None or entry.name in self.model_fields_set:
                result[entry.key] = (entry.annotation.outgoing or plain_config)(value)
        for name, value in (self.model_extra or {}).items():
            result[name] = plain_config(self._dagflow_env.get(name, value))
        return result

    def _config_entries(self) -> tuple[Entry, ...]:
        """Return the fields that plain config has."""
        return entries(type(self))

    def holds_env_vars(self) -> bool:
        """Return whether a field, at any depth, is an environment variable."""
        return bool(self._dagflow_env)


class PermissiveConfig(Config):
    """The base of config classes that accept and keep values without a field.

    Example:
        >>> PermissiveConfig(anything=3).anything
        3
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")


def entries(cls: type[Config]) -> tuple[Entry, ...]:
    """Return the fields of a Config class."""
    found: tuple[Entry, ...] | None = cls.__dict__.get("__dagflow_entries__")
    if found is None:
        found = tuple(_entries(cls))
        type.__setattr__(cls, "__dagflow_entries__", found)
    return found


def converted(cls: type[Config]) -> tuple[Entry, ...]:
    """Return the fields whose values the constructor converts; few classes have such fields."""
    found: tuple[Entry, ...] | None = cls.__dict__.get("__dagflow_converted__")
    if found is None:
        found = tuple(
            entry for entry in entries(cls) if entry.annotation.is_selector or entry.annotation.names
        )
        type.__setattr__(cls, "__dagflow_converted__", found)
    return found


def _warn_of_unknown(cls: type[Config], data: Mapping[str, Any]) -> None:
    """Warn of arguments of the constructor that no field has, because pydantic ignores them."""
    if "__dagflow_arguments__" not in cls.__dict__:
        type.__setattr__(cls, "__dagflow_arguments__", _arguments(cls))
    known: frozenset[str] | None = cls.__dict__["__dagflow_arguments__"]
    if known is not None and not data.keys() <= known:
        for name in sorted(data.keys() - known):
            warn(f"{cls.__name__} has no field '{name}', so the argument is ignored.{nearest(name, known)}")


def _arguments(cls: type[Config]) -> frozenset[str] | None:
    """Return the arguments that the constructor reads; None if they are not known."""
    validators = cls.__pydantic_decorators__.model_validators.values()
    if cls.model_config.get("extra") != "ignore" or any(
        validator.info.mode != "after" and not validator.cls_var_name.startswith("_accept_definition")
        for validator in validators
    ):
        return None
    return frozenset(key for name, info in cls.model_fields.items() for key in input_keys(cls, name, info))


def _lenient(cls: type[Config]) -> Any:
    """Return a subclass whose validators accept an environment variable in place of each value.

    The run checks the content of the variable. Only the validator of the subclass is used.
    """
    found = cls.__dict__.get("__dagflow_lenient__")
    if found is None:
        accept = field_validator("*", mode="wrap", check_fields=False)(_validated_or_variable)
        body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "accept_variables": accept}
        found = types.new_class(cls.__name__, (cls,), exec_body=lambda namespace: namespace.update(body))
        type.__setattr__(cls, "__dagflow_lenient__", found)
    return found


def _validated_or_variable(value: Any, validate: Callable[[Any], Any]) -> Any:
    try:
        return validate(value)
    except ValueError:
        if holds_env_var(value):
            return value
        raise


def _from_python(annotation: AnnotationSchema, value: Any) -> Any:
    if annotation.names is not None:
        return annotation.names.get(value, value) if type(value) is str else value
    return value if annotation.incoming is None else annotation.incoming(value)


def _entries(cls: type[Config], default: Any = UNSET) -> list[Entry]:
    takes_resources = hasattr(cls, RESOURCE_MARKER)
    complete(cls)
    return [
        _entry(cls, name, info, default)
        for name, info in cls.model_fields.items()
        if not (takes_resources and resources_in(info)) or is_config_of_resources(info)
    ]


def _entry(cls: type[Config], name: str, info: Any, defaults: Any) -> Entry:
    keys = input_keys(cls, name, info)
    key = keys[0]
    place = f"field '{name}' of {cls.__dagflow_what__} '{cls.__name__}' ({cls.__module__})"
    if isinstance(info.default, Field):
        raise DagflowInvalidDefinitionError(
            f"{place} has a dagflow.Field as its default, which belongs in a 'config_schema'. "
            "Use pydantic.Field in a Config class."
        )
    tag = getattr(info.discriminator, "discriminator", info.discriminator)
    annotation = annotation_schema(info.annotation, place, tag, owner=cls)
    default = _default(info, annotation)
    if defaults is not UNSET and key in defaults:
        default = defaults[key]
    if isinstance(default, Mapping) and hasattr(info.annotation, "__dagflow_config__"):
        # the fields of a default object are the defaults of the nested class
        annotation = annotation_schema(info.annotation, place, tag, default, cls)
    may_be_none = isinstance(annotation.node, Noneable)
    is_given = default is not UNSET and (default is not None or may_be_none)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    is_optional = default is None or may_be_none or not info.is_required()
    return Entry(
        name,
        key,
        keys,
        annotation,
        Field(
            annotation.node,
            default_value=default if is_given else UNSET,
            is_required=False if is_optional and not is_given else None,
            description=info.description,
            is_secret=any(extra.get(tag.replace("/", "__")) for tag in system_tag_spellings("is_secret")),
        ),
        is_none=default is None,
        needs_none=info.is_required() and may_be_none,
    )


def _default(info: Any, annotation: AnnotationSchema) -> Any:
    """Return the default of a field as plain config, or UNSET.

    pydantic calls a default factory for each object. Only a factory of Config objects is called here, because
    its result has the defaults of the fields inside.
    """
    if info.is_required():
        return UNSET
    value = info.default
    if info.default_factory is not None:
        holds_config = annotation.incoming is not None and annotation.names is None
        value = info.get_default(call_default_factory=True) if holds_config else UNSET
    return value if value is UNSET or value is None else (annotation.outgoing or plain_config)(value)
