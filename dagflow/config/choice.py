"""Config schemas with alternatives: enums, selectors, optional values, scalar unions and sources.

A source is a scalar that may come from an environment variable.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any as AnyValue

from dagflow._util import UNSET, class_has, nearest
from dagflow.config.field import Array, Field, Map, Shape, describe_fields, resolve_fields, resolve_inner
from dagflow.config.parse import Reading
from dagflow.config.paths import Path, where
from dagflow.config.scalar import SCALARS, Bool, ConfigType, Float, String
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_type,
    repr_of,
)


class EnumValue:
    """One choice of a config `Enum`.

    Args:
        config_value: The name in config.
        python_value: The value that user code receives. Default: the name.
        description: The meaning of the choice.
    """

    __slots__ = ("config_value", "description", "python_value")

    def __init__(
        self, config_value: str, python_value: AnyValue | None = None, description: str | None = None
    ) -> None:
        self.config_value: str = check_type(config_value, str, "config_value")
        self.python_value: AnyValue = config_value if python_value is None else python_value
        self.description: str | None = check_optional(description, str, "description", "an EnumValue")

    def __repr__(self) -> str:
        return f"EnumValue({self.config_value!r}, {self.python_value!r})"


class Enum(ConfigType):
    """A choice among names, each with a Python value.

    Args:
        name: The name of the enum in messages.
        enum_values: The choices.

    Raises:
        CheckError: Two choices have the same name, or one is not an EnumValue.

    Example:
        >>> size = Enum("Size", [EnumValue("SMALL", 1), EnumValue("LARGE", 3)])
        >>> size.read("LARGE", (), Reading({}))
        3
    """

    __slots__ = ("enum_values", "name", "values_by_name")

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        super().__init__()
        self.name: str = check_type(name, str, "name")
        self.enum_values: list[EnumValue] = list(check_type(enum_values, Iterable, "enum_values"))
        self.values_by_name: dict[str, AnyValue] = {}
        for choice in self.enum_values:
            if not isinstance(choice, EnumValue):
                raise CheckError(
                    f"the choices of the config enum '{name}' must be EnumValue objects, not "
                    f"{repr_of(choice)}"
                )
            if choice.config_value in self.values_by_name:
                raise CheckError(f"the config enum '{name}' has the choice '{choice.config_value}' twice")
            self.values_by_name[choice.config_value] = choice.python_value

    @staticmethod
    def from_python_enum(enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Return a config enum with the member names of a Python enum; user code receives the members.

        Args:
            enum: The enum class.
            name: The name of the config enum in messages. Default: the name of the class.
        """
        choices = [EnumValue(member.name, python_value=member) for member in enum]
        return Enum(name or enum.__name__, choices)

    @staticmethod
    def from_python_enum_direct_values(enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Return the config enum of `from_python_enum`, but user code receives the values of the members."""
        choices = [EnumValue(member.name, python_value=member.value) for member in enum]
        return Enum(name or enum.__name__, choices)

    @property
    def config_values(self) -> list[str]:
        """The names of the choices."""
        return list(self.values_by_name)

    def describe(self) -> str:
        return self.name

    def example(self) -> AnyValue:
        return next(iter(self.values_by_name), "<unknown>")

    def check_default(self, value: AnyValue) -> None:
        if isinstance(value, enum.Enum) and any(value is choice.python_value for choice in self.enum_values):
            raise DagflowInvalidDefinitionError(
                f"the default of a field of the config enum '{self.name}' is the value {repr_of(value)}. "
                f"Use its "
                f"name as in config, one of {self.config_values!r}."
            )

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if isinstance(value, str) and value in self.values_by_name:
            return value if reading.environ is None else self.values_by_name[value]
        if value is None:
            reading.none_given(self, path, self.name)
            return None
        names = self.config_values
        if isinstance(value, str) and not class_has(value, "__dagflow_env_var__"):
            hint = nearest(value, names)
            problem = (
                f"not in enum type {self.name} got {str.__str__(value)}: "
                f'"{self.name}" has no choice {repr_of(value)}.{hint} Expected one of {repr_of(names)}.'
            )
        else:
            problem = (
                f"for enum type {self.name} must be a string, "
                f'one of the choices {repr_of(names)} of "{self.name}", not {repr_of(value)}.'
            )
        reading.mismatch(self, value, path, f"Value {where(path)} {problem}")
        return None


class EnumSource(Enum):
    """An `Enum` whose name may come from an environment variable, by `{"env": "NAME"}`."""

    __slots__ = ()

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if not isinstance(value, dict) or list(value) != ["env"]:
            return super().read(value, path, reading)
        before = len(reading.errors)
        variable = String.read(value["env"], (*path, "env"), reading)
        if len(reading.errors) != before or reading.environ is None:
            return value
        content = reading.lookup(value, variable, path)
        if content is None:
            return None
        if content in self.values_by_name:
            return self.values_by_name[content]
        names = self.config_values
        problem = (
            f'Value stored in env variable "{variable}" is {content!r}, which is no choice of "{self.name}"'
            f".{nearest(content, names)} Expected one of {repr_of(names)}."
        )
        reading.failed_lookup(value, variable, path, problem)
        return None


class Selector(ConfigType):
    """A dict with exactly one of several fields.

    Args:
        fields: The possible fields, by name.
        description: The purpose of the value.

    Example:
        >>> Selector({"tea": int, "coffee": int}).read({"tea": 2}, (), Reading(None))
        {'tea': 2}
    """

    __slots__ = ("fields",)

    def __init__(self, fields: Mapping[str, AnyValue], description: str | None = None) -> None:
        self.description = check_optional(description, str, "description", "a Selector")
        self.fields: dict[str, Field] = resolve_fields(check_type(fields, Mapping, "fields", "a Selector"))

    def _only_field(self) -> tuple[str, Field] | None:
        """Return the field that an empty dict selects: the only field, if it is optional."""
        if len(self.fields) == 1:
            ((name, field),) = self.fields.items()
            if not field.is_required:
                return name, field
        return None

    @property
    def is_required(self) -> bool:  # type: ignore[override]
        """True if the value must name a field."""
        return self._only_field() is None

    def default(self) -> AnyValue:
        return UNSET if self._only_field() is None else {}

    def describe(self) -> str:
        return describe_fields(self.fields)

    def example(self) -> str:
        return "<selector>"

    def note_missing(self, path: Path, reading: Reading) -> None:
        if path:
            super().note_missing(path, reading)
        else:
            self.read({}, path, reading)

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if not isinstance(value, dict):
            if value is None:
                reading.none_given(self, path, self.describe())
            else:
                message = f"Value for selector type {where(path)} must be a dict, not {repr_of(value)}. "
                reading.mismatch(self, value, path, message + f'Expected: "{self.describe()}".')
            return None
        if len(value) == 1:
            ((name, chosen),) = value.items()
            field = self.fields.get(name)
            if field is None:
                reading.undefined(self, [name], list(self.fields), path)
                return None
            if chosen is None:
                if field.default is UNSET and self._only_field() is not None:
                    return {name: None}  # equal to the result for {}, so that a result can be read again
                if isinstance(field.config_type, Shape):
                    chosen = {}
            return {name: field.config_type.read(chosen, (*path, name), reading)}
        only = self._only_field()
        if not value and only is not None:
            result = only[1].read_absent((*path, only[0]), reading)
            return {only[0]: None if result is UNSET else result}
        self._note_wrong_count(value, path, reading)
        return None

    def _note_wrong_count(self, value: dict[AnyValue, AnyValue], path: Path, reading: Reading) -> None:
        known = sorted(self.fields)
        if value:
            given = sorted(str(name) for name in value)
            message = f"You can only specify a single field {where(path)}. You specified {repr_of(given)}. "
            reading.selector(self, value, path, message + f"The available fields are {repr_of(known)}")
        elif len(known) == 1:
            message = f"Must specify the required field {where(path)}. Defined fields: {repr_of(known)}"
            reading.selector(self, value, path, message)
        else:
            message = f"Must specify a field {where(path)} if more than one field is defined. "
            reading.selector(self, value, path, message + f"Defined fields: {repr_of(known)}")


class Noneable(ConfigType):
    """A value of a type, or None. A field of this type is optional, with the default None.

    Args:
        inner_type: The type of a value that is not None.
    """

    __slots__ = ("inner_type",)
    is_required = False

    def __init__(self, inner_type: AnyValue) -> None:
        super().__init__()
        self.inner_type: ConfigType = resolve_inner(inner_type, "a Noneable")

    def default(self) -> None:
        return None

    def describe(self) -> str:
        return f"{self.inner_type.describe()}?"

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        return None if value is None else self.inner_type.read(value, path, reading)


class ScalarUnion(ConfigType):
    """A scalar, or a dict or list in its place.

    Args:
        scalar_type: The type of the scalar: int, float, bool or str.
        non_scalar_schema: The schema of the dict or list.

    Raises:
        ParameterCheckError: `scalar_type` is not a scalar type, or `non_scalar_schema` is not the schema of a
            dict or list.

    Example:
        >>> ScalarUnion(str, {"file": str})
        <config type (String | { file: String })>
    """

    __slots__ = ("non_scalar_type", "scalar_type")

    def __init__(self, scalar_type: AnyValue, non_scalar_schema: AnyValue) -> None:
        super().__init__()
        self.scalar_type: ConfigType = resolve_inner(scalar_type, "the scalar of a ScalarUnion")
        self.non_scalar_type: ConfigType = resolve_inner(non_scalar_schema, "a ScalarUnion")
        if self.scalar_type not in SCALARS:
            raise ParameterCheckError(
                f"parameter 'scalar_type' must be a scalar type, not {repr_of(scalar_type)}"
            )
        if not isinstance(self.non_scalar_type, (Shape, Selector, Array, Map)):
            raise ParameterCheckError(
                "parameter 'non_scalar_schema' must be the schema of a dict or a list, "
                f"not {repr_of(non_scalar_schema)}"
            )

    def describe(self) -> str:
        return f"({self.scalar_type.describe()} | {self.non_scalar_type.describe()})"

    def example(self) -> AnyValue:
        return self.scalar_type.example()

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        if isinstance(value, (dict, list)):
            return self.non_scalar_type.read(value, path, reading)
        if value is None:
            reading.none_given(self, path, self.describe())
            return None
        return self.scalar_type.read(value, path, reading)


class _Source(ScalarUnion):
    """A scalar, or `{"env": "NAME"}` for the content of an environment variable."""

    __slots__ = ()

    def __init__(self, scalar_type: type) -> None:
        super().__init__(scalar_type, Selector({"env": str}))

    def read(self, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        before = len(reading.errors)
        result = super().read(value, path, reading)
        if not isinstance(result, dict) or len(reading.errors) != before or reading.environ is None:
            return result
        content = reading.lookup(value, result["env"], path)
        return None if content is None else self._convert(content, value, path, reading)

    def _convert(self, content: str, value: AnyValue, path: Path, reading: Reading) -> AnyValue:
        """Return the content of an environment variable as the scalar's Python type."""
        if self.scalar_type is String:
            return content
        if self.scalar_type is Bool:
            return content.lower() not in ("", "0", "false")
        number = float if self.scalar_type is Float else int
        try:
            return number(content)
        except ValueError:
            variable = value["env"]
            expected = "a float" if number is float else "an int"
            problem = (
                f'Value stored in env variable "{variable}" cannot be coerced into {expected}: '
                f"it is {content!r}."
            )
            reading.failed_lookup(value, variable, path, problem)
            return None


IntSource: ScalarUnion = _Source(int)
FloatSource: ScalarUnion = _Source(float)
StringSource: ScalarUnion = _Source(str)
BoolSource: ScalarUnion = _Source(bool)
