"""Selection values, their operators, and the graph they are resolved against."""

from __future__ import annotations

import pytest

from dagflow.errors import CheckError
from dagflow.selection.tree import (
    And,
    Attribute,
    Everything,
    Graph,
    Name,
    Node,
    Not,
    Or,
    Pattern,
    Roots,
    Sinks,
)


def test_operators_build_the_tree_that_the_words_build():
    """`&`, `|`, `-` and `~` stand for and, or, and not, not."""
    a, b = Name("a"), Name("b")

    assert a & b == And((a, b))
    assert a | b == Or((a, b))
    assert a - b == And((a, Not(b)))
    assert ~a == Not(a)


def test_values_are_equal_by_what_they_say():
    """Two selections of one class with equal parts are one key of a dict; another class is another value."""
    assert {Sinks(Name("a")): 1}[Sinks(Name("a"))] == 1
    assert Sinks(Name("a")) != Roots(Name("a"))
    assert Name("a") != "a"
    assert repr(Sinks(Name("a"))) == "Sinks(Name('a'))"


@pytest.mark.parametrize(
    ("pattern", "fits", "differs"),
    [
        (Pattern("raw"), ["raw"], ["raws", "RAW"]),
        (Pattern("raw_*", is_glob=True), ["raw_", "raw_a/b"], ["raw"]),
        (Pattern("r?w", is_glob=True), ["raw", "r.w"], ["rw", "raaw"]),
        (Pattern("a*"), ["a*"], ["ab"]),
        (Pattern("a.*", is_glob=True), ["a.b"], ["ab"]),
    ],
)
def test_only_a_glob_has_wildcards(pattern: Pattern, fits: list[str], differs: list[str]):
    """`*` stands for any text and `?` for one character, in a glob and nowhere else."""
    matches = pattern.matcher()

    assert all(map(matches, fits))
    assert not any(map(matches, differs))


@pytest.mark.parametrize(
    ("wanted", "fits", "differs"),
    [
        (Attribute("tag", Pattern("team")), ["team", "team=core"], ["teams=core"]),
        (Attribute("tag", Pattern("team"), Pattern("core")), ["team=core"], ["team", "team=core2"]),
        (
            Attribute("tag", Pattern("t*", is_glob=True), Pattern("c?re", is_glob=True)),
            ["team=core"],
            ["x=core"],
        ),
        (Attribute("tag", Pattern("team=core")), ["team=core"], ["team", "team=web"]),
        (Attribute("kind", Pattern("dbt")), ["dbt"], ["dbt=x"]),
    ],
)
def test_a_tag_is_compared_by_key_or_by_key_and_value(wanted: Attribute, fits: list[str], differs: list[str]):
    """`tag:team` fits any value of that tag; no other attribute has a value of its own."""
    matches = wanted.matcher()

    assert all(map(matches, fits))
    assert not any(map(matches, differs))


def test_a_name_is_quoted_where_it_must_be():
    """Reserved words and texts that are no plain name print in quotes, with quotes doubled."""
    assert str(Name("and")) == '"and"'
    assert str(Name('say "hi"')) == '"say ""hi"""'
    assert str(Name("shop/cup")) == "shop/cup"
    assert str(Everything()) == "*"


def test_a_graph_answers_by_id():
    """A graph knows neighbours, contents and names of each node."""
    nodes = [Node("j:m", ("m",)), Node("j:m.a", ("m.a",), parent="j:m"), Node("j:b", ("b",))]
    graph = Graph(nodes, [("j:m", "j:b"), ("j:m", "j:b")])

    assert graph.edges == (("j:m", "j:b"),)
    assert (graph.children("j:m"), graph.parents("j:b")) == (["j:b"], ["j:m"])
    assert graph.inner("j:m") == ["j:m.a"]
    assert set(graph.names) == {"m", "m.a", "b"}
    assert graph.node("j:b").names == ("b",)


def test_a_mapping_key_leads_to_the_node_without_it():
    """Only a node that bears the mapping key itself comes before the node that is mapped."""
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
    """An id is unique, and what an edge or a parent names exists."""
    with pytest.raises(CheckError, match=message):
        Graph(nodes, edges)


def test_an_unknown_id_is_a_clear_error():
    """A question about a node that is not there names it."""
    with pytest.raises(CheckError, match="'zzz'"):
        Graph([]).children("zzz")
