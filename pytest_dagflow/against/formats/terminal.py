"""The report about two revisions in the terminal, in lines of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from pytest_dagflow.against.formats.words import (
    cut,
    cut_start,
    edge_changes,
    excerpts,
    facts_of_table,
    grouped_tests,
    judged,
    name_of,
    names_of,
    revision,
    size_of_change,
    some_of,
    subject,
    time_changes,
    verdict,
    why,
    worst_first,
)
from pytest_dagflow.against.result import (
    EXPECTED,
    UNEXPECTED,
    AgainstResult,
    ColumnChange,
    Difference,
    NodeChange,
    TableChange,
)
from pytest_dagflow.report_files import visible
from pytest_dagflow.sequence.matchers import count

_WIDTH = 79
_MAX_NODES, _MAX_COLUMNS, _MAX_CELLS, _MAX_ROWS, _MAX_LINES, _MAX_TESTS, _MAX_NAMES = 20, 5, 3, 2, 4, 2, 12
_MAX_WRAPPED = 8
_MIN_NAME = 30
"""The width that the name of a row has at least."""
_ALL = 10**9
_MORE = "(-v shows all)"


def print_result(reporter: Any, result: AgainstResult, *, verbosity: int, is_whole: bool = True) -> None:
    """Print the differences of each node, what else differs, and the verdict.

    Args:
        reporter: The terminal reporter of pytest.
        result: The result of the session.
        verbosity: The number of `-v`: 1 shows all columns, rows and tests, 2 also whole lines.
        is_whole: Whether to print the report, and not only the verdict.
    """
    _Printer(reporter, verbosity).print(result, is_whole=is_whole)


class _Printer:
    """Prints a report in lines of one width.

    Attributes:
        width: The width of lines.
    """

    def __init__(self, reporter: Any, verbosity: int) -> None:
        self.width = _WIDTH if verbosity < 2 else _ALL
        self._reporter = reporter
        self._is_all = verbosity > 0

    def print(self, result: AgainstResult, *, is_whole: bool) -> None:
        """Print the report, or only its end."""
        if result.problem:
            self._wrapped(f"dag-against: {verdict(result).text}", cuts=False, red=True)  # a path may be long
            return
        self._reporter.section(cut(visible(f"dag-against: {revision(result)}"), _WIDTH - 6))
        if is_whole:
            self._nodes(result)
            self._others(result)
            self._notes(result)
            self._times(result)
        self._end(result)

    def _nodes(self, result: AgainstResult) -> None:
        """Print the nodes with differences, as many as the limit, and the names of the others."""
        differing = worst_first(node for node in result.nodes if node.differences)
        shown = differing[: self._limit(_MAX_NODES)]
        for node in shown:
            self._node(node)
            self._reporter.write_line("")
        if len(shown) < len(differing):
            rest = [node.label for node in differing[len(shown) :]]
            self._wrapped(f"{count(len(rest), 'more node')} with differences: {self._names(rest)} {_MORE}")
            self._reporter.write_line("")

    def _node(self, node: NodeChange) -> None:
        """Print the headline of a node, and its differences."""
        place = f"  {node.place}" if node.place else ""
        headline = visible(f"{node.label}  {why(node)}{place}")
        if len(headline) <= self.width:
            self._line(headline, bold=True)
        else:  # none of the three may be missing
            self._line(visible(node.label), bold=True)
            self._wrapped(f"  {why(node)}{place}", "  ", bold=True)
        if node.details:
            self._wrapped(f"  changed: {some_of(node.details, self._limit(_MAX_LINES))}", "    ")
        for number, difference in enumerate(node.differences):
            self._difference(difference)
            following = node.differences[number + 1 : number + 2]
            if not following or following[0].tests != difference.tests:
                self._tests(difference.tests)

    def _difference(self, difference: Difference) -> None:
        """Print what differs, with its details."""
        color = {UNEXPECTED: "red", EXPECTED: "green"}.get(difference.verdict, "yellow")
        self._wrapped(f"  {subject(difference)}: {difference.summary}", "    ", **{color: True})
        if judged(difference):
            self._wrapped(f"    {judged(difference)}", "      ", **{color: True})
        if difference.table is not None:
            self._table(difference.table)
        for line in difference.lines[: self._limit(_MAX_LINES)]:
            self._wrapped(f"    {line}", "      ", most=_MAX_ROWS)
        self._rest(len(difference.lines), _MAX_LINES, "line")
        if self._is_all and difference.explanation:
            self._line("    new == old, in the words of pytest:")
            for line in difference.explanation:
                self._line(f"      {visible(line)}")

    def _table(self, table: TableChange) -> None:
        for fact in facts_of_table(table):
            self._wrapped(f"    {fact}", "      ")
        columns = table.columns[: self._limit(_MAX_COLUMNS)]
        longest = min(max((len(visible(one.name)) for one in columns), default=0), 24)
        for column in columns:
            change = size_of_change(column.cells, column.largest)
            self._line(f"    {visible(column.name):<{longest}}  {change}")
            self._cells(column)
        self._rest(len(table.columns), _MAX_COLUMNS, "column")
        for sign, rows, color in (("+", table.added_rows, "green"), ("-", table.removed_rows, "red")):
            for row in rows[: self._limit(_MAX_ROWS)]:
                self._line(f"    {sign} {visible(row)}", **{color: True})

    def _cells(self, column: ColumnChange) -> None:
        """Print the examples of a column: the row, the old and the new value."""
        cells = column.examples[: self._limit(_MAX_CELLS)]
        values = max((len(visible(cell.old)) + len(visible(cell.new)) for cell in cells), default=0)
        most = max(_MIN_NAME, self.width - values - len("        " + " -> "))
        rows = [cut(visible(cell.row), most) for cell in cells]
        longest = max(map(len, rows), default=0)
        for row, cell in zip(rows, cells, strict=True):
            space = self.width - longest - len("        " + " -> ")
            old, new = _pair(visible(cell.old), visible(cell.new), space)
            self._line(f"      {row:<{longest}}  {old} -> {new}")

    def _tests(self, tests: list[str]) -> None:
        """Print the tests in which a node differs."""
        tests = grouped_tests(tests)
        shown = tests[: self._limit(_MAX_TESTS)]
        for number, test in enumerate(shown):
            self._line(f"    {'in' if not number else '  '} {cut_start(visible(test), self.width - 7)}")
        if len(shown) < len(tests):
            self._line(f"       and {count(len(tests) - len(shown), 'more test')}")

    def _others(self, result: AgainstResult) -> None:
        """Print what differs besides the data of nodes, and what is equal, each in a line."""
        for title, state in (("new", "new"), ("gone", "gone"), ("changed, with equal data", "changed-equal")):
            self._listed(title, [node.label for node in result.in_state(state)])
        edges = edge_changes(result)
        for title, is_new in (("new edges", True), ("gone edges", False)):
            self._listed(title, [f"{one.source} -> {one.target}" for one in edges if one.is_new is is_new])
        changed = [node for node in result.nodes if node.partitions is not None]
        for node in changed[: self._limit(_MAX_NAMES)]:
            old, new = node.partitions or ("", "")
            self._wrapped(f"partitions of {name_of(node.label)}: {old or 'none'} -> {new or 'none'}", "  ")
        self._rest(len(changed), _MAX_NAMES, "node", "")
        if result.outcomes:
            self._wrapped(f"{count(len(result.outcomes), 'test')} ended differently:")
        for one in result.outcomes[: self._limit(_MAX_NAMES)]:
            change = f"  {one.old} -> {one.new}"
            space = max(self.width - len(change) - 2, 30)
            self._line(f"  {cut_start(visible(one.test), space)}{visible(change)}", red=True)
        self._rest(len(result.outcomes), _MAX_NAMES, "test", "  ")
        equal = len(result.in_state("equal"))
        is_one = "is" if equal == 1 else "are"
        self._wrapped(f"{count(equal, 'node')} {is_one} equal in {count(result.compared, 'test')}")

    def _notes(self, result: AgainstResult) -> None:
        """Print what was not compared, and what the reader must know."""
        absent = [node for node in result.in_state("not-compared") if node.label not in result.not_compared]
        self._listed("changed, but no test runs them on both", [one.label for one in absent if one.code])
        others = [one.label for one in absent if not one.code]
        self._listed("not compared, because no test runs them on both", others)
        if result.not_compared:
            self._wrapped("not compared:")
        for test, reason in list(result.not_compared.items())[: self._limit(_MAX_LINES)]:
            self._wrapped(f"  {test}: {reason}", "    ")
        self._rest(len(result.not_compared), _MAX_LINES, "reason", "  ")
        if result.of_revision:
            title = f"{count(len(result.of_revision), 'test')} ran there in the version of {result.reference}"
            self._listed(title, result.of_revision)
        for text in (*result.unused, *(f"note: {note}" for note in result.notes)):
            self._wrapped(text, "  ", yellow=True)

    def _times(self, result: AgainstResult) -> None:
        """Print the sum of the times, and the nodes that are much faster or slower."""
        if not result.compared:
            return
        old, new = result.seconds
        texts = [f"{name_of(one.label)} {one.text}" for one in time_changes(result)]
        nodes = f"; {some_of(texts, self._limit(_MAX_LINES))}" if texts else ""
        self._wrapped(f"time: {old:.2f} s -> {new:.2f} s{nodes}", "  ")

    def _end(self, result: AgainstResult) -> None:
        """Print the written reports, and the verdict."""
        for name, path in result.written:
            self._wrapped(f"{name} report: {path}", "  ")
        found = verdict(result)
        color = "green" if found.is_good else "red"
        self._wrapped(f"dag-against: {found.text}", "  ", bold=True, **{color: True})

    def _listed(self, title: str, texts: Iterable[str], **markup: bool) -> None:
        """Print texts in one sentence; nothing without texts."""
        found = list(texts)
        if found:
            more = f" {_MORE}" if len(found) > self._limit(_MAX_NAMES) else ""
            self._wrapped(f"{title}: {some_of(found, self._limit(_MAX_NAMES))}{more}", "  ", **markup)

    def _names(self, labels: list[str]) -> str:
        return names_of(labels, self._limit(_MAX_NAMES))

    def _rest(self, number: int, limit: int, noun: str, indent: str = "    ") -> None:
        """Print the number of things that are left out."""
        rest = number - self._limit(limit)
        if rest > 0:
            self._line(f"{indent}... and {count(rest, f'more {noun}')} {_MORE}")

    def _limit(self, number: int) -> int:
        return _ALL if self._is_all else number

    def _line(self, text: str, **markup: bool) -> None:
        self._reporter.write_line(cut(text, self.width), **markup)

    def _wrapped(
        self, text: str, indent: str = "", *, most: int = _MAX_WRAPPED, cuts: bool = True, **markup: bool
    ) -> None:
        """Print a text in lines; a word that is longer than a line is cut, and a very long text.

        Args:
            text: The text.
            indent: The indentation of all lines but the first one.
            most: The number of lines that are printed without -v.
            cuts: Whether a long word is cut.
            markup: The colors.
        """
        text = visible(text)
        lead = text[: len(text) - len(text.lstrip(" "))]
        lines = wrap(
            text.strip(" "),
            self.width,
            initial_indent=lead,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        shown = lines[: self._limit(most)]
        if len(shown) < len(lines):
            shown[-1] += " ..."
        for line in shown:
            self._reporter.write_line(cut(line, self.width) if cuts else line, **markup)


def _pair(old: str, new: str, space: int) -> tuple[str, str]:
    """Return two texts that fit into a space together."""
    if len(old) + len(new) <= space:
        return old, new
    return excerpts(old, new, max(space // 2, 12))
