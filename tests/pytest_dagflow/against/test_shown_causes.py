"""The view of a reader: causes, results of checks, ignored metadata, and the tests of a difference."""

from __future__ import annotations

from typing import Any

from pytest_dagflow.against.comparison import Comparison
from pytest_dagflow.against.records import GraphNode, NodeRun, SideRecord, TestRun, Value
from pytest_dagflow.against.result import AgainstResult, NodeChange
from pytest_dagflow.against.rules import Declared, Rule, parse_rule

GRAPH = {
    "asset milk": GraphNode("asset milk"),
    "asset beans": GraphNode("asset beans", parents=["asset milk"]),
    "asset cups": GraphNode("asset cups", parents=["asset beans", "asset milk"]),
    "check cups:full": GraphNode("check cups:full", parents=["asset cups"]),
}


def compared(
    base: list[NodeRun],
    now: list[NodeRun],
    changed: tuple[str, ...],
    rules: list[tuple[Rule, frozenset[str] | None]] | None = None,
    graph: dict[str, GraphNode] = GRAPH,
) -> AgainstResult:
    """Return the result of a comparison of runs of `test_it[a]`, in which the code of some nodes changed."""
    old, new = (
        SideRecord(tests={"test_it[a]": TestRun("test_it[a]", "passed", 0.1)}, runs=runs, graph=graph)
        for runs in (base, now)
    )
    declared = Declared(rules or [], code={label: {"code": ()} for label in changed})
    return Comparison(old, new, declared, lambda value: value.text).result("main", "3fa2b8c")


def run(node: str, value: str = "", partition: str = "", **check: Any) -> NodeRun:
    """Return a run of a node that gave a value, or of a check."""
    outputs = {} if check else {"result": Value(value or "equal", "str", value)}
    facts = {"severity": "ERROR", "description": None, "metadata": {}, **check}
    checks = {"cups:full": facts} if check else {}
    return NodeRun("test_it[a]", f"assets #1{partition}", node, partition, outputs, checks=checks)


def node_of(result: AgainstResult, label: str) -> NodeChange:
    """Return a node of a result."""
    return next(node for node in result.nodes if node.label == label)


def test_a_changed_node_with_equal_data_is_no_cause_beside_another() -> None:
    """Only the changed node whose data differ is named as the cause."""
    base = [run("asset milk"), run("asset beans", "3"), run("asset cups", "6")]
    now = [run("asset milk"), run("asset beans", "4"), run("asset cups", "8")]

    result = compared(base, now, ("asset milk", "asset beans"))

    assert node_of(result, "asset milk").state == "changed-equal"
    assert node_of(result, "asset beans").causes == ()
    assert node_of(result, "asset cups").causes == ("asset beans",)


def test_a_changed_node_with_equal_data_is_a_cause_without_another() -> None:
    """It may write what a node reads itself."""
    base = [run("asset milk"), run("asset beans"), run("asset cups", "6")]
    now = [run("asset milk"), run("asset beans"), run("asset cups", "8")]

    result = compared(base, now, ("asset milk",))

    assert node_of(result, "asset cups").causes == ("asset milk",)


def test_a_node_without_recorded_values_hides_no_cause() -> None:
    """The last op of a graph has no value of its own: it is that of the asset."""
    silent = run("asset beans")
    silent.outputs.clear()
    base = [run("asset milk", "1"), silent, run("asset cups", "6")]
    now = [run("asset milk", "2"), silent, run("asset cups", "8")]
    graph = {**GRAPH, "asset cups": GraphNode("asset cups", parents=["asset beans"])}

    result = compared(base, now, ("asset milk",), graph=graph)

    assert node_of(result, "asset cups").causes == ("asset milk",)


def test_a_changed_node_that_did_not_run_is_not_compared() -> None:
    """Nothing is known about its data, so it may be the cause."""
    result = compared([run("asset cups", "6")], [run("asset cups", "8")], ("asset beans",))

    assert node_of(result, "asset beans").state == "not-compared"
    assert node_of(result, "asset cups").causes == ("asset beans",)


def test_the_facts_of_a_check_differ_one_by_one() -> None:
    """The node is the check, so its name is not repeated; each entry of the metadata has a line."""
    old, new = ({"type": "Int", "value": value} for value in (16, 0))
    base = [run("check cups:full", passed=False, metadata={"empty": old})]
    now = [run("check cups:full", passed=True, metadata={"empty": new, "full": new})]

    (difference,) = node_of(compared(base, now, ()), "check cups:full").differences

    assert (difference.kind, difference.label) == ("check", "")
    assert difference.summary == "passed: False -> True"
    assert difference.lines == ("metadata empty: 16 -> 0", "metadata full: it is new: 0")


def test_an_entry_of_the_metadata_is_ignored() -> None:
    """A rule ignores columns and entries of the metadata by the same names."""
    rule = parse_rule("ignore=sec*", "a test")
    base, now = (run("asset milk"), run("asset milk"))
    for one, value in ((base, 1), (now, 2)):
        one.metadata = {"seconds": {"type": "Int", "value": value}, "rows": {"type": "Int", "value": value}}

    result = compared([base], [now], (), [(rule, None)])

    assert [one.label for one in node_of(result, "asset milk").differences] == ["rows"]


def test_a_partition_is_named_unless_the_parameters_have_it() -> None:
    """Each dimension of a key may be in the parameters of the test by itself."""
    base = [run("asset milk", "1", "a"), run("asset beans", "1", "b")]
    now = [run("asset milk", "2", "a"), run("asset beans", "2", "b")]

    result = compared(base, now, ())

    assert node_of(result, "asset milk").differences[0].tests == ["test_it[a]"]
    assert node_of(result, "asset beans").differences[0].tests == ["test_it[a] (b)"]
