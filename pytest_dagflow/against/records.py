"""What one side of a comparison records: each run and direct call of a node, as lines of JSON and values.

The values are pickles in a folder of the session, named by their digest, so that a value of many tests is
stored once, and equal values of both sides are one file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


class Value(NamedTuple):
    """A recorded value.

    Attributes:
        digest: The digest of its pickle, which names its file; empty if it has none.
        type_name: The name of its class.
        text: A short text, for a value without a file.
        problem: Why it has no file, as "it cannot be pickled: ..."; empty otherwise.
    """

    digest: str
    type_name: str
    text: str = ""
    problem: str = ""


@dataclass
class NodeRun:
    """One run, or one direct call, of a node.

    Attributes:
        owner: The id of the test, or "fixture NAME of FOLDER" for a fixture of a wider scope.
        run: The run among those of the owner, the same on both sides: "load_month[2013-01] #1", "call #2".
        node: The label of the node: "asset orders", "check orders:positive", "op cafe:machine.brew".
        partition: The partition key of the run; empty without one.
        outputs: The values by output, with the mapping key of a dynamic one: "result", "cups[a]".
        metadata: The metadata of materializations and observations, as plain JSON by label.
        checks: The results of checks by label: whether it passed, its severity, description and metadata.
        events: The canonical events of its step, as lines.
        seconds: The time of its step.
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

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

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
    """

    label: str
    place: str = ""
    parents: list[str] = field(default_factory=list)
    partitions: str = ""


@dataclass
class TestRun:
    """How a test ended.

    Attributes:
        test: Its id.
        outcome: "passed", "failed", "error", "skipped", "xfailed" or "xpassed".
        seconds: The time of its setup, call and teardown.
        error: The first line of its error, or the reason of its skip; empty if it passed.
        draws: Whether hypothesis draws its inputs, which are others in each session.
    """

    __test__ = False

    test: str
    outcome: str
    seconds: float
    error: str = ""
    draws: bool = False


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
