"""Mapped nodes of dynamic outputs, and the wirings that are refused at the definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagflow import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    DependencyDefinition,
    DynamicOut,
    DynamicOutput,
    GraphDefinition,
    MultiDependencyDefinition,
    OutputMapping,
    graph,
    op,
)


@op(out=DynamicOut())
def many() -> Any:
    yield DynamicOutput(2, "b")
    yield DynamicOutput(1, "a")


@op(out=DynamicOut())
def split(x: Any) -> Any:
    yield DynamicOutput(x, "part")


@op
def one() -> Any:
    return 1


@op
def echo(x: Any) -> Any:
    return x


@op
def add(x: Any, y: Any) -> Any:
    return x + y


@op
def total(xs: Any) -> Any:
    return xs


def made(body: Callable[[], Any]) -> GraphDefinition:
    """A graph of a body that returns nothing."""

    def whole() -> None:
        body()

    return graph(name="g")(whole)


@graph
def adds_all(a: Any) -> Any:
    return add(a, total(many().collect()))


@graph
def crosses(a: Any) -> None:
    many().map(lambda x: add(a, x))


@graph
def splits(a: Any) -> Any:
    return total(split(a).map(echo).collect())


@graph
def splits_deeper(b: Any) -> Any:
    return splits(echo(b))


@graph
def parts(a: Any) -> Any:
    return split(a)


@graph
def hides() -> Any:
    return many().map(echo)


def _escaped() -> None:
    kept: list[Any] = []
    many().map(kept.append)
    total(kept)


def _in_a_list() -> None:
    many().map(lambda x: total([one(), echo(x)]))


def _crossed() -> None:
    many().map(lambda x: many().map(lambda y: add(x, y)))


def _crossed_further_down() -> None:
    many().map(lambda x: hides().map(lambda y: add(echo(x), y)))


def _collects_beside() -> None:
    every = many().map(echo).collect()
    many().map(lambda x: add(x, every))


def _collects_itself() -> None:
    some = many()
    some.map(lambda x: add(some.collect(), x))


REFUSED = [
    ("a value in a list", _escaped, r"input 'xs'.*dependency on dynamic output \"many:result\""),
    ("a mapped value in a list", _in_a_list, r"on output \"echo:result\", downstream of \"many:result\""),
    ("two at once", _crossed, r"'add' cannot be downstream of more.*\"many:result\" and \"many_2:result\""),
    ("two further down", _crossed_further_down, r"'add'.*\"hides:result\" and \"many:result\""),
    ("one inside the other", lambda: many().map(split).map(echo), r"\"split:result\" and \"many:result\""),
    (
        "inside, collected",
        lambda: total(many().map(split).collect()),
        r"\"split:result\" and \"many:result\"",
    ),
    (
        "mapped and collecting",
        _collects_beside,
        r"collect over.*\"many:result\" \(input 'y'\).*\(input 'x'\)",
    ),
    ("collecting its own", _collects_itself, r"both downstream.*Collect in a node of its own"),
    (
        "a graph that collects",
        lambda: many().map(splits),
        r"'splits' cannot be downstream of .*\"many:result\" since input \"a\".*\"split:result\"",
    ),
    (
        "a graph that maps",
        lambda: many().map(crosses),
        r"'crosses'.*since input \"a\".*\"many:result\" inside",
    ),
    ("one that does so deeper", lambda: many().map(splits_deeper), r"'splits_deeper'.*\"split:result\""),
    (
        "nothing to collect",
        lambda: total(many().map(lambda x: one()).collect()),
        r"'xs' collects \"one:result\"",
    ),
]


@pytest.mark.parametrize(("body", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(body: Callable[[], Any], message: str) -> None:
    """The error names the graph, the node and the dynamic outputs."""
    with pytest.raises(DagflowInvalidDefinitionError, match=f"(?s)in graph 'g': node.*{message}"):
        made(body)


@pytest.mark.parametrize("result", [5, [1], {"a": 1}])
def test_what_the_function_of_map_may_return(result: Any) -> None:
    """It may return an output, a tuple of outputs, or None; any other value raises."""
    with pytest.raises(CheckError, match=r"map\(\) over output 'result' of 'many'.*must return one output"):
        made(lambda: many().map(lambda x: result))


def _maps_outside() -> None:
    value = one()
    many().map(lambda x: value)


ACCEPTED = [
    ("nothing mapped", lambda: one(), {}),
    ("a dynamic op, mapped", lambda: many().map(split), {"split": "many:result"}),
    ("a graph with one, mapped", lambda: many().map(parts), {"parts": "many:result"}),
    ("a value from outside", _maps_outside, {}),
    ("a chain", lambda: many().map(echo).map(echo.alias("e")), {"echo": "many:result", "e": "many:result"}),
    ("through a graph", lambda: hides().map(echo), {"echo": "hides:result"}),
    ("joined again", lambda: many().map(lambda x: add(x, x)), {"add": "many:result"}),
    ("a graph that collects inside", lambda: splits(one()), {}),
    ("a graph beside", lambda: many().map(lambda x: add(x, adds_all(one()))), {"add": "many:result"}),
]


@pytest.mark.parametrize(("body", "mapped"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_what_is_mapped(body: Callable[[], Any], mapped: dict[str, str]) -> None:
    """`mapped_nodes` has each node that runs once per value, with its dynamic output."""
    assert made(body).mapped_nodes == mapped


def test_wired_by_hand() -> None:
    """A plain dependency on a dynamic output maps the node; in a list it raises."""

    def wired(**mapping: Any) -> GraphDefinition:
        return GraphDefinition(
            "inner",
            node_defs=[many, echo],
            dependencies={"echo": {"x": DependencyDefinition("many")}},
            output_mappings=[OutputMapping("result", "echo", "result", **mapping)],
        )

    assert wired().execute_in_process().output_value() == {"b": 2, "a": 1}
    assert made(lambda: echo(wired()())).mapped_nodes == {"echo": "inner:result"}
    assert made(lambda: wired(from_dynamic_mapping=True)().map(echo)).mapped_nodes == {"echo": "inner:result"}
    with pytest.raises(DagflowInvalidDefinitionError, match=r"dynamic output \"many:result\""):
        GraphDefinition(
            "g",
            node_defs=[many, total],
            dependencies={"total": {"xs": MultiDependencyDefinition([DependencyDefinition("many")])}},
        )


def test_a_selection_without_the_source_collects_nothing() -> None:
    """A selection with a collecting node, but without its dynamic output, raises."""
    job = made(lambda: total(many().map(echo).collect())).to_job()

    with pytest.raises(DagflowInvalidSubsetError, match=r"\['echo', 'total'\].*collects \"echo:result\""):
        job.execute_in_process(op_selection=["echo", "total"])


def test_several_outputs_come_by_name_or_unpacked() -> None:
    """A mapped op with several outputs must be unpacked, or read by output name."""

    @op(out={"low": DynamicOut(), "sum": DynamicOut()})
    def halves() -> Any:
        raise AssertionError

    def by_name() -> None:
        echo(total(halves().low.map(echo.alias("inner")).collect()))

    assert made(by_name).mapped_nodes == {"inner": "halves:low"}
