"""`op_inputs` draws values that an op accepts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

import dagflow as dg
from pytest_dagflow.strategies import op_inputs


@dg.op(ins={"after": dg.In(dg.Nothing)})
def brew(grams: int, kinds: list[str], other: Any, hot: bool = True) -> int:
    return grams + len(kinds)


@dg.asset
def orders(rows: dict[str, int]) -> int:
    return sum(rows.values())


@given(op_inputs(brew))
def test_a_direct_call_takes_them(inputs: dict[str, Any]) -> None:
    """The inputs have the types of the op, without those that carry no value."""
    assert set(inputs) - {"hot"} == {"grams", "kinds", "other"}
    assert brew(**inputs) == inputs["grams"] + len(inputs["kinds"])


@given(op_inputs(orders))
def test_an_asset(inputs: dict[str, Any]) -> None:
    """The inputs of an asset are those of its op."""
    assert orders(**inputs) == sum(inputs["rows"].values())


def test_only_values_that_pass_the_type_check() -> None:
    """A type with a check function and a class has the values of the class that pass."""
    even = dg.DagflowType(lambda _, value: isinstance(value, int) and value % 2 == 0, "Even", typing_type=int)

    @dg.op(ins={"number": dg.In(even)})
    def halve(number: int) -> int:
        return number // 2

    assert find(op_inputs(halve), lambda inputs: inputs["number"] > 2) == {"number": 4}


def test_a_type_that_hypothesis_does_not_know() -> None:
    """Such an input needs a strategy of the user."""
    frame = dg.DagflowType(lambda _, value: True, "Frame")

    @dg.op(ins={"rows": dg.In(frame)})
    def load(rows: object) -> None: ...

    with pytest.raises(dg.ParameterCheckError, match=r"input 'rows'.*'Frame'.*values=\{'rows': \.\.\.\}"):
        op_inputs(load)
    assert find(op_inputs(load, values={"rows": st.just("few")}), lambda inputs: True) == {"rows": "few"}


def test_bad_arguments() -> None:
    """It takes an op, and names of its inputs."""
    with pytest.raises(dg.ParameterCheckError, match="must be an op"):
        op_inputs(3)
    with pytest.raises(dg.ParameterCheckError, match="'gram', which is no input"):
        op_inputs(brew, values={"gram": st.none()})
