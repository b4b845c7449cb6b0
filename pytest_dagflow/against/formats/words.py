"""The words of the reports about a comparison, so that all of them say the same about a node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pytest_dagflow.against.result import (
    EXPECTED,
    OTHER_VALUES,
    STATES,
    UNEXPECTED,
    UNSTABLE,
    AgainstResult,
    Difference,
    NodeChange,
    TableChange,
)
from pytest_dagflow.sequence.matchers import count

_SLOWER, _SECONDS = 2, 0.1
"""The ratio and the difference from which the times of a node are listed."""
_CONTEXT = 8
"""The number of equal characters that remain before the first difference of two long texts."""


class Verdict(NamedTuple):
    """The verdict about a comparison.

    Attributes:
        text: It in a few words: "2 unexpected differences in 2 nodes, 1 expected".
        is_good: Whether nothing happened that was not expected.
    """

    text: str
    is_good: bool


class EdgeChange(NamedTuple):
    """An edge that only one graph has: the names of its nodes, and whether the working tree has it."""

    source: str
    target: str
    is_new: bool


class TimeChange(NamedTuple):
    """A node that is much faster or slower: its label, and its time on the revision and now."""

    label: str
    old: float
    new: float

    @property
    def text(self) -> str:
        """The times and their ratio."""
        ratio = f", {self.new / self.old:.1f} x" if self.old else ""
        return f"{self.old:.2f} s -> {self.new:.2f} s{ratio}"


def some_of(texts: Sequence[str], limit: int) -> str:
    """Return the first texts, and the number of the others.

    Example:
        >>> some_of(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    shown = ", ".join(texts[:limit])
    return shown if len(texts) <= limit else f"{shown} and {len(texts) - limit:,} more"


def revision(result: AgainstResult) -> str:
    """Return the revision as the user named it, with the start of its commit."""
    commit = result.commit[:7]
    return result.reference if not commit or commit in result.reference else f"{result.reference} ({commit})"


def verdict(result: AgainstResult) -> Verdict:
    """Return the verdict about a comparison."""
    if result.problem:
        return Verdict(f"{revision(result)} cannot be compared: {result.problem}", False)
    found = [(node, one) for node in result.nodes for one in node.differences]
    numbers = {
        name: sum(one.verdict == name for _, one in found) for name in (UNEXPECTED, EXPECTED, UNSTABLE)
    }
    parts = []
    if numbers[UNEXPECTED]:
        nodes = count(sum(bool(node.unexpected) for node in result.nodes), "node")
        parts.append(f"{count(numbers[UNEXPECTED], 'unexpected difference')} in {nodes}")
    elif found:
        parts.append("no unexpected difference")
    elif result.compared:
        parts.append("no difference")
    else:
        parts.append("no test was compared")
    parts += [f"{numbers[name]:,} {name}" for name in (EXPECTED, UNSTABLE) if numbers[name]]
    if result.outcomes:
        parts.append(f"{count(len(result.outcomes), 'test')} ended differently")
    if result.failure and not numbers[UNEXPECTED]:  # which say why the session fails
        parts.append(f"failed by {result.failure}")
    is_good = bool(result.compared) and not (numbers[UNEXPECTED] or result.outcomes or result.failure)
    return Verdict(", ".join(parts), is_good)


def name_of(label: str) -> str:
    """Return the name of a node without its kind.

    Example:
        >>> name_of("asset orders")
        'orders'
    """
    return label.partition(" ")[2] or label


def names_of(labels: Iterable[str], limit: int = 3) -> str:
    """Return the names of some nodes, and the number of the others."""
    return some_of([name_of(label) for label in labels], limit)


def why(node: NodeChange) -> str:
    """Return why a node is not equal: its own code, a node upstream, or that only one graph has it."""
    if node.is_new or node.is_gone:
        return "new" if node.is_new else "gone"
    upstream = names_of(node.causes)
    if node.code:
        own = f"{', '.join(node.code)} changed"
        return f"{own}, also downstream of {upstream}" if upstream else own
    if node.state == UNSTABLE:
        return "unstable" if node.unstable in ("", node.label) else f"unstable after {name_of(node.unstable)}"
    if not node.differences:
        return "equal"
    if not upstream and node.parents is not None:
        return "moved by other upstream nodes"
    return f"moved by {upstream}" if upstream else "moved, and nothing upstream changed"


def subject(difference: Difference) -> str:
    """Return the thing that differs: "output", "metadata rows", "check positive"."""
    return f"{difference.kind} {difference.label}" if difference.label else difference.kind


def judged(difference: Difference) -> str:
    """Return the verdict about a difference with its reason; empty if nothing declares it."""
    if difference.verdict == UNEXPECTED:
        return ""
    return f"{difference.verdict}: {difference.reason}" if difference.reason else difference.verdict


def facts_of_table(table: TableChange) -> list[str]:
    """Return what differs between two tables, except for their cells and rows."""
    old, new = table.height
    height = f"{old:,} -> {new:,} rows" if old != new else count(new, "row")
    rows = {"added": table.added, "removed": table.removed, "changed": table.changed}
    changes = ", ".join(f"{count:,} {name}" for name, count in rows.items() if count)
    keys = ", ".join(table.keys)
    matched = f"key {keys}{', found in the data' * table.is_key_found}" if keys else "matched by position"
    facts = [f"{height}: {changes or 'none added, removed or changed'} ({matched})"]
    for title, names in (("new", table.new_columns), ("gone", table.gone_columns)):
        if names:
            facts.append(f"{title} column{'s' * (len(names) > 1)}: {some_of(names, 10)}")
    facts += [f"type of {name}: {before} -> {after}" for name, before, after in table.types[:10]]
    if len(table.types) > 10:
        facts.append(f"and the types of {len(table.types) - 10:,} more columns")
    return [*facts, *table.notes]


def size_of_change(cells: int, largest: float | None) -> str:
    """Return the number of cells that differ, and their largest change if they are numbers."""
    most = "" if largest is None else f", by up to {number(largest)}"
    return f"{count(cells, 'cell')}{most}"


def number(value: float) -> str:
    """Return a number with at most six digits.

    Example:
        >>> number(14.5), number(1/3)
        ('14.5', '0.333333')
    """
    return f"{value:.6g}"


def grouped_tests(tests: Iterable[str]) -> list[str]:
    """Return the tests once each, with the number of their other partitions.

    Example:
        >>> grouped_tests(["test_a (1 May)", "test_b", "test_a (2 May)", "test_a (3 May)"])
        ['test_a (1 May and 2 more)', 'test_b']
    """
    found: dict[str, list[str]] = {}
    for test in tests:
        whole = test.removesuffix(OTHER_VALUES)
        name, _, partition = (
            whole.removesuffix(")").rpartition(" (") if whole.endswith(")") else (whole, "", "")
        )
        known = found.setdefault(name, [test[len(whole) :]])
        if partition:
            known.append(partition)
    return [
        f"{name} ({some_of(keys, 1)}){end}" if keys else name + end for name, (end, *keys) in found.items()
    ]


def tests_of(node: NodeChange) -> list[str]:
    """Return the tests in which a node differs."""
    return grouped_tests(dict.fromkeys(test for one in node.differences for test in one.tests))


def worst_first(nodes: Iterable[NodeChange]) -> list[NodeChange]:
    """Return nodes with unexpected differences first; a cause stays before its consequences."""
    return sorted(nodes, key=_urgency)


def _urgency(node: NodeChange) -> int:
    return -1 if node.unexpected else list(STATES).index(node.state)


def edge_changes(result: AgainstResult) -> list[EdgeChange]:
    """Return the edges that only one graph has, also those of nodes that only one graph has."""
    found = [
        *((source, target, True) for source, target in result.new_edges),
        *((source, target, False) for source, target in result.gone_edges),
    ]
    for node in result.nodes:
        old, new = node.parents or ((), ())
        found += [(parent, node.label, True) for parent in new if parent not in old]
        found += [(parent, node.label, False) for parent in old if parent not in new]
    return [EdgeChange(name_of(one), name_of(other), new) for one, other, new in dict.fromkeys(found)]


def time_changes(result: AgainstResult) -> list[TimeChange]:
    """Return the nodes whose times differ much, the largest difference first."""
    found = [TimeChange(node.label, *node.seconds) for node in result.nodes if node.compared]
    return sorted(
        (one for one in found if _is_much(one.old, one.new)), key=lambda one: -abs(one.new - one.old)
    )


def _is_much(old: float, new: float) -> bool:
    return abs(new - old) > _SECONDS and max(old, new) > _SLOWER * min(old, new)


def excerpts(old: str, new: str, width: int) -> tuple[str, str]:
    """Return two texts, shortened so that their first difference is visible.

    Example:
        >>> excerpts("a" * 50 + "b", "a" * 50 + "c", 12)
        ('...aaaaaaaab', '...aaaaaaaac')
    """
    pairs = enumerate(zip(old, new, strict=False))
    start = next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))
    if max(len(old), len(new)) > width and start + _CONTEXT > width:
        old, new = (f"...{text[start - _CONTEXT :]}" for text in (old, new))
    return cut(old, width), cut(new, width)


def cut_start(text: str, width: int) -> str:
    """Return the end of a text, of at most a width.

    Example:
        >>> cut_start("a/long/path.py::test_it", 16)
        '...h.py::test_it'
    """
    return text if len(text) <= width else f"...{text[3 - width :]}"


def cut(text: str, width: int) -> str:
    """Return a text of at most a width.

    Example:
        >>> cut("a long text", 8)
        'a lon...'
    """
    return text if len(text) <= width else f"{text[: max(width - 3, 0)]}..."
