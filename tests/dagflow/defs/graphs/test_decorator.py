"""`@graph`: the inputs and outputs from the signature and from the ops that they feed."""

from __future__ import annotations

from typing import Any, List, Tuple  # noqa: UP035 - users write these

import pytest

from dagflow import DynamicOut, DynamicOutput, GraphIn, GraphOut, In, Nothing, Out, graph, op
from dagflow.defs.graphs.definition import GraphDefinition
from dagflow.errors import (
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowTypeCheckDidNotPass,
)


@op
def anything(x=None):
    return x


@op
def whole(x: int) -> int:
    return x


@op
def needed(x):
    return x


@op
def defaulted(x=5):
    return x


@op
def listed(xs: List[int]):  # noqa: UP006
    return xs


@op(ins={"after": In(Nothing)})
def late():
    return 1


@op(out={"a": Out(), "b": Out()})
def two():
    return 1, 2


def types_of(definition: GraphDefinition) -> dict[str, str]:
    """The types of the inputs, by name."""
    return {name: item.dagflow_type.display_name for name, item in definition.ins.items()}


def test_the_type_of_an_input() -> None:
    """The type comes from the annotation, or else from the inputs that it feeds, if they agree."""

    @graph
    def g(said: str, any_: Any, one, both, order, element):
        whole(any_)
        whole(one)
        anything([whole(both), anything(both), anything(said)])
        late(order)
        listed([element])

    assert types_of(g) == {
        "said": "String", "any_": "Int", "one": "Int", "both": "Any", "order": "Nothing", "element": "Int",
    }  # fmt: skip


def test_config_is_read_by_the_type_of_the_graph() -> None:
    """Config of a graph input uses the type of the graph input; the op then checks its own type."""

    @graph
    def typed(x: int):
        return anything(x)

    @graph
    def outer():
        return typed()

    assert typed.execute_in_process(run_config={"inputs": {"x": 5}}).output_value() == 5
    nested = {"ops": {"typed": {"inputs": {"x": 6}}}}
    assert outer.execute_in_process(run_config=nested).output_value() == 6
    with pytest.raises(DagflowInvalidConfigError, match="Invalid scalar at path root:inputs:x"):
        typed.execute_in_process(run_config={"inputs": {"x": "a"}})

    @graph
    def text(x: str):
        return whole(x)

    with pytest.raises(DagflowTypeCheckDidNotPass, match='"Int"'):
        text.execute_in_process(run_config={"inputs": {"x": "a"}})


def test_an_element_of_a_list_through_config() -> None:
    """A graph input that feeds one element of a list is read as one element."""

    @graph
    def g(n):
        return listed([n, whole(n)])

    assert g.execute_in_process(run_config={"inputs": {"n": {"value": 5}}}).output_value() == [5, 5]


def test_defaults_of_the_ops_that_an_input_feeds() -> None:
    """Each op uses its own default; an op without a default needs a value."""

    @graph(out={"a": GraphOut(), "b": GraphOut()})
    def good(y):
        return {"a": defaulted(y), "b": op(name="other")(lambda x=1: x)(y)}

    @graph
    def bad(y):
        defaulted(y)
        needed(y)

    result = good.execute_in_process()

    assert (result.output_value("a"), result.output_value("b")) == (5, 1)
    with pytest.raises(DagflowInvariantViolationError, match="input 'y' of graph 'bad' is fed by nothing"):
        bad.execute_in_process()


def test_types_and_descriptions_of_outputs() -> None:
    """They come from the annotation and from GraphOut, never from the op."""

    @graph(ins={"x": GraphIn("in")}, out=GraphOut("out"))
    def one(x) -> str:
        return whole(x)

    @graph(out={"p": GraphOut(), "q": GraphOut()})
    def several() -> Tuple[int, str]:  # noqa: UP006
        return two()

    assert (one.ins["x"].description, one.outs["result"].description) == ("in", "out")
    assert [out.dagflow_type.display_name for out in [*one.output_defs, *several.output_defs]] == [
        "String", "Int", "String",
    ]  # fmt: skip
    assert one.get_input_mapping("x").maps_to == ("whole", "x", None)
    assert several.get_output_mapping("q").maps_from == ("two", "b")


def test_several_outputs_come_by_position() -> None:
    """A tuple is matched by position, even if the outputs of the ops have other names."""

    @graph(out={"b": GraphOut(), "a": GraphOut()})
    def swapped():
        return two()

    result = swapped.execute_in_process()

    assert (result.output_value("a"), result.output_value("b")) == (2, 1)


def test_a_dynamic_output_of_a_graph() -> None:
    """An output of a graph is dynamic if the output inside is."""

    @op(out=DynamicOut())
    def many():
        yield DynamicOutput(1, "x")

    mapped = graph(name="mapped")(lambda: many().map(whole))

    assert mapped.outs["result"].is_dynamic
    assert mapped.execute_in_process().output_value() == {"x": 1}


def test_it_is_like_its_function() -> None:
    """A graph and a selection of it have the name, docstring and function of the decorated function."""

    @graph
    def shop():
        """Sells."""
        needed(whole.alias("w")(anything()))

    part = shop.to_job(op_selection=["w"]).graph

    assert (shop.__name__, shop.__doc__, shop.description) == ("shop", "Sells.", "Sells.")
    assert shop.composition_fn is part.composition_fn is not None
    assert GraphDefinition("bare").composition_fn is None


def test_lookups_that_fail() -> None:
    """A failed lookup lists the existing names."""
    g = graph(name="g")(lambda x: whole(x))

    with pytest.raises(
        DagflowInvariantViolationError, match=r"graph 'g' has no input 'y'; its inputs are \['x'\]"
    ):
        g.input_def_named("y")
    with pytest.raises(DagflowInvariantViolationError, match=r"op 'whole' has no output 'rsult'.*'result'"):
        whole.output_def_named("rsult")
    with pytest.raises(DagflowInvalidDefinitionError, match="feeds no node, so it is an unmapped input"):
        graph(name="g")(lambda _: whole())
