"""The HTML report: a page that needs no script, and in which names are text."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagflow.testing import Coverage, CoveredNode
from pytest_dagflow.coverage.formats.html_format import MAX_TESTS
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.coverage.write import render
from pytest_dagflow.report_files import Paths, visible

pytest.importorskip("jinja2")
HERE = Paths(Path("folder").absolute(), Path("folder").absolute())
HOSTILE = st.text(
    st.sampled_from("a<>&\"'/\\`{}%#!-= .:\n\t\0\x1b\u202e\ud800\u00e9\u6c34") | st.characters(),
    min_size=1,
    max_size=12,
) | st.sampled_from(
    ["</title><script>", "{{ total }}", "{% raw %}", "<!--", "]]>", "&lt;", "' onclick='", "a" * 300]
)
BROWSER = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)


class Page(HTMLParser):
    """A parsed page: its tags, ids, links, and the texts by the tag and class around them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with its attributes."""
        values = dict(attrs)
        self.tags.add(tag)
        self.attributes |= values.keys()
        self.ids += [values["id"] or ""] if "id" in values else []
        self.links |= {values["href"] or ""} if "href" in values else set()
        if tag not in ("meta", "input", "br"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag closes the last open one."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Add a text to that of its tag."""
        if self._open:
            self.texts[self._open[-1]][-1] += data


def shop(size: int = 3, *, prefix: str = "cup", file: str = "shop.py", children: int = 3) -> CoverageResult:
    """Return the coverage of a tree of assets, of which the first half ran, with an external source."""
    nodes = []
    for number in range(size):
        name = f"{prefix}_{number}"
        node = CoveredNode(f"asset:{name}@shop", "asset", name, file, number + 1)
        node.add("nodes", "runs")
        node.add("branches", "foam given", "foam not given")
        parent = f"{prefix}_{(number - 1) // children}" if number else "source"
        node.add("edges", f"from asset {parent}")
        if number < size / 2:
            node.runs, node.tests = 1, {f"test_shop.py::test_{one}" for one in range(number + 1)}
            node.cover("nodes", "runs")
            node.cover("edges", f"from asset {parent}")
        nodes.append(node)
    return CoverageResult(Coverage(nodes, {"asset:old@shop": "asset <old>"}))


@pytest.fixture(params=["graphlay", "mermaid"])
def drawing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw with graphlay, or without it."""
    if request.param == "graphlay":
        pytest.importorskip("graphlay")
    else:
        monkeypatch.setitem(sys.modules, "graphlay", None)
    return request.param


def test_the_page_of_a_graph(drawing: str) -> None:
    """Each node has a part with its items and tests, links lead to it, and the most missed node is first."""
    text = render("html", shop(), HERE)
    page = Page(text)

    assert page.texts["h1"] == ["Graph coverage: 33.3 %"]
    assert page.texts["bdi"][:1] == ["asset cup_2"]  # the first row
    assert {f"node-{number}" for number in range(3)} <= set(page.ids)
    assert {link[1:] for link in page.links} <= {*page.ids, "closed"}
    assert "test_shop.py::test_1" in page.texts["code"]
    assert "asset <old>" in page.texts["bdi"]
    assert page.texts["h4"][:5] == ["nodes", "branches", "edges", "read by", "1 test"]
    if drawing == "graphlay":
        assert page.texts["text"][::2] == ["cup_0", "cup_1", "cup_2", "source"]
        assert len(re.findall('class="arrow', text)) == 3
        assert len(re.findall('class="arrow missed', text)) == 1
    else:
        assert "n3 --> n0\n  n0 --> n1\n  n0 -.-> n2" in page.texts["pre"][0]
        assert "pip install 'pytest-dagflow[report]'" in "".join(page.texts["p"])


@settings(max_examples=50)
@given(name=HOSTILE, file=HOSTILE)
def test_the_page_shows_any_name(name: str, file: str) -> None:
    """A name is text: it makes no tag, no attribute and no link, and ids are numbers."""
    result, plain = shop(prefix=name, file=file), Page(render("html", shop(), HERE))
    result.failures.append(name)
    result.base_path = name
    result.new_misses = list(result.coverage.misses())

    page = Page(render("html", result, HERE))

    assert page.tags <= {*plain.tags, "strong"}
    assert page.attributes == plain.attributes
    assert page.ids == plain.ids
    assert page.links == plain.links
    assert visible(f"asset {name}_0") in page.texts["bdi"]
    assert visible(f"{HERE.shown(file)}:1") in page.texts["code"]
    assert "script" not in page.tags


def test_new_misses_and_failures_are_first() -> None:
    """The page names a failed threshold, and links the new misses."""
    result = shop()
    result.failures.append("nodes: 66.6 % is below 80 %")
    result.base_path = "main.json"
    result.new_misses = [miss for miss in result.coverage.misses() if miss.denominator == "nodes"]

    page = Page(render("html", result, HERE))

    assert "nodes: 66.6 % is below 80 %" in "".join(page.texts["p"])
    assert ": 1" in "".join(page.texts["h2"])
    assert any(text.strip() == "nodes: runs" for text in page.texts["li"])


def test_many_tests_of_a_node_are_counted() -> None:
    """The first tests are listed, and the number of the others follows."""
    result = shop()
    node = result.coverage.nodes["asset:cup_0@shop"]
    node.tests = {f"test_it.py::test_{number}" for number in range(MAX_TESTS + 7)}

    page = Page(render("html", result, HERE))

    assert "and 7 more" in page.texts["li"]
    assert f"{MAX_TESTS + 7} tests" in page.texts["h4"]


@pytest.mark.parametrize("children", [3, 499])
def test_500_nodes_are_a_page_of_less_than_two_megabytes(children: int) -> None:
    """The page of a large graph stays small, also if one node has 499 readers."""
    pytest.importorskip("graphlay")
    text = render("html", shop(500, children=children), HERE)

    assert len(text.encode()) < 2_000_000
    assert len(Page(text).texts["text"]) == 2 * 501


@pytest.fixture
def tab() -> Iterator[Any]:
    """Open a tab of a browser without scripts."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if BROWSER is None:
        pytest.skip("no Chromium is found: set CHROMIUM to its file")
    flags = ["--no-sandbox", "--no-zygote", "--single-process", "--use-gl=angle", "--use-angle=swiftshader"]
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=flags)
        yield browser.new_context(
            viewport={"width": 1300, "height": 900}, java_script_enabled=False
        ).new_page()
        browser.close()


def test_a_browser_needs_no_script(tab: Any, tmp_path: Path) -> None:
    """A key opens the part about a node and closes it, all without script, and the page is not too wide."""
    pytest.importorskip("graphlay")
    problems: list[str] = []
    tab.on("console", lambda message: problems.append(message.text))
    page = tmp_path / "page.html"
    page.write_text(render("html", shop(30), HERE), encoding="utf-8")

    tab.goto(page.as_uri())
    part = tab.locator("#node-4")
    assert not part.is_visible()
    tab.locator("#box-4").focus()
    tab.keyboard.press("Enter")
    part.wait_for(state="visible")
    assert "foam not given" in part.inner_text()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    part.wait_for(state="hidden")
    assert tab.locator("html").bounding_box()["width"] <= 1300
    assert not problems
