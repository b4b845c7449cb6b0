"""The graph that selections are resolved against."""

from __future__ import annotations

import pytest

from dagflow.errors import CheckError
from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.selection.graph import Graph, Node


def test_a_graph_answers_by_id():
    """A graph returns the neighbours, inner nodes and names of each node."""
    nodes = [Node("j:m", ("m",)), Node("j:m.a", ("m.a",), parent="j:m"), Node("j:b", ("b",))]
    graph = Graph(nodes, [("j:m", "j:b"), ("j:m", "j:b")])

    assert graph.edges == (("j:m", "j:b"),)
    assert (graph.children("j:m"), graph.parents("j:b")) == (["j:b"], ["j:m"])
    assert graph.inner("j:m") == ["j:m.a"]
    assert set(graph.names) == {"m", "m.a", "b"}
    assert graph.node("j:b").names == ("b",)


def test_a_mapping_key_leads_to_the_node_without_it():
    """A name with a mapping key is the node with that key, else the mapped node."""
    graph = Graph([Node("a", ("a",)), Node("b", ("b",)), Node("b[x]", ("b[x]",))])

    assert [node.id for node in graph.named("a[x]")] == ["a"]
    assert [node.id for node in graph.named("b[x]")] == ["b[x]"]
    assert graph.named("c[x]") == []


@pytest.mark.parametrize(
    ("nodes", "edges", "message"),
    [
        ([Node("a", ()), Node("a", ())], [], "the same id"),
        ([Node("a", ())], [("a", "b")], "names 'b'"),
        ([Node("a", (), parent="g")], [], "names 'g'"),
    ],
)
def test_a_graph_refuses_what_hangs_in_the_air(nodes: list[Node], edges: list[tuple[str, str]], message: str):
    """A duplicate id, or an unknown id in an edge or parent, raises an error."""
    with pytest.raises(CheckError, match=message):
        Graph(nodes, edges)


def test_an_unknown_id_is_a_clear_error():
    """The error about an unknown id names it."""
    with pytest.raises(CheckError, match="'zzz'"):
        Graph([]).children("zzz")


def test_the_values_of_attributes() -> None:
    """A graph returns the nodes of each value, and the known values without nodes."""
    nodes = [Node("a", (), {"kind": ["csv", "sql"]}), Node("b", (), {"kind": ["csv"], "job": ["j"]})]
    graph = Graph(nodes, known={"kind": ["dbt", "csv"], "resource": ["db"]})

    assert graph.values("kind") == {"csv": ["a", "b"], "sql": ["a"], "dbt": []}
    assert graph.values("resource") == {"db": []}
    assert graph.values("owner") == {}
    assert set(graph.attributes) == {"kind", "job", "resource"}


def test_the_checks_are_known_by_their_keys() -> None:
    """A node with the key of an asset, or without a key, is not a check."""
    key = AssetKey("a")
    graph = Graph([Node("c", (), key=AssetCheckKey(key, "c")), Node("a", (), key=key), Node("op", ())])

    assert graph.checks == {"c"}
    assert not graph.is_nested
