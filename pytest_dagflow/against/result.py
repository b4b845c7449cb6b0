"""The result of a comparison of two revisions, as its reports show it: plain values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

UNEXPECTED, EXPECTED, UNSTABLE = "unexpected", "expected", "unstable"
"""The verdicts about a difference."""
OUTPUT, METADATA, CHECK, EVENTS = "output", "metadata", "check", "events"
"""The kinds of differences."""
OTHER_VALUES = " (other values)"
"""The end of the name of a test in which the same output differs, but not by the values that are shown."""


class Cell(NamedTuple):
    """A cell that differs: the name of its row, and both values as short texts."""

    row: str
    old: str
    new: str


class ColumnChange(NamedTuple):
    """The cells of one column that differ.

    Attributes:
        name: The column.
        cells: The number of its cells that differ.
        largest: The largest absolute difference of two numbers; None without numbers.
        examples: The first cells that differ, those with the largest change first if they are numbers.
    """

    name: str
    cells: int
    largest: float | None
    examples: tuple[Cell, ...]


class TableChange(NamedTuple):
    """The difference of two tables.

    Attributes:
        keys: The columns by which rows are matched; empty: by their position or index.
        is_key_found: Whether the keys were found, and not declared.
        height: The number of rows of the old and of the new table.
        added, removed, changed: The number of rows that are new, gone, and have a cell that differs.
        added_rows, removed_rows: The first of these rows, as short texts.
        columns: The columns with cells that differ, those with most of them first.
        new_columns, gone_columns: The columns that only one table has.
        types: The columns with another type, each with its old and new type.
        notes: What else differs, a sentence each, such as the order of the rows.
    """

    keys: tuple[str, ...]
    is_key_found: bool
    height: tuple[int, int]
    added: int
    removed: int
    changed: int
    added_rows: tuple[str, ...]
    removed_rows: tuple[str, ...]
    columns: tuple[ColumnChange, ...]
    new_columns: tuple[str, ...]
    gone_columns: tuple[str, ...]
    types: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...] = ()


@dataclass
class Difference:
    """One thing about a node that is not the same on both revisions, in one or more tests.

    Attributes:
        kind: "output", "metadata", "check" or "events".
        label: The name of the output (empty for "result"), of the metadata entry, or of the check (empty if
            the node is this check).
        summary: What differs, in one line, such as "1 -> 2", or "3 of 9,893 rows differ in 'late'".
        lines: The details, a line each.
        table: The difference of two tables; None for other values.
        tests: The tests in which it differs, each with the partition of the run if it has one. Those with
            another summary than the shown one have "(other values)" at the end.
        explanation: The explanation of pytest and its plugins for `new == old`, for small containers.
        verdict: "unexpected", "expected" or "unstable".
        reason: Why it is expected, or what is unstable; empty if it is unexpected.
    """

    kind: str
    label: str
    summary: str
    lines: tuple[str, ...] = ()
    table: TableChange | None = None
    tests: list[str] = field(default_factory=list)
    explanation: tuple[str, ...] = ()
    verdict: str = UNEXPECTED
    reason: str = ""


@dataclass
class NodeChange:
    """One node of the graph on both revisions.

    Attributes:
        label: Its kind and name, such as "asset orders", "check orders:positive" or "op cafe:brew".
        place: The file and line of its definition; empty if unknown.
        is_new, is_gone: Whether only the working tree, or only the revision, has it.
        code: What differs in its own code and declaration: facets such as "code", "partitions".
        details: The blocks of code and the files that differ, a short text each.
        differences: What differs in its runs.
        causes: The nodes upstream whose code or data changed, the nearest ones; empty without one.
        unstable: The first node upstream, or the node itself, that differs with itself; empty without one.
        partitions: The old and the new partitions as texts if they differ; None otherwise.
        parents: The old and the new upstream nodes if they differ; None otherwise.
        compared: The number of runs and calls that were compared.
        seconds: The time of these on the revision and on the working tree.
    """

    label: str
    place: str = ""
    is_new: bool = False
    is_gone: bool = False
    code: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    differences: list[Difference] = field(default_factory=list)
    causes: tuple[str, ...] = ()
    unstable: str = ""
    partitions: tuple[str, str] | None = None
    parents: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    compared: int = 0
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def state(self) -> str:
        """The state of the node for pictures and tables, a key of `STATES`."""
        if self.is_new or self.is_gone:
            return "new" if self.is_new else "gone"
        verdicts = {one.verdict for one in self.differences}
        if verdicts == {UNSTABLE}:
            return "unstable"
        if verdicts:
            return "changed" if self.code else "moved"
        if not self.compared:
            return "not-compared"
        return "changed-equal" if self.code else "equal"

    @property
    def unexpected(self) -> list[Difference]:
        """The differences that nothing declares."""
        return [one for one in self.differences if one.verdict == UNEXPECTED]


STATES = {
    "changed": "its code changed, and its data differ",
    "moved": "its code is the same, and its data differ",
    "changed-equal": "its code changed, and its data are equal",
    "unstable": "it differs with itself",
    "new": "only the working tree has it",
    "gone": "only the revision has it",
    "equal": "its data are equal",
    "not-compared": "no test compares it",
}
"""The states of a node, each with its meaning."""


class Outcome(NamedTuple):
    """A test that ended differently on both revisions: its id, and how it ended on the revision and now."""

    test: str
    old: str
    new: str


@dataclass
class AgainstResult:
    """The comparison of the working tree with a revision.

    Attributes:
        reference: The revision that the user named.
        commit: The id of the commit that was compared: the merge base with HEAD.
        problem: Why nothing could be compared, in one sentence; empty otherwise.
        nodes: The nodes of both graphs, in topological order.
        edges: The edges between labels, of either graph.
        new_edges, gone_edges: The edges that only one graph has, between nodes that both have.
        compared: The number of tests that ran on both revisions.
        of_revision: The ids of the tests that ran there as the revision has them, because those of the
            working tree fail there or are absent.
        not_compared: The tests, nodes and outputs that could not be compared, each with the reason.
        outcomes: The tests that ended differently.
        unused: The expectations that did not happen, a sentence each.
        notes: What the reader must know, a sentence each: ignored files, submodules.
        seconds: The times of the compared tests on the revision and on the working tree.
        failure: The reason why the session fails; empty if it does not.
        written: The format and the path of each written report.
    """

    reference: str
    commit: str = ""
    problem: str = ""
    nodes: list[NodeChange] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)
    new_edges: list[tuple[str, str]] = field(default_factory=list)
    gone_edges: list[tuple[str, str]] = field(default_factory=list)
    compared: int = 0
    of_revision: list[str] = field(default_factory=list)
    not_compared: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)
    failure: str = ""
    written: list[tuple[str, str]] = field(default_factory=list)

    def in_state(self, *states: str) -> list[NodeChange]:
        """Return the nodes in some states."""
        return [node for node in self.nodes if node.state in states]
