"""Inputs and outputs: immutable values, compared by content."""

from __future__ import annotations

import pytest

from dagflow import AssetKey, DynamicOut, In, Nothing, Out, op
from dagflow.defs.ops.ports import InputDefinition, OutputDefinition
from dagflow.errors import DagflowInvalidDefinitionError, DagflowInvalidMetadata


def test_they_are_equal_by_what_they_say() -> None:
    """Fields are compared, and the names if both have one; a DynamicOut never equals an Out."""
    assert In(int) == In(int) != In(str)
    assert Out(io_manager_key=None) == Out(io_manager_key="io_manager") != Out(is_required=False)
    assert DynamicOut(int) == DynamicOut(int) != Out(int)
    assert InputDefinition("a", In(int)) != InputDefinition("b", In(int))
    assert OutputDefinition("a", Out(int)) == Out(int)
    assert In() != Out()
    assert len({In(int), In(int)}) == 1


def test_what_an_op_makes_of_them() -> None:
    """The inputs and outputs of an op equal explicit In and Out objects."""

    def fn(a: int, b: str = "x") -> tuple[int, str]:
        return a, b

    made = op(
        ins={"a": In(metadata={"m": 1}, asset_key="k")}, out={"p": Out(), "q": Out()}, code_version="2"
    )(fn)

    assert made.ins == {
        "a": In(int, metadata={"m": 1}, asset_key=AssetKey("k")),
        "b": In(str, default_value="x"),
    }
    assert made.outs == {"p": Out(int, code_version="2"), "q": Out(str, code_version="2")}
    assert (made.input_has_default("b"), made.default_value_for_input("b")) == (True, "x")


def test_they_do_not_change() -> None:
    """A change raises."""
    with pytest.raises(AttributeError, match=r"'description' of .* cannot be changed"):
        In().description = "x"  # type: ignore[misc]


def test_mistakes_are_raised_where_they_are_written() -> None:
    """An invalid type, and a metadata value of an unsupported type, raise at once."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'text' cannot be the type of an Out"):
        Out("text")
    with pytest.raises(DagflowInvalidMetadata, match="'m'"):
        In(metadata={"m": object()})


def test_the_order_of_inputs() -> None:
    """Inputs with an In come first, sorted by name; positions are those of the signature."""

    def fn(z: int, b: int, a: int, m: int) -> None: ...

    made = op(ins={"m": In(), "b": In(), "after": In(Nothing)})(fn)

    assert list(made.ins) == ["after", "b", "m", "z", "a"]
    assert made.positional_inputs == ["z", "b", "a", "m", "after"]
