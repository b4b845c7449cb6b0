"""Tests of the instructions of a code object."""

from __future__ import annotations

import dis
import itertools
import json
from types import CodeType
from typing import Any

from pytest_dagflow.selecting.instructions import (
    ATTRIBUTE,
    CELL,
    CONSTANT,
    GLOBAL,
    IMPORT,
    IMPORTED,
    LOCAL,
    OTHER,
    STORE,
    global_names,
    imports_modules,
    instructions,
)
from pytest_dagflow.selecting.references import nested_code


def _found(code: CodeType, *kinds: str) -> list[Any]:
    return [argument for kind, argument in instructions(code) if kind in kinds]


def _all_kinds(first: Any, second: Any) -> Any:
    import os.path as path
    from json import dumps

    third, fourth = first.size, second
    first.other = "some text"

    def inner() -> Any:
        return dumps, third

    return inner, json.loads, path, fourth, [one * 2 for one in range(10)]


def test_each_kind_of_instruction_is_found() -> None:
    """Names and constants are found by the kind of their instruction."""
    code = _all_kinds.__code__
    inner = next(one for one in nested_code(code) if one.co_name == "inner")

    assert _found(code, GLOBAL)[0] == "json"
    assert _found(code, ATTRIBUTE) == ["size", "loads"]
    assert _found(code, IMPORT) == ["os.path", "json"]
    assert _found(code, IMPORTED) == ["path", "dumps"]
    assert {"first", "second", "path", "fourth"} <= {*_found(code, LOCAL)}
    assert {"path", "dumps", "third", "fourth", "other"} <= {*_found(code, STORE)}
    assert "some text" in _found(code, CONSTANT)
    assert _found(inner, CELL) == ["dumps", "third"]
    assert imports_modules(code)
    assert not imports_modules(inner)


def test_names_are_those_of_dis() -> None:
    """The loaded globals of the functions of a module are the same that `dis` finds, in the same order."""
    for code in nested_code(compile(_source_with_many_names(), "many.py", "exec")):
        by_dis = [
            one.argval for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        ]
        assert list(global_names(code)) == by_dis
        assert _found(code, GLOBAL) == by_dis


def test_an_argument_may_be_larger_than_a_byte() -> None:
    """The names of code with more than 256 names and constants are found too."""
    code = compile(_source_with_many_names(), "many.py", "exec")

    assert _found(code, GLOBAL) == [f"a{number}" for number in range(700)]
    assert _found(code, ATTRIBUTE) == [f"b{number}" for number in range(700)]


def _source_with_many_names() -> str:
    return "".join(f"a{number}.b{number}\n" for number in range(700))


def test_other_instructions_are_one() -> None:
    """Instructions without a name or constant between two others are yielded once."""
    kinds = [kind for kind, _ in instructions(_all_kinds.__code__)]

    assert OTHER in kinds
    assert not any(first == second == OTHER for first, second in itertools.pairwise(kinds))
