"""The Markdown report of two revisions: a comment that GitHub accepts, in which names are only text."""

from __future__ import annotations

import html
import re
from itertools import pairwise

import pytest
from flights_result import TESTS, enriched_table, flights
from hypothesis import given
from parsed_page import HOSTILE

from pytest_dagflow.against.formats.markdown_format import MARKER, MAX_SIZE, render
from pytest_dagflow.against.result import AgainstResult, Difference, NodeChange, Outcome
from pytest_dagflow.report_files import visible


def page_of(result: AgainstResult) -> str:
    """Return the report as GitHub renders it."""
    parser = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"linkify": False, "html": True})
    page: str = parser.render(render(result))
    return page


def text_of(page: str) -> str:
    """Return the text of a page without tags and comments."""
    return html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", page))


def test_the_comment_of_a_pull_request() -> None:
    """The first line is the marker, then the verdict, and one table has each node that is not equal."""
    text, page = render(flights()), page_of(flights())
    table = page[page.index("<table>") : page.index("</table>")]
    rows = [
        [text_of(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.S)[1:]
    ]

    assert text.splitlines()[0] == MARKER
    assert text_of(page).split("\n")[1].startswith("Data against main (3fa2b8c): 4 unexpected differences in")
    assert "34 tests ran on both revisions. 2 nodes are equal." in page
    assert [row[0].partition(" ")[2] for row in rows] == [
        "enriched_flights",
        "enriched_flights:late_share",
        "punctuality",
        "ranking",
        "fleet",
        "delays_by_hour",
        "sample",
        "sample_size",
        "carriers",
        "raw_delays",
    ]
    assert rows[2] == ["asset punctuality", "moved by enriched_flights", "output: 0.81 -> 0.78", "1"]
    assert rows[4] == ["asset fleet", "code changed", "nothing, its data are equal", ""]
    assert rows[8] == ["asset carriers", "new", "", ""]


def test_details_are_folded() -> None:
    """Each node with differences has a folded part with its columns, and the rest of the graph has one."""
    page = page_of(flights())
    folded = re.findall(r"<details( open)?><summary>(.*?)</summary>", page)
    titles = [text_of(title) for _, title in folded]

    assert len(titles) == 6 + 4
    assert titles[0] == "asset enriched_flights code changed flights/tables.py:58"
    assert titles[6:] == [
        "Graph. New edges (1), gone edges (1), changed partitions (1), nodes that no test compares (1)",
        "Tests. Ended differently (1), not compared (1), run on the revision in its own version (1)",
        "Notes. Expectations that did not happen (1), notes (1)",
        "Time of the compared tests: 4.20 s -> 5.15 s. Nodes with another time (1)",
    ]
    assert [bool(is_open) for is_open, _ in folded].index(True) == 7  # tests that ended differently
    cells = [text_of(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", page)]
    start = cells.index("arr_delay")
    assert cells[start : start + 6] == [
        "arr_delay",
        "312",
        "14.5",
        "N14228, 2013-01-01 05:00",
        "12.0",
        "26.5",
    ]
    assert cells[start + 6 : start + 9] == ["", "", ""]


def test_a_problem() -> None:
    """A revision that cannot be compared has the marker and the reason, and no table."""
    text = page_of(flights(problem="no such branch"))

    assert text_of(text).split("\n")[1:4] == [
        "Data cannot be compared with main (3fa2b8c)",
        "no such branch",
        "",
    ]


def test_equal_revisions_have_no_table() -> None:
    """Nothing but the headline and the time is left if all is equal."""
    page = page_of(AgainstResult("main", compared=3, nodes=[NodeChange("asset a", compared=1)]))

    assert "<table>" not in page
    assert "<details>" not in page
    assert "1 node is equal." in page


@pytest.mark.parametrize("name", ["a", "<" * 500])
def test_a_comment_is_never_too_long(name: str) -> None:
    """GitHub accepts the report of many nodes with long names, and what is left out is counted."""
    long = [f"{name}{number}" for number in range(400)]
    nodes = [
        NodeChange(
            f"asset {one}",
            one,
            code=(name,),
            details=(name,) * 20,
            differences=[Difference("output", one, one, (one,) * 20, enriched_table(one), long)] * 5,
            causes=tuple(long[:9]),
            partitions=(one, one),
        )
        for one in long
    ]
    result = flights(
        nodes=nodes,
        new_edges=list(pairwise(long)),
        outcomes=[Outcome(one, one, one) for one in long],
        not_compared=dict(zip(long, long, strict=True)),
        of_revision=long,
        unused=long,
        notes=long,
        failure=name * 10,
        reference=name,
    )
    text = render(result)

    assert len(text) <= MAX_SIZE
    (rows,) = re.findall(r"\.\.\. and (\d+) more nodes that are not equal", text)
    assert text[: text.index("... and")].count("\n| **") == 400 - int(rows)
    (parts,) = re.findall(r"The details of (\d+) more nodes are left out", text)
    assert text.count("<details><summary><code>") == 400 - int(parts)
    assert text.count("<details") == text.count("</details>")


def hostile(name: str) -> AgainstResult:
    """Return a comparison with a name in each place."""
    difference = Difference("output", name, name, (name,), enriched_table(name), [name], "expected", name)
    node = NodeChange(
        f"asset {name}",
        name,
        code=(name,),
        details=(name,),
        differences=[difference],
        partitions=(name, name),
    )
    return flights(nodes=[node], new_edges=[(name, name)], unused=[name], notes=[name], failure=name)


@given(name=HOSTILE)
def test_names_are_text(name: str) -> None:
    """Markdown and HTML interpret no name, in the table, in the folded parts and in the lists."""
    page, plain = page_of(hostile(name)), page_of(hostile("a"))

    assert re.findall(r"</?[a-z0-9]+", page) == re.findall(r"</?[a-z0-9]+", plain)
    label = visible(f"asset {name}")
    codes = [html.unescape(text) for text in re.findall(r"<code>(.*?)</code>", page)]
    assert codes[0] == label or label.startswith(codes[0].removesuffix("..."))


def test_a_name_is_no_mention() -> None:
    """GitHub finds no @name outside of code, so that it sends no notification."""
    result = flights(
        notes=["@someone moved it"], unused=[], nodes=[NodeChange("asset @someone", is_new=True)]
    )
    page = page_of(result)

    assert "<code>asset @someone</code>" in page
    assert "@<!-- -->someone moved it" in page


def test_tests_of_a_node_are_limited() -> None:
    """The first tests are named, and the others are counted."""
    tests = [f"{test}-{number}" for test in TESTS for number in range(4)]
    node = NodeChange("asset a", differences=[Difference("output", "", "1 -> 2", tests=tests)])

    assert "</code> and 10 more" in render(AgainstResult("main", compared=1, nodes=[node]))
