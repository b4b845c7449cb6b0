"""The report of two revisions in the terminal: short lines, in which names are only text."""

from __future__ import annotations

from typing import Any

import pytest
from flights_result import TESTS, flights
from hypothesis import given
from parsed_page import HOSTILE

from pytest_dagflow.against.formats.terminal import print_result
from pytest_dagflow.against.result import AgainstResult, Difference, NodeChange, Outcome


class Lines:
    """A terminal reporter that keeps its lines, and the red and green ones."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.colors: dict[str, str] = {}

    def section(self, title: str) -> None:
        """Keep a title."""
        self.lines.append(f"= {title}")

    def write_line(self, line: str, *, red: bool = False, green: bool = False, **_: bool) -> None:
        """Keep a line."""
        self.lines.append(line)
        self.colors[line] = "red" if red else "green" if green else ""


def printed(result: AgainstResult, verbosity: int = 0) -> Lines:
    """Return what is printed of a result."""
    found = Lines()
    print_result(found, result, verbosity=verbosity)
    return found


def test_a_table_whose_code_changed() -> None:
    """The headline has the reason and the place; columns, cells, rows and tests follow."""
    lines = printed(flights()).lines

    assert lines[:22] == [
        "= dag-against: main (3fa2b8c)",
        "asset enriched_flights  code changed  flights/tables.py:58",
        "  changed: function enriched_flights, function is_late in flights/delays.py",
        "  output: 312 of 9,893 rows differ, mostly in 'arr_delay'",
        "    9,893 -> 9,901 rows: 8 added, 312 changed (key tailnum, time_hour, found in",
        "      the data)",
        "    new column: carrier_name",
        "    type of distance: int64 -> float64",
        "    the order of the rows differs",
        "    arr_delay  312 cells, by up to 14.5",
        "      N14228, 2013-01-01 05:00  12.0 -> 26.5",
        "      N24211, 2013-01-01 05:00  -3.0 -> 9.0",
        "      N619AA, 2013-01-02 17:00  0.0 -> 1.5",
        "    late       41 cells",
        "      N14228, 2013-01-01 05:00  False -> True",
        "    + tailnum=N14228, time_hour=2013-01-01 05:00, origin=EWR, dest=IAH, late...",
        "    + tailnum=N14228, time_hour=2013-01-01 05:00, origin=EWR, dest=IAH, late...",
        "  metadata rows: 9,893 -> 9,901",
        "    in tests/test_flights.py::test_month[2013-01]",
        "       tests/test_flights.py::test_month[2013-02]",
        "       and 3 more tests",
        "",
    ]


def test_differences_of_other_nodes() -> None:
    """A node names its cause, an expected difference its reason, an unstable node the first one."""
    found = printed(flights())
    text = "\n".join(found.lines)

    assert (
        "asset punctuality  moved by enriched_flights  flights/tables.py:91\n  output: 0.81 -> 0.78" in text
    )
    assert "    expected: late flights count since #412" in text
    assert "asset sample_size  unstable after sample  flights/sample.py:19" in text
    assert found.colors["  output: 0.81 -> 0.78"] == "red"
    assert found.colors["    expected: late flights count since #412"] == "green"
    assert found.colors["  output: 98 -> 97"] == ""


def test_what_else_differs() -> None:
    """New and gone nodes, edges, partitions, outcomes, notes and times have a line each, then the verdict."""
    lines = printed(flights()).lines

    assert lines[lines.index("new: asset carriers") :] == [
        "new: asset carriers",
        "gone: asset raw_delays",
        "changed, with equal data: asset fleet, asset delays_by_hour",
        "new edges: planes -> enriched_flights",
        "gone edges: weather -> delays_by_hour",
        "partitions of delays_by_hour: monthly from 2013-01 -> daily from 2013-01-01",
        "1 test ended differently:",
        "  tests/test_flights.py::test_late_share  passed -> failed",
        "2 nodes are equal in 34 tests",
        "not compared, because no test runs them on both: asset weather",
        "not compared:",
        "  tests/test_web.py::test_download: it needs the network, and was skipped",
        "1 test ran there in the version of main: tests/test_flights.py::test_raw_delays",
        "the expected difference of 'planes' did not happen: 'new registrations'",
        "note: the submodule 'data' has the files of the working tree on both sides",
        "time: 4.20 s -> 5.15 s; enriched_flights 0.20 s -> 0.96 s, 4.8 x",
        "dag-against: 4 unexpected differences in 3 nodes, 1 expected, 2 unstable, 1",
        "  test ended differently",
    ]


@pytest.mark.parametrize(
    ("changes", "verdict", "color"),
    [
        ({}, "no difference", "green"),
        ({"compared": 0}, "no test was compared", "red"),
        ({"outcomes": [Outcome("test_a", "passed", "failed")]},
         "no difference, 1 test ended differently", "red"),
        ({"nodes": [NodeChange("asset a", differences=[Difference("output", "", "1 -> 2")])]},
         "1 unexpected difference in 1 node", "red"),
        ({"nodes": [NodeChange("asset a", differences=[Difference("output", "", "", verdict="expected")])]},
         "no unexpected difference, 1 expected", "green"),
    ],
)  # fmt: skip
def test_the_verdict(changes: dict[str, Any], verdict: str, color: str) -> None:
    """The last line is green if nothing unexpected happened."""
    found = printed(AgainstResult("main", **{"compared": 3, **changes}))

    assert found.lines[-1] == f"dag-against: {verdict}"
    assert found.colors[found.lines[-1]] == color


def test_a_problem_is_the_only_line() -> None:
    """A revision that cannot be compared has no section."""
    found = printed(flights(problem="no such branch"))

    assert found.lines == ["dag-against: main (3fa2b8c) cannot be compared: no such branch"]


def test_the_verdict_alone() -> None:
    """A session that only writes files prints their paths and the verdict."""
    found = Lines()
    print_result(found, flights(written=[("html", "against.html")]), verbosity=0, is_whole=False)

    assert found.lines[:2] == ["= dag-against: main (3fa2b8c)", "html report: against.html"]
    assert len(found.lines) == 4


def test_a_failure_and_written_reports_are_named() -> None:
    """The paths of reports stand before the verdict, which names the reason of a failure."""
    written = [("html", "against.html")]
    found = printed(AgainstResult("main", compared=1, failure="1 new node", written=written))

    assert found.lines[-2:] == [
        "html report: against.html", "dag-against: no difference, failed by 1 new node"
    ]  # fmt: skip
    assert "failed by" not in "".join(printed(flights(failure="2 unexpected differences")).lines)


def test_many_things_are_counted() -> None:
    """Nodes, columns, lines and tests have limits, which -v lifts."""
    many = [f"test_it.py::test_{number}" for number in range(9)]
    lines = tuple(f"line {number}" for number in range(9))
    nodes = [
        NodeChange(f"asset a{number}", differences=[Difference("output", "", "1 -> 2", lines, tests=many)])
        for number in range(22)
    ]
    result = AgainstResult("main", compared=9, nodes=nodes)
    short, whole = ("\n".join(printed(result, verbosity).lines) for verbosity in (0, 1))

    assert "    ... and 5 more lines (-v shows all)" in short
    assert "       and 7 more tests" in short
    assert "2 more nodes with differences: a20, a21 (-v shows all)" in short
    assert "more" not in whole
    assert whole.count("test_it.py::test_8") == 22


def test_edges_of_new_nodes_are_new() -> None:
    """A new parent of a node is a new edge, although the parent is new too."""
    nodes = [
        NodeChange("asset a", is_new=True),
        NodeChange("asset b", parents=((), ("asset a",)), compared=1, code=("code",)),
    ]

    assert "new edges: a -> b" in printed(AgainstResult("main", compared=1, nodes=nodes)).lines


def test_long_values_show_where_they_differ() -> None:
    """Two long texts are cut around their first difference, and shown whole with -vv."""
    result = flights()
    table = result.nodes[3].differences[0].table
    assert table is not None
    column = table.columns[0]
    cell = column.examples[0]._replace(old="x" * 90 + "one", new="x" * 90 + "two")
    column = column._replace(examples=(cell,))
    result.nodes[3].differences[0].table = table._replace(columns=(column,))

    assert "      N14228, 2013-01-01 05:00  ...xxxxxxxxone -> ...xxxxxxxxtwo" in printed(result).lines
    assert any(line.endswith(f"{'x' * 90}two") for line in printed(result, 2).lines)


@given(name=HOSTILE)
def test_names_are_text(name: str) -> None:
    """A name makes no long line, and has no character that a terminal interprets or cannot encode."""
    change = NodeChange(
        f"asset {name}",
        name,
        code=(name,),
        details=(name,),
        differences=[Difference("metadata", name, name, (name,), tests=[name, *TESTS], reason=name)],
        causes=(name,),
        partitions=(name, ""),
        parents=((), (name,)),
    )
    result = flights(nodes=[change], notes=[name], not_compared={name: name}, failure=name, reference=name)

    for line in printed(result).lines:
        assert line.isprintable()
        assert len(line) <= 79


def test_the_explanation_of_pytest() -> None:
    """It is printed with -v, and its lines are no escape codes."""
    difference = Difference("output", "", "[0]: 1 -> 2", tests=["t"], explanation=("At \x1b diff: 2 != 1",))
    result = AgainstResult("main", compared=1, nodes=[NodeChange("asset a", differences=[difference])])

    assert "words of pytest" not in "\n".join(printed(result).lines)
    assert [line for line in printed(result, 1).lines if "pytest" in line or "diff:" in line] == [
        "    new == old, in the words of pytest:",
        "      At \\x1b diff: 2 != 1",
    ]
