"""The Markdown report about two revisions, for a comment on a pull request and the summary of a GitHub job.

Its first line is a comment of HTML, by which a workflow finds its earlier comment and updates it in place.
GitHub refuses a comment of more than 65,536 characters. Each part has a limit, and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytest_dagflow.against.formats.words import (
    cut,
    edge_changes,
    excerpts,
    facts_of_table,
    judged,
    number,
    revision,
    some_of,
    subject,
    tests_of,
    time_changes,
    verdict,
    why,
    worst_first,
)
from pytest_dagflow.against.result import AgainstResult, ColumnChange, Difference, NodeChange, TableChange
from pytest_dagflow.pages.markdown import code, escaped
from pytest_dagflow.sequence.matchers import count

MARKER = "<!-- dag-against -->"
"""The first line."""
MAX_SIZE = 60_000
"""The number of characters of a report."""
_MAX_TABLE, _MAX_LIST, _MAX_NODE = 16_000, 2_500, 8_000
"""The number of characters of the table, of each list, and of the part about a node."""
_AT = escaped("@")
_TEXT, _NAME, _CELL = 160, 100, 60
"""The number of characters of a sentence, of a name and of a value in a cell."""
_MAX_SUMMARIES, _MAX_COLUMNS, _MAX_CELLS, _MAX_TESTS, _MAX_LINES = 3, 10, 3, 10, 5


def render(result: AgainstResult) -> str:
    """Return the report."""
    found = verdict(result)
    if result.problem:
        title = _text(f"Data cannot be compared with {revision(result)}")
        return f"{MARKER}\n## {title}\n\n{_text(result.problem, 2000)}\n"
    title = _text(f"Data against {revision(result)}: {found.text}", 500)
    head = [MARKER, f"## {title}", ""]
    head += [_scope(result), ""]
    changed = worst_first(node for node in result.nodes if node.state not in ("equal", "not-compared"))
    head += _table(changed)
    lists = list(_folded(result))
    room = MAX_SIZE - sum(len(line) + 1 for line in (*head, *lists))
    return "".join(f"{line}\n" for line in (*head, *_parts(changed, room), *lists))


def _scope(result: AgainstResult) -> str:
    """Return the sentence about what was compared and is equal."""
    equal = len(result.in_state("equal"))
    bold = (
        " Nodes with unexpected differences are bold."
        if any(node.unexpected for node in result.nodes)
        else ""
    )
    return (
        f"{count(result.compared, 'test')} ran on both revisions. {count(equal, 'node')} "
        f"{'is' if equal == 1 else 'are'} equal.{bold}"
    )


def _table(nodes: Sequence[NodeChange]) -> Iterator[str]:
    """Yield the lines of the table of nodes that are not equal; nothing without one."""
    if not nodes:
        return
    yield "| node | why | what moved | tests |"
    yield "|---|---|---|---:|"
    rows = list(_within(map(_row, nodes), _MAX_TABLE))
    yield from rows
    yield ""
    if len(rows) < len(nodes):
        yield f"... and {count(len(nodes) - len(rows), 'more node')} that {_differ(len(nodes) - len(rows))}"
        yield ""


def _differ(number: int) -> str:
    return "is not equal" if number == 1 else "are not equal"


def _row(node: NodeChange) -> str:
    summaries = [f"{_text(subject(one), _NAME)}: {_moved(one)}" for one in node.differences[:_MAX_SUMMARIES]]
    if len(node.differences) > _MAX_SUMMARIES:
        summaries.append(f"and {count(len(node.differences) - _MAX_SUMMARIES, 'more difference')}")
    if node.state == "changed-equal":
        summaries.append("nothing, its data are equal")
    is_bad = bool(node.unexpected)
    label = f"**{_code(node.label)}**" if is_bad else _code(node.label)
    tests = len(tests_of(node)) or ""
    return f"| {label} | {_text(why(node))} | {'<br>'.join(summaries)} | {tests} |"


def _moved(difference: Difference) -> str:
    """Return what differs in one line, with the verdict if something declares it."""
    reason = judged(difference)
    about = f" <em>({_text(reason)})</em>" if reason else ""
    return f"{_text(difference.summary)}{about}"


def _parts(nodes: Sequence[NodeChange], room: int) -> Iterator[str]:
    """Yield the folded part of each node with details, as many as there is room for."""
    detailed = [node for node in nodes if node.differences]
    parts = list(_within(map(_part, detailed), room - 100))
    yield from parts
    if len(parts) < len(detailed):
        left_out = len(detailed) - len(parts)
        yield f"The details of {count(left_out, 'more node')} are left out, because GitHub limits comments."
        yield ""


def _part(node: NodeChange) -> str:
    """Return the folded part about a node."""
    place = f" {_code(node.place)}" if node.place else ""
    lines = [f"<details><summary>{_code(node.label)} {_text(why(node))}{place}</summary>", ""]
    if node.details:
        lines += [_text(f"Changed: {some_of(node.details, 10)}", 400), ""]
    blocks = ["\n".join(_difference(one)) for one in node.differences]
    shown = list(_within(blocks, _MAX_NODE))
    lines += shown
    if len(shown) < len(blocks):
        lines += [f"... and {count(len(blocks) - len(shown), 'more difference')}", ""]
    tests = tests_of(node)
    if tests:
        names = ", ".join(_code(test) for test in tests[:_MAX_TESTS])
        more = f" and {len(tests) - _MAX_TESTS:,} more" if len(tests) > _MAX_TESTS else ""
        lines += [f"In {names}{more}", ""]
    return "\n".join([*lines, "</details>", ""])


def _difference(difference: Difference) -> Iterator[str]:
    yield f"<strong>{_text(subject(difference))}</strong>: {_moved(difference)}"
    yield ""
    table = difference.table
    facts = [*(facts_of_table(table) if table is not None else ()), *difference.lines]
    yield from (f"- {_text(fact)}" for fact in facts[: 2 * _MAX_LINES])
    if len(facts) > 2 * _MAX_LINES:
        yield f"- and {count(len(facts) - 2 * _MAX_LINES, 'more line')}"
    if facts:
        yield ""
    if table is not None:
        yield from _columns(table)
        yield from _rows(table)


def _columns(table: TableChange) -> Iterator[str]:
    """Yield the table of the columns with cells that differ."""
    if not table.columns:
        return
    yield "| column | cells | largest change | row | old | new |"
    yield "|---|---:|---:|---|---|---|"
    for column in table.columns[:_MAX_COLUMNS]:
        yield from _column(column)
    yield ""
    if len(table.columns) > _MAX_COLUMNS:
        yield f"... and {count(len(table.columns) - _MAX_COLUMNS, 'more column')}"
        yield ""


def _column(column: ColumnChange) -> Iterator[str]:
    """Yield a row for each example of a column, of which the first has the numbers too."""
    largest = "" if column.largest is None else _text(number(column.largest))
    start = f"{_code(column.name)} | {column.cells:,} | {largest}"
    if not column.examples:
        yield f"| {start} | | | |"
    for cell in column.examples[:_MAX_CELLS]:
        old, new = excerpts(cell.old, cell.new, _CELL)
        yield f"| {start} | {_code(cell.row, _CELL)} | {_code(old)} | {_code(new)} |"
        start = " | | "


def _rows(table: TableChange) -> Iterator[str]:
    """Yield examples of rows that only one table has."""
    for title, rows in (("Added", table.added_rows), ("Removed", table.removed_rows)):
        if rows:
            yield f"{title}, for example:"
            yield ""
            yield from (f"- {_code(row, _TEXT)}" for row in rows[:_MAX_CELLS])
            yield ""


def _folded(result: AgainstResult) -> Iterator[str]:
    """Yield the folded lists about the rest of the comparison."""
    yield from _fold("Graph", _of_graph(result))
    yield from _fold("Tests", _of_tests(result), is_open=bool(result.outcomes))
    notes = {"expectations that did not happen": result.unused, "notes": result.notes}
    yield from _fold("Notes", {name: [_text(one, 400) for one in texts] for name, texts in notes.items()})
    times = [f"{_code(one.label)} {_text(one.text)}" for one in time_changes(result)]
    if result.compared:
        old, new = result.seconds
        title = f"Time of the compared tests: {old:.2f} s -> {new:.2f} s"
        yield from _fold(title, {"nodes with another time": times}) if times else (title, "")


def _of_graph(result: AgainstResult) -> dict[str, list[str]]:
    """Return the lists about the graph by title."""
    edges = edge_changes(result)
    titles = {"new edges": True, "gone edges": False}
    return {
        **{
            title: [f"{_code(one.source)} -> {_code(one.target)}" for one in edges if one.is_new is is_new]
            for title, is_new in titles.items()
        },
        "changed partitions": [
            f"{_code(node.label)}: {_change(*node.partitions)}" for node in result.nodes if node.partitions
        ],
        "nodes that no test compares": [
            _code(node.label) + ", whose code changed" * bool(node.code)
            for node in result.in_state("not-compared")
            if node.label not in result.not_compared
        ],
    }


def _of_tests(result: AgainstResult) -> dict[str, list[str]]:
    """Return the lists about tests by title."""
    return {
        "ended differently": [f"{_code(one.test)}: {_change(one.old, one.new)}" for one in result.outcomes],
        "not compared": [f"{_code(test)}: {_text(reason)}" for test, reason in result.not_compared.items()],
        "run on the revision in its own version": [_code(test) for test in result.of_revision],
    }


def _change(old: str, new: str) -> str:
    return " -> ".join(_text(one, _NAME) if one else "none" for one in (old, new))


def _fold(title: str, lists: Mapping[str, Sequence[str]], *, is_open: bool = False) -> Iterator[str]:
    """Yield the lines of a folded part with lists; nothing if all of them are empty."""
    filled = {name: items for name, items in lists.items() if items}
    if not filled:
        return
    counts = ", ".join(f"{name} ({len(items):,})" for name, items in filled.items())
    yield f"<details{' open' * is_open}><summary>{title}. {counts[0].upper()}{counts[1:]}</summary>"
    yield ""
    for name, items in filled.items():
        shown = list(_within((f"- {item}" for item in items), _MAX_LIST))
        if len(filled) > 1:
            yield from (f"{name[0].upper()}{name[1:]}:", "")
        yield from shown
        if len(shown) < len(items):
            yield f"- and {len(items) - len(shown):,} more"
        yield ""
    yield "</details>"
    yield ""


def _within(texts: Iterable[str], size: int) -> Iterator[str]:
    """Yield the first texts that have a number of characters together."""
    for text in texts:
        size -= len(text) + 1
        if size < 0:
            return
        yield text


def _code(text: str, limit: int = _NAME) -> str:
    return code(cut(text, limit))


def _text(text: str, limit: int = _TEXT) -> str:
    """Return a text without mentions: GitHub links and notifies each @name outside of code."""
    return escaped(cut(text, limit)).replace(_AT, f"{_AT}<!-- -->")
