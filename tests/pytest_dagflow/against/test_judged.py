"""Tests of the verdict about a difference, and of the comparison of what is no output."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_dagflow.against.judged import (
    Change,
    Excuse,
    Fact,
    RunComparer,
    facts_of,
    judge,
    tolerance_of,
    unstable_columns,
)
from pytest_dagflow.against.records import NodeRun, Value
from pytest_dagflow.against.result import ColumnChange, TableChange
from pytest_dagflow.against.rules import ALL, parse_rule
from pytest_dagflow.against.tolerance import Tolerance

EXACT = Tolerance()
OUTPUT = Fact("output", "result")


def table(*columns: str, **more: Any) -> TableChange:
    """Return a difference of two cells in each column."""
    changed = tuple(ColumnChange(name, 2, None, ()) for name in columns)
    return TableChange((), False, (3, 3), 0, 0, 2, (), (), changed, (), (), ())._replace(**more)


def change_of(*columns: str, **more: Any) -> Change:
    """Return the difference of a table in some columns."""
    return Change(f"{columns} differ", (), table(*columns, **more))


def verdicts(fact: Fact, columns: tuple[str, ...], *excuses: Excuse) -> list[tuple[str, str]]:
    """Judge a table that differs in some columns, and return each part's summary and verdict."""

    def compare(tolerance: Tolerance) -> Change | None:
        left = tuple(name for name in columns if name not in tolerance.ignored)
        return change_of(*left) if left else None

    parts = judge(compare, fact, change_of(*columns), EXACT, excuses)
    return [(",".join(one.name for one in part.table.columns), part.verdict) for part in parts if part.table]


def test_parts_of_a_difference():
    """Each excuse takes its columns, and what remains is unexpected."""
    unstable, expected = Excuse(("a",), "unstable", "node"), Excuse(("b",), "expected", "as agreed")

    assert verdicts(OUTPUT, ("a", "b", "c"), unstable, expected) == [
        ("a", "unstable"),
        ("b", "expected"),
        ("c", "unexpected"),
    ]
    assert verdicts(OUTPUT, ("a",), unstable, expected) == [("a", "unstable")]
    assert verdicts(OUTPUT, ("c",), unstable, expected) == [("c", "unexpected")]
    assert verdicts(OUTPUT, ("a", "c"), unstable, Excuse(ALL, "expected", "all")) == [("a,c", "expected")]
    # columns say nothing about events, and name entries of metadata
    assert verdicts(Fact("events", ""), ("a",), unstable) == [("a", "unexpected")]
    assert verdicts(Fact("metadata", "b"), ("x",), expected) == [("x", "expected")]
    assert verdicts(Fact("metadata", "x"), ("b",), expected) == [("b", "unexpected")]


def test_columns_in_which_a_value_differs_with_itself():
    """They are those of its cells; other rows or another order are about the whole value."""
    assert unstable_columns(change_of("a", "b")) == ("a", "b")
    for more in ({"added": 1}, {"removed": 1}, {"notes": ("the order of the rows differs",)}):
        assert unstable_columns(change_of("a", **more)) == ALL
    assert unstable_columns(change_of()) == ALL
    assert unstable_columns(Change("1 -> 2")) == ALL


def test_tolerances_of_rules():
    """A later rule wins for each setting, and all ignored columns count."""
    texts = ("rel=0.1 ignore=a", "abs=1", "rel=0 keys=id", "ignore=b,c", "ignore", "expect")
    rules = [parse_rule(text, "--x") for text in texts]

    assert tolerance_of(rules) == Tolerance(rel=0.0, abs=1.0, ignored=frozenset("abc"), keys=("id",))
    assert tolerance_of([]) == EXACT


def node(**facts: Any) -> NodeRun:
    """Return a run of an asset."""
    return NodeRun("t", "assets #1", "asset a", **facts)


def changes(old: NodeRun, new: NodeRun, tolerance: Tolerance = EXACT) -> list[tuple[str, str, str]]:
    """Return the kind, label and summary of each difference."""
    comparer = RunComparer(lambda one: float(one.digest))
    return [(fact.kind, fact.label, change.summary) for fact, change in comparer.changes(old, new, tolerance)]


def test_facts():
    """Everything that either run has can differ, and the events of both."""
    one, other = node(outputs={"result": Value("1", "int")}), node(metadata={"rows": {}}, checks={"a:x": {}})

    assert [(fact.kind, fact.label) for fact in facts_of(one, other)] == [
        ("output", "result"),
        ("metadata", "rows"),
        ("check", "a:x"),
        ("events", ""),
    ]


def test_outputs():
    """Equal digests are equal without a look; a missing value is a difference unless events say why."""
    one, other = node(outputs={"result": Value("1", "int")}), node(outputs={"result": Value("1.5", "int")})

    assert changes(one, one) == []
    assert changes(one, other) == [("output", "result", "1.0 -> 1.5")]
    assert changes(one, other, Tolerance(abs=0.5)) == []
    assert changes(one, node()) == [("output", "result", "it has no value any more")]
    assert changes(node(), one) == [("output", "result", "it had no value")]
    failed = node(events=["STEP_START a", "STEP_FAILURE a"])
    assert changes(one, failed) == [("events", "", "it did not run -> STEP_FAILURE a")]


def test_values_without_a_file():
    """Their classes and texts are compared; equal ones are named as not comparable."""
    comparer = RunComparer(pytest.fail)
    lost = node(outputs={"result": Value("", "Lock", "<lock>", "it cannot be pickled: no")})
    other = node(outputs={"result": Value("", "RLock", "", "it cannot be pickled: no")})

    assert list(comparer.changes(lost, lost, EXACT)) == []
    assert comparer.not_comparable == {"asset a": "it cannot be pickled: no"}
    assert comparer.incomparable == {"asset a"}
    assert [change.summary for _, change in comparer.changes(lost, other, EXACT)] == ["<lock> -> a RLock"]


def test_metadata_checks_and_events():
    """One thing that differs in an entry is named; numbers have the tolerance; checks are no events."""
    entry = {"type": "float", "value": 1.0}
    old = node(metadata={"m": entry}, checks={"a:x": {"passed": True, "severity": "WARN"}})
    new = node(
        metadata={"m": {**entry, "value": 1.1}},
        checks={"a:x": {"passed": True, "severity": "ERROR"}},
        events=["ASSET_CHECK_EVALUATION a:x passed=True"],
    )
    assert changes(old, new) == [
        ("metadata", "m", "1.0 -> 1.1"),
        ("check", "a:x", "severity: 'WARN' -> 'ERROR'"),
    ]
    assert changes(old, new, Tolerance(rel=0.2)) == [("check", "a:x", "severity: 'WARN' -> 'ERROR'")]
    typed = node(metadata={"m": {"type": "int", "value": 1}})
    assert len(changes(node(metadata={"m": entry}), typed)) == 1
    many = [f"LINE {number}" for number in range(40)]
    comparer = RunComparer(pytest.fail)
    ((_, change),) = comparer.changes(
        node(events=["START", "END"]), node(events=["START", *many, "END"]), EXACT
    )
    assert (change.summary, change.lines[-1]) == ("its events differ", "... and 28 more lines")


def test_small_containers_are_explained_by_pytest():
    """The explanation of pytest and its plugins is that of `new == old`; numbers and tables have none."""
    values = {"1": [1, 2], "2": [1, 3], "3": 1, "4": 2}
    comparer = RunComparer(lambda value: values[value.digest])

    def explanation(old: str, new: str) -> tuple[str, ...]:
        runs = [NodeRun("t", "r", "n", outputs={"result": Value(one, "x")}) for one in (old, new)]
        found = comparer.change(OUTPUT, *runs, EXACT)
        assert found is not None
        return found.explanation

    assert explanation("1", "2")[0] == "At index 1 diff: 3 != 2"
    assert explanation("3", "4") == ()
