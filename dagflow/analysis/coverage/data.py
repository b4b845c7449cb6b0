"""The coverage of a graph as plain data: nodes, and for each its items, which are exercised or missed.

An item belongs to one denominator, so that the total counts nothing twice. The data knows no definition. It
is written as JSON, sent between processes, and merged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from dagflow.errors import CheckError

DENOMINATORS: Final[Mapping[str, str]] = {
    "nodes": "assets and ops that a run started",
    "outputs": "outputs that every run gives, given",
    "branches": "optional and dynamic outputs: given, and not given",
    "edges": "dependencies through which a run passed a value or an order",
    "checks": "results of asset checks: passed, and failed",
    "retries": "ends of a retry policy: success after a retry, and failure after the last one",
    "failures": "assets and ops that failed in a run",
    "hooks": "hooks of nodes that a run called",
    "partitions": "partitions of assets and jobs that a run processed",
    "config": "config fields with another value than the default",
    "schedules": "schedules with an evaluated tick",
    "sensors": "sensors with an evaluated tick",
}
"""The name and meaning of each denominator, the most useful first."""
TOTAL: Final = "total"
FORMAT: Final = "dagflow graph coverage"
VERSION: Final = 1


class Count(NamedTuple):
    """The number of exercised items, and of all items.

    Example:
        >>> Count(1, 3).percent, Count(0, 0).percent, Count(1999, 2000).percent
        (33.3, 100.0, 99.9)
    """

    covered: int
    total: int

    @property
    def percent(self) -> float:
        """The share in percent with one digit, rounded down, so that 100 means all; 100 without items."""
        return self.covered * 1000 // self.total / 10 if self.total else 100.0


class Miss(NamedTuple):
    """The items of one denominator that no run of a node exercised.

    Attributes:
        node: The node.
        denominator: The name of the denominator.
        labels: The items.
    """

    node: CoveredNode
    denominator: str
    labels: tuple[str, ...]


class CoveredNode:
    """A node with its items: an asset, op, graph, check, job, schedule or sensor.

    Attributes:
        id: The id, which does not depend on the other nodes: the id of the node in the graph, `@`, and the
            module.
        kind: "asset", "op", "graph", "check", "job", "schedule" or "sensor".
        name: The name: `shop/cup`, `cafe:machine.brew`.
        file: The file of its definition; empty if it is unknown, or outside of the project.
        line: The line of its definition, from 1; 0 if it is unknown.
        runs: The number of runs or ticks.
        tests: The ids of the tests in which it ran.
        items: The denominators with their items, and whether each is exercised.
    """

    __slots__ = ("file", "id", "items", "kind", "line", "name", "runs", "tests")

    def __init__(self, node_id: str, kind: str, name: str, file: str = "", line: int = 0) -> None:
        self.id: str = node_id
        self.kind: str = kind
        self.name: str = name
        self.file: str = file
        self.line: int = line
        self.runs: int = 0
        self.tests: set[str] = set()
        self.items: dict[str, dict[str, bool]] = {}

    def add(self, denominator: str, *labels: str) -> None:
        """Add items, which are missed unless they are known already."""
        known = self.items.setdefault(denominator, {})
        for label in labels:
            known.setdefault(label, False)

    def cover(self, denominator: str, label: str) -> None:
        """Set an item to exercised, if the node has it."""
        known = self.items.get(denominator)
        if known is not None and label in known:
            known[label] = True

    def lacks(self, denominator: str) -> bool:
        """Return whether an item of a denominator is missed."""
        return not all(self.items.get(denominator, {}).values())

    @property
    def label(self) -> str:
        """The kind and the name, for readers."""
        return f"{self.kind} {self.name}"

    @property
    def count(self) -> Count:
        """The number of exercised items, and of all items."""
        found = [is_covered for items in self.items.values() for is_covered in items.values()]
        return Count(sum(found), len(found))

    def copy(self) -> CoveredNode:
        """Return a copy that shares nothing that changes."""
        new = CoveredNode(self.id, self.kind, self.name, self.file, self.line)
        new.merge(self)
        return new

    def merge(self, other: CoveredNode) -> None:
        """Add the runs and items of the same node in another session or process."""
        self.runs += other.runs
        self.tests |= other.tests
        if not self.file:
            self.file, self.line = other.file, other.line
        for denominator, items in other.items.items():
            known = self.items.setdefault(denominator, {})
            for label, is_covered in items.items():
                known[label] = known.get(label, False) or is_covered

    def to_json(self) -> dict[str, Any]:
        """Return a value for JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "file": self.file,
            "line": self.line,
            "runs": self.runs,
            "tests": sorted(self.tests),
            "items": self.items,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> CoveredNode:
        """Return the node of a value that `to_json` made."""
        texts = {key: stored[key] for key in ("id", "kind", "name", "file")}
        line, runs = stored["line"], stored["runs"]
        if (
            not all(isinstance(text, str) for text in texts.values())
            or type(line) is not int
            or type(runs) is not int
        ):
            raise ValueError("a field of a node is of another type")
        new = cls(texts["id"], texts["kind"], texts["name"], texts["file"], line)
        new.runs = runs
        new.tests = {str(test) for test in stored["tests"]}
        for denominator, items in stored["items"].items():
            if denominator in DENOMINATORS:
                new.items[denominator] = {
                    str(label): is_covered is True for label, is_covered in items.items()
                }
        return new

    def __repr__(self) -> str:
        return f"<coverage of {self.label}: {self.count.covered} of {self.count.total}>"


class Coverage:
    """The coverage of a graph.

    Args:
        nodes: The nodes. Nodes with the same id become one.
        excluded: The labels of the nodes that a comment leaves out, by id.

    Example:
        >>> water = CoveredNode("asset:water@shop", "asset", "water")
        >>> water.add("checks", "passed", "failed")
        >>> water.cover("checks", "passed")
        >>> coverage = Coverage([water])
        >>> coverage.counts()["checks"], coverage.total
        (Count(covered=1, total=2), Count(covered=1, total=2))
        >>> [miss.labels for miss in coverage.misses()]
        [('failed',)]
        >>> Coverage.from_json(coverage.to_json()).total.percent
        50.0
    """

    def __init__(self, nodes: Iterable[CoveredNode] = (), excluded: Mapping[str, str] = {}) -> None:
        self.nodes: dict[str, CoveredNode] = {}
        self.excluded: dict[str, str] = dict(excluded)
        for node in nodes:
            self.add(node)

    def add(self, node: CoveredNode) -> CoveredNode:
        """Add a node, and return the node that has its id: another one, if that was known before."""
        known = self.nodes.get(node.id)
        if known is None:
            self.nodes[node.id] = known = node
        elif known is not node:
            known.merge(node)
        return known

    def counts(self) -> dict[str, Count]:
        """Return the count of each denominator that has items, in the order of DENOMINATORS."""
        found: dict[str, list[int]] = {}
        for node in self.nodes.values():
            for denominator, items in node.items.items():
                count = found.setdefault(denominator, [0, 0])
                count[0] += sum(items.values())
                count[1] += len(items)
        return {name: Count(*found[name]) for name in DENOMINATORS if found.get(name, (0, 0))[1]}

    @property
    def total(self) -> Count:
        """The count of all items."""
        counts = self.counts().values()
        return Count(sum(count.covered for count in counts), sum(count.total for count in counts))

    def misses(self) -> Iterator[Miss]:
        """Yield the missed items: by denominator, then by file and line. See `untested` for whole nodes."""
        ordered = self.ordered()
        for denominator in DENOMINATORS:
            for node in ordered:
                items = node.items.get(denominator, {})
                labels = tuple(label for label, is_covered in items.items() if not is_covered)
                if labels:
                    yield Miss(node, denominator, labels)

    def ordered(self) -> list[CoveredNode]:
        """Return the nodes by file and line; those without a file last, by name."""
        return sorted(self.nodes.values(), key=lambda node: (not node.file, node.file, node.line, node.name))

    def untested(self) -> list[CoveredNode]:
        """Return the nodes without a run that have an item of their own, by file and line."""
        own = ("nodes", "checks", "schedules", "sensors")
        return [node for node in self.ordered() if not node.runs and any(name in node.items for name in own)]

    def parents(self) -> dict[str, dict[str, CoveredNode | None]]:
        """Return by the id of each node with edges the label of each edge, and the node from which it comes.

        That node is None if it has no items, such as an external asset. Of several nodes with its name, the
        one in the same job is taken, or else the one in the same module.

        Example:
            >>> water = CoveredNode("asset:water@shop", "asset", "water")
            >>> tea = CoveredNode("asset:tea@shop", "asset", "tea")
            >>> tea.add("edges", "from asset water", "from asset leaves")
            >>> Coverage([water, tea]).parents()["asset:tea@shop"]
            {'from asset water': <coverage of asset water: 0 of 0>, 'from asset leaves': None}
        """
        sources: dict[tuple[str | None, ...], CoveredNode] = {}
        for node in self.ordered():
            for name in {node.name, node.name[len(_job(node)) :].removeprefix(":")}:
                for key in _nearest(edge_label(node.kind, name), node):
                    sources.setdefault(key, node)
        found: dict[str, dict[str, CoveredNode | None]] = {}
        for node in self.nodes.values():
            for label in node.items.get("edges", ()):
                near = (sources[key] for key in _nearest(label, node) if key in sources)
                found.setdefault(node.id, {})[label] = next(near, None)
        return found

    def merge(self, other: Coverage) -> None:
        """Add the coverage of another session or process, which does not change."""
        for node in other.nodes.values():
            self.add(node if node.id in self.nodes else node.copy())
        self.excluded.update(other.excluded)

    def new_misses(self, base: Coverage) -> list[Miss]:
        """Return the missed items that an earlier coverage exercised or did not have.

        A node that moved to another module is compared with the earlier node, if its name is unique in both.

        Args:
            base: The earlier coverage.
        """
        own, earlier = _by_name(self.nodes), _by_name(base.nodes)
        found: list[Miss] = []
        for miss in self.misses():
            before = base.nodes.get(miss.node.id)
            name = _bare(miss.node.id)
            if before is None and len(own[name]) == 1 and len(earlier.get(name, ())) == 1:
                before = base.nodes[earlier[name][0]]
            items = {} if before is None else before.items.get(miss.denominator, {})
            labels = tuple(label for label in miss.labels if items.get(label, True))
            if labels:
                found.append(miss._replace(labels=labels))
        return found

    @staticmethod
    def condensed(misses: Iterable[Miss]) -> list[Miss]:
        """Return misses without those that follow from another: all others of a node that never ran.

        Args:
            misses: Missed items.
        """
        found = list(misses)
        never = {miss.node.id for miss in found if miss.denominator == "nodes"}
        return [miss for miss in found if miss.denominator == "nodes" or miss.node.id not in never]

    def shares_nodes_with(self, other: Coverage) -> bool:
        """Return whether both have a node of the same name."""
        return not _by_name(self.nodes).keys().isdisjoint(_by_name(other.nodes))

    def to_json(self) -> dict[str, Any]:
        """Return a value for JSON: totals for readers, and all nodes."""
        counts = {**self.counts(), TOTAL: self.total}
        return {
            "format": FORMAT,
            "version": VERSION,
            "totals": {name: {**count._asdict(), "percent": count.percent} for name, count in counts.items()},
            "nodes": [node.to_json() for node in self.ordered()],
            "excluded": self.excluded,
        }

    @classmethod
    def from_json(cls, stored: Any) -> Coverage:
        """Return the coverage of a value that `to_json` made.

        Raises:
            CheckError: The value is of another form, or of a newer version.
        """
        if not isinstance(stored, Mapping) or stored.get("format") != FORMAT:
            raise CheckError("it is not a JSON report of graph coverage")
        if stored.get("version") != VERSION:
            raise CheckError(f"it is of version {stored.get('version')!r}, and this version reads {VERSION}")
        try:
            nodes = [CoveredNode.from_json(node) for node in stored["nodes"]]
            return cls(nodes, {str(key): str(label) for key, label in stored["excluded"].items()})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckError(f"its nodes are broken ({type(error).__name__}: {error})") from error


def edge_label(kind: str, name: str) -> str:
    """Return the label of the edge from a node.

    Args:
        kind: The kind of the node.
        name: Its key; of an op or graph, the path in its job.
    """
    return f"from {kind} {name}"


def _nearest(label: str, node: CoveredNode) -> Iterator[tuple[str | None, ...]]:
    """Yield keys of the label of an edge in the job and module of a node, the most specific key first."""
    job, module = _job(node), node.id.rpartition("@")[2]
    yield label, job, module
    yield label, job, None
    yield label, None, module
    yield label, None, None


def _job(node: CoveredNode) -> str:
    """Return the job, graph or asset of an op or graph; empty for other nodes."""
    return node.name.rpartition(":")[0] if node.kind in ("op", "graph") else ""


def _bare(node_id: str) -> str:
    """Return the id of a node without its module."""
    return node_id.rpartition("@")[0] or node_id


def _by_name(ids: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node_id in ids:
        found.setdefault(_bare(node_id), []).append(node_id)
    return found


__all__ = ["DENOMINATORS", "TOTAL", "Count", "Coverage", "CoveredNode", "Miss"]
