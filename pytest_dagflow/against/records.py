"""The record of one side of a comparison: each run and direct call of a node, as lines of JSON and values.

A small value is a pickle in its record. Larger ones are files in a folder of the session, named by their
digest, so that a value of many tests is stored once, and equal values of both sides are one file.

Each process of a side writes lines of JSON with a `kind`: "run" (NodeRun), "graph" (GraphNode, or the
problem of the graph), "test" (TestRun), "broken" (id, error), "collected" (missing, draws), "running",
"ended" (stopped, imported, foreign), and "again" (owner) when a test is repeated, whose earlier runs then do
not count.

Texts have no folder of the side: "<root>" stands for its root folder, "<checkout>" for the rest of its
checkout, "<tmp>" for temporary folders, and "<run>" for the id of the run. The strings and paths in plain
dicts, lists and tuples have none, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

CALL = "call"
"""The name of a direct call, before its number."""
FIXTURE = "fixture "
"""The beginning of the owner that is a fixture of a wider scope."""
SESSION = "the session"
"""The place of a fixture that no file of the project defines."""


class Value(NamedTuple):
    """A recorded value.

    Attributes:
        digest: The digest of its pickle, which names its file. It is empty if the value has no pickle. With a
            problem there is no file: the pickle is too large to keep.
        type_name: The name of its class.
        text: A short text, for a value without a file.
        problem: Why it has no file, as "it cannot be pickled: ..."; empty otherwise.
        content: A small pickle itself in Base64, which has no file.
    """

    digest: str
    type_name: str
    text: str = ""
    problem: str = ""
    content: str = ""


@dataclass
class NodeRun:
    """One run, or one direct call, of a node.

    All mapped steps of an op are one record. Each asset and check of a function has its own. The last op of
    the graph of an asset has the events and the time of its step, and the asset has the output.

    Attributes:
        owner: The id of the test, or "fixture NAME of PLACE" for a fixture of a wider scope. The place is its
            module, class or package, or the folder of a fixture of the session. With a parameter:
            "fixture shop[york] of tests/test_shop.py".
        run: The run among those of the owner, the same on both sides: "load_month[2013-01] #1", "assets #1"
            for a run of assets without a job. The calls are counted for each node: "call #2".
        node: The label of the node: "asset orders", "check orders:positive", "op cafe:machine.brew".
        partition: The partition key of the run, "a...c" for a range; empty without one.
        outputs: The values by output. The mapping key of a dynamic output is in brackets, and also that of a
            mapped step: "result", "cups[a]". A check has none, unless a direct call gave another object. A
            step in another process has none.
        metadata: The metadata of materializations, observations and outputs of ops, by label. Each is a dict
            with its "type" and its "value" as plain JSON. Before the label is the output of an op, if it is
            not "result", or another asset: "shop/cups: rows". After it is the mapping key, or the partition
            if it is not that of the run: "rows[a]".
        checks: The results of checks by name, "orders:positive", with a partition as in `metadata`: a dict
            with "passed", "severity", "description" and "metadata".
        events: The canonical events of its step, as lines. Of several assets of a function each has those of
            the step and its own. A check of it has only its own.
        seconds: The time of all attempts at its step; 0 for a direct call. All assets of a function have it.
        test: The test in which it ran, which sets up the fixture.
    """

    owner: str
    run: str
    node: str
    partition: str = ""
    outputs: dict[str, Value] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    seconds: float = 0.0
    test: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, not copied."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> NodeRun:
        """Return the object of plain values. A tuple has become a list."""
        outputs = {name: Value(*value) for name, value in document["outputs"].items()}
        return cls(**{**document, "outputs": outputs})


@dataclass
class GraphNode:
    """One node of the graph of a side.

    Attributes:
        label: Its kind and name, as in `NodeRun.node`.
        place: The file, relative to the root folder, and the line of its definition; empty if unknown.
        parents: The labels of the nodes from which it reads.
        partitions: Its partitions as a text; empty without partitions.
        called: The label of its direct calls, which have no job: "op brew" for "op cafe:machine.brew".
    """

    label: str
    place: str = ""
    parents: list[str] = field(default_factory=list)
    partitions: str = ""
    called: str = ""


@dataclass
class TestRun:
    """How a test ended.

    Attributes:
        test: Its id.
        outcome: "passed", "failed", "error", "skipped", "xfailed" or "xpassed".
        seconds: The time of its setup, call and teardown.
        error: The first line of its error, or the reason of its skip; empty if it passed.
    """

    __test__ = False

    test: str
    outcome: str
    seconds: float
    error: str = ""


@dataclass
class SideRecord:
    """All that one side has recorded.

    Attributes:
        tests: How each test ended, by its id.
        runs: The runs and calls of nodes.
        graph: The nodes of its graph by label.
        graph_problem: Why the graph is unknown; empty otherwise.
        broken: The error of each file that could not be collected, by its id.
        stopped: Why not all tests ran; empty if all did.
        imported: The files of the project that it imported, relative to its root folder.
        foreign: The files that it imported from the folder of the other side.
        missing: The tests that it should run and that do not exist there, without those in `broken` files.
        draws: The tests whose inputs hypothesis draws, which are others in each session.
    """

    tests: dict[str, TestRun] = field(default_factory=dict)
    runs: list[NodeRun] = field(default_factory=list)
    graph: dict[str, GraphNode] = field(default_factory=dict)
    graph_problem: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    imported: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    draws: set[str] = field(default_factory=set)


def title_of_run(owner: str, partition: str) -> str:
    """Return the owner of a run with the partition, unless the parameters of the test have its keys.

    Example:
        >>> title_of_run("test_it", "2024-01")
        'test_it (2024-01)'
        >>> title_of_run("test_it[month=2024-01|town=york]", "2024-01|york")
        'test_it[month=2024-01|town=york]'
    """
    parameters = owner.partition("[")[2]
    patterns = (rf"(?<![\w-]){re.escape(key)}(?![\w-])" for key in partition.split("|"))
    if not partition or all(re.search(pattern, parameters) for pattern in patterns):
        return owner
    return f"{owner} ({partition})"
