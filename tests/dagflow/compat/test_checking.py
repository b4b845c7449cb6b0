"""The checks of arguments, as packages call them. The classes of errors are those of Dagster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagflow.compat import checking as check
from dagflow.errors import CheckError, ElementCheckError, ParameterCheckError

VALID: list[tuple[Callable[..., Any], tuple[Any, ...], Any]] = [
    (check.str_param, ("a", "p"), "a"),
    (check.opt_str_param, (None, "p"), None),
    (check.opt_str_param, (None, "p", "d"), "d"),
    (check.opt_nonempty_str_param, ("", "p", "d"), "d"),
    (check.int_param, (True, "p"), True),
    (check.numeric_param, (1, "p"), 1),
    (check.opt_bool_param, (None, "p"), None),
    (check.opt_callable_param, (None, "p"), None),
    (check.opt_class_param, (None, "p"), None),
    (check.class_param, (bool, "p", int), bool),
    (check.opt_inst_param, (None, "p", str, "d"), "d"),
    (check.opt_inst, (None, str), None),
    (check.not_none, (0,), 0),
    (check.not_none_param, (0, "p"), 0),
    (check.invariant, (1,), True),
    (check.param_invariant, (True, "p"), None),
    (check.list_param, ([1], "p", int), [1]),
    (check.opt_list_param, (None, "p"), []),
    (check.opt_nullable_list_param, (None, "p"), None),
    (check.sequence_param, ((1,), "p", int), (1,)),
    (check.opt_sequence_param, (None, "p"), []),
    (check.opt_iterable_param, (None, "p"), []),
    (check.opt_set_param, (None, "p"), frozenset()),
    (check.set_param, (frozenset([1]), "p"), frozenset([1])),
    (check.opt_tuple_param, (None, "p"), ()),
    (check.opt_dict_param, (None, "p"), {}),
    (check.opt_nullable_dict_param, (None, "p"), None),
    (check.mapping_param, ({"a": 1}, "p", str, int), {"a": 1}),
    (check.opt_mapping_param, (None, "p"), {}),
    (check.two_dim_dict_param, ({"a": {"b": 1}}, "p"), {"a": {"b": 1}}),
    (check.opt_two_dim_dict_param, (None, "p"), {}),
    (check.path_param, (Path("a"), "p"), "a"),
    (check.opt_path_param, (None, "p", "d"), "d"),
    (check.opt_literal_param, (None, "p", ["b"]), None),
    (check.opt_str_elem, ({}, "a"), None),
    (check.opt_dict_elem, ({}, "a"), {}),
    (check.opt_nullable_dict_elem, ({}, "a"), None),
    (check.opt_list_elem, ({}, "a"), []),
    (check.opt_tuple_elem, ({}, "a"), ()),
    (check.list_elem, ({"a": [1]}, "a", int), [1]),
]

INVALID: list[tuple[type[Exception], Callable[..., Any], tuple[Any, ...]]] = [
    (ParameterCheckError, check.str_param, (1, "p")),
    (ParameterCheckError, check.float_param, (1, "p")),
    (ParameterCheckError, check.bool_param, (1, "p")),
    (ParameterCheckError, check.numeric_param, ("a", "p")),
    (ParameterCheckError, check.callable_param, (3, "p")),
    (ParameterCheckError, check.class_param, (3, "p")),
    (ParameterCheckError, check.class_param, (int, "p", str)),
    (ParameterCheckError, check.inst_param, (3, "p", (str, list))),
    (ParameterCheckError, check.opt_inst_param, (3, "p", str)),
    (ParameterCheckError, check.not_none_param, (None, "p")),
    (ParameterCheckError, check.param_invariant, (False, "p", "why")),
    (ParameterCheckError, check.list_param, ((1,), "p")),
    (ParameterCheckError, check.sequence_param, ("abc", "p")),
    (ParameterCheckError, check.iterable_param, ("abc", "p")),
    (ParameterCheckError, check.set_param, ([1], "p")),
    (ParameterCheckError, check.tuple_param, ([1], "p")),
    (ParameterCheckError, check.opt_dict_param, ([], "p")),
    (ParameterCheckError, check.path_param, (3, "p")),
    (ParameterCheckError, check.literal_param, ("a", "p", ["b"])),
    (ParameterCheckError, check.generator_param, ([], "p")),
    (ParameterCheckError, check.generator, (3,)),
    (ElementCheckError, check.str_elem, ({"a": 1}, "a")),
    (ElementCheckError, check.dict_elem, ({"a": []}, "a")),
    (ElementCheckError, check.list_elem, ({}, "a")),
    (KeyError, check.str_elem, ({}, "a")),
    (CheckError, check.inst, (3, str)),
    (CheckError, check.not_none, (None,)),
    (CheckError, check.invariant, (0, "why")),
    (CheckError, check.failed, ("why",)),
    (CheckError, check.failed, (3,)),
    (CheckError, check.assert_never, (3,)),
    (CheckError, check.list_param, ([1], "p", str)),
    (CheckError, check.dict_param, ({1: 2}, "p", str)),
    (CheckError, check.dict_param, ({"a": 2}, "p", str, str)),
    (CheckError, check.two_dim_dict_param, ({"a": 1}, "p")),
    (CheckError, check.is_list, ({},)),
    (CheckError, check.is_callable, (3,)),
    (check.NotImplementedCheckError, check.not_implemented, ("why",)),
]


@pytest.mark.parametrize(("function", "arguments", "result"), VALID)
def test_valid_values(function: Callable[..., Any], arguments: tuple[Any, ...], result: Any) -> None:
    """A valid value is returned, and the default for None."""
    assert function(*arguments) == result


@pytest.mark.parametrize(("error", "function", "arguments"), INVALID)
def test_invalid_values(
    error: type[Exception], function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    """An invalid value raises exactly this class of errors."""
    with pytest.raises(error) as raised:
        function(*arguments)

    assert type(raised.value) is error


def test_a_further_message() -> None:
    """The further message follows the sentence, by position and by name."""
    with pytest.raises(ParameterCheckError, match=r"'p' is not a str: 1 of type 'int'\. Give a name\."):
        check.str_param(1, "p", "Give a name.")
    with pytest.raises(ParameterCheckError, match=r"Give names\."):
        check.list_param(1, "p", str, additional_message="Give names.")
    with pytest.raises(ParameterCheckError, match=r"Give names\."):
        check.list_param(1, "p", str, "Give names.")
    with pytest.raises(ElementCheckError, match=r"Give a name\."):
        check.str_elem({"a": 1}, "a", "Give a name.")


def test_shapes_of_tuples() -> None:
    """The members of a tuple have one type, or each its own."""
    assert check.tuple_param((1, "a"), "p", of_shape=(int, str)) == (1, "a")
    for arguments in (
        {"of_shape": (int, int)},
        {"of_shape": (int,)},
        {"of_type": int, "of_shape": (int, int)},
    ):
        with pytest.raises(CheckError):
            check.tuple_param((1, "a"), "p", **arguments)
