"""The comparison of two sides: each node that ran on both, what differs, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_dagflow.against.graphs import add_causes, ancestors, edges_of, in_order, parents_of
from pytest_dagflow.against.judged import (
    Change,
    Excuse,
    Fact,
    RunComparer,
    judge,
    tolerance_of,
    unstable_columns,
)
from pytest_dagflow.against.records import (
    CALL,
    FIXTURE,
    SESSION,
    GraphNode,
    NodeRun,
    SideRecord,
    TestRun,
    Value,
    title_of_run,
)
from pytest_dagflow.against.result import (
    EVENTS,
    EXPECTED,
    OTHER_VALUES,
    UNSTABLE,
    AgainstResult,
    Difference,
    NodeChange,
    Outcome,
)
from pytest_dagflow.against.rules import ALL, Declared, Expectation
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.sequence.matchers import count

Key = tuple[str, str, str]
"""A run of a node on both sides: the owner, the run and the label of the node."""
_RAN = ("passed", "failed", "xfailed", "xpassed")


@dataclass
class _Found:
    """A difference in one run, before those of all tests are put together."""

    fact: Fact
    change: Change
    old: NodeRun
    new: NodeRun
    tolerance: Tolerance


@dataclass
class Comparison:
    """The comparison of two sides.

    Args:
        base: What the revision recorded.
        now: What the working tree recorded.
        declared: The rules, expectations and code changes of the session.
        load: Returns a recorded value.

    Attributes:
        unstable: The columns in which facts of runs differ with themselves, after `add_repeat`.
    """

    base: SideRecord
    now: SideRecord
    declared: Declared
    load: Callable[[Value], object]
    unstable: dict[tuple[Key, Fact], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._comparer = RunComparer(self.load)
        self._called = _called_ops(self.now.graph)
        self._labels: dict[str, str] = {label: label for label in (*self.now.graph, *self.base.graph)}
        self._old, self._new = runs_by_key(self.base), runs_by_key(self.now)
        self.tests = _common_tests(self.base, self.now)
        self._found = dict(self._find())

    # what differs

    def _find(self) -> Iterator[tuple[Key, list[_Found]]]:
        for key in self._pairs():
            old, new = self._old.get(key), self._new.get(key)
            tolerance = self._tolerance(self._label(key))
            if tolerance is None:
                continue
            absent = NodeRun(*key)
            changes = self._comparer.changes(old or absent, new or absent, tolerance)
            found = [
                _Found(fact, change, old or absent, new or absent, tolerance) for fact, change in changes
            ]
            if found:
                yield key, found

    def _pairs(self) -> Iterator[Key]:
        """Yield the runs of nodes that both sides should have, in the order of the working tree."""
        runs = [{(owner, run) for owner, run, _ in side} for side in (self._old, self._new)]
        for key in dict.fromkeys([*self._new, *self._old]):
            owner, run, node = key
            is_common = owner in self.tests or owner.startswith(FIXTURE)
            is_of_both = (owner, run) in runs[0] and (owner, run) in runs[1]
            has_node = node not in self.new_nodes and node not in self.gone_nodes
            if is_common and is_of_both and has_node and not self._is_call_of_one(key):
                yield key

    def _is_call_of_one(self, key: Key) -> bool:
        """Return whether only one side made a direct call, such as after an early end of the test."""
        one, other = self._old.get(key), self._new.get(key)
        known = one or other
        is_call = known is not None and known.run.startswith(f"{CALL} ") and not known.events
        return is_call and (one is None or other is None)

    def _label(self, key: Key) -> str:
        """Return the label in the graph of the node of a run.

        A direct call of an op counts for the op in its job, and an op in a run of a graph alone for the op in
        the job that has this graph.
        """
        label = key[2]
        if label not in self._labels:
            self._labels[label] = self._called.get(label) or _in_outer_job(label, self.now.graph) or label
        return self._labels[label]

    def _tolerance(self, label: str) -> Tolerance | None:
        """Return the tolerance of a node; None if a rule ignores the node."""
        rules = self.declared.rules_of(label)
        return None if any(rule.ignored == ALL for rule in rules) else tolerance_of(rules)

    @property
    def differing_owners(self) -> list[str]:
        """The tests and fixtures in which a node differs."""
        return list(dict.fromkeys(owner for owner, _, _ in self._found))

    def add_repeat(self, first: SideRecord, again: SideRecord) -> None:
        """Note what differs between two sessions of the same side.

        Args:
            first: What the side recorded at first.
            again: What it recorded in a repeat of some tests.
        """
        before, after = runs_by_key(first), runs_by_key(again)
        for key, found in self._found.items():
            if key not in after:
                continue
            one, other = before.get(key) or NodeRun(*key), after[key]
            for fact, change in self._comparer.changes(one, other, found[0].tolerance):
                columns, known = unstable_columns(change), self.unstable.get((key, fact), ())
                self.unstable[key, fact] = ALL if ALL in (columns, known) else tuple({*known, *columns})

    # the graphs

    @property
    def new_nodes(self) -> frozenset[str]:
        """The nodes that only the working tree has."""
        if not self.base.graph or self.base.graph_problem:
            return self.declared.new
        absent = self.now.graph.keys() - self.base.graph.keys()
        return frozenset(absent) if self.declared.is_whole else self.declared.new & absent

    @property
    def gone_nodes(self) -> frozenset[str]:
        """The nodes that only the revision has."""
        if not self.now.graph or self.now.graph_problem:
            return frozenset()
        return frozenset(self.base.graph.keys() - self.now.graph.keys())

    # the result

    def result(self, reference: str, commit: str) -> AgainstResult:
        """Return the result, without the notes of the session."""
        ran = (self._label(key) for key in self._pairs())
        labels = dict.fromkeys([*self.now.graph, *self.base.graph, *ran])
        parents = parents_of(self.base.graph, self.now.graph)
        ordered = in_order(labels, parents)
        nodes = {label: self._node(label) for label in ordered}
        used: set[object] = set()
        for key, found in self._found.items():
            for one in found:
                self._add(nodes[self._label(key)], key, one, parents, used)
        add_causes(nodes, parents, self._labels_of_values())
        both = self.base.graph.keys() & self.now.graph.keys()
        old, new = edges_of(self.base.graph), edges_of(self.now.graph)
        result = AgainstResult(reference, commit, nodes=list(nodes.values()))
        result.edges = list(dict.fromkeys([*new, *old]))
        result.new_edges = [edge for edge in new if edge not in old and both.issuperset(edge)]
        result.gone_edges = [edge for edge in old if edge not in new and both.issuperset(edge)]
        result.compared = len(self.tests)
        result.seconds = _sum_seconds((self.base.tests[test], self.now.tests[test]) for test in self.tests)
        result.outcomes = [
            Outcome(test, self.base.tests[test].outcome, self.now.tests[test].outcome)
            for test in self.now.tests
            if test in self.base.tests and self.base.tests[test].outcome != self.now.tests[test].outcome
        ]
        result.not_compared = {
            **self._tests_not_compared(),
            **self._comparer.not_comparable,
            **self._ignored(),
        }
        result.unused = self._unused(used)
        return result

    def _node(self, label: str) -> NodeChange:
        old, new = self.base.graph.get(label), self.now.graph.get(label)
        known = new or old
        code = self.declared.code.get(label, {})
        node = NodeChange(
            label,
            place=known.place if known is not None else "",
            is_new=label in self.new_nodes,
            is_gone=label in self.gone_nodes,
            code=tuple(code),
            details=tuple(dict.fromkeys(detail for details in code.values() for detail in details)),
        )
        if old is not None and new is not None:
            both = self.base.graph.keys() & self.now.graph.keys()
            if old.partitions != new.partitions:
                node.partitions = old.partitions, new.partitions
            known_parents = [tuple(one for one in side.parents if one in both) for side in (old, new)]
            if set(known_parents[0]) != set(known_parents[1]):
                node.parents = known_parents[0], known_parents[1]
        is_compared = self._tolerance(label) is not None
        for key in self._keys_by_node().get(label, ()) if is_compared else ():
            if key[2] in self._comparer.incomparable:
                continue
            one, other = self._old.get(key), self._new.get(key)
            if one is not None and other is not None:
                node.compared += 1
                node.seconds = node.seconds[0] + one.seconds, node.seconds[1] + other.seconds
        return node

    def _labels_of_values(self) -> frozenset[str]:
        """Return the nodes whose values are compared: no ignored ones, and none in other processes."""
        return frozenset(
            label
            for label, keys in self._keys_by_node().items()
            if self._tolerance(label) is not None
            and all(key in self._new and self._new[key].outputs for key in keys)
        )

    def _keys_by_node(self) -> Mapping[str, list[Key]]:
        if not hasattr(self, "_by_node"):
            self._by_node: dict[str, list[Key]] = {}
            for key in self._pairs():
                self._by_node.setdefault(self._label(key), []).append(key)
        return self._by_node

    def _add(
        self,
        node: NodeChange,
        key: Key,
        found: _Found,
        parents: Mapping[str, Sequence[str]],
        used: set[object],
    ) -> None:
        """Add a difference of one run to its node, or to an equal difference in another test."""
        sources = dict(self._excuses(key, found.fact, parents))

        def compare(tolerance: Tolerance) -> Change | None:
            return self._comparer.change(found.fact, found.old, found.new, tolerance)

        test = title_of_run(key[0], found.new.partition or found.old.partition)
        parts = list(judge(compare, found.fact, found.change, found.tolerance, list(sources)))
        for one in parts:
            if f"{one.kind} {one.label}" == node.label:
                one.label = ""  # the result of the check that the node is
            if one.verdict == UNSTABLE:
                node.unstable = one.reason
            same = next((other for other in node.differences if _is_same(one, other)), None)
            if same is None:
                one.tests.append(test)
                node.differences.append(one)
            else:
                _merge(same, one, test)
        verdicts = {(one.verdict, one.reason) for one in parts}
        is_unstable = any(one.verdict == UNSTABLE for one in parts)
        used.update(
            source for one, source in sources.items() if is_unstable or (one.verdict, one.reason) in verdicts
        )

    def _excuses(
        self, key: Key, fact: Fact, parents: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[Excuse, object]]:
        """Yield the reasons why a difference is not unexpected, each with what declares it."""
        owner, label = key[0], self._label(key)
        columns = self.unstable.get((key, fact))
        if columns is not None:
            yield Excuse(columns, UNSTABLE, self._first_unstable(key, parents)), None
        for one in self._expectations_of(owner):
            if label in one.nodes:
                yield Excuse(one.columns or ALL, EXPECTED, one.reason), one
        for rule in self.declared.rules_of(label):
            if rule.expected:
                yield Excuse(rule.expected, EXPECTED, f"rule '{rule.text}'"), rule

    def _expectations_of(self, owner: str) -> Iterator[Expectation]:
        """Yield what a test declares. For a fixture it is what the tests that use it declare."""
        if not owner.startswith(FIXTURE):
            yield from self.declared.expectations.get(owner, ())
            return
        name, _, place = owner.removeprefix(FIXTURE).rpartition(" of ")
        name = name.partition("[")[0]
        for test, expectations in self.declared.expectations.items():
            if place == SESSION or _is_in(test, place):
                yield from (one for one in expectations if name in one.fixtures)

    def _first_unstable(self, key: Key, parents: Mapping[str, Sequence[str]]) -> str:
        """Return the unstable node upstream of which no node is unstable in the same run."""
        owner, run, label = key
        unstable = {node for (one, other, node), _ in self.unstable if (one, other) == (owner, run)}
        seen = {label}
        while True:
            upstream = next((one for one in ancestors(label, parents) if one in unstable - seen), None)
            if upstream is None:
                return label
            label = upstream
            seen.add(label)

    def _unused(self, used: Collection[object]) -> list[str]:
        """Return a sentence for each expected change that happened in none of its tests."""
        tests: dict[Expectation, list[str]] = {}
        for test, expectations in self.declared.expectations.items():
            for one in expectations:
                if one not in used and test in self.tests:
                    tests.setdefault(one, []).append(test)
        found = [f"{one.text} did not happen in {_first_of(names)}" for one, names in tests.items()]
        rules = (rule for rule, _ in self.declared.rules if rule.expected and rule not in used)
        return [*found, *(f"rule '{rule.text}': no such change" for rule in rules)]

    def _ignored(self) -> dict[str, str]:
        """Return the nodes that ran and that a rule ignores, each with the rule."""
        return {
            label: f"rule '{rule.text}' ignores it"
            for label in self._keys_by_node()
            for rule in self.declared.rules_of(label)
            if rule.ignored == ALL
        }

    def _tests_not_compared(self) -> dict[str, str]:
        """Return the tests that ran on one side only, or cannot be compared, each with the reason."""
        found: dict[str, str] = {}
        for test, run in self.now.tests.items():
            other = self.base.tests.get(test)
            if run.outcome == "skipped":
                continue
            if test in self.now.draws:
                found[test] = "hypothesis draws its inputs"
            elif other is None:
                broken = next((error for file, error in self.base.broken.items() if _is_in(test, file)), "")
                found[test] = f"its file fails there: {broken}" if broken else "the revision has no such test"
            elif other.outcome == "skipped":
                found[test] = f"it is skipped there: {other.error}"
            elif other.outcome == "error":
                found[test] = f"its setup fails there: {other.error}"
            elif run.outcome == "error":
                found[test] = f"its setup fails: {run.error}"
        return found


def _called_ops(graph: Mapping[str, GraphNode]) -> dict[str, str]:
    """Return the label of the only node that an op is, by the label of the direct calls of the op."""
    found: dict[str, list[str]] = {}
    for label, node in graph.items():
        found.setdefault(node.called, []).append(label)
    return {called: labels[0] for called, labels in found.items() if called not in graph and len(labels) == 1}


def _in_outer_job(label: str, graph: Mapping[str, GraphNode]) -> str | None:
    """Return the only op of a graph that is inside of a graph with the name of a job; None without one."""
    kind, _, name = label.partition(" ")
    path = name.replace(":", ".", 1)
    found = [one for one in graph if kind == "op" and one.endswith((f":{path}", f".{path}"))]
    return found[0] if len(found) == 1 else None


def runs_by_key(side: SideRecord) -> dict[Key, NodeRun]:
    """Return the runs of nodes of a side by owner, run and node."""
    return {(run.owner, run.run, run.node): run for run in side.runs}


def _common_tests(base: SideRecord, now: SideRecord) -> dict[str, None]:
    """Return the tests that ran on both sides, and whose inputs are not drawn."""

    def has_run(run: TestRun | None) -> bool:
        return run is not None and run.outcome in _RAN

    return {
        test: None
        for test, run in now.tests.items()
        if has_run(run) and has_run(base.tests.get(test)) and test not in now.draws
    }


def _is_in(test: str, file: str) -> bool:
    return not file or test.startswith((f"{file}::", f"{file}/"))


def _first_of(tests: Sequence[str]) -> str:
    more = len(tests) - 1
    return f"{tests[0]} and {count(more, 'more test')}" if more else tests[0]


def _is_same(one: Difference, other: Difference) -> bool:
    """Return whether two differences are shown as one: the same thing, with the same verdict."""
    if (one.kind, one.label, one.verdict, one.reason) != (
        other.kind,
        other.label,
        other.verdict,
        other.reason,
    ):
        return False
    return one.summary == other.summary or one.table is not None or one.kind != EVENTS


def _merge(known: Difference, other: Difference, test: str) -> None:
    """Add a difference in another test to an equal one. The larger one is shown, and named first."""
    if known.summary == other.summary:
        added = test
    elif _weight(other) > _weight(known):
        known.summary, known.lines, known.table = other.summary, other.lines, other.table
        known.explanation = other.explanation
        known.tests[:] = [one if one.endswith(OTHER_VALUES) else one + OTHER_VALUES for one in known.tests]
        known.tests.insert(0, test)
        return
    else:
        added = test + OTHER_VALUES
    if not {test, added} & set(known.tests):
        known.tests.append(added)


def _weight(difference: Difference) -> int:
    """Return the size of a difference: of several in the same output, the largest is shown."""
    table = difference.table
    if table is None:
        return len(difference.lines)
    return table.added + table.removed + sum(column.cells for column in table.columns)


def _sum_seconds(pairs: Iterable[tuple[TestRun, TestRun]]) -> tuple[float, float]:
    listed = list(pairs)
    return sum(one.seconds for one, _ in listed), sum(other.seconds for _, other in listed)
