"""The page of a session: names are text, and it needs no script."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from parsed_page import HOSTILE, Page

from pytest_dagflow.report_files import visible
from pytest_dagflow.timelines.collected import CollectedTests
from pytest_dagflow.timelines.page import render
from pytest_dagflow.timelines.recorder import Phase
from pytest_dagflow.timelines.run_data import Bar, Note, StepLine, Timeline

pytest.importorskip("jinja2")


def page_of(name: str) -> str:
    """Return the page of a session in which each text is a name."""
    note = Note(kind="failed", text=name, more=name, metadata=[(name, name)])
    bar = Bar(outcome="failed", left=0.0, width=100.0)
    step = StepLine(name=name, outcome="failed", text=name, bars=[bar], notes=[note])
    run = Timeline(
        id=name, title=name, outcome="failed", time="1 s", partition=name, fixture=name, steps=[step],
        number=1, left_out=name, notes=[note], problem="",
    )  # fmt: skip
    runs = [json.dumps(run), json.dumps({**run, "problem": name})]
    tests = CollectedTests(Path.cwd())
    for nodeid in (f"{name}::{name}", "test_it.py::test_it"):
        failed = pytest.TestReport(nodeid, ("", None, ""), {}, "failed", name, "call")  # type: ignore[arg-type]
        tests.add(failed, "failed", Phase(runs, 2, [name]))
        tests.add(
            pytest.TestReport(nodeid, ("", None, ""), {}, "passed", None, "teardown"), "", Phase([], 0, [])
        )
    return render(tests, None, None, started=0.0, is_interrupted=True)


@settings(max_examples=50)
@given(name=HOSTILE)
def test_the_page_shows_any_name(name: str) -> None:
    """A name is text: it makes no tag, no attribute and no link, and ids are numbers."""
    page, plain = Page(page_of(name)), Page(page_of("plain"))

    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    assert page.ids == plain.ids
    assert page.links == plain.links
    assert page.texts["bdi"].count(visible(name)) >= plain.texts["bdi"].count("plain") - 4
    assert "script" not in page.tags


def test_the_page_loads_nothing() -> None:
    """Every link is to a part of the page, and a policy forbids all requests."""
    text = page_of("cup")
    page = Page(text)

    assert page.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert "default-src 'none'" in text
    assert page.attributes.isdisjoint({"src", "onclick"})


def test_the_styles_of_both_parts_are_apart() -> None:
    """No class of the tests is one of the coverage, except for those that both extend."""
    package = files("pytest_dagflow")
    own, coverage = (
        set(re.findall(r"\.([a-z][a-z-]+)", package.joinpath(*path).read_text(encoding="utf-8")))
        for path in (("timelines", "page.css"), ("coverage", "formats", "part.css"))
    )

    assert own & coverage == {"legend"}
