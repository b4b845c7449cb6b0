"""The formats of coverage reports: names with any character are shown, and never interpreted."""

from __future__ import annotations

import html
import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagflow.testing import Coverage, CoveredNode
from pytest_dagflow.coverage.formats import cobertura_format, lcov_format, markdown_format, sarif_format
from pytest_dagflow.coverage.formats.annotations import MAX_ANNOTATIONS, annotation_lines
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.coverage.write import render
from pytest_dagflow.report_files import Paths, visible

FORMATS = ["badge", "cobertura", "json", "lcov", "markdown", "sarif"]
if find_spec("jinja2") is not None:
    FORMATS.append("html")
SCHEMA = os.environ.get("SARIF_SCHEMA", "")
PATHS = Paths(Path("folder").absolute(), Path("folder").absolute())
HOSTILE = st.text(
    st.sampled_from("a|`*_[](){}<>&\"'\\%,:;#@!~$-+=.\n\r\t\0\x1b\u202e\ufffe\ud800\u00e9 \x85\u2028")
    | st.characters(),
    min_size=1,
    max_size=12,
)


def result_of(*names: str, file: str = "shop.py", runs: int = 0) -> CoverageResult:
    """Return the result of a session with an asset of each name, and an item with that name."""
    nodes = []
    for line, name in enumerate(names, 1):
        node = CoveredNode(f"asset:{name}@shop", "asset", name, file, line)
        node.add("nodes", "runs")
        node.add("outputs", name)
        if runs:
            node.cover("nodes", "runs")
        node.runs = runs
        nodes.append(node)
    return CoverageResult(Coverage(nodes))


@given(name=HOSTILE, file=HOSTILE, runs=st.integers(0, 1))
def test_the_xml_shows_any_name(name: str, file: str, runs: int) -> None:
    """The Cobertura report parses, and its attributes are the names."""
    root = Xml.fromstring(cobertura_format.render(result_of(name, file=file, runs=runs), PATHS))

    (found,) = root.iter("class")
    (method,) = root.iter("method")
    assert found.get("filename") == visible(PATHS.shown(file))
    assert method.get("name") == visible(f"asset {name}")
    assert [(line.get("number"), line.get("hits")) for line in found.findall("lines/line")] == [
        ("1", str(runs))
    ]


@given(name=HOSTILE, file=HOSTILE)
def test_the_lcov_shows_any_name(name: str, file: str) -> None:
    """Each line of the LCOV report has its key, and the name is on one line."""
    lines = lcov_format.render(result_of(name, file=file), PATHS).splitlines()

    keys = ["TN", "SF", "FN", "FNDA", "FNF", "FNH", "BRDA", "BRF", "BRH", "DA", "LF", "LH", "end_of_record"]
    assert [line.partition(":")[0] for line in lines] == keys
    assert f"FN:1,asset {visible(name)}" in lines
    assert f"SF:{visible(PATHS.shown(file))}" in lines


@given(name=HOSTILE, file=HOSTILE, runs=st.integers(0, 1))
def test_the_markdown_shows_any_name(name: str, file: str, runs: int) -> None:
    """Markdown renders the name as plain code in a cell of a table."""
    parser = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"linkify": False})

    page = parser.render(markdown_format.render(result_of(name, file=file, runs=runs), PATHS))

    codes = [html.unescape(text) for text in re.findall(r"<td><code>(.*?)</code></td>", page)]
    place = visible(f"{PATHS.shown(file)}:1")
    assert codes == [visible(f"asset {name}"), place]
    tags = set(re.findall(r"</?([a-z0-9]+)", page))
    assert tags == {"h2", "table", "thead", "tbody", "tr", "th", "td", "strong", "details", "summary", "code"}


@given(name=HOSTILE, file=HOSTILE, runs=st.integers(0, 1))
def test_the_sarif_shows_any_name(name: str, file: str, runs: int) -> None:
    """The message of SARIF has no link and no placeholder, and the URI is the file."""
    run = json.loads(sarif_format.render(result_of(name, file=file, runs=runs), PATHS))["runs"][0]

    (found,) = run["results"]
    text = found["message"]["text"]
    assert not re.search(r"(?<!\\)(\\\\)*[\[\]]", text)
    assert not re.search(r"(?<!\{)(\{\{)*\{\d", text)
    uri = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert unquote(uri, errors="surrogatepass") == PATHS.shown(file)


@given(name=HOSTILE, file=HOSTILE)
def test_an_annotation_is_one_command(name: str, file: str) -> None:
    """A name ends neither the line nor a property of the command."""
    (line,) = annotation_lines(result_of(name, file=file), PATHS)

    assert line.isprintable()
    command = re.fullmatch(r"::warning file=([^:,]*),line=1,title=graph coverage::(.*)", line)
    assert command is not None
    assert command[2] == visible(f"asset {name}: no test runs it").replace("%", "%25")


@given(name=HOSTILE)
def test_every_format_can_be_written(name: str) -> None:
    """Each report is text that UTF-8 can encode."""
    for form in FORMATS:
        assert render(form, result_of(name), PATHS).encode("utf-8")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("number", [0, 1, 5_000])
def test_graphs_of_any_size(form: str, number: int) -> None:
    """No node, one node and thousands are rendered; Markdown stays below the limit of GitHub."""
    result = result_of(*(f"a{index}" for index in range(number)))

    text = render(form, result, PATHS)

    assert len(text) < 900_000 or form not in ("markdown", "badge")
    if form in ("json", "sarif", "badge"):
        json.loads(text)
    elif form == "cobertura":
        Xml.fromstring(text)


def test_annotations_are_limited() -> None:
    """GitHub shows ten warnings of a step."""
    assert len(annotation_lines(result_of(*"abcdefghijklmnop"), PATHS)) == MAX_ANNOTATIONS


def test_a_node_without_a_place_has_no_line() -> None:
    """Formats that speak of lines leave it out; the others have it."""
    result = result_of("a", file="")

    assert "asset" in render("markdown", result, PATHS)
    assert render("lcov", result, PATHS) == ""
    assert json.loads(render("sarif", result, PATHS))["runs"][0]["results"] == []
    assert annotation_lines(result, PATHS) == []


def test_the_badge_of_a_graph() -> None:
    """The badge has the share without decimals, and a color."""
    known: Any = json.loads(render("badge", result_of("a", "b", runs=1), PATHS))
    unknown: Any = json.loads(render("badge", CoverageResult(Coverage()), PATHS))

    assert (known["message"], known["color"], known["schemaVersion"]) == ("50%", "orange", 1)
    assert (unknown["message"], unknown["color"]) == ("unknown", "lightgrey")


@pytest.mark.skipif(not Path(SCHEMA).is_file(), reason="SARIF_SCHEMA does not name the schema of SARIF 2.1.0")
@pytest.mark.parametrize("names", [(), ("a", "b [x](y) {0}")])
@pytest.mark.parametrize("runs", [0, 1])
def test_the_sarif_matches_its_schema(names: tuple[str, ...], runs: int) -> None:
    """The report is valid SARIF 2.1.0."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(Path(SCHEMA).read_text(encoding="utf-8"))

    report = json.loads(render("sarif", result_of(*names, runs=runs), PATHS))

    jsonschema.validate(report, schema)
