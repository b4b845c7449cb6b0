"""The HTML report of two revisions: a page that needs no script, and in which names are text."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from flights_result import enriched_table, flights
from hypothesis import given, settings
from parsed_page import HOSTILE, Page

from dagflow.testing import Coverage, CoveredNode
from pytest_dagflow.against.formats.html_format import (
    MAX_DIFFERENCES,
    MAX_ITEMS,
    MAX_TESTS,
    render,
    render_part,
)
from pytest_dagflow.against.formats.picture import WHOLE_UP_TO
from pytest_dagflow.against.result import AgainstResult, Difference, NodeChange
from pytest_dagflow.coverage.formats import html_format as coverage_format
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths, visible

pytest.importorskip("jinja2")


def chain(size: int, *changed: int) -> AgainstResult:
    """Return the comparison of a chain of assets, of which some moved."""
    nodes = [
        NodeChange(
            f"asset a{number}",
            differences=[Difference("output", "", "1 -> 2")] if number in changed else [],
            compared=1,
        )
        for number in range(size)
    ]
    edges = [(f"asset a{number}", f"asset a{number + 1}") for number in range(size - 1)]
    return AgainstResult("main", compared=1, nodes=nodes, edges=edges)


def test_the_page_of_a_pipeline() -> None:
    """The page has the verdict, a row and a part for each node that is not equal, and its cells."""
    page = Page(render(flights()))

    assert page.texts["h1"] == ["Data against main (3fa2b8c)"]
    assert page.texts["strong"][0].startswith("4 unexpected differences in 3 nodes")
    assert page.texts["h2"] == ["Graph of both revisions", "Nodes that are not equal: 10", "More"]
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert all(one.startswith("against-") for one in page.ids)
    assert page.texts["code"][:2] == ["flights/tables.py:58", "arr_delay"]
    assert page.texts["code"][2:5] == ["N14228, 2013-01-01 05:00", "12.0", "26.5"]
    assert "expected: late flights count since #412" in page.texts["bdi"]
    assert "Tests that ended differently: 1" in page.texts["summary"]
    assert "in 5 tests" in page.texts["summary"]
    assert "script" not in page.tags


def test_the_picture_of_a_pipeline() -> None:
    """A box has its state in words; changed code has a mark, and new and gone edges are apart."""
    pytest.importorskip("graphlay")
    text = render(flights())
    texts = Page(text).texts["text"]
    words = dict(zip(texts[::2], texts[1::2], strict=True))

    assert words == {
        "departures": "equal",
        "planes": "equal",
        "weather": "not compared",
        "enriched_flights": "code changed",
        "enriched_flights:late_share": "moved",
        "punctuality": "moved",
        "ranking": "moved, expected",
        "carriers": "new",
        "raw_delays": "gone",
        "sample": "unstable",
        "sample_size": "unstable",
        "fleet": "code changed, equal",
        "delays_by_hour": "changed, equal",
    }
    assert text.count('<rect class="against-mark"') == 3
    assert re.findall(r'class="against-arrow against-(\w+)-edge"', text).count("new") == 2
    assert re.findall(r'class="against-arrow against-(\w+)-edge"', text).count("gone") == 1


def test_without_graphlay_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables need no picture."""
    monkeypatch.setitem(sys.modules, "graphlay", None)
    page = Page(render(flights()))

    assert "The picture needs graphlay: pip install 'pytest-dagflow[report]'." in page.texts["p"]
    assert "svg" not in page.tags
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_the_part_stands_beside_the_coverage() -> None:
    """Both parts can be on one page: no id is the same, and classes are its own or of all pages."""
    nodes = [CoveredNode(f"asset:{name}@shop", "asset", name, "shop.py", 1) for name in "ab"]
    for node in nodes:
        node.add("nodes", "runs")
    paths = Paths(Path("folder").absolute(), Path("folder").absolute())
    coverage, text = (
        coverage_format.render_part(CoverageResult(Coverage(nodes)), paths),
        render_part(flights()),
    )
    page = Page(text)
    classes = {one for names in re.findall(r' class="([^"]*)"', text) for one in names.split()}

    assert not {*Page(coverage).ids} & {*page.ids}
    assert page.tags.isdisjoint({"html", "style", "h1"})
    shared = {"alarm", "legend", "name", "number", "picture", "second", "soft", "wide", "zoom"}
    assert {one for one in classes if not one.startswith("against")} <= shared  # of the base of all pages


def test_a_problem_is_all() -> None:
    """A revision that cannot be compared has a sentence, and no table."""
    page = Page(render(flights(problem="no such branch")))

    assert "no such branch" in "".join(page.texts["p"])
    assert "table" not in page.tags


def test_equal_revisions() -> None:
    """A page without differences has no table, and lists the equal nodes."""
    page = Page(render(chain(3)))

    assert page.texts["strong"] == ["no difference"]
    assert "table" not in page.tags
    assert page.texts["summary"] == ["Equal nodes: 3"]
    assert "svg" in page.tags or "graphlay" in "".join(page.texts["p"])


def test_a_large_graph_is_drawn_near_its_changes() -> None:
    """Nodes far from a change are left out of the picture and counted; without a change all are drawn."""
    pytest.importorskip("graphlay")
    page = Page(render(chain(300, 100)))
    whole = Page(render(chain(WHOLE_UP_TO + 1)))

    assert page.texts["text"][::2] == ["a99", "a100", "a101"]
    assert "297 nodes that are equal or not compared" in "".join(page.texts["p"])
    assert len(whole.texts["text"]) == 2 * (WHOLE_UP_TO + 1)


def test_300_moved_nodes_are_a_page_of_less_than_two_megabytes() -> None:
    """The page of a large change stays small, and each node has its part."""
    page = render(chain(300, *range(300)))

    assert len(page.encode()) < 2_000_000
    assert page.count('<section class="against-part') == 300


def test_many_things_are_counted() -> None:
    """Differences, tests and items have limits, and the rest is counted."""
    tests = [f"test_{number}" for number in range(MAX_TESTS + 7)]
    differences = [
        Difference("metadata", str(number), "1 -> 2", tests=tests) for number in range(MAX_DIFFERENCES + 3)
    ]
    result = flights(
        nodes=[NodeChange("asset a", differences=differences)],
        notes=[str(number) for number in range(MAX_ITEMS + 5)],
    )
    page = Page(render(result))

    assert "and 3 more differences" in page.texts["p"]
    assert {"and 7 more", "and 5 more"} <= set(page.texts["li"])


@settings(max_examples=50)
@given(name=HOSTILE)
def test_the_page_shows_any_name(name: str) -> None:
    """A name is text: it makes no tag, no attribute and no link, and ids are numbers."""
    plain = Page(render(hostile("a")))
    page = Page(render(hostile(name)))

    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    assert page.ids == plain.ids
    assert page.links == plain.links
    assert visible(f"asset {name}") in page.texts["bdi"]


def hostile(name: str) -> AgainstResult:
    """Return a comparison with a name in each place."""
    node = NodeChange(
        f"asset {name}",
        name,
        code=(name,),
        details=(name,),
        differences=[
            Difference("output", name, name, (name,), enriched_table(name), [name], "expected", name)
        ],
        causes=(name,),
        unstable=name,
        partitions=(name, name),
    )
    return flights(
        nodes=[node], edges=[("asset other", f"asset {name}")], notes=[name], failure=name, reference=name
    )
