"""The HTML report about two revisions: the picture of the graph, a table of nodes, and a part about each.

The file needs no script and loads nothing. Jinja escapes all names, the ids of elements are numbers, and ids
and classes begin with "against-", so that the part can stand on the page of `--dag-html`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_dagflow.against.formats.picture import WORDS, Picture, draw, edge_states, words_of
from pytest_dagflow.against.formats.words import (
    EdgeChange,
    TimeChange,
    edge_changes,
    facts_of_table,
    judged,
    number,
    revision,
    subject,
    tests_of,
    time_changes,
    verdict,
    why,
    worst_first,
)
from pytest_dagflow.against.result import STATES, UNEXPECTED, AgainstResult, Difference, NodeChange
from pytest_dagflow.pages.picture import PictureError
from pytest_dagflow.pages.templates import render_template

MAX_DIFFERENCES, MAX_TESTS, MAX_ITEMS = 20, 50, 200
"""The number of differences and tests of a node, and of items of a list."""
_MAX_SUMMARIES, _MAX_COLUMNS, _MAX_LINES = 3, 30, 30


@dataclass(frozen=True)
class ShownDifference:
    """A difference on the page.

    Attributes:
        difference: The difference.
        subject: The thing that differs.
        verdict: The verdict with its reason; empty if nothing declares it.
        facts: What differs, a sentence each.
        columns: The columns with cells that differ, each with its largest change as a text.
        more_columns: The number of the others.
    """

    difference: Difference
    subject: str
    verdict: str
    facts: list[str]
    columns: list[tuple[str, int, str, tuple[tuple[str, str, str], ...]]]
    more_columns: int

    @property
    def is_unexpected(self) -> bool:
        """True if nothing declares it."""
        return self.difference.verdict == UNEXPECTED


@dataclass(frozen=True)
class Row:
    """A node on the page.

    Attributes:
        node: The node.
        number: The number, which its ids have.
        words: Its state in a few words.
        why: Why it is not equal.
        summaries: The first of its differences, and the number of the others.
        more_summaries: The number of the others.
        differences: Its differences, with details.
        more_differences: The number of those that are left out.
        parents: The nodes from which it reads: label, and "new", "gone" or "both".
        tests: The first tests in which it differs.
        more_tests: The number of the others.
    """

    node: NodeChange
    number: int
    words: str
    why: str
    summaries: list[ShownDifference]
    more_summaries: int
    differences: list[ShownDifference]
    more_differences: int
    parents: list[tuple[str, str]]
    tests: list[str]
    more_tests: int

    @property
    def has_part(self) -> bool:
        """True if there is a part about the node, and not only a row."""
        return self.node.state not in ("equal", "not-compared")


def render(result: AgainstResult) -> str:
    """Return the report."""
    return render_template("against/formats/page.html.jinja", **_page_values(result))


def render_part(result: AgainstResult) -> str:
    """Return the report as a part of another page, whose template includes `part.css`.

    Args:
        result: The result of the session.
    """
    return render_template("against/formats/part.html.jinja", **_page_values(result))


def _page_values(result: AgainstResult) -> dict[str, object]:
    picture: Picture | None = None
    problem = ""
    if result.nodes:
        try:
            picture = draw(result)
        except PictureError as error:
            problem = str(error)
    rows = _rows(result)
    by_label = {row.node.label: row for row in rows}
    ordered = [by_label[node.label] for node in worst_first(result.nodes)]
    present = {node.state for node in result.nodes}
    return {
        "result": result,
        "revision": revision(result),
        "verdict": verdict(result),
        "states": [
            (name, WORDS.get(name, name), meaning) for name, meaning in STATES.items() if name in present
        ],
        "edge_states": set(edge_states(result).values()) - {"both"},
        "picture": picture,
        "problem": problem,
        "numbers": {row.node.label: row.number for row in rows if row.has_part},
        "rows": [row for row in ordered if row.has_part],
        "equal": [row for row in ordered if row.node.state == "equal"],
        "not_compared": [row for row in ordered if row.node.state == "not-compared"],
        "folds": _folds(result),
        "most": MAX_ITEMS,
    }


def _rows(result: AgainstResult) -> list[Row]:
    numbers = {node.label: place for place, node in enumerate(result.nodes)}
    parents: dict[str, list[tuple[str, str]]] = {}
    for (source, target), state in edge_states(result).items():
        parents.setdefault(target, []).append((source, state))
    return [_row(node, numbers[node.label], parents.get(node.label, [])) for node in result.nodes]


def _row(node: NodeChange, place: int, parents: list[tuple[str, str]]) -> Row:
    shown = [_shown(one) for one in node.differences[:MAX_DIFFERENCES]]
    tests = tests_of(node)
    return Row(
        node=node,
        number=place,
        words=words_of(node),
        why=why(node),
        summaries=shown[:_MAX_SUMMARIES],
        more_summaries=max(len(node.differences) - _MAX_SUMMARIES, 0),
        differences=shown,
        more_differences=len(node.differences) - len(shown),
        parents=parents,
        tests=tests[:MAX_TESTS],
        more_tests=max(len(tests) - MAX_TESTS, 0),
    )


def _shown(difference: Difference) -> ShownDifference:
    table = difference.table
    facts = [*(facts_of_table(table) if table is not None else ()), *difference.lines]
    if len(facts) > _MAX_LINES:
        facts[_MAX_LINES:] = [f"and {len(facts) - _MAX_LINES:,} more lines"]
    columns = table.columns if table is not None else ()
    return ShownDifference(
        difference=difference,
        subject=subject(difference),
        verdict=judged(difference),
        facts=facts,
        columns=[
            (one.name, one.cells, "" if one.largest is None else number(one.largest), one.examples)
            for one in columns[:_MAX_COLUMNS]
        ],
        more_columns=max(len(columns) - _MAX_COLUMNS, 0),
    )


def _folds(result: AgainstResult) -> list[tuple[str, list[tuple[str, str]], bool]]:
    """Return the folded lists: a title, pairs of a name and a text, and whether it is open."""
    edges: list[EdgeChange] = edge_changes(result)
    times: list[TimeChange] = time_changes(result)
    lists: dict[str, list[tuple[str, str]]] = {
        "Tests that ended differently": [(one.test, f"{one.old} -> {one.new}") for one in result.outcomes],
        "New edges": [(f"{one.source} -> {one.target}", "") for one in edges if one.is_new],
        "Gone edges": [(f"{one.source} -> {one.target}", "") for one in edges if not one.is_new],
        "Changed partitions": [
            (node.label, " -> ".join(one or "none" for one in node.partitions))
            for node in result.nodes
            if node.partitions is not None
        ],
        "Not compared": list(result.not_compared.items()),
        "Tests that ran on the revision in its own version": [(test, "") for test in result.of_revision],
        "Nodes with another time": [(one.label, one.text) for one in times],
        "Expectations that did not happen": [("", text) for text in result.unused],
        "Notes": [("", text) for text in result.notes],
    }
    return [(title, items, title.startswith("Tests that ended")) for title, items in lists.items() if items]
