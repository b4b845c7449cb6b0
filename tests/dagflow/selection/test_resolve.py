"""The resolution of selections in a graph: walks, set operations, levels and unknown names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.errors import CheckError, DagflowInvalidSubsetError
from dagflow.selection.graph import Graph, Node
from dagflow.selection.parse import parse_selection
from dagflow.selection.resolve import resolve, walk
from dagflow.selection.tree import ALL, Name, Selection, Walk

TOP = [("a", "inner"), ("a", "b2"), ("inner", "d"), ("b2", "d"), ("d", "e")]


@pytest.fixture(scope="module")
def big() -> Graph:
    """a -> inner(b -> c -> x) -> d; a -> b2 -> d; d -> e."""
    nodes = [Node(name, (name,), {"op": [name]}) for name in ["a", "b2", "d", "e"]]
    nodes.append(Node("inner", ("inner",), {"graph": ["inner"]}))
    nodes += [
        Node(f"inner.{name}", (f"inner.{name}",), {"op": [name], "tag": ["team=core"]}, parent="inner")
        for name in ["b", "c", "x"]
    ]
    nodes.append(
        Node("e2", ("e", "shop/e"), {"kind": ["dbt", "sql"], "key": ["shop/e"], "partitions": ["none"]})
    )
    return Graph(nodes, [*TOP, ("inner.b", "inner.c"), ("inner.c", "inner.x")])


INNER = "inner inner.b inner.c inner.x"
ALL_NODES = f"a b2 d e e2 {INNER}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "a"),
        ("inner", INNER),
        ("*inner", f"a {INNER}"),
        ("a+", f"a b2 {INNER}"),
        ("a++", f"a b2 d {INNER}"),
        ("+d, a", f"a b2 d {INNER}"),
        ("b2*", "b2 d e"),
        ("*e", f"a b2 d e e2 {INNER}"),
        ("inner.b", "inner.b"),
        ("inner.b+", "inner.b inner.c"),
        ("inner.b*", "inner.b inner.c inner.x"),
        ("inner.b[k]", "inner.b"),
        ("e", "e e2"),
        ("shop/e", "e2"),
        ("*", ALL_NODES),
        ("not *", ""),
        ("* and not inner", "a b2 d e e2"),
        ("inner and not inner.b", "inner inner.c inner.x"),
        ("a* and *d", f"a b2 d {INNER}"),
        ("op:?2", "b2"),
        ("op:b*", "b2 inner.b"),
        ("graph:inner", INNER),
        ("graph:inner+", f"d e {INNER}"),
        ("graph:inner+1", f"d {INNER}"),
        ("0+op:d", "d"),
        ("tag:team=* and not op:c", "inner.b inner.x"),
        ("kind:<null>", ""),
        ("owner:<null>", ""),
        ("partitions:<null>", "e2"),
        ('key:"shop*"', "e2"),
        ("tag:team=core", "inner.b inner.c inner.x"),
        ("kind:sql", "e2"),
        ("kind:sp*", ""),
        ("key:raw*", ""),
        ("sinks(*)", "e e2"),
        ("roots(*)", "a e2"),
        ("sinks(inner)", "inner inner.x"),
        ("roots(inner or d)", "inner inner.b"),
        ("sinks(inner.b or inner.c)", "inner.c"),
        ("sinks(a or b2 or d)", "d"),
        ("sinks(a or op:e)", "e"),
        ("roots(a or op:e)", "a"),
        ("roots(inner.b or inner.x)", "inner.b"),
        ("roots(inner.x or op:e)", "inner.x"),
        ("sinks(inner.x or op:e)", "e"),
        ("changed()", "d"),
        ("changed()*", "d e"),
    ],
)
def test_a_selection_selects(big: Graph, text: str, expected: str):
    """A graph node counts as one step on its level and includes the nodes inside it."""
    assert resolve(parse_selection(text), big, calls={"changed": lambda call: ["d"]}) == set(expected.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ineer", "no node is called 'ineer'. Did you mean 'inner'"),
        ("not nope", "no node is called 'nope'"),
        ("A", "no node is called 'A'"),
        ("inner.zzz", "no node is called 'inner.zzz'"),
        ("graph:iner", "no node has graph 'iner'. Did you mean 'inner'"),
        ("key:shop/d", "no node has key 'shop/d'. Did you mean 'shop/e'"),
        ("kind:sqll", "no node has kind 'sqll'. Did you mean 'sql'"),
        ("tag:team=web", "no node has tag 'team=web'. Did you mean 'team=core'"),
        ("tag:team=zzzzzzzzzzzz", "no node has tag 'team=zzzzzzzzzzzz'. There is 'team=core'."),
        (
            "tag:team",
            "no node has tag 'team' with an empty value. There is 'team=core'. For any value, write",
        ),
        ("tag:tem", "no node has tag 'tem'. Did you mean 'team'"),
        ("owner:me", "no node has owner 'me'. No node here has the attribute 'owner'."),
        ("core", "no node is called 'core'.$"),
        ("sql", "no node is called 'sql'. Did you mean kind:sql?"),
        ('key:"shop/?"', "no node has key 'shop/[?]'. Did you mean"),
        ("sh", "no node is called 'sh'. Did you mean 'shop/e'?"),
        ("sh*", "no node is called 'sh'. For a glob, write 'key:sh\\*'."),
        ("*ner", "no node is called 'ner'. For a glob, write 'graph:\\*ner"),
        ("changed", "no node is called 'changed'. Did you mean the function changed\\(\\)?"),
        ("roots and a", "no node is called 'roots'. Did you mean the function roots\\(...\\)?"),
        ("changed(code)", "changed\\(code\\) has no meaning here"),
    ],
)
def test_what_is_unknown_is_an_error_with_the_nearest_names(big: Graph, text: str, message: str):
    """An unknown name, and an unknown value of any attribute, is an error with suggestions."""
    with pytest.raises(DagflowInvalidSubsetError, match=message):
        resolve(parse_selection(text), big)


@pytest.mark.parametrize(("attribute", "name"), [("op", "water"), ("graph", "machine.brew")])
def test_a_key_that_is_a_name_too_is_ambiguous(attribute: str, name: str):
    """A name of a node that is also the key of an asset is an error that names both attributes."""
    graph = Graph(
        [Node("1", (name,), {attribute: [name]}), Node("2", (name,), {"key": [name], "op": [name]})]
    )

    with pytest.raises(DagflowInvalidSubsetError, match=f"Write 'key:{name}' or '{attribute}:{name}'"):
        resolve(parse_selection(f"+{name}"), graph)
    assert resolve(parse_selection(f"key:{name}"), graph) == {"2"}


def test_a_thing_that_is_no_selection_is_refused(big: Graph):
    """An object that is not a class of the tree raises an error."""
    with pytest.raises(CheckError, match="not a selection"):
        resolve(Selection(), big)


def test_a_walk_counts_steps():
    """The shortest path to a node decides whether a walk reaches it."""
    children = {"a": ["b", "c"], "b": ["c"], "c": ["d"], "d": []}.__getitem__

    assert walk(["a"], 0, children) == {"a"}
    assert walk(["a"], 2, children) == {"a", "b", "c", "d"}
    assert walk([], ALL, children) == set()


@st.composite
def flat_graphs(draw: st.DrawFn) -> Graph:
    """Build a graph on one level with edges from lower to higher numbers."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 7)))]
    pairs = [(low, high) for at, low in enumerate(names) for high in names[at + 1 :]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return Graph([Node(name, (name,)) for name in names], chosen)


@given(flat_graphs(), st.integers(0, 3), st.data())
def test_laws_of_walks_and_sets(graph: Graph, depth: int, data: st.DataObject):
    """Laws: n + 1 steps are one step after n, a double `not` changes nothing, sinks and roots are ends."""
    name = data.draw(st.sampled_from(sorted(graph.names)))
    near, far = (resolve(Walk(Name(name), 0, steps), graph) for steps in (depth, depth + 1))
    walked = Name(name) | Walk(Name(name), 1, depth)

    assert far == near | {child for node in near for child in graph.children(node)}
    assert resolve(~~walked, graph) == resolve(walked, graph)
    assert not resolve(walked & ~walked, graph)
    sinks = resolve(parse_selection("sinks(*)"), graph)
    assert sinks == {node.id for node in graph.nodes if not graph.children(node.id)}
