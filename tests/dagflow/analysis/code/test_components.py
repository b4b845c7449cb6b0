"""Unions of facts over everything that a node of a graph leads to."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dagflow.analysis.code.components import Unions
from dagflow.testing import CodeGraph

NODES = "abcdef"


def reached(graph: dict[str, str], node: str) -> set[str]:
    """Return a node and everything it leads to."""
    found, todo = {node}, [node]
    while todo:
        more = set(graph[todo.pop()]) - found
        found |= more
        todo += more
    return found


@given(st.fixed_dictionaries({node: st.text(NODES, max_size=3) for node in NODES}), st.permutations(NODES))
def test_a_union_has_the_facts_of_all_nodes_below(graph: dict[str, str], order: list[str]):
    """Cycles, nodes without facts and the order of the questions make no difference."""
    facts = {node: frozenset(node if node in "abc" else "") for node in NODES}
    unions = Unions(lambda node: graph[node], lambda node: facts[node])

    for node in order:
        assert unions.of([node]) == reached(graph, node) & set("abc")
    assert unions.of(NODES) == set("abc")


def test_equal_unions_are_one_object():
    """Many nodes have the same facts, so that they cost no memory."""
    unions = Unions(lambda node: (), lambda node: frozenset(["x", "y"]))

    assert unions.of(["a"]) is unions.of(["b"]) is unions.of(["a", "c"])


def test_unions_and_blocks_have_the_same_closure(tmp_path: Path):
    """Cycles of functions, modules with statements of their own, and whole modules count in both."""
    (tmp_path / "shop.py").write_text(
        "import prices\nfrom dagflow import op\nprint(1)\ndef tea():\n    return cup()\n"
        "def cup():\n    return tea() + prices.RATE\n@op\ndef brew():\n    return cup()\n"
        "def whole():\n    return vars(prices), brew\n"
    )
    (tmp_path / "prices.py").write_text("import shop\nRATE = 3\nOTHER = RATE\nOTHER.x()\n")
    graph = CodeGraph(tmp_path, is_live=False)

    for stops in (False, True):
        union = graph.union_of(lambda block: frozenset([block]), stops=stops)
        for name in ("tea", "cup", "brew", "whole"):
            blocks = graph.blocks_from([f"shop.py::{name}"], stops=stops)
            assert union([f"shop.py::{name}"]) == blocks.keys()
    assert len(graph.blocks_from(["shop.py::whole"])) > len(graph.blocks_from(["shop.py::whole"], stops=True))
