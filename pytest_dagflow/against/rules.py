"""The rules of a comparison: what counts as equal, what is ignored, and which changes are expected.

A rule is a line of the ini key `dag_against_rules`, or a value of `--dag-against-rule`: an expression of
`--dag-select` for the nodes, a colon, and settings. Without nodes it is for all.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

import pytest

from pytest_dagflow.options import AGAINST_RULE, AGAINST_RULES

_SETTINGS = ("rel", "abs", "keys", "ignore", "expect")
_HELP = "'rel=1e-9', 'abs=0.01', 'keys=id', 'ignore', 'ignore=loaded_at,run_id', 'expect', 'expect=fare'"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        text: The rule as it is written.
        nodes: An expression in the syntax of `--dag-select`; empty for all nodes.
        rel, abs: The allowed relative and absolute difference of two numbers.
        keys: The columns that identify a row.
        ignored: The ignored columns and metadata entries, which may be globs; "*" alone for all that differs.
        expected: The columns that are expected to change; "*" alone for everything.
        where: The option or ini key that has it, for messages.
    """

    text: str
    nodes: str = ""
    rel: float | None = None
    abs: float | None = None
    keys: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    where: str = field(default="", compare=False)


ALL = ("*",)
"""The columns of `ignore` and `expect` without columns: whatever differs."""


def parse_rule(text: str, where: str) -> Rule:
    """Parse a rule.

    Args:
        text: The rule.
        where: The option or ini key that has it, for messages.

    Raises:
        pytest.UsageError: It is no rule.

    Example:
        >>> parse_rule("orders: abs=0.01 keys=id", "--dag-against-rule").abs
        0.01
        >>> parse_rule("kind:table: ignore='loaded at',run_id", "--dag-against-rule").ignored
        ('loaded at', 'run_id')
    """
    head, colon, rest = text.rpartition(": ")
    nodes, settings = (head.strip(), rest) if colon else ("", text)
    try:
        words = shlex.split(settings)
    except ValueError as error:
        raise _invalid(text, where, f"a quote has no end ({error})") from error
    if not words or (colon and not nodes):
        raise _invalid(
            text, where, "it has no settings" if not words else "it lacks the nodes before the colon"
        )
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in _SETTINGS:
            near = get_close_matches(name, _SETTINGS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise _invalid(text, where, f"'{name}' is no setting.{hint}")
        key = {"ignore": "ignored", "expect": "expected"}.get(name, name)
        if key in found:
            raise _invalid(text, where, f"'{name}' is written twice")
        if name in ("rel", "abs"):
            found[key] = _number(value, word, text, where)
        else:
            found[key] = _columns(value, name, bool(equals), text, where)
    return Rule(text, nodes, where=where, **found)


def _number(value: str, word: str, text: str, where: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise _invalid(text, where, f"'{word}' needs a number of at least 0")
    return number


def _columns(value: str, name: str, has_value: bool, text: str, where: str) -> tuple[str, ...]:
    if not has_value and name != "keys":
        return ALL
    columns = tuple(column.strip() for column in value.split(","))
    if not all(columns):
        raise _invalid(text, where, f"'{name}' needs columns, as '{name}=first,second'")
    return columns


def _invalid(text: str, where: str, problem: str) -> pytest.UsageError:
    return pytest.UsageError(
        f"{where}: '{text}': {problem}. Write settings such as {_HELP}, with nodes before them as in "
        "'orders: abs=0.01'"
    )


def read_rules(options: Iterable[str], lines: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of the options and of the ini file. A later rule wins over an earlier one.

    Raises:
        pytest.UsageError: One of them is no rule.
    """
    found = [parse_rule(line.strip(), f"ini key '{AGAINST_RULES}'") for line in lines]
    return (*found, *(parse_rule(text.strip(), AGAINST_RULE) for text in options))


class Expectation(NamedTuple):
    """A change that a marker or a rule declares.

    Attributes:
        text: The marker or rule, for messages.
        nodes: The labels of its nodes.
        columns: The columns that may change; empty for everything.
        reason: Why it is expected.
        fixtures: The fixtures of the test, which may run the nodes for several tests.
    """

    text: str
    nodes: frozenset[str]
    columns: tuple[str, ...]
    reason: str
    fixtures: tuple[str, ...] = ()


@dataclass
class Declared:
    """The declarations of a session about a comparison, with the labels of nodes in place of expressions.

    Attributes:
        rules: The rules, each with its nodes; None for all nodes.
        expectations: The expected changes of each marked test, by its id.
        code: What differs in the code of each node: the facets, each with details.
        new: The nodes that the revision has no code of.
        is_whole: Whether the graph is that of the whole project, and not of the collected tests.
        notes: What a reader of the report must know, a sentence each.
        unassigned: The changed files of which no node is known to read them, a clause each.
        problem: Why the rules could not be read in a worker of xdist; empty otherwise.
    """

    rules: list[tuple[Rule, frozenset[str] | None]] = field(default_factory=list)
    expectations: dict[str, list[Expectation]] = field(default_factory=dict)
    code: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    new: frozenset[str] = frozenset()
    is_whole: bool = False
    notes: list[str] = field(default_factory=list)
    unassigned: list[str] = field(default_factory=list)
    problem: str = ""

    def rules_of(self, label: str) -> list[Rule]:
        """Return the rules for a node, the first one first."""
        return [rule for rule, nodes in self.rules if nodes is None or label in nodes]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, for another process. The rules are read again there."""
        return {
            "rules": [None if nodes is None else sorted(nodes) for _, nodes in self.rules],
            "expectations": {
                test: [[one.text, sorted(one.nodes), one.columns, one.reason, one.fixtures] for one in found]
                for test, found in self.expectations.items()
            },
            "code": self.code,
            "new": sorted(self.new),
            "is_whole": self.is_whole,
            "notes": self.notes,
            "unassigned": self.unassigned,
            "problem": self.problem,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], rules: Iterable[Rule]) -> Declared:
        """Return the object of plain values.

        Args:
            document: The values.
            rules: The rules of the session, in their order.
        """
        nodes = [None if labels is None else frozenset(labels) for labels in document["rules"]]
        return cls(
            rules=list(zip(rules, nodes, strict=True)),
            expectations={
                test: [
                    Expectation(text, frozenset(labels), tuple(columns), reason, tuple(fixtures))
                    for text, labels, columns, reason, fixtures in found
                ]
                for test, found in document["expectations"].items()
            },
            code={
                label: {facet: tuple(details) for facet, details in facets.items()}
                for label, facets in document["code"].items()
            },
            new=frozenset(document["new"]),
            is_whole=document["is_whole"],
            notes=document["notes"],
            unassigned=document["unassigned"],
            problem=document["problem"],
        )


def resolved_rules(
    rules: Iterable[Rule], labels_of: Callable[[str, str], frozenset[str]]
) -> list[tuple[Rule, frozenset[str] | None]]:
    """Return the rules with their nodes.

    Args:
        rules: The rules.
        labels_of: Returns the labels of the nodes of an expression; its second argument names the place of
            the expression.
    """
    return [
        (rule, labels_of(rule.nodes, f"{rule.where}: '{rule.text}'") if rule.nodes else None)
        for rule in rules
    ]
