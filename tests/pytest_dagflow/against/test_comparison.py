"""Tests of the comparison of two recorded sides: what differs, why, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_dagflow.against.comparison import Comparison
from pytest_dagflow.against.records import GraphNode, NodeRun, SideRecord, TestRun, Value
from pytest_dagflow.against.result import AgainstResult
from pytest_dagflow.against.rules import Declared, Expectation, parse_rule

VALUES: dict[str, Any] = {}


def value(one: Any) -> Value:
    """Return the record of a value, which `load` returns again."""
    digest = repr(one)
    VALUES[digest] = one
    return Value(digest, type(one).__name__)


def run(
    node: str, output: Any = None, owner: str = "t.py::test", name: str = "assets #1", **facts: Any
) -> NodeRun:
    """Return a run of an asset with one output."""
    return NodeRun(
        owner, name, f"asset {node}", outputs={"result": value(output)}, test="t.py::test", **facts
    )


def side(runs: Iterable[NodeRun], edges: str = "", **facts: Any) -> SideRecord:
    """Return a side with runs, and a graph of edges such as 'a>b b>c'."""
    runs = list(runs)
    graph: dict[str, GraphNode] = {}
    for label in dict.fromkeys(one.node for one in runs):
        graph[label] = GraphNode(label, "shop.py:1")
    for edge in edges.split():
        source, _, target = edge.partition(">")
        graph.setdefault(f"asset {source}", GraphNode(f"asset {source}"))
        graph.setdefault(f"asset {target}", GraphNode(f"asset {target}")).parents.append(f"asset {source}")
    tests = {"t.py::test": TestRun("t.py::test", "passed", 0.1)}
    return SideRecord(**{"tests": tests, "runs": runs, "graph": graph, **facts})


def compared(base: SideRecord, now: SideRecord, *repeats: Any, **declared: Any) -> AgainstResult:
    """Return the result of two sides, after repeats of a side."""
    comparison = Comparison(
        base, now, Declared(**{"is_whole": True, **declared}), lambda one: VALUES[one.digest]
    )
    for first, again in repeats:
        comparison.add_repeat(first, again)
    return comparison.result("main", "1" * 40)


def states(result: AgainstResult) -> dict[str, str]:
    """Return the state of each asset."""
    return {node.label.removeprefix("asset "): node.state for node in result.nodes}


def causes(result: AgainstResult) -> dict[str, str]:
    """Return the causes of each asset that has some."""
    return {
        node.label.removeprefix("asset "): " ".join(one.removeprefix("asset ") for one in node.causes)
        for node in result.nodes
        if node.causes
    }


CODE = {"code": ("shop.py",)}


def test_equal_sides():
    """Equal runs are counted, with the times of both."""
    base = side([run("a", 1, seconds=1.0), run("b", 2)], "a>b c>b")
    now = side([run("a", 1, seconds=2.0), run("b", 2)], "a>b c>b")

    result = compared(base, now)

    assert states(result) == {"a": "equal", "c": "not-compared", "b": "equal"}
    assert (result.nodes[0].compared, result.nodes[0].seconds, result.compared) == (1, (1.0, 2.0), 1)
    assert (result.not_compared, result.unused, result.outcomes) == ({}, [], [])


def test_causes_are_the_nearest_changed_nodes_with_other_data():
    """A changed node with equal data is named only where nothing else explains the difference."""
    edges = "a>b b>c same>c same>d"
    base = side([run("a", 1), run("b", 1), run("c", 1), run("same", 1), run("d", 1)], edges)
    now = side([run("a", 2), run("b", 2), run("c", 2), run("same", 1), run("d", 2)], edges)

    result = compared(base, now, code={"asset a": CODE, "asset same": CODE})

    assert states(result) == {
        "a": "changed",
        "b": "moved",
        "c": "moved",
        "same": "changed-equal",
        "d": "moved",
    }
    assert causes(result) == {"b": "a", "c": "a", "d": "same"}


def test_an_equal_node_passes_no_cause_on():
    """The node before it that changed did not move the nodes after it, unless nothing else did."""
    edges = "a>same same>c b>c"
    base = side([run("a", 1), run("same", 1), run("b", 1), run("c", 1)], edges)
    now = side([run("a", 2), run("same", 1), run("b", 2), run("c", 2)], edges)

    assert causes(compared(base, now, code={"asset a": CODE, "asset b": CODE})) == {"c": "b"}
    assert causes(compared(base, now, code={"asset a": CODE})) == {"c": "a"}


def test_new_and_gone_nodes_are_causes():
    """A node that only one side has is never compared, and can have moved those after it."""
    base = side([run("a", 1), run("old", 1)], "old>a")
    now = side([run("a", 2), run("new", 1)], "new>a")

    result = compared(base, now)

    assert states(result) == {"new": "new", "old": "gone", "a": "moved"}
    assert causes(result) == {"a": "old new"}
    assert (result.new_edges, result.gone_edges) == ([], [])  # they follow from the nodes


def test_changed_edges_and_partitions():
    """Edges between nodes of both sides, and partitions, are compared without a run."""
    base = side([run("a", 1), run("b", 1), run("c", 1)], "a>c")
    now = side([run("a", 1), run("b", 1), run("c", 1)], "b>c")
    base.graph["asset a"].partitions = "daily"

    result = compared(base, now)

    assert (result.new_edges, result.gone_edges) == ([("asset b", "asset c")], [("asset a", "asset c")])
    nodes = {node.label: node for node in result.nodes}
    assert nodes["asset c"].parents == (("asset a",), ("asset b",))
    assert nodes["asset a"].partitions == ("daily", "")


def test_a_cycle_of_both_graphs_together():
    """An edge that was turned round gives no order, and no error."""
    base = side([run("a", 1), run("b", 1)], "a>b")
    now = side([run("a", 2), run("b", 2)], "b>a")

    result = compared(base, now, code={"asset a": CODE})

    assert states(result) == {"a": "changed", "b": "moved"}


def test_equal_differences_of_tests_are_one():
    """The tests of a difference are listed, and of two different ones the first is shown with both tests."""
    tests = {name: TestRun(name, "passed", 0.1) for name in ("t.py::x", "t.py::y", "t.py::z")}
    base = side([run("a", 1, "t.py::x"), run("a", 1, "t.py::y"), run("a", 5, "t.py::z")], tests=tests)
    now = side([run("a", 2, "t.py::x"), run("a", 2, "t.py::y"), run("a", 5, "t.py::z")], tests=tests)

    (node,) = compared(base, now).nodes

    assert [(one.summary, one.tests) for one in node.differences] == [("1 -> 2", ["t.py::x", "t.py::y"])]
    assert node.compared == 3


def test_different_differences_of_one_output():
    """One output is one difference, and a test in which its values are others is marked."""
    tests = {name: TestRun(name, "passed", 0.1) for name in ("t.py::x", "t.py::y")}
    base = side([run("a", 1, "t.py::x"), run("a", 3, "t.py::y")], tests=tests)
    now = side([run("a", 2, "t.py::x"), run("a", 4, "t.py::y")], tests=tests)

    (node,) = compared(base, now).nodes

    assert [(one.summary, one.tests) for one in node.differences] == [
        ("1 -> 2", ["t.py::x", "t.py::y (other values)"]),
    ]


def test_unstable_nodes_name_the_first_one_upstream():
    """Of unstable nodes the first one upstream is named; a stable change downstream remains unexpected."""
    edges = "drawn>next next>last"
    base = side([run("drawn", 1), run("next", 11), run("last", 0)], edges)
    again = side([run("drawn", 2), run("next", 12), run("last", 0)], edges)
    now = side([run("drawn", 3), run("next", 13), run("last", 9)], edges)

    result = compared(base, now, (base, again))

    assert states(result) == {"drawn": "unstable", "next": "unstable", "last": "moved"}
    nodes = {node.label: node for node in result.nodes}
    assert nodes["asset next"].unstable == nodes["asset drawn"].unstable == "asset drawn"
    assert [one.reason for one in nodes["asset next"].differences] == ["asset drawn"]


def test_a_repeat_of_the_working_tree_counts_too():
    """A node that is unstable only in the working tree is unstable."""
    base, now = side([run("a", 1)]), side([run("a", 2)])

    result = compared(base, now, (base, side([run("a", 1)])), (now, side([run("a", 3)])))

    assert states(result) == {"a": "unstable"}


def test_direct_calls_of_an_op_count_for_the_op_of_its_job():
    """The node of a job is the only one of the op, and another job has one of its own otherwise."""
    call = NodeRun("t.py::test", "call #1", "op brew", outputs={"result": value(1)}, test="t.py::test")
    other = NodeRun("t.py::test", "call #1", "op brew", outputs={"result": value(2)}, test="t.py::test")
    graph = {"op cafe:brew": GraphNode("op cafe:brew", called="op brew")}

    result = compared(side([call], graph=graph), side([other], graph=graph))
    assert {node.label: node.state for node in result.nodes} == {"op cafe:brew": "moved"}

    two = {**graph, "op bar:brew": GraphNode("op bar:brew", called="op brew")}
    result = compared(side([call], graph=two), side([other], graph=two))
    assert {node.label: node.state for node in result.nodes}["op brew"] == "moved"


def test_tests_that_cannot_be_compared():
    """Each test that did not run on both sides has the reason."""
    outcomes = {"new": "passed", "skipped": "passed", "setup": "passed", "broken": "error", "drawn": "passed"}
    now = side([], tests={name: TestRun(name, outcome, 0, "E now") for name, outcome in outcomes.items()})
    now.tests["x.py::a"] = TestRun("x.py::a", "passed", 0)
    now.tests["not run"] = TestRun("not run", "skipped", 0)
    now.draws = {"drawn"}
    base = side(
        [],
        tests={"skipped": TestRun("skipped", "skipped", 0, "no"), "setup": TestRun("setup", "error", 0, "E")},
    )
    base.tests["broken"] = TestRun("broken", "passed", 0)
    base.tests["drawn"] = TestRun("drawn", "failed", 0)
    base.broken = {"x.py": "SyntaxError"}

    result = compared(base, now)

    assert result.compared == 0
    assert result.not_compared == {
        "new": "the revision has no such test",
        "skipped": "it is skipped there: no",
        "setup": "its setup fails there: E",
        "broken": "its setup fails: E now",
        "drawn": "hypothesis draws its inputs",
        "x.py::a": "its file fails there: SyntaxError",
    }


def test_values_that_cannot_be_loaded():
    """The reason is named with the output, and it is no difference."""

    def load(one: Value) -> object:
        raise ValueError("its module 'gone' does not exist in the working tree")

    base, now = side([run("a", 1)]), side([run("a", 2)])
    result = Comparison(base, now, Declared(), load).result("main", "")

    assert result.not_compared == {"asset a": "its module 'gone' does not exist in the working tree"}
    assert states(result) == {"a": "not-compared"}


def expectation(text: str, *nodes: str, columns: tuple[str, ...] = (), **more: Any) -> Expectation:
    """Return what a marker declares."""
    return Expectation(text, frozenset(f"asset {node}" for node in nodes), columns, "as agreed", **more)


def test_expected_changes():
    """A marker counts in its test, with its reason, and one whose change did not happen is named once."""
    tests = {name: TestRun(name, "passed", 0.1) for name in ("t.py::x", "t.py::y")}
    base = side([run("a", 1, "t.py::x"), run("a", 3, "t.py::y"), run("b", 1, "t.py::x")], tests=tests)
    now = side([run("a", 2, "t.py::x"), run("a", 4, "t.py::y"), run("b", 1, "t.py::x")], tests=tests)
    of_a, of_b = expectation("the change of 'a'", "a"), expectation("the change of 'b'", "b")

    result = compared(base, now, expectations={"t.py::x": [of_a, of_b], "t.py::y": [of_b]})

    (a, _) = result.nodes
    assert [(one.verdict, one.reason) for one in a.differences] == [
        ("expected", "as agreed"),
        ("unexpected", ""),
    ]
    assert result.unused == ["the change of 'b' did not happen in t.py::x and 1 more test"]


def test_an_expectation_that_happens_in_one_case_is_used():
    """The marker of a parametrized test, or of a module, need not happen in each of its tests."""
    tests = {name: TestRun(name, "passed", 0.1) for name in ("t.py::x[1]", "t.py::x[2]")}
    base = side([run("a", 1, "t.py::x[1]"), run("a", 3, "t.py::x[2]")], tests=tests)
    now = side([run("a", 2, "t.py::x[1]"), run("a", 3, "t.py::x[2]")], tests=tests)

    result = compared(base, now, expectations={name: [expectation("that of a", "a")] for name in tests})

    assert result.unused == []
    assert [one.verdict for one in result.nodes[0].differences] == ["expected"]


def test_an_expectation_counts_for_the_fixtures_of_its_test():
    """A fixture of a wider scope may run what a test expects to change; other fixtures are not meant."""
    owner = "fixture ran[x] of t.py"
    base, now = side([run("a", 1, owner)]), side([run("a", 2, owner)])

    for fixtures, verdict in ((("ran",), "expected"), (("other",), "unexpected"), ((), "unexpected")):
        one = expectation("that of a", "a", fixtures=fixtures)
        result = compared(base, now, expectations={"t.py::test": [one]})
        assert [one.verdict for one in result.nodes[0].differences] == [verdict]
        assert bool(result.unused) is (verdict == "unexpected")
    one = expectation("that of a", "a", fixtures=("ran",))
    result = compared(base, now, expectations={"other.py::test": [one]})
    assert [one.verdict for one in result.nodes[0].differences] == ["unexpected"]


def test_rules():
    """A rule ignores, allows or expects; of two with the same setting the later one counts."""
    base = side([run("a", 1.0), run("b", 1.0), run("c", 1.0), run("d", 1.0)])
    now = side([run("a", 1.1), run("b", 1.1), run("c", 1.1), run("d", 1.0)])
    texts = {"rel=0.5": None, "b: rel=0.01": "b", "c: ignore": "c", "d: expect": "d"}
    rules = [
        (parse_rule(text, "--x"), None if name is None else frozenset({f"asset {name}"}))
        for text, name in texts.items()
    ]

    result = compared(base, now, rules=rules)

    assert states(result) == {"a": "equal", "b": "moved", "c": "not-compared", "d": "equal"}
    assert result.unused == ["rule 'd: expect': no such change"]
    assert result.not_compared == {"asset c": "rule 'c: ignore' ignores it"}


def test_an_ignored_node_is_not_unused_nor_a_cause():
    """An ignored node appears nowhere as a difference, and does not explain others."""
    base, now = side([run("a", 1), run("b", 1)], "a>b"), side([run("a", 2), run("b", 2)], "a>b")

    result = compared(base, now, rules=[(parse_rule("a: ignore", "--x"), frozenset({"asset a"}))])

    assert causes(result) == {}
    assert states(result)["b"] == "moved"


def test_graphs_that_are_unknown():
    """Without the graph of the revision, the nodes that it has no code of are the new ones."""
    base, now = side([run("a", 1)], graph={}, graph_problem="no"), side([run("a", 2), run("n", 2)])

    result = compared(base, now, new=frozenset({"asset n"}))
    assert states(result) == {"a": "moved", "n": "new"}

    result = compared(side([run("a", 1)]), side([run("a", 2)], graph={}, graph_problem="no"))
    assert states(result) == {"a": "moved"}


def test_events_metadata_and_checks():
    """A node that now fails differs by its events, and its missing output is not named by itself."""
    base, now = (
        side([run("a", 1, events=["STEP_START a", "STEP_SUCCESS a"])]),
        side([NodeRun("t.py::test", "assets #1", "asset a", events=["STEP_START a", "STEP_FAILURE a"])]),
    )
    (node,) = compared(base, now).nodes
    assert [(one.kind, one.summary) for one in node.differences] == [
        ("events", "STEP_SUCCESS a -> STEP_FAILURE a")
    ]

    entry = {"type": "int", "value": 1}
    check = {"passed": True, "severity": "ERROR", "description": None, "metadata": {}}
    base = side([run("a", 1, metadata={"rows": entry, "gone": entry}, checks={"a:x": check})])
    now = side(
        [
            run(
                "a",
                1,
                metadata={"rows": {**entry, "value": 2}, "new": entry},
                checks={"a:x": {**check, "passed": False}},
            )
        ]
    )
    (node,) = compared(base, now).nodes
    assert sorted((one.kind, one.label, one.summary) for one in node.differences) == [
        ("check", "a:x", "passed: True -> False"),
        ("metadata", "gone", "it is gone, was 1"),
        ("metadata", "new", "it is new: 1"),
        ("metadata", "rows", "1 -> 2"),
    ]
