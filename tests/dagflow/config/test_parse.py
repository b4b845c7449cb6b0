"""Reading of config: the value for user code, or all mistakes with their paths, reasons and data."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from dagflow.config.evaluation_errors import DagflowEvaluationErrorReason, EvaluationError
from dagflow.config.field import Array, Field, Map, Permissive, Shape, resolve_schema
from dagflow.config.parse import parse

Reason = DagflowEvaluationErrorReason
SIZE = Enum("Size", [EnumValue("SMALL", 1), EnumValue("LARGE")])


def errors_of(schema: object, value: object, **options: Any) -> tuple[EvaluationError, ...]:
    """Return the mistakes in a value of the op `brew`."""
    return parse(
        resolve_schema({"config": schema}), {"config": value}, path=("ops", "brew"), **options
    ).errors


@pytest.mark.parametrize(
    ("schema", "value", "result"),
    [
        (int, 3, 3),
        (float, 1.5, 1.5),
        (float, 1, 1.0),
        (bool, True, True),
        (str, "x", "x"),
        (Any, None, None),
        (Any, {"a": (1, 2)}, {"a": (1, 2)}),
        (dict, {"a": None}, {"a": None}),
        (list, [1, None, "x"], [1, None, "x"]),
        ([int], [1, 2], [1, 2]),
        ([Noneable(int)], [None, 1], [None, 1]),
        ({str: int}, {"a": 1}, {"a": 1}),
        (Map(float, int), {1: 1, 1.5: 2}, {1: 1, 1.5: 2}),
        (Noneable(int), None, None),
        (Noneable({"a": Field(int, default_value=2)}), {}, {"a": 2}),
        (SIZE, "SMALL", 1),
        (SIZE, "LARGE", "LARGE"),
        (IntSource, 3, 3),
        (ScalarUnion(int, {"k": str}), 3, 3),
        (ScalarUnion(int, {"k": str}), {"k": "x"}, {"k": "x"}),
        (ScalarUnion(int, [str]), ["x"], ["x"]),
        (Selector({"a": int, "b": str}), {"b": "x"}, {"b": "x"}),
        (Selector({"a": Field(int, default_value=1)}), {}, {"a": 1}),
        (Selector({"a": Field(int, is_required=False)}), {}, {"a": None}),
        (Selector({"a": Field(int, is_required=False)}), {"a": None}, {"a": None}),
        (Selector({"a": {"x": Field(int, default_value=3)}, "b": int}), {"a": None}, {"a": {"x": 3}}),
        ({"a": Field(int, default_value=1)}, {}, {"a": 1}),
        ({"a": Field(int, is_required=False)}, {}, {}),
        ({"a": Noneable(int)}, {}, {"a": None}),
        ({"a": {"b": Field(int, default_value=3)}}, {}, {"a": {"b": 3}}),
        (
            {"a": Field({"b": Field(int, default_value=3), "c": int}, default_value={"c": 4})},
            {},
            {"a": {"b": 3, "c": 4}},
        ),
        ({"a": Field(SIZE, default_value="SMALL")}, {}, {"a": 1}),
        ({"a": Field(float, default_value=3)}, {}, {"a": 3.0}),
    ],
)
def test_a_valid_value_is_read(schema: object, value: object, result: object) -> None:
    """A valid value gives the value for user code, with defaults."""
    parsed = parse(resolve_schema(schema), value)

    assert (parsed.value, parsed.errors, parsed.used_env) == (result, (), False)
    assert type(parsed.value) is type(result)


def test_permissive_keeps_unknown_fields() -> None:
    """Declared fields come first, in the order of the schema; the other fields follow in the given order."""
    schema = Permissive({"z": int, "b": int, "d": Field(int, default_value=3)})

    assert list(parse(schema, {"q": 1, "b": 2, "a": 1, "z": 0}).value.items()) == [
        ("z", 0), ("b", 2), ("d", 3), ("q", 1), ("a", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value", "place", "parts"),
    [
        (int, "x", "root:ops:brew:config", ['"x"', "<class 'str'>", '"Int"']),
        (int, True, "root:ops:brew:config", ["True", "<class 'bool'>", '"Int"']),
        (bool, 1, "root:ops:brew:config", ["1", "<class 'int'>", '"Bool"']),
        (float, 10**400, "root:ops:brew:config", ["<class 'int'>", '"Float"']),
        ({"a": int}, {"a": None}, "root:ops:brew:config:a", ["None", '"Int"']),
        ({"a": int}, 3, "root:ops:brew:config", ["must be dict", '"{ a: Int }"']),
        ({"a": int}, None, "root:ops:brew:config", ["None", '"{ a: Int }"']),
        ([int], {}, "root:ops:brew:config", ["must be list", '"[Int]"']),
        ([int], (1,), "root:ops:brew:config", ["must be list"]),
        ([{"k": int}], [{"k": 1}, {"k": "x"}], "root:ops:brew:config[1]:k", ['"x"']),
        ({str: int}, {"a": "x"}, "root:ops:brew:config:'a':value", ['"x"']),
        (Map(int, int), {"a": 1}, "root:ops:brew:config:'a':key", ['"a"']),
        ({str: int}, {1: 1}, "root:ops:brew:config:1:key", ["1"]),
        ({str: int}, 3, "root:ops:brew:config", ["must be dict", "{ [String]: Int }"]),
        (SIZE, "SMALLER", "root:ops:brew:config", ['"Size"', "'SMALLER'", "Did you mean 'SMALL'?"]),
        (SIZE, 1, "root:ops:brew:config", ['"Size"', "must be a string"]),
        (SIZE, None, "root:ops:brew:config", ["None", '"Size"']),
        (Selector({"a": int}), 3, "root:ops:brew:config", ["selector", "must be a dict"]),
        (
            Selector({"a": int, "b": Field(int, is_required=False)}),
            {"b": None},
            "root:ops:brew:config:b",
            ["None"],
        ),
        (Selector({"a": int}), None, "root:ops:brew:config", ["None", "{ a: Int }"]),
        (IntSource, None, "root:ops:brew:config", ["None", "(Int | { env: String })"]),
        (StringSource, {"env": 1}, "root:ops:brew:config:env", ['"String"']),
        (ScalarUnion(int, {"k": str}), {"k": 1}, "root:ops:brew:config:k", ['"String"']),
        (Noneable(int), "x", "root:ops:brew:config", ['"Int"']),
    ],
)
def test_a_value_of_the_wrong_type(schema: object, value: object, place: str, parts: list[str]) -> None:
    """The message has the path, the value and the expected type."""
    (error,) = errors_of(schema, value)

    assert (error.reason, error.path) == (Reason.RUNTIME_TYPE_MISMATCH, place)
    assert place in error.message
    assert [part for part in parts if part not in error.message] == []


def test_one_missing_field() -> None:
    """The error about one missing field names it and has a nested example."""
    (error,) = errors_of({"a": {"b": int, "s": Selector({"x": int}), "o": Noneable(int)}}, {})

    assert error.reason is Reason.MISSING_REQUIRED_FIELD
    assert error.error_data.field_name == "a"
    assert '"a" at path root:ops:brew:config' in error.message
    assert "{'a': {'b': 0, 's': '<selector>'}}" in error.message


def test_several_missing_fields() -> None:
    """Several missing fields are one mistake, sorted by name."""
    (error,) = errors_of({"b": str, "a": int, "c": SIZE}, {})

    assert error.reason is Reason.MISSING_REQUIRED_FIELDS
    assert error.error_data.field_names == ["a", "b", "c"]
    assert "['a', 'b', 'c']" in error.message
    assert "{'a': 0, 'b': '...', 'c': 'SMALL'}" in error.message


def test_missing_fields_are_reported_at_the_highest_level() -> None:
    """If a whole level is missing, the mistake is about that level."""
    schema = resolve_schema({"ops": {"brew": {"config": {"a": int}}}})

    (error,) = parse(schema, {}).errors

    assert error.message.startswith('Missing required config entry "ops" at the root.')
    assert "{'ops': {'brew': {'config': {'a': 0}}}}" in error.message


def test_one_unknown_field() -> None:
    """The error about one unknown field names it, the expected shape and a similar name."""
    (error,) = errors_of({"apple": int}, {"apple": 1, "aple": 2})

    assert error.reason is Reason.FIELD_NOT_DEFINED
    assert error.error_data.field_name == "aple"
    assert error.message.endswith(
        '"aple" at path root:ops:brew:config. Expected: "{ apple: Int }". Did you mean \'apple\'?'
    )


def test_several_unknown_fields() -> None:
    """Several unknown fields are one mistake, with the known names."""
    (error,) = errors_of({"q": int, "a": Noneable(int)}, {"q": 1, "zz": 2, "cc": 3, 5: 1})

    assert error.reason is Reason.FIELDS_NOT_DEFINED
    assert error.error_data.field_names == ["5", "cc", "zz"]
    assert "['5', 'cc', 'zz']" in error.message
    assert "['a', 'q']" in error.message


@pytest.mark.parametrize(
    ("fields", "value", "part"),
    [
        ({"x": int, "y": str}, {"x": 1, "y": "2"}, "You specified ['x', 'y']"),
        ({"x": int, "y": str}, {}, "Defined fields: ['x', 'y']"),
        ({"x": int}, {}, "Must specify the required field"),
    ],
)
def test_a_selector_takes_exactly_one_field(fields: dict[str, object], value: object, part: str) -> None:
    """Several fields, or no field if several are possible, are a mistake with its own reason."""
    (error,) = errors_of(Selector(fields), value)

    assert error.reason is Reason.SELECTOR_FIELD_ERROR
    assert "root:ops:brew:config" in error.message
    assert part in error.message


def test_an_unknown_field_of_a_selector() -> None:
    """A name that is not in the selector is an unknown field."""
    (error,) = errors_of(Selector({"x": int, "y": str}), {"z": 1})

    assert error.reason is Reason.FIELD_NOT_DEFINED


def test_a_field_with_two_names() -> None:
    """A field may be given under its name or its alias; the result has its name. Both are a mistake."""
    schema = Shape({"foo_field": dict, "bar": str}, field_aliases={"foo_field": "foo"})

    assert parse(schema, {"foo": {"a": 1}, "bar": "x"}).value == {"foo_field": {"a": 1}, "bar": "x"}
    assert parse(schema, {"foo_field": {}, "bar": "x"}).value == {"foo_field": {}, "bar": "x"}
    errors = errors_of(schema, {"foo": 1, "foo_field": {}})
    assert [error.reason for error in errors] == [
        Reason.FIELD_ALIAS_COLLISION,
        Reason.MISSING_REQUIRED_FIELD,
        Reason.RUNTIME_TYPE_MISMATCH,
    ]
    assert errors[0].error_data.field_names == ["foo_field", "foo"]


def test_all_mistakes_come_at_once_and_in_order() -> None:
    """At each level: unknown fields, missing fields, then the mistakes inside the fields by name."""
    schema = {"z": {"q": int}, "b": {"c": int}, "a": int, "m": int}

    errors = errors_of(schema, {"z": {}, "b": {"c": "x", "d": 1}, "m": "y", "n": 1})

    assert [(error.reason, error.path.rpartition(":config")[2]) for error in errors] == [
        (Reason.FIELD_NOT_DEFINED, ""),
        (Reason.MISSING_REQUIRED_FIELD, ""),
        (Reason.FIELD_NOT_DEFINED, ":b"),
        (Reason.RUNTIME_TYPE_MISMATCH, ":b:c"),
        (Reason.RUNTIME_TYPE_MISMATCH, ":m"),
        (Reason.MISSING_REQUIRED_FIELD, ":z"),
    ]


def test_keys_of_a_map_are_checked_before_its_values() -> None:
    """Wrong keys come first, each in the order given."""
    errors = errors_of({str: int}, {"z": "x", 1: 1, "b": "y"})

    assert [error.path.rpartition(":config")[2] for error in errors] == [":1:key", ":'z':value", ":'b':value"]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (IntSource, " 12 ", 12),
        (StringSource, "x", "x"),
        (BoolSource, "false", False),
        (BoolSource, "False", False),
        (BoolSource, "0", False),
        (BoolSource, "", False),
        (BoolSource, "xx", True),
        (BoolSource, "true", True),
    ],
)
def test_a_source_may_come_from_the_environment(schema: object, text: str, value: object) -> None:
    """`{"env": NAME}` gives the content of the variable, and the result records the look-up."""
    parsed = parse(resolve_schema([schema]), [{"env": "V"}], environ={"V": text})

    assert (parsed.value, parsed.used_env) == ([value], True)


def test_a_source_as_the_default() -> None:
    """A default may name a variable too, which is looked up each time."""
    schema = Shape({"a": Field(StringSource, default_value={"env": "V"})})

    assert [parse(schema, {}, environ={"V": text}).value for text in "xy"] == [{"a": "x"}, {"a": "y"}]


@pytest.mark.parametrize(("environ", "part"), [({}, "not set"), (None, "not set"), ({"V": "xx"}, "'xx'")])
def test_a_variable_that_cannot_be_used(environ: dict[str, str] | None, part: str) -> None:
    """The message has the path, the original value and the variable."""
    (error,) = errors_of(IntSource, {"env": "V"}, environ=environ)

    assert error.reason is Reason.FAILED_POST_PROCESSING
    assert "root:ops:brew:config" in error.message
    assert "{'env': 'V'}" in error.message
    assert part in error.message


def test_an_env_var_object_in_plain_config() -> None:
    """An EnvVar object in a dict is a mistake, and the message shows the plain form."""

    class Variable(str):
        __slots__ = ()
        __dagflow_env_var__ = "HOST"

    (error,) = errors_of(str, Variable("HOST"))

    assert error.reason is Reason.RUNTIME_TYPE_MISMATCH
    assert "{'env': 'HOST'}" in error.message


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (Field(int, default_value=3), 3),
        (Field(int, is_required=False), UNSET),
        (Noneable(int), None),
        (Shape({"a": Field(int, default_value=1)}), {"a": 1}),
        (Permissive(), {}),
    ],
)
def test_nothing_given(schema: Any, value: object) -> None:
    """The default is read if no value is given; without a default there is no value."""
    parsed = parse(schema, UNSET)

    assert (parsed.value, parsed.errors) == (value, ())


def test_a_missing_required_value() -> None:
    """The error about a missing required value is at the level above it."""
    field = Field({"a": int})

    assert [error.message for error in parse(field, UNSET, path=("ops", "brew")).errors] == [
        'Missing required config entry "brew" at path root:ops. You must provide this value in your run '
        "config. Example config for the missing entry: {'brew': {'a': 0}}"
    ]
    assert parse(field, UNSET).errors[0].error_data.field_name == "a"
    assert parse(Field(int), UNSET).errors[0].reason is Reason.RUNTIME_TYPE_MISMATCH
    assert parse(Array(int), UNSET, path=("l", 1)).errors[0].stack == ("l",)


def test_a_result_is_a_copy() -> None:
    """User code that changes its config changes neither a default nor the value of the caller."""
    given_value = {"a": [1]}
    schema = Shape({"any": Any, "dict": dict, "default": Field(Any, default_value=[])})

    for _ in range(2):
        parsed = parse(schema, {"any": given_value, "dict": given_value})
        parsed.value["any"]["a"].append(2)
        parsed.value["dict"]["a"].append(2)
        parsed.value["default"].append(2)

        assert parsed.value["default"] == [2]
    assert given_value == {"a": [1]}


def test_subclasses_of_scalars_are_accepted() -> None:
    """A member of an IntEnum is an int, as in Python."""
    member = enum.IntEnum("Level", "LOW").LOW

    assert parse(resolve_schema(int), member).value is member


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c", "env", 1]), inner, max_size=3)
    ),
    max_leaves=8,
)
scalars = st.sampled_from([int, float, bool, str])
names = st.sampled_from(["a", "b", "c"])


def fields_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Field]]:
    """Return dicts of fields, some of them optional."""
    return st.dictionaries(
        names,
        st.builds(lambda schema, need: Field(schema, is_required=need), inner, st.none() | st.just(False)),
        max_size=3,
    )


def schemas(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas of any form over these leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Shape, fields_of(inner)),
            st.builds(Permissive, fields_of(inner)),
            st.builds(Selector, fields_of(inner).filter(bool)),
            st.builds(Array, inner),
            st.builds(Map, scalars, inner),
            st.builds(Noneable, inner),
            st.builds(ScalarUnion, scalars, st.builds(Shape, fields_of(inner))),
        ),
        max_leaves=6,
    )


PLAIN = scalars | st.sampled_from([list, dict, Any])
EVERY = PLAIN | st.sampled_from([SIZE, IntSource, StringSource, BoolSource])


@given(schemas(EVERY), plain_values)
def test_any_value_is_read_or_explained(schema: object, value: object) -> None:
    """Reading never raises: there is a result, or each mistake has its path in its message."""
    parsed = parse(resolve_schema(schema), value, environ={"a": "1"})

    for error in parsed.errors:
        assert (error.path if error.stack else "at the root") in error.message


@given(schemas(PLAIN), plain_values)
def test_a_result_reads_as_itself(schema: object, value: object) -> None:
    """Without enums and sources, a result can be read again and does not change."""
    node = resolve_schema(schema)
    parsed = parse(node, value)

    if not parsed.errors:
        again = parse(node, parsed.value)
        assert (again.value, again.errors) == (parsed.value, ())


@given(schemas(EVERY))
def test_an_optional_type_has_a_valid_default(schema: object) -> None:
    """The default of an optional type is valid."""
    node = resolve_schema(schema)

    assert node.is_required is (node.default() is UNSET)
    if not node.is_required:
        assert parse(node, UNSET).errors == ()
