"""The schema node of config mappings: a function turns config into other config."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow._util import UNSET
from dagflow.config.choice import IntSource, Noneable
from dagflow.config.field import Array, Field, Shape, resolve_field
from dagflow.config.mapping import Mapped, MappingMessages
from dagflow.config.parse import Reading, parse
from dagflow.errors import (
    DagflowConfigMappingFunctionError,
    DagflowInvalidConfigError,
    DagflowInvariantViolationError,
)

MESSAGES = MappingMessages("on x", "Bad x", "It does.", ("config",))


def _mapped(function: Any, outer: Any = int, inner: Any = int, **options: Any) -> Mapped:
    return Mapped(resolve_field(outer), function, resolve_field(inner), MESSAGES, **options)


def test_the_result_of_the_function_is_read() -> None:
    """The function runs once per value, and its result is checked against the inner schema."""
    called: list[int] = []
    node = Array(_mapped(lambda n: called.append(n) or {"a": n}, inner={"a": int, "b": Noneable(str)}))

    assert parse(node, [1, 2]).value == [{"a": 1, "b": None}, {"a": 2, "b": None}]
    assert called == [1, 2]


def test_it_behaves_like_its_outer_schema() -> None:
    """In messages and as a required field, the node behaves like its outer schema."""
    needed, optional = _mapped(int, {"n": int}), _mapped(int, Field(int, default_value=3))

    assert (needed.describe(), needed.example(), needed.is_required) == ("{ n: Int }", {"n": 0}, True)
    assert (needed.default(), optional.default(), optional.is_required) == (UNSET, 3, False)
    assert _mapped(int, Field(int, is_required=False)).default() is None
    (error,) = parse(Shape({"m": needed}), {}).errors
    assert "{'m': {'n': 0}}" in error.message
    (error,) = parse(Field(needed), UNSET).errors
    assert '"n" at the root' in error.message


def test_the_function_is_not_called_for_invalid_config() -> None:
    """The function does not run if any part of the config is invalid, nor when a default is defined."""
    node = Shape({"m": _mapped(lambda n: 1 / 0), "other": int})

    assert len(parse(node, {"m": 1, "other": "x"}).errors) == 1
    assert len(parse(node, {"m": "x", "other": "x"}).errors) == 2
    assert Field(node, default_value={"m": 1, "other": 2}).default_provided


def test_errors() -> None:
    """Errors of the function are wrapped, except dagflow's own; an invalid result is a config error."""

    def refuses(n: int) -> Any:
        raise DagflowInvariantViolationError("no")

    with pytest.raises(
        DagflowConfigMappingFunctionError, match=r"on x has thrown.*execution\. It does\."
    ) as caught:
        parse(_mapped(lambda n: n / 0), 1)
    assert isinstance(caught.value.user_exception, ZeroDivisionError)
    with pytest.raises(DagflowInvariantViolationError, match="no"):
        parse(_mapped(refuses), 1)
    with pytest.raises(DagflowInvalidConfigError, match=r"(?s)Bad x.*root:config") as invalid:
        parse(_mapped(str), 1)
    assert invalid.value.config_value == "1"


def test_the_environment() -> None:
    """Variables are looked up in the given config and in the result; `is_raw` leaves them to the function."""
    given = {"env": "N"}

    parsed = parse(_mapped(lambda n: {"env": "M"}, int, IntSource), 1, environ={"M": "4"})
    assert (parsed.value, parsed.used_env) == (4, True)
    assert parse(_mapped(lambda n: n + 1, IntSource), given, environ={"N": "4"}).value == 5
    raw = _mapped(lambda value: len(value["env"]), IntSource, is_raw=True)
    assert parse(raw, given, environ={"N": "4"}).value == 1
    assert parse(raw, given, environ={}).errors
    reading = Reading({"N": "4"})
    assert (raw.read(given, (), reading), reading.has_mappings) == (4, True)


def test_config_given_beforehand_is_read_once() -> None:
    """A fixed dict is read once, unless it has a variable or an inner function; each reader gets a copy."""
    calls: list[str] = []

    def note(name: str, value: Any) -> Any:
        calls.append(name)
        return value

    fixed = _mapped(lambda _: note("fixed", {"l": [1]}), None, {"l": [int]}, source={"l": [1]})
    asking = _mapped(lambda _: note("asking", {"env": "N"}), None, IntSource, source={"env": "N"})
    inner = Field(_mapped(lambda n: note("inner", n)))
    through = _mapped(lambda _: 1, None, inner, source=1)

    for number in ("4", "5"):
        parse(fixed, UNSET).value["l"].append(2)
        assert parse(fixed, None).value == {"l": [1]}
        assert parse(asking, None, environ={"N": number}).value == int(number)
        assert parse(through, None).value == 1
    assert calls == ["fixed", "asking", "inner", "asking", "inner"]
