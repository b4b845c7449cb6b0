"""The values in the body of a graph: what can be done with them, and what is refused."""

from __future__ import annotations

import copy
import math
import operator
import os
from collections.abc import Callable
from typing import Any

import pytest

from dagflow import (
    AssetsDefinition,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    GraphOut,
    Out,
    asset,
    graph,
    job,
    op,
)


@op
def one() -> Any:
    """An op with one output."""
    return 1


@op(out={"left": Out(), "right": Out()})
def pair() -> Any:
    """An op with two outputs."""
    return 1, 2


@op(out=DynamicOut())
def many() -> Any:
    """An op with a dynamic output."""
    yield DynamicOutput(1, "a")


@op
def use(value: Any) -> Any:
    """An op that takes any value."""
    return value


@graph
def inner() -> Any:
    """A graph with one output."""
    return one()


@asset
def water() -> int:
    """An asset."""
    return 1


VALUES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "output": (lambda given: one(), "output 'result' of 'one'"),
    "output under an alias": (lambda given: one.alias("first")(), "output 'result' of 'first'"),
    "named output": (lambda given: pair().left, "output 'left' of 'pair'"),
    "output of a graph": (lambda given: inner(), "output 'result' of 'inner'"),
    "dynamic output": (lambda given: many(), "output 'result' of 'many'"),
    "collected": (lambda given: many().collect(), "all values of output 'result' of 'many'"),
    "mapped": (lambda given: many().map(use), "output 'result' of 'use_2'"),
    "input of the graph": (lambda given: given, "input 'given' of graph 'g'"),
}
ALL_OUTPUTS = {"all outputs": (lambda given: pair(), r"the outputs \['left', 'right'\] of 'pair'")}


def _match(value: Any) -> Any:
    match value:
        case 3:
            return "three"
        case _:
            return "other"


COMPARED_AND_CALCULATED: dict[str, Callable[[Any], Any]] = {
    "if": lambda value: 1 if value else 2,
    "not": lambda value: not value,
    "and": lambda value: value and 1,
    "any": lambda value: any([value]),
    "==": lambda value: value == 3,
    "== on the right": lambda value: 3 == value,  # noqa: SIM300 - that is what is tried
    "== None": lambda value: value == None,  # noqa: E711 - that is what is tried
    "!=": lambda value: value != 3,
    "in a list": lambda value: value in [1, 2],
    "match": _match,
    "<": lambda value: value < 3,
    "a chain of <": lambda value: 0 < value < 3,
    "sorted": lambda value: sorted([value, value]),
    "max": lambda value: max(value, 1),
    "+": lambda value: value + 1,
    "+ on the right": lambda value: 1 + value,
    "+=": lambda value: operator.iadd(value, 1),
    "sum": lambda value: sum([value]),
    "-": lambda value: -value,
    "**": lambda value: value**2,
    "divmod": lambda value: divmod(value, 2),
    "%": lambda value: "%d" % value,  # noqa: UP031 - that is what is tried
    "@": lambda value: value @ value,
    "abs": abs,
    "round": round,
    "floor": math.floor,
    "int": int,
    "float": float,
    "bytes": bytes,
    "range": lambda value: range(value),
    "an index": lambda value: [1, 2][value],
    "a path": os.fspath,
    "call": lambda value: value(),
    "with": lambda value: value.__enter__(),
    "await": lambda value: value.__await__(),
    "async for": lambda value: value.__aiter__(),
    "array": lambda value: value.__array__(),
    "next": next,
    "an item is set": lambda value: operator.setitem(value, 0, 1),
    "an item is deleted": lambda value: operator.delitem(value, 0),
}
OF_ITEMS = ("%", "an item is set", "an item is deleted")
"""The operations that a tuple of outputs forwards to its items, or that no tuple has."""
READ: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "for": lambda value: [part for part in value],  # noqa: C416 - that is what is tried
    "unpacked": lambda value: (lambda *parts: parts)(*value),
    "reversed": lambda value: list(reversed(value)),
    "in": lambda value: 3 in value,
    "[0]": lambda value: value[0],
    "['a']": lambda value: value["a"],
    "a format": lambda value: f"{value:.2f}",
    "an attribute": lambda value: value.shape,
    "a method": lambda value: value.strip(),
}


def graph_with(make: Callable[[Any], Any], operation: Callable[[Any], Any], results: list[Any]) -> None:
    """Define a graph whose body does something with a value."""

    @graph
    def g(given: Any) -> None:
        use(given)
        results.append(operation(make(given)))


TRUTH = ("if", "not", "and", "any")
REFUSED = [
    (value, operation)
    for value in VALUES
    for operation in (*COMPARED_AND_CALCULATED, *READ)
    if value != "input of the graph" or operation not in TRUTH
]


def test_an_input_of_a_graph_is_true() -> None:
    """Suites write `given or default()` in a body. The input is always there, so it is used."""

    @graph
    def g(given: Any) -> None:
        use(given or one())

    assert [node.name for node in g.nodes] == ["use"]


@pytest.mark.parametrize(("value", "operation"), REFUSED)
def test_what_needs_the_value_is_refused(value: str, operation: str) -> None:
    """The definition fails; the error has the graph, the output or input, the reason and the remedy."""
    make, shown = VALUES[value]
    results: list[Any] = []
    with pytest.raises(
        DagflowInvariantViolationError,
        match=rf"in the body of 'g': attempted to .* {shown}, but the value exists only when the graph "
        "or job runs, not while its body is read",
    ) as caught:
        graph_with(make, {**COMPARED_AND_CALCULATED, **READ}[operation], results)

    assert not results
    assert "Handle" not in str(caught.value)


@pytest.mark.parametrize("operation", [name for name in COMPARED_AND_CALCULATED if name not in OF_ITEMS])
def test_all_outputs_of_a_node_are_no_value(operation: str) -> None:
    """Several outputs together can be unpacked only, so that `if pair():` and `pair() == 3` are refused."""
    make, shown = ALL_OUTPUTS["all outputs"]
    with pytest.raises(DagflowInvariantViolationError, match=f"attempted to .* {shown}, but .* Unpack the"):
        graph_with(make, COMPARED_AND_CALCULATED[operation], [])


def test_a_condition_in_a_job() -> None:
    """The body of a job is read as that of a graph, so `if one():` is refused there too."""
    with pytest.raises(DagflowInvariantViolationError, match=r"'j': attempted to decide by the truth of out"):

        @job
        def j() -> None:
            if one():
                use(one())


@pytest.mark.parametrize("value", [*VALUES, *ALL_OUTPUTS])
def test_what_needs_no_value(value: str) -> None:
    """`hasattr`, `is`, sets, dicts, `repr`, `print` and copies work: debuggers and tests need them."""
    make, shown = {**VALUES, **ALL_OUTPUTS}[value]
    results: list[Any] = []

    def operation(found: Any) -> None:
        assert not hasattr(found, "shape")
        assert getattr(found, "shape", None) is None
        assert not hasattr(found, "__fields__")
        assert {found: 1}[found] == 1
        assert len({found, found}) == 1
        assert found in [found]
        assert repr(found) == str(found) == f"{found}" == shown.replace("\\", "")
        copy.copy(found)

    graph_with(make, operation, results)
    assert results == [None]


def test_several_outputs_stay_a_tuple() -> None:
    """Outputs can be counted, indexed, unpacked and joined with other outputs."""

    @graph(out={"a": GraphOut(), "b": GraphOut(), "c": GraphOut()})
    def g() -> Any:
        both = pair()
        assert len(both) == 2
        assert both[0] is both.left
        assert list(reversed(both)) == [both.right, both.left]
        return both + (one(),)  # noqa: RUF005 - that is what is tried

    assert g.execute_in_process().output_for_node("pair", "right") == 2


def test_an_unknown_output() -> None:
    """The error about an output that a node lacks is an invalid definition and an AttributeError."""
    for expected in (DagflowInvalidDefinitionError, AttributeError):
        with pytest.raises(expected, match=r"'g': node 'pair' has no output 'lft'.*mean 'left'"):
            graph_with(lambda given: pair(), lambda value: value.lft, [])


def test_an_asset_in_a_graph() -> None:
    """The value of an asset that is called in a body is refused as that of an op."""
    assert isinstance(water, AssetsDefinition)
    with pytest.raises(DagflowInvariantViolationError, match=r"calculate with .* output 'result' of 'water'"):
        graph_with(lambda given: water(), lambda value: value * 2, [])


def test_values_outside_of_a_body() -> None:
    """A direct call returns the real value, with which everything works."""
    assert one() == 1
    assert one() + 1 == 2
    assert pair() == (1, 2)
