"""The ops at the ends of a graph, and the outputs that feed an input of an op."""

from __future__ import annotations

from typing import Any

from dagflow import DynamicOut, DynamicOutput, GraphOut, graph, op
from dagflow.defs.graphs.leaves import leaf_inputs, leaf_ops, leaf_output, source_of_input, unused_ends


@op
def boil() -> int:
    return 100


@op
def cool(degrees: Any) -> Any:
    return degrees


@op
def total(parts: list[Any]) -> Any:
    return parts


@op(out=DynamicOut())
def cups() -> Any:
    yield DynamicOutput(1, "a")


@graph(out={"first": GraphOut(), "last": GraphOut()})
def twice(degrees: Any) -> Any:
    first = cool(degrees)
    return {"first": first, "last": cool(first)}


@graph
def summed(degrees: Any) -> Any:
    first, last = twice(boil())
    return total([first, degrees, last])


@graph
def outer() -> Any:
    return summed(boil())


def _paths(graph_def: Any, path: tuple[str, ...], input_name: str) -> list[tuple[str, ...]]:
    return [leaf.path for leaf in source_of_input(graph_def, path, input_name).outputs]


def test_the_ops_at_the_ends() -> None:
    """Outputs and inputs of a graph lead to those of ops, at every depth."""
    leaf = leaf_output(twice, "last")

    assert (leaf.path, leaf.definition.name) == (("cool_2",), "result")
    assert leaf_output(boil, "result").path == ()
    assert [one.path for one in leaf_inputs(summed, "degrees")] == [("total",)]
    assert {path for path, _ in leaf_ops(outer)} == {
        ("boil",), ("summed", "boil"), ("summed", "total"), ("summed", "twice", "cool"),
        ("summed", "twice", "cool_2"),
    }  # fmt: skip


def test_the_outputs_that_feed_an_input() -> None:
    """They are found through graphs inside and outside; a list has several."""
    assert _paths(outer, ("summed", "twice", "cool"), "degrees") == [("summed", "boil")]
    assert _paths(outer, ("summed", "twice", "cool_2"), "degrees") == [("summed", "twice", "cool")]
    assert sorted(_paths(outer, ("summed", "total"), "parts")) == [
        ("boil",), ("summed", "twice", "cool"), ("summed", "twice", "cool_2"),
    ]  # fmt: skip
    assert source_of_input(outer, ("summed", "total"), "parts").is_list
    assert _paths(twice, ("cool",), "degrees") == []


def test_the_place_of_a_dependency() -> None:
    """It is the node whose input has the dependency, which may be a graph around the op."""
    place = source_of_input(outer, ("summed", "twice", "cool"), "degrees").place

    assert place == ("summed", "twice", "degrees")


def test_collected_outputs() -> None:
    """An input that collects a dynamic output gets a list."""

    @graph
    def collected() -> Any:
        return total(cups().map(cool).collect())

    source = source_of_input(collected, ("total",), "parts")

    assert ([leaf.path for leaf in source.outputs], source.is_list) == ([("cool",)], True)


def test_unread_ends() -> None:
    """The ops that neither another node nor an output reads, at every depth."""

    @graph
    def lost() -> Any:
        cool(boil())
        return boil()

    @graph
    def around() -> Any:
        return cool(lost())

    assert list(unused_ends(around)) == [("lost", "cool")]
    assert list(unused_ends(outer)) == []
