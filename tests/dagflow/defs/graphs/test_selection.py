"""Selections of a graph: the table of op selections, and invalid selections."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow import GraphDefinition, graph, op
from dagflow.defs.graphs.selection import clauses_of, select_ops
from dagflow.errors import DagflowInvalidSubsetError, ParameterCheckError


@op
def one() -> Any:
    return 1


@op
def same(n: Any) -> Any:
    return n


@op
def both(p: Any, q: Any) -> Any:
    return p, q


@op
def listed(items: Any) -> Any:
    return items


@graph
def inner(n: Any) -> Any:
    return same.alias("c")(same.alias("b")(n))


@graph
def two(p: Any, q: Any) -> Any:
    return both(same.alias("x")(p), same.alias("y")(q))


@graph
def big() -> None:
    """The graph of the table: a -> inner(b -> c) -> d(x, y); a -> b2 -> d; d -> e_."""
    a = one.alias("a")()
    same.alias("e_")(two.alias("d")(inner(a), same.alias("b2")(a)))


ALL = ["a", "inner.b", "inner.c", "b2", "d.x", "d.y", "d.both", "e_"]
INNER, D = ["inner.b", "inner.c"], ["d.x", "d.y", "d.both"]


def _paths(graph_def: GraphDefinition, prefix: str = "") -> list[str]:
    paths = []
    for node in graph_def.nodes:
        if isinstance(node.definition, GraphDefinition):
            paths += _paths(node.definition, f"{prefix}{node.name}.")
        else:
            paths.append(prefix + node.name)
    return paths


@pytest.mark.parametrize(
    ("clauses", "steps"),
    [
        (["a"], ["a"]),
        (["*inner"], ["a", *INNER]),
        (["a+"], ["a", "b2", *INNER]),
        (["a++"], ["a", "b2", *INNER, *D]),
        *(([clause], ALL) for clause in ("a+++", "a*", "*d*", "++d+", "*")),
        (["+d", "a"], ["a", "b2", *INNER, *D]),
        (["+d"], ["b2", *INNER, *D]),
        (["inner.b"], ["inner.b"]),
        (["inner.b", "inner"], INNER),
        (["inner", "inner.b"], INNER),
        (["inner.b", "inner.c", "inner.b"], INNER),
        (["  a"], ["a"]),
        (["d.x", "b2 "], ["b2", "d.x"]),
        ([], []),
    ],
)
def test_the_table(clauses: list[str], steps: list[str]) -> None:
    """Depth counts top-level nodes, a graph counts as one; clauses are united."""
    assert sorted(_paths(select_ops(big, clauses))) == sorted(steps)


@pytest.mark.parametrize(
    "clause",
    [
        "nope",
        "*nope+",
        "a,b2",
        "tag:x",
        "a+1",
        "*inner.b",
        "inner.c+",
        "inner.zzz",
        "inner.*",
        "a.",
        "a.x",
        "A",
        "",
        "+",
    ],
)
def test_clauses_that_choose_nothing(clause: str) -> None:
    """A clause that selects nothing raises, even beside others; the message quotes it."""
    for clauses in ([clause], ["a", clause]):
        with pytest.raises(DagflowInvalidSubsetError) as raised:
            select_ops(big, clauses)
        assert clause in str(raised.value)


def test_the_message_helps() -> None:
    """The message has the most similar name, or explains that a path takes no `*` or `+`."""
    with pytest.raises(
        DagflowInvalidSubsetError, match=r"graph 'big' has no node 'iner'.*Did you mean 'inner'"
    ):
        select_ops(big, ["iner"])
    with pytest.raises(DagflowInvalidSubsetError, match=r"A path into a graph takes no '\*'"):
        select_ops(big, ["*inner.b"])
    with pytest.raises(DagflowInvalidSubsetError, match=r"Did you mean 'inner\.b'"):
        select_ops(big, ["inner.bb"])


@pytest.mark.parametrize("clauses", ["a", 5, None, [5], {"a"}, [["a"]], iter(["a"])])
def test_a_string_is_refused(clauses: Any) -> None:
    """A single string raises, since it is a likely mistake."""
    with pytest.raises(ParameterCheckError, match="'op_selection' must be a list of strings"):
        clauses_of(clauses)


def test_a_tuple_will_do() -> None:
    """Any sequence of strings is accepted."""
    assert clauses_of(("a", "b")) == clauses_of(["a", "b"]) == ("a", "b")


@given(st.text(alphabet="ab2dinerc_*+. :,()", max_size=12))
def test_any_string_selects_or_is_refused(text: str) -> None:
    """Any string selects at least one node, or raises DagflowInvalidSubsetError."""
    try:
        part = select_ops(big, [text])
    except DagflowInvalidSubsetError:
        return
    assert set(_paths(part)) <= set(ALL)
    assert part.nodes


@given(st.lists(st.sampled_from(["a", "inner", "inner.b", "inner.c", "b2", "d", "d.x", "e_"]), min_size=1))
def test_clauses_are_a_union(clauses: list[str]) -> None:
    """Order and repetition of clauses do not matter."""
    chosen = set(clauses)
    needs_inner = "inner.b" in chosen and chosen & {"d", "d.x"} and not chosen & {"inner", "inner.c"}
    needs_d = chosen >= {"d.x", "e_"} and "d" not in chosen
    if needs_inner or needs_d:
        with pytest.raises(DagflowInvalidSubsetError, match=r"cuts graph '(inner|d)' off from its output"):
            select_ops(big, clauses)
        return
    whole = set(_paths(select_ops(big, clauses)))

    assert whole == set(_paths(select_ops(big, sorted(set(clauses)))))
    assert whole == {path for clause in clauses for path in _paths(select_ops(big, [clause]))}


def test_what_is_kept_of_nodes() -> None:
    """Alias, tags and policy stay; a definition without removed nodes stays the same object."""
    part = select_ops(big, ["inner", "d.x"])

    assert part.node_named("inner").definition is inner
    assert part.node_named("d").definition is not two
    assert part.node_named("d").definition.name == "two"
    assert part.node_named("d").definition.input_names == ("p",)


def test_inputs_without_their_source_are_unfed() -> None:
    """An input without its source takes its value from config."""
    result = big.execute_in_process(
        op_selection=["inner.c"],
        run_config={"ops": {"inner": {"ops": {"c": {"inputs": {"n": {"value": 7}}}}}}},
    )
    assert result.output_for_node("inner.c") == 7


def test_the_same_graph_twice_cut_differently() -> None:
    """Two nodes of one graph can have different selections."""

    @graph
    def g() -> None:
        inner.alias("i1")(one())
        inner.alias("i2")(one())

    part = select_ops(g, ["one", "i1.b", "one_2", "i2"])
    assert _paths(part) == ["one", "i1.b", "one_2", "i2.b", "i2.c"]
    assert part.to_job().execute_in_process().success


def test_lists_keep_what_is_left() -> None:
    """Lists keep the order of the remaining elements; a graph input keeps its index."""

    @graph
    def fan(x: Any, y: Any) -> Any:
        return listed([one.alias("p")(), x, one.alias("q")(), y])

    @graph
    def outer() -> None:
        fan(same.alias("l")(one.alias("k")()), one.alias("m")())

    whole = outer.execute_in_process(op_selection=["*"]).output_for_node("fan.listed")
    part = outer.execute_in_process(op_selection=["k", "l", "m", "fan.listed", "fan.q"])
    top = fan.execute_in_process(op_selection=["listed", "q"], input_values={"x": "x", "y": "y"})

    assert whole == [1, 1, 1, 1]
    assert part.output_for_node("fan.listed") == [1, 1, 1]
    assert top.output_value() == ["x", 1, "y"]


def test_outputs_of_what_is_left() -> None:
    """Mappings of removed nodes are removed."""
    part = select_ops(inner, ["b"])

    assert part.output_names == ()
    assert part.input_names == ("n",)
    assert select_ops(inner, ["c"]).output_names == ("result",)
