"""Config schemas: plain Python forms, required fields, defaults, and errors about invalid schemas."""

from __future__ import annotations

import enum
import typing

import pytest

from dagflow import executor, io_manager, logger, op, resource
from dagflow._util import UNSET
from dagflow.config.choice import (
    BoolSource,
    Enum,
    EnumValue,
    IntSource,
    Noneable,
    ScalarUnion,
    Selector,
    StringSource,
)
from dagflow.config.field import Array, Field, Map, Permissive, Shape, resolve_field, resolve_schema
from dagflow.config.scalar import Any, Bool, Float, Int, String
from dagflow.errors import (
    CheckError,
    DagflowInvalidConfigDefinitionError,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    ParameterCheckError,
)
from dagflow.types import kinds as dagflow_types


class Color(enum.Enum):
    """A Python enum of a user."""

    RED = 1
    BLUE = 2


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (int, "Int"),
        (float, "Float"),
        (bool, "Bool"),
        (str, "String"),
        (list, "[Any]"),
        (dict, "{ }"),
        (None, "Any"),
        (typing.Any, "Any"),
        (dagflow_types.Any, "Any"),
        (dagflow_types.Int, "Int"),
        (dagflow_types.String, "String"),
        ([int], "[Int]"),
        ({str: int}, "{ [String]: Int }"),
        (Map(str, [int], key_label_name="shop"), "{ [shop: String]: [Int] }"),
        ({"b": Field(str, is_required=False), "a": {"c": int}}, "{ a: { c: Int } b?: String }"),
        ({}, "{ }"),
        (Noneable([int]), "[Int]?"),
        ({"n": Noneable(int)}, "{ n?: Int? }"),
        (Permissive({"a": int}), "{ a: Int }"),
        (Selector({"a": int, "b": str}), "{ a: Int b: String }"),
        (Enum("Size", [EnumValue("S")]), "Size"),
        (IntSource, "(Int | { env: String })"),
        (StringSource, "(String | { env: String })"),
        (BoolSource, "(Bool | { env: String })"),
        (ScalarUnion(str, [int]), "(String | [Int])"),
    ],
)
def test_plain_python_is_a_schema(schema: object, text: str) -> None:
    """Each plain form becomes a node, whose description is the string in error messages."""
    assert resolve_schema(schema).describe() == text


@pytest.mark.parametrize(
    ("schema", "required", "default"),
    [
        (int, True, UNSET),
        (Any, True, UNSET),
        ([int], True, UNSET),
        ({str: int}, True, UNSET),
        (IntSource, True, UNSET),
        (Enum("Size", [EnumValue("S")]), True, UNSET),
        (Noneable(int), False, None),
        (dict, False, {}),
        ({}, False, {}),
        ({"a": int}, True, UNSET),
        ({"a": Field(int, default_value=1), "b": Field(int, is_required=False)}, False, {"a": 1}),
        ({"a": Noneable(int)}, False, {"a": None}),
        (Permissive({"a": int}), True, UNSET),
        (Selector({"a": int}), True, UNSET),
        (Selector({"a": Field(int, default_value=1)}), False, {}),
        (Selector({"a": Field(int, default_value=1), "b": int}), True, UNSET),
    ],
)
def test_the_type_decides_whether_a_field_is_required(
    schema: object, required: bool, default: object
) -> None:
    """A field without options is required if its type is required; else it has the default of its type."""
    field = Field(schema)

    assert (field.is_required, field.default) == (required, default)
    assert field.default_provided is (default is not UNSET)


def test_a_default_makes_a_field_optional() -> None:
    """A field with a default is optional."""
    field = Field(int, default_value=3, description="how many", is_secret=True)

    assert (field.is_required, field.default_value) == (False, 3)
    assert (field.description, field.is_secret) == ("how many", True)


def test_a_field_can_be_optional_without_a_default() -> None:
    """`is_required=False` alone gives no default, not even that of the type; reading it is an error."""
    assert Field(int, is_required=False).default is UNSET
    assert Field(Noneable(int), is_required=False).default is UNSET
    with pytest.raises(CheckError, match="has no default value"):
        Field(int).default_value  # noqa: B018
    with pytest.raises(CheckError, match="has no default value"):
        Field(int).default_value_as_json_str  # noqa: B018
    assert Field({"a": int}, default_value={"a": 1}).default_value_as_json_str == '{"a": 1}'


@pytest.mark.parametrize(
    ("schema", "default", "place"),
    [
        (int, "x", "at the root"),
        (int, None, "at the root"),
        ([int], ["x"], r"root\[0\]"),
        ({"a": int}, {"a": "x"}, "root:a"),
        (Enum.from_python_enum(Color), "PINK", "at the root"),
        ({"color": Enum.from_python_enum(Color)}, {"color": Color.RED}, "root:color"),
    ],
)
def test_a_wrong_default_is_refused(schema: object, default: object, place: str) -> None:
    """A default must match the type of its field, and the error names the path of a mistake."""
    with pytest.raises(DagflowInvalidConfigError, match=place):
        Field(schema, default_value=default)


def test_a_default_may_name_an_environment_variable_that_is_not_set() -> None:
    """The variable need not be set at definition time, only when the config is read."""
    assert Field(StringSource, default_value={"env": "NOPE"}).default_value == {"env": "NOPE"}


def test_the_default_of_an_enum_is_written_as_a_name() -> None:
    """A member as the default is an error that lists the names of the choices."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'RED', 'BLUE'"):
        Field(Enum.from_python_enum(Color), default_value=Color.RED)


def test_contradicting_arguments_are_refused() -> None:
    """A required field with a default, a function as the default, and a non-bool requirement are errors."""
    with pytest.raises(ParameterCheckError, match="default_value"):
        Field(int, default_value=1, is_required=True)
    with pytest.raises(ParameterCheckError, match="default_value"):
        Field(int, default_value=lambda: 1)
    with pytest.raises(ParameterCheckError, match="is_required"):
        Field(int, is_required="no")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schema", "stack"),
    [
        ({"a": {"b": object()}}, ["a", "b"]),
        ({"a": [object()]}, ["a"]),
        ({"a": [int, str]}, ["a"]),
        ({"a": None}, ["a"]),
        ({"a": (int,)}, ["a"]),
        ({"a": Color}, ["a"]),
        (Color, []),
        ((int, str), []),
        ([], []),
        ({dict: int}, []),
        (3, []),
    ],
)
def test_the_error_about_an_invalid_schema(schema: object, stack: list[str]) -> None:
    """The error has the given schema, its invalid part and the keys that lead to that part."""
    with pytest.raises(DagflowInvalidConfigDefinitionError) as caught:
        resolve_schema(schema)

    assert caught.value.original_root == schema
    assert caught.value.stack == stack


@pytest.mark.parametrize(
    "schema",
    [list[int], dict[str, int], typing.Union[int, None], {"a": list[int]}],  # noqa: UP007
)
def test_annotations_are_no_schemas(schema: object) -> None:
    """A type for annotations is an error, which names the config types to use instead."""
    with pytest.raises(DagflowInvalidDefinitionError, match="Noneable"):
        resolve_schema(schema)


@pytest.mark.parametrize(
    "schema", [Field(int), (int, str), [int, str], object(), Color, dagflow_types.Nothing]
)
def test_a_field_rejects_invalid_schemas(schema: object) -> None:
    """A Field of a Field, a tuple, a list of two, an object, a Python enum and a value type are errors."""
    with pytest.raises(DagflowInvalidDefinitionError):
        Field(schema)


@pytest.mark.parametrize("wrap", [Array, Noneable, lambda inner: Map(str, inner)])
def test_nodes_reject_invalid_schemas(wrap: typing.Callable[[object], object]) -> None:
    """The inner type of a node must be a schema too."""
    with pytest.raises(DagflowInvalidDefinitionError):
        wrap((int,))


@pytest.mark.parametrize("make", [Shape, Permissive, Selector, resolve_schema])
def test_names_of_fields_are_strings(make: typing.Callable[[object], object]) -> None:
    """The keys of a dict in a schema must be strings."""
    with pytest.raises(TypeError, match="1"):
        make({1: int})


def test_a_class_of_config_types_is_no_schema() -> None:
    """A class of config types is not a schema; the error shows how to create an instance."""
    with pytest.raises(ParameterCheckError, match=r"Shape\(...\)"):
        resolve_schema(Shape)


def test_keys_of_a_map_and_the_scalar_of_a_union_are_scalars() -> None:
    """Lists, Any and enums cannot be keys; a union has one scalar and one dict or list."""
    for key_type in ([int], Any, Enum("Size", [EnumValue("S")])):
        with pytest.raises(ParameterCheckError, match="key_type"):
            Map(key_type, int)
    with pytest.raises(ParameterCheckError, match="scalar_type"):
        ScalarUnion({"a": int}, int)
    with pytest.raises(ParameterCheckError, match="non_scalar_schema"):
        ScalarUnion(int, str)


def test_an_enum_has_different_names() -> None:
    """Choices are EnumValues with different names; the default of the Python value is the name."""
    assert EnumValue("A").python_value == "A"
    with pytest.raises(CheckError, match="'A' twice"):
        Enum("Size", [EnumValue("A"), EnumValue("A")])
    with pytest.raises(CheckError, match="EnumValue"):
        Enum("Size", ["A"])  # type: ignore[list-item]


def test_enums_come_from_python_enums() -> None:
    """The choices are the names of the members; user code receives the members or their values."""
    assert Enum.from_python_enum(Color).values_by_name == {"RED": Color.RED, "BLUE": Color.BLUE}
    assert Enum.from_python_enum_direct_values(Color, "Paint").values_by_name == {"RED": 1, "BLUE": 2}
    assert Enum.from_python_enum_direct_values(Color, "Paint").name == "Paint"


def test_resolve_field_keeps_a_field_and_wraps_a_schema() -> None:
    """A schema becomes a field; None becomes an optional field of any value."""
    field = Field(int, default_value=3)

    assert resolve_field(field) is field
    assert resolve_field({"a": int}).is_required
    assert resolve_schema(field) is Int
    assert (resolve_field(None).config_type, resolve_field(None).is_required) == (Any, False)


def test_scalars_are_shared() -> None:
    """Each scalar type has one node object."""
    assert [resolve_schema(kind) for kind in (int, float, bool, str)] == [Int, Float, Bool, String]


def test_a_schema_that_contains_itself():
    """A schema without an end is refused by the name of its definition."""
    schema: dict = {"cups": int}
    schema["more"] = schema

    with pytest.raises(DagflowInvalidConfigDefinitionError, match=r"contains itself.*of op 'brew'"):
        resolve_field(schema, "op 'brew'")


def test_the_definition_of_an_invalid_schema():
    """The error about a schema names the op, resource, I/O manager, executor or logger that has it."""
    for decorate, name in (
        (op, "op 'brew'"),
        (resource, "resource 'brew'"),
        (io_manager, "resource 'brew'"),
        (logger, "logger 'brew'"),
        (executor, "executor 'brew'"),
    ):
        with pytest.raises(DagflowInvalidConfigDefinitionError, match=f"the schema of {name}"):

            @decorate(config_schema={"cups": object()})
            def brew(context):
                raise AssertionError
