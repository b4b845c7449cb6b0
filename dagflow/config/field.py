"""Config schemas: dicts, lists, `Field`, and plain Python values in place of schemas.

A schema is a tree of `ConfigType` nodes: scalars (`dagflow.config.scalar`), `Shape` and `Permissive` dicts,
`Array`, `Map`, and the nodes of `dagflow.config.choice`. A `Field` is an entry of a dict, or the whole schema
of a definition: a node, with a default or the rule that a value is required. Users mostly write plain Python
(`{"cups": int, "names": [str]}`), which `resolve_schema` and `resolve_field` turn into nodes once.
Defaults are stored in the form of a config file and are read like any other value.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any as AnyValue

from dagflow._util import UNSET, attribute_of, has_class
from dagflow.config.parse import Reading
from dagflow.config.paths import MapPart, Path
from dagflow.config.read import check_config
from dagflow.config.scalar import SCALARS, Any, Bool, ConfigType, Float, Int, String, copied
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigDefinitionError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_texts,
    check_type,
    repr_of,
)


class Field:
    """An entry of a config dict, or the whole config of a definition.

    Args:
        config: The schema of the value.
        default_value: The value if the field is not given, in the form of a config file.
        is_required: Whether the field must be given. Default: without a default value, the type decides. It
            requires numbers, strings and lists, but neither a `Noneable` nor a dict without required fields.
        description: The purpose of the field.
        is_secret: Whether to hide the value where config is displayed.

    Raises:
        DagflowInvalidDefinitionError: `config` is not a config schema.
        DagflowInvalidConfigError: The default does not match the type.
        ParameterCheckError: A required field has a default, or the default is a function.

    Example:
        >>> Field(int, default_value=3).is_required
        False
        >>> Field({"cups": int})
        Field({ cups: Int }, required)
    """

    __slots__ = ("config_type", "default", "description", "is_required", "is_secret")

    config_type: ConfigType
    default: AnyValue
    is_required: bool
    description: str | None
    is_secret: bool

    def __init__(
        self,
        config: AnyValue,
        default_value: AnyValue = UNSET,
        is_required: bool | None = None,
        description: str | None = None,
        is_secret: bool = False,
    ) -> None:
        if isinstance(config, Field):
            raise DagflowInvalidDefinitionError(
                f"{repr_of(config)} is a Field already and cannot be wrapped in another Field"
            )
        self.config_type = config_type = resolve_inner(config, "a Field")
        self.description = check_optional(description, str, "description")
        self.is_secret = check_type(is_secret, bool, "is_secret")
        if is_required is not None:
            check_type(is_required, bool, "is_required")
        if default_value is not UNSET:
            if is_required:
                raise ParameterCheckError(
                    "parameter 'default_value' cannot be combined with 'is_required=True'"
                )
            _check_default(config_type, default_value)
            self.is_required = False
            self.default = default_value
            return
        self.is_required = config_type.is_required if is_required is None else is_required
        self.default = config_type.default() if is_required is None else UNSET

    @property
    def type(self) -> ConfigType:
        """The schema node of the value."""
        return self.config_type

    @property
    def default_provided(self) -> bool:
        """True if the field has a default."""
        return self.default is not UNSET

    @property
    def default_value(self) -> AnyValue:
        """The default, in the form of a config file.

        Raises:
            CheckError: The field has no default.
        """
        if self.default is UNSET:
            raise CheckError(f"{self!r} has no default value; check 'default_provided' first")
        return self.default

    @property
    def default_value_as_json_str(self) -> str:
        """The default as JSON.

        Raises:
            CheckError: The field has no default.
        """
        import json  # few defaults are shown

        return json.dumps(self.default_value)

    def as_field(self) -> Field:
        """Return the field itself, for callers of an older interface of `config_schema`."""
        return self

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        """Return the value as user code receives it; add errors to `reading`."""
        return self.config_type.read(value, path, reading)

    def read_absent(self, path: Path, reading: Reading) -> AnyValue:
        """Return the default as user code receives it, or UNSET; add an error if the field is required."""
        if self.is_required:
            self.config_type.note_missing(path, reading)
            return UNSET
        if self.default is UNSET:
            return UNSET
        return self.config_type.read(self.default, path, reading)

    def __repr__(self) -> str:
        need = "required" if self.is_required else "optional"
        default = f", default {self.default!r}" if self.default_provided else ""
        return f"Field({self.config_type.describe()}, {need}{default})"


def _check_default(config_type: ConfigType, default_value: AnyValue) -> None:
    """Raise an error if a default does not match its type. Environment variables are not looked up."""
    if callable(default_value) and not isinstance(default_value, type):
        raise ParameterCheckError("parameter 'default_value' must be a config value, not a function")
    config_type.check_default(default_value)
    preamble = (
        "Invalid default_value for Field. Ensure all required config entries are provided and all values "
    )
    check_config(config_type, default_value, preamble + "match the expected types.", path=())


class Shape(ConfigType):
    """A dict with declared fields only. A plain dict in a schema means the same.

    Args:
        fields: The schema of each field, by name.
        description: The purpose of the value.
        field_aliases: Aliases of fields, by name. Config may use either name.

    Raises:
        TypeError: A name is not a string.
        DagflowInvalidConfigDefinitionError: A value, at any depth, is not a config schema.

    Example:
        >>> Shape({"cups": int, "sugar": Field(bool, is_required=False)})
        <config type { cups: Int sugar?: Bool }>
    """

    __slots__ = ("_required", "config_class", "field_aliases", "fields", "left_out")

    def __init__(
        self,
        fields: Mapping[str, AnyValue],
        description: str | None = None,
        field_aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.description = check_optional(description, str, "description", "a Shape")
        check_optional(field_aliases, Mapping, "field_aliases", "a Shape")
        for name, alias in (field_aliases or {}).items():
            check_texts("the field_aliases of a Shape", name=name, alias=alias)
        self.field_aliases: Mapping[str, str | Sequence[str]] | None = field_aliases
        self.fields: dict[str, Field] = resolve_fields(check_type(fields, Mapping, "fields", "a Shape"))
        self._required = [name for name, field in self.fields.items() if field.is_required]
        self.config_class: AnyValue = None  # the Config class with these fields, if there is one
        self.left_out: tuple[str, ...] = ()  # the fields of that class which are not here

    @property
    def is_required(self) -> bool:  # type: ignore[override]
        """True if one of the fields is required."""
        return bool(self._required)

    def default(self) -> AnyValue:
        if self._required:
            return UNSET
        return {name: f.default for name, f in self.fields.items() if f.default is not UNSET}

    def describe(self) -> str:
        return describe_fields(self.fields)

    def example(self) -> dict[str, AnyValue]:
        return {name: self.fields[name].config_type.example() for name in sorted(self._required)}

    def note_missing(self, path: Path, reading: Reading) -> None:
        if path:
            super().note_missing(path, reading)
        else:
            self.read({}, path, reading)

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if not isinstance(value, dict):
            reading.container_mismatch(self, value, path, "dict")
            return None
        if self.field_aliases:
            value = self._by_own_names(value, self.field_aliases, path, reading)
        result: dict[AnyValue, AnyValue] = {}
        known = 0
        lacking = False
        start = len(reading.errors)
        for name, field in self.fields.items():
            if name in value:
                known += 1
                result[name] = field.config_type.read(value[name], (*path, name), reading)
            elif field.is_required:
                lacking = True
            elif field.default is not UNSET:
                result[name] = field.config_type.read(field.default, (*path, name), reading)
        if lacking or known != len(value) or len(reading.errors) != start:
            self._finish(value, result, path, reading, start)
        return result

    def _by_own_names(
        self,
        value: dict[AnyValue, AnyValue],
        aliases: Mapping[str, str | Sequence[str]],
        path: Path,
        reading: Reading,
    ) -> dict[AnyValue, AnyValue]:
        named = dict(value)
        for name, others in aliases.items():
            given = name if name in value else None
            for alias in (others,) if isinstance(others, str) else others:
                if alias in value:
                    if given is not None:
                        reading.collision(given, alias, path)
                    given = alias
                    named[name] = named.pop(alias)
        return named

    def _finish(
        self,
        value: dict[AnyValue, AnyValue],
        result: dict[AnyValue, AnyValue],
        path: Path,
        reading: Reading,
        start: int,
    ) -> None:
        """Add errors about unknown and missing fields, in front of the errors since index `start`."""
        inside = reading.errors[start:]
        inside.sort(key=lambda error: str(error.stack[len(path)]))
        del reading.errors[start:]
        self._read_extras(
            {name: value[name] for name in value if name not in self.fields}, result, path, reading
        )
        lacking = {
            name: self.fields[name].config_type.example() for name in self._required if name not in value
        }
        if lacking:
            reading.missing(lacking, path)
        reading.errors += inside

    def _read_extras(
        self, extras: dict[AnyValue, AnyValue], result: dict[AnyValue, AnyValue], path: Path, reading: Reading
    ) -> None:
        if extras:
            reading.undefined(self, extras, list(self.fields), path)


def describe_fields(fields: Mapping[str, Field]) -> str:
    parts = (
        f"{name}{'' if fields[name].is_required else '?'}: {fields[name].config_type.describe()} "
        for name in sorted(fields)
    )
    return "{ " + "".join(parts) + "}"


class Permissive(Shape):
    """A dict with declared fields and any others. `dict` in a schema means one without declared fields.

    Args:
        fields: The declared fields, by name. They come first in the result.
        description: The purpose of the value.

    Example:
        >>> Permissive({"cups": int}).read({"extra": None, "cups": 1}, (), Reading(None))
        {'cups': 1, 'extra': None}
    """

    __slots__ = ()

    def __init__(self, fields: Mapping[str, AnyValue] | None = None, description: str | None = None) -> None:
        super().__init__({} if fields is None else fields, description)

    def _read_extras(
        self, extras: dict[AnyValue, AnyValue], result: dict[AnyValue, AnyValue], path: Path, reading: Reading
    ) -> None:
        try:
            result.update(copied(extras))
        except RecursionError:
            reading.too_deep(self, extras, path)


class Array(ConfigType):
    """A list of items of one type. `[T]` in a schema means the same; `list` means `[Any]`.

    Args:
        inner_type: The type of an item.
    """

    __slots__ = ("inner_type",)

    def __init__(self, inner_type: AnyValue) -> None:
        super().__init__()
        self.inner_type: ConfigType = resolve_inner(inner_type, "an Array")

    def describe(self) -> str:
        return f"[{self.inner_type.describe()}]"

    def example(self) -> list[AnyValue]:
        return []

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if not isinstance(value, list):
            reading.container_mismatch(self, value, path, "list")
            return None
        read = self.inner_type.read
        return [read(item, (*path, number), reading) for number, item in enumerate(value)]


class Map(ConfigType):
    """A dict with arbitrary keys of one type and values of one type. `{str: T}` in a schema means the same.

    Args:
        key_type: The type of a key: int, float, bool or str.
        inner_type: The type of a value.
        key_label_name: The name of the key in messages.

    Raises:
        ParameterCheckError: `key_type` is not a scalar type.

    Example:
        >>> Map(str, int, key_label_name="shop")
        <config type { [shop: String]: Int }>
    """

    __slots__ = ("inner_type", "key_label_name", "key_type")

    def __init__(self, key_type: AnyValue, inner_type: AnyValue, key_label_name: str | None = None) -> None:
        super().__init__()
        self.key_type: ConfigType = resolve_inner(key_type, "the key of a Map")
        if self.key_type not in SCALARS:
            raise ParameterCheckError(
                f"parameter 'key_type' of a Map must be a scalar type, not {repr_of(key_type)}"
            )
        self.inner_type: ConfigType = resolve_inner(inner_type, "a Map")
        self.key_label_name: str | None = check_optional(key_label_name, str, "key_label_name", "a Map")

    def describe(self) -> str:
        label = f"{self.key_label_name}: " if self.key_label_name else ""
        return f"{{ [{label}{self.key_type.describe()}]: {self.inner_type.describe()} }}"

    def example(self) -> dict[AnyValue, AnyValue]:
        return {}

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if not isinstance(value, dict):
            reading.container_mismatch(self, value, path, "dict")
            return None
        for key in value:
            self.key_type.read(key, (*path, MapPart(key, "key")), reading)
        read = self.inner_type.read
        return {key: read(item, (*path, MapPart(key, "value")), reading) for key, item in value.items()}


def resolve_schema(schema: AnyValue) -> ConfigType:
    """Return the node of a schema in any form that users write.

    Args:
        schema: A node, a Field, one of int, float, bool, str, list, dict, a dict of schemas, a list of one
            schema, a dict with one scalar type as its key, or None or Any for any value.

    Raises:
        DagflowInvalidConfigDefinitionError: It is not a config schema; the error names the invalid part.
        DagflowInvalidDefinitionError: It is a type of the `typing` module or a DagflowType.
        TypeError: A key of a dict is not a string.

    Example:
        >>> resolve_schema({"cups": int, "names": [str]})
        <config type { cups: Int names: [String] }>
    """
    if isinstance(schema, Field):
        return schema.config_type
    return Any if schema is None else _resolved(schema)


def resolve_field(schema: AnyValue, what: str = "") -> Field:
    """Return the field of a definition's `config_schema`. For None, return an optional field of any value.

    Args:
        schema: The schema.
        what: The definition, for messages.

    Raises:
        DagflowInvalidConfigDefinitionError: It is not a config schema; the error names the invalid part.

    Example:
        >>> resolve_field({"cups": int}).is_required
        True
        >>> resolve_field(None).is_required
        False
    """
    if isinstance(schema, Field):
        return schema
    if schema is None:
        return ANYTHING
    try:
        return Field(resolve_schema(schema))
    except DagflowInvalidConfigDefinitionError as error:
        place = (error.original_root, error.current_value, error.stack, error.reason)
        raise DagflowInvalidConfigDefinitionError(*place, what) from None
    except (DagflowInvalidDefinitionError, ParameterCheckError) as error:
        raise type(error)(f"config_schema of {what}: {error}" if what else str(error)) from None


def is_function(value: AnyValue) -> bool:
    """Return whether the first argument of a decorator is its function, not a config schema.

    A class is the function, unless it is a config schema.

    Example:
        >>> is_function(len), is_function(Field), is_function(int), is_function(Field(int))
        (True, True, False, False)
    """
    if isinstance(value, type):
        is_schema = value in _BY_PYTHON_TYPE or issubclass(value, ConfigType)
        marks = ("__dagflow_config_type__", "__dagflow_config__")
        return not is_schema and all(attribute_of(value, mark, UNSET) is UNSET for mark in marks)
    return callable(value) and not isinstance(value, (Field, ConfigType))


def resolve_inner(schema: AnyValue, what: str) -> ConfigType:
    """Return the node of a schema inside a node or Field.

    Args:
        schema: The inner schema.
        what: The outer node, as error messages name it.

    Raises:
        DagflowInvalidConfigDefinitionError: A part of the schema is invalid.
        DagflowInvalidDefinitionError: The schema as a whole is invalid.
    """
    if isinstance(schema, ConfigType):
        return schema
    if schema is None:
        return Any
    try:
        return _resolved(schema)
    except DagflowInvalidConfigDefinitionError as error:
        if error.stack:
            raise
        raise DagflowInvalidDefinitionError(
            f"{repr_of(schema)} cannot be the type of {what}: {error}"
        ) from None


_Stack = tuple[str, ...]


def _resolved(schema: AnyValue, root: AnyValue = UNSET, stack: _Stack = ()) -> ConfigType:
    root = schema if root is UNSET else root
    try:
        return _resolve(schema, root, stack)
    except RecursionError:
        reason = "It has too many levels, or contains itself."
        raise DagflowInvalidConfigDefinitionError(root, schema, stack, reason) from None


def _resolve(schema: AnyValue, root: AnyValue, stack: _Stack) -> ConfigType:
    if isinstance(schema, ConfigType):
        return schema
    if isinstance(schema, dict):
        return _resolve_dict(schema, root, stack)
    if isinstance(schema, list):
        if len(schema) != 1:
            raise DagflowInvalidConfigDefinitionError(root, schema, stack, "List must be of length 1.")
        return Array(
            _resolve_item(
                schema,
                schema[0],
                root,
                stack,
                "List must have a single item and contain a valid type, as in [int].",
            )
        )
    try:
        known = _BY_PYTHON_TYPE.get(schema)
    except Exception:  # the value is not hashable, or its hash raises
        known = None
    if known is not None:
        return known
    if attribute_of(schema, "__origin__") is not None or isinstance(schema, types.UnionType):
        raise DagflowInvalidDefinitionError(
            f"{repr_of(schema)} is a type for annotations, which cannot be used in a config schema. Use "
            f"[int] for a "
            "list, {str: int} for a dict, Noneable(int) for a value or None, Field(int, is_required=False) "
            "for an optional value."
        )
    as_config = attribute_of(schema, "__dagflow_config_type__", UNSET)
    if has_class(as_config, ConfigType):
        return as_config
    if as_config is not UNSET:
        raise DagflowInvalidDefinitionError(
            f"{repr_of(schema)} is the type of a value, not of config. Use int, float, bool, str, a dict "
            f"of such "
            "types or a config type such as Array, Noneable or Permissive."
        )
    if isinstance(schema, type) and issubclass(schema, ConfigType):
        raise ParameterCheckError(
            f"{schema.__name__} is a class of config types; make an instance, as in {schema.__name__}(...)"
        )
    raise DagflowInvalidConfigDefinitionError(root, schema, stack)


def _resolve_item(whole: AnyValue, item: AnyValue, root: AnyValue, stack: _Stack, rule: str) -> ConfigType:
    """Return the node of the items of a list or map. An error about `item` names `whole`."""
    try:
        return _resolve(item, root, stack)
    except DagflowInvalidConfigDefinitionError as error:
        if len(error.stack) > len(stack):
            raise
        reason = f"{rule} Got item {repr_of(item)}."
        raise DagflowInvalidConfigDefinitionError(root, whole, stack, reason) from None


def _resolve_dict(schema: dict[AnyValue, AnyValue], root: AnyValue, stack: _Stack) -> ConfigType:
    if len(schema) == 1:
        ((key, inner),) = schema.items()
        if isinstance(key, (type, ConfigType)):
            key_type = _BY_PYTHON_TYPE.get(key, key)
            if key_type not in SCALARS:
                raise DagflowInvalidConfigDefinitionError(
                    root,
                    schema,
                    stack,
                    "Map dict must have a scalar type as its only key. Use int, float, bool or str.",
                )
            return Map(
                key_type,
                _resolve_item(
                    schema,
                    inner,
                    root,
                    stack,
                    "Map must have a single value and contain a valid type, as in {str: int}.",
                ),
            )
    return Shape(resolve_fields(schema, root, stack))


def resolve_fields(
    fields: Mapping[str, AnyValue], root: AnyValue = UNSET, stack: _Stack = ()
) -> dict[str, Field]:
    """Return the fields of a dict of schemas.

    Args:
        fields: The schemas, by name.
        root: The whole schema that contains `fields`, for errors.
        stack: The keys that lead from `root` to `fields`.
    """
    result = {}
    if root is UNSET:
        root = fields
    for name, schema in fields.items():
        if type(schema) is Field:
            field = schema
        elif schema in _BARE_FIELDS if isinstance(schema, type) else False:
            field = _BARE_FIELDS[schema]
        elif schema is None:
            raise DagflowInvalidConfigDefinitionError(root, schema, (*stack, name), "Fields cannot be None.")
        else:
            inner = _resolve(schema, root, (*stack, name)) if stack else _resolved(schema, root, (name,))
            field = Field(inner)
        if not isinstance(name, str):
            raise TypeError(
                f"the names of config fields must be strings, not {repr_of(name)} (in {repr_of(fields)})"
            )
        result[name] = field
    return result


_BY_PYTHON_TYPE: dict[AnyValue, ConfigType] = {
    int: Int,
    float: Float,
    bool: Bool,
    str: String,
    list: Array(Any),
    typing.Any: Any,
}
_BARE_FIELDS: dict[type, Field] = {}
_BY_PYTHON_TYPE[dict] = Permissive()
_BARE_FIELDS.update(
    {key: Field(node) for key, node in _BY_PYTHON_TYPE.items() if key in (int, float, bool, str)}
)
ANYTHING = Field(Any, is_required=False)
