"""The differences of one node in one run: found, and judged by what is declared and by what is unstable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from pytest_dagflow.against.records import NodeRun, Value
from pytest_dagflow.against.result import (
    CHECK,
    EVENTS,
    METADATA,
    OUTPUT,
    UNEXPECTED,
    ColumnChange,
    Difference,
    TableChange,
)
from pytest_dagflow.against.rules import ALL, Rule
from pytest_dagflow.against.tolerance import Tolerance
from pytest_dagflow.against.values import compare_values
from pytest_dagflow.sequence.matchers import count
from pytest_dagflow.values.difference import explanation_of_pytest

_CHECK_EVENT = "ASSET_CHECK_EVALUATION"
_DEFAULT_OUTPUT = "result"
_MAX_EVENT_LINES = 12
_MISSING: Any = object()
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
"""The colors in an explanation of pytest."""


class Fact(NamedTuple):
    """One thing about a run of a node that may differ: its kind and its label."""

    kind: str
    label: str


class Excuse(NamedTuple):
    """The reason why a difference is not unexpected.

    Attributes:
        columns: The columns that it is about; ALL for everything.
        verdict: "expected" or "unstable".
        reason: What to show.
    """

    columns: tuple[str, ...]
    verdict: str
    reason: str


class Change(NamedTuple):
    """The difference of a fact, as in `ValueChange`."""

    summary: str
    lines: tuple[str, ...] = ()
    table: TableChange | None = None
    explanation: tuple[str, ...] = ()


@dataclass
class RunComparer:
    """The comparison of two runs of a node.

    Args:
        load: Returns a recorded value. It raises ValueError if that is not possible.

    Attributes:
        not_comparable: The outputs that could not be compared, each with the reason.
        incomparable: The nodes of these outputs.
    """

    load: Callable[[Value], object]
    not_comparable: dict[str, str] = field(default_factory=dict)
    incomparable: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str, Tolerance], Change | None] = field(default_factory=dict)

    def changes(self, old: NodeRun, new: NodeRun, tolerance: Tolerance) -> Iterator[tuple[Fact, Change]]:
        """Yield what differs between two runs of a node."""
        for fact in facts_of(old, new):
            change = self.change(fact, old, new, tolerance)
            if change is not None:
                yield fact, change

    def change(self, fact: Fact, old: NodeRun, new: NodeRun, tolerance: Tolerance) -> Change | None:
        """Return what differs about one fact; None if it is equal."""
        if fact.kind == OUTPUT:
            return self._of_output(fact.label, old, new, tolerance)
        if fact.kind == METADATA and tolerance.is_ignored(fact.label):
            return None
        if fact.kind == METADATA:
            return _of_entry(old.metadata, new.metadata, fact.label, tolerance)
        if fact.kind == CHECK:
            return _of_check(old.checks, new.checks, fact.label, tolerance)
        return _of_events(old, new)

    def _of_output(self, name: str, old: NodeRun, new: NodeRun, tolerance: Tolerance) -> Change | None:
        one, other = old.outputs.get(name), new.outputs.get(name)
        if one is None or other is None:
            if one is other or _events_of(old) != _events_of(new):
                return None  # the events say why there is none
            return Change("it has no value any more" if other is None else "it had no value")
        if one.digest and one.digest == other.digest:
            return None
        if not (one.digest and other.digest):
            return self._of_texts(name, new, one, other)
        key = one.digest, other.digest, tolerance
        if key not in self._known:
            try:
                self._known[key] = _of_values(self.load(one), self.load(other), tolerance)
            except ValueError as error:
                self._leave_out(new.node, name, str(error))
                return None
        return self._known[key]

    def _of_texts(self, name: str, new: NodeRun, one: Value, other: Value) -> Change | None:
        """Compare values of which one could not be stored, by their classes and short texts."""
        if (one.type_name, one.text) == (other.type_name, other.text):
            self._leave_out(new.node, name, one.problem or other.problem)
            return None
        return Change(f"{_shown(one)} -> {_shown(other)}")

    def _leave_out(self, node: str, name: str, reason: str) -> None:
        self.not_comparable[_title(node, name)] = reason
        self.incomparable.add(node)


def _of_values(old: object, new: object, tolerance: Tolerance) -> Change | None:
    """Compare two values of an output."""
    found = compare_values(old, new, tolerance)
    if found is None:
        return None
    explanation = explanation_of_pytest(old, new) if found.table is None else []
    return Change(*found, tuple(_COLOR.sub("", line) for line in explanation))


def facts_of(*runs: NodeRun) -> list[Fact]:
    """Return what can differ between runs of a node."""
    found: dict[Fact, None] = {}
    for run in runs:
        found.update(dict.fromkeys(Fact(OUTPUT, name) for name in run.outputs))
        found.update(dict.fromkeys(Fact(METADATA, name) for name in run.metadata))
        found.update(dict.fromkeys(Fact(CHECK, name) for name in run.checks))
    found[Fact(EVENTS, "")] = None
    return list(found)


def tolerance_of(rules: Iterable[Rule]) -> Tolerance:
    """Return the tolerance of a node. A later rule wins, and the ignored columns are those of all."""
    rel: float | None = None
    abs_: float | None = None
    keys: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    for rule in rules:
        rel = rule.rel if rule.rel is not None else rel
        abs_ = rule.abs if rule.abs is not None else abs_
        keys = rule.keys or keys
        ignored |= frozenset(rule.ignored if rule.ignored != ALL else ())
    return Tolerance(rel=rel, abs=abs_, ignored=ignored, keys=keys)


def judge(
    compare: Callable[[Tolerance], Change | None],
    fact: Fact,
    change: Change,
    tolerance: Tolerance,
    excuses: Sequence[Excuse],
) -> Iterator[Difference]:
    """Yield the parts of a difference, each with its verdict.

    Args:
        compare: Compares the fact again with another tolerance, in which more columns are ignored.
        fact: What differs.
        change: The difference.
        tolerance: The tolerance with which it was found.
        excuses: The reasons why it may be expected or unstable.
    """
    for excuse in excuses:
        if excuse.columns == ALL or (fact.kind == METADATA and _matches(fact.label, excuse.columns)):
            yield _difference(fact, change, excuse.verdict, excuse.reason)
            return
    for excuse in excuses:
        if fact.kind != OUTPUT:
            break
        tolerance = Tolerance(
            tolerance.rel, tolerance.abs, tolerance.ignored.union(excuse.columns), tolerance.keys
        )
        rest = compare(tolerance)
        if rest is None:
            yield _difference(fact, change, excuse.verdict, excuse.reason)
            return
        if rest != change:
            yield _difference(fact, _part(change, excuse.columns), excuse.verdict, excuse.reason)
        change = rest
    yield _difference(fact, change, UNEXPECTED, "")


def unstable_columns(change: Change) -> tuple[str, ...]:
    """Return the columns in which a value differs with itself; ALL if it is not about columns alone."""
    table = change.table
    if table is None or table.added or table.removed or table.notes or not table.columns:
        return ALL
    return tuple(column.name for column in table.columns)


def _difference(fact: Fact, change: Change, verdict: str, reason: str) -> Difference:
    label = "" if fact == Fact(OUTPUT, _DEFAULT_OUTPUT) else fact.label
    return Difference(
        fact.kind,
        label,
        change.summary,
        change.lines,
        change.table,
        explanation=change.explanation,
        verdict=verdict,
        reason=reason,
    )


def _part(change: Change, columns: Sequence[str]) -> Change:
    """Return the part of a difference that is about some columns."""
    table = change.table
    if table is None:
        return Change(f"{', '.join(columns)} changed")
    chosen: tuple[ColumnChange, ...] = tuple(one for one in table.columns if _matches(one.name, columns))
    cells = sum(one.cells for one in chosen)
    names = ", ".join(f"'{one.name}'" for one in chosen) or ", ".join(f"'{name}'" for name in columns)
    part = table._replace(
        added=0,
        removed=0,
        changed=max((one.cells for one in chosen), default=0),
        added_rows=(),
        removed_rows=(),
        columns=chosen,
        new_columns=tuple(name for name in table.new_columns if _matches(name, columns)),
        gone_columns=tuple(name for name in table.gone_columns if _matches(name, columns)),
        types=tuple(one for one in table.types if _matches(one[0], columns)),
        notes=(),
    )
    return Change(f"{count(cells, 'cell')} of {names} changed", (), part)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def _of_entry(old: dict[str, Any], new: dict[str, Any], label: str, tolerance: Tolerance) -> Change | None:
    """Compare the entries of a label, which one side may lack."""
    one, other = old.get(label, _MISSING), new.get(label, _MISSING)
    if one is _MISSING or other is _MISSING:
        return Change(f"it is new: {_plain(other)}" if one is _MISSING else f"it is gone, was {_plain(one)}")
    if one == other:
        return None
    names = (
        [key for key in {**one, **other} if one.get(key) != other.get(key)] if _are_dicts(one, other) else []
    )
    if len(names) == 1:  # of a metadata entry or of a check only one thing differs
        found = compare_values(one.get(names[0]), other.get(names[0]), tolerance)
        if found is None or names[0] == "value":
            return None if found is None else Change(*found)
        return Change(f"{names[0]}: {found.summary}", found.lines, found.table)
    found = compare_values(one, other, tolerance)
    return None if found is None else Change(*found)


def _of_check(old: dict[str, Any], new: dict[str, Any], label: str, tolerance: Tolerance) -> Change | None:
    """Compare the results of a check: whether it passed, and each entry of its metadata by itself."""
    if label not in old or label not in new:
        return _of_entry(old, new, label, tolerance)
    one, other = (_flat(side[label]) for side in (old, new))
    found = [(name, _of_entry(one, other, name, tolerance)) for name in dict.fromkeys([*one, *other])]
    texts = [
        text
        for name, change in found
        if change is not None
        for text in (f"{name}: {change.summary}", *change.lines)
    ]
    return Change(texts[0], tuple(texts[1:])) if texts else None


def _flat(check: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a check with the entries of its metadata beside the others."""
    facts = {name: value for name, value in check.items() if name != METADATA}
    return {**facts, **{f"{METADATA} {name}": entry for name, entry in check.get(METADATA, {}).items()}}


def _are_dicts(*values: Any) -> bool:
    return all(type(value) is dict for value in values)


def _plain(entry: Any) -> str:
    value = entry.get("value", entry) if type(entry) is dict else entry
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _events_of(run: NodeRun) -> list[str]:
    """Return the events without the results of checks, which are compared by themselves."""
    return [line for line in run.events if not line.startswith(_CHECK_EVENT)]


def _of_events(old: NodeRun, new: NodeRun) -> Change | None:
    one, other = _events_of(old), _events_of(new)
    if one == other:
        return None
    lines = [
        line
        for line in unified_diff(one, other, n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    if len(lines) > _MAX_EVENT_LINES:
        lines = [*lines[:_MAX_EVENT_LINES], f"... and {len(lines) - _MAX_EVENT_LINES} more lines"]
    ends = [events[-1] if events else "it did not run" for events in (one, other)]
    if ends[0] != ends[1]:
        return Change(f"{ends[0]} -> {ends[1]}", tuple(lines))
    return Change("its events differ", tuple(lines))


def _shown(value: Value) -> str:
    return value.text or f"a {value.type_name}"


def _title(node: str, output: str) -> str:
    return node if output == _DEFAULT_OUTPUT else f"{node}, output '{output}'"
