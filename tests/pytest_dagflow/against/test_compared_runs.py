"""The comparison of two records: which runs and calls it compares, and the states of nodes."""

from __future__ import annotations

import pytest

from pytest_dagflow.against.comparison import Comparison
from pytest_dagflow.against.records import GraphNode, NodeRun, SideRecord, TestRun, Value
from pytest_dagflow.against.result import AgainstResult, Difference, NodeChange
from pytest_dagflow.against.rules import Declared

TEST = "tests/test_shop.py::test_orders"


def side(*runs: NodeRun) -> SideRecord:
    """Return the record of one test."""
    graph = {label: GraphNode(label) for label in ("asset orders", "asset sent")}
    return SideRecord(tests={TEST: TestRun(TEST, "failed", 0.1)}, runs=list(runs), graph=graph)


def call(node: str, digest: str) -> NodeRun:
    """Return the first direct call of a node."""
    return NodeRun(TEST, "call #1", node, outputs={"result": Value(digest, "int")})


def compared(base: SideRecord, now: SideRecord) -> AgainstResult:
    """Compare two records, whose digests are the values."""
    return Comparison(base, now, Declared(), lambda value: int(value.digest)).result("main", "1")


def test_a_call_that_only_one_side_made() -> None:
    """It is no difference of the node: the test ended before it, or calls another node."""
    result = compared(
        side(call("asset orders", "1"), call("asset sent", "1")), side(call("asset orders", "2"))
    )

    differing = {node.label: [one.summary for one in node.differences] for node in result.nodes}
    assert differing == {"asset orders": ["1 -> 2"], "asset sent": []}


def test_a_node_that_only_one_run_has() -> None:
    """It is a difference: the node was skipped on the other side, or not selected."""
    runs = [
        NodeRun(TEST, "assets #1", node, events=["STEP_SUCCESS"]) for node in ("asset orders", "asset sent")
    ]

    result = compared(side(*runs), side(runs[0]))

    assert [node.label for node in result.nodes if node.differences] == ["asset sent"]


@pytest.mark.parametrize(
    ("node", "state"),
    [
        (NodeChange("asset a", code=("code",)), "not-compared"),
        (NodeChange("asset a", code=("code",), compared=1), "changed-equal"),
        (NodeChange("asset a", code=("code",), differences=[Difference("output", "", "1 -> 2")]), "changed"),
        (NodeChange("asset a"), "not-compared"),
    ],
)
def test_states(node: NodeChange, state: str) -> None:
    """Changed code does not mean equal data, if no test compares them."""
    assert node.state == state


def test_the_cause_behind_an_op_without_a_value() -> None:
    """The last op of a graph has no value of its own, so an equal one does not hide a cause upstream."""
    op = "op asset:sent:sent.pack"
    graph = {
        label: GraphNode(label, parents=parents)
        for label, parents in {"asset orders": [], op: ["asset orders"], "asset sent": [op]}.items()
    }

    def run(node: str, digest: str) -> NodeRun:
        outputs = {"result": Value(digest, "int")} if digest else {}
        return NodeRun(TEST, "assets #1", node, outputs=outputs, events=["STEP_SUCCESS"])

    base, now = (
        side(run("asset orders", digest), run(op, ""), run("asset sent", digest)) for digest in ("1", "2")
    )
    base.graph = now.graph = graph

    declared = Declared(code={"asset orders": {"code": ()}})
    result = Comparison(base, now, declared, lambda value: int(value.digest)).result("main", "1")

    assert {node.label: node.causes for node in result.nodes if node.differences} == {
        "asset orders": (),
        "asset sent": ("asset orders",),
    }
