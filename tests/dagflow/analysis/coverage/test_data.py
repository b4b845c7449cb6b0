"""The coverage as data: counts, merges, comparison, and the JSON form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dagflow.analysis.coverage.data import Count, Coverage, CoveredNode
from dagflow.errors import CheckError


def node(name: str, module: str = "shop", *, file: str = "", line: int = 0, **items: bool) -> CoveredNode:
    """Return an asset with one item in each named denominator, exercised or missed."""
    made = CoveredNode(f"asset:{name}@{module}", "asset", name, file, line)
    for denominator, is_covered in items.items():
        made.add(denominator, "it")
        if is_covered:
            made.cover(denominator, "it")
    made.runs = int(items.get("nodes", False))
    return made


@pytest.mark.parametrize(
    ("count", "percent"),
    [(Count(0, 0), 100.0), (Count(0, 9), 0.0), (Count(2, 3), 66.6), (Count(4999, 5000), 99.9)],
)
def test_a_share_is_rounded_down(count: Count, percent: float) -> None:
    """A hundred percent means all items."""
    assert count.percent == percent


def test_counts_are_in_the_order_of_use() -> None:
    """Only denominators with items are counted, the most useful first."""
    coverage = Coverage([node("a", failures=False, nodes=True), node("b", nodes=False)])

    assert list(coverage.counts().items()) == [("nodes", (1, 2)), ("failures", (0, 1))]
    assert coverage.total == (1, 3)


def test_misses_are_sorted_by_place() -> None:
    """Nodes without a place come last."""
    places = [node("c", nodes=False), node("a", file="z.py", line=1, nodes=False)]
    places += [node("b", file="m.py", line=20, nodes=False), node("d", file="m.py", line=3, nodes=False)]

    assert [miss.node.name for miss in Coverage(places).misses()] == ["d", "b", "a", "c"]


def test_a_merge_adds_runs_and_items() -> None:
    """An item is exercised if one of the sessions exercised it."""
    one = Coverage([node("a", nodes=True, failures=False)], {"x": "asset x"})
    two = Coverage([node("a", file="m.py", line=3, nodes=False, failures=True), node("b", nodes=False)])
    one.nodes["asset:a@shop"].tests.add("test_1")

    one.merge(two)

    (first, _) = one.ordered()
    assert (first.runs, first.file, first.line, first.tests) == (1, "m.py", 3, {"test_1"})
    assert one.counts() == {"nodes": (1, 2), "failures": (1, 1)}
    assert one.excluded == {"x": "asset x"}
    merged = Coverage()
    merged.merge(two)
    merged.merge(one)
    assert two.nodes["asset:a@shop"].runs == 0


def test_the_json_form_is_complete() -> None:
    """A coverage that was written and read again is equal."""
    coverage = Coverage([node("a", nodes=True, failures=False), node("b", nodes=False)], {"x": "asset x"})
    text = json.dumps(coverage.to_json())

    assert Coverage.from_json(json.loads(text)).to_json() == coverage.to_json()


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ([], "not a JSON report"),
        ({"format": "other"}, "not a JSON report"),
        ({"format": "dagflow graph coverage", "version": 9}, "of version 9"),
        ({"format": "dagflow graph coverage", "version": 1}, "broken"),
        ({"format": "dagflow graph coverage", "version": 1, "nodes": [3], "excluded": {}}, "broken"),
        ({"format": "dagflow graph coverage", "version": 1, "nodes": [{"id": 3}], "excluded": {}}, "broken"),
    ],
)
def test_another_document_is_an_error(stored: Any, problem: str) -> None:
    """The error names the problem."""
    with pytest.raises(CheckError, match=problem):
        Coverage.from_json(stored)


def test_a_field_of_another_type_is_an_error() -> None:
    """A node with a text for its line is broken."""
    stored = Coverage([node("a", nodes=True)]).to_json()
    stored["nodes"][0]["line"] = "3"

    with pytest.raises(CheckError, match="broken"):
        Coverage.from_json(stored)


def test_new_misses_are_those_that_the_base_did_not_miss() -> None:
    """An item that the base exercised or did not have is new; one that it missed is not."""
    base = Coverage([node("a", nodes=True, failures=False), node("b", nodes=False)])
    now = Coverage([node("a", nodes=False, failures=False), node("b", nodes=False), node("c", nodes=False)])

    assert [(miss.node.name, miss.denominator) for miss in now.new_misses(base)] == [
        ("a", "nodes"),
        ("c", "nodes"),
    ]


def test_a_node_that_moved_is_the_same() -> None:
    """A miss of a node in another module is not new, unless several nodes have the name."""
    base = Coverage([node("a", nodes=False)])

    assert Coverage([node("a", "market", nodes=False)]).new_misses(base) == []
    two = Coverage([node("a", "market", nodes=False), node("a", "stall", nodes=False)])
    assert len(two.new_misses(base)) == 2


def test_what_follows_from_a_node_that_never_ran_is_left_out() -> None:
    """Of a node without a run only that is named."""
    coverage = Coverage([node("a", nodes=False, failures=False), node("b", nodes=True, failures=False)])

    found = coverage.condensed(coverage.misses())

    assert [(miss.node.name, miss.denominator) for miss in found] == [("a", "nodes"), ("b", "failures")]
    assert [one.name for one in coverage.untested()] == ["a"]


def test_projects_share_names_of_nodes() -> None:
    """Another module may have the same nodes; another project has none."""
    coverage = Coverage([node("a", nodes=True)])

    assert coverage.shares_nodes_with(Coverage([node("a", "market")]))
    assert not coverage.shares_nodes_with(Coverage([node("b")]))
    assert not coverage.shares_nodes_with(Coverage())


def test_an_edge_comes_from_the_nearest_node() -> None:
    """An op reads from the op of its own job, and an asset from that of its own module."""
    ops = [CoveredNode(f"{job}:one@m", "op", f"{job}:one") for job in "ab"]
    readers = [CoveredNode(f"{job}:two@m", "op", f"{job}:two") for job in "ab"]
    assets = [CoveredNode(f"asset:x@{module}", "asset", "x") for module in "mn"]
    reader = CoveredNode("asset:y@n", "asset", "y")
    for one in readers:
        one.add("edges", "from op one", "from asset outside")
    reader.add("edges", "from asset x")

    assert Coverage([*ops, *readers, *assets, reader]).parents() == {
        "a:two@m": {"from op one": ops[0], "from asset outside": None},
        "b:two@m": {"from op one": ops[1], "from asset outside": None},
        "asset:y@n": {"from asset x": assets[1]},
    }
