"""Tests of the site: its navigation, the pages that `docs/pages.py` makes, and the build."""

from __future__ import annotations

import importlib.util
import inspect
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import dagflow
import pytest_dagflow
from dagflow import testing
from pytest_dagflow import strategies

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages() -> SimpleNamespace:
    """Return the names of `docs/pages.py`, which is in no package."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "pages.py")))


def in_navigation(rows: list[object]) -> Iterator[str]:
    """Yield each page of the navigation."""
    for row in rows:
        for value in row.values() if isinstance(row, dict) else [row]:
            if isinstance(value, list):
                yield from in_navigation(value)
            else:
                yield str(value)


def test_each_page_is_in_the_navigation(pages: SimpleNamespace) -> None:
    """The navigation of mkdocs.yml has each page once: add a new page of docs/ to it."""
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    written = [path.name for path in (ROOT / "docs").glob("*.md")]

    assert sorted(in_navigation(navigation)) == sorted(
        [*written, *pages.PAGES, *(f"api/{name}.md" for name in pages.SUBJECTS)]
    )


def test_each_public_name_has_an_entry(pages: SimpleNamespace) -> None:
    """The pages of the API have each public name once."""
    entries = [
        line.removeprefix("::: ")
        for text in pages.api_pages().values()
        for line in text.splitlines()[4:]
        if line
    ]
    of_runtime = {name for name, module in dagflow._EXPORTS.items() if module != "dagflow.testing"}  # noqa: SLF001

    assert sorted(entries) == sorted(
        [
            *(f"dagflow.{name}" for name in of_runtime - pages.OF_PYTHON),
            *(f"dagflow.testing.{name}" for name in testing.__all__),
            *(f"pytest_dagflow.{name}" for name in pytest_dagflow.__all__),
            *(f"pytest_dagflow.strategies.{name}" for name in strategies.__all__),
        ]
    )


@pytest.mark.parametrize(
    ("source", "link", "expected"),
    [
        ("docs/faults.md", "fixtures.md#the-project", "fixtures.md#the-project"),
        ("docs/faults.md", "../CONTRIBUTING.md", "contributing.md"),
        ("docs/faults.md", "../examples/weather/README.md", "FORGE/blob/main/examples/weather/README.md"),
        ("README.md", "docs/faults.md#faults", "faults.md#faults"),
        ("README.md", "examples/weather", "FORGE/blob/main/examples/weather"),
        ("README.md", "#run-it", "#run-it"),
        ("README.md", "https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_link_of_the_repository_is_a_link_of_the_site(
    pages: SimpleNamespace, source: str, link: str, expected: str
) -> None:
    """A link leads to the page of a file, or to the file on the forge; sections and addresses stay."""
    assert pages.with_site_links(f"[text]({link}).", source, "FORGE") == f"[text]({expected})."


def test_the_path_of_a_call() -> None:
    """The page about the architecture has each function between a call and the function of an asset."""
    frames = []

    @dagflow.asset
    def water() -> None:
        frames.extend([(row.frame.f_globals["__name__"], row.function) for row in inspect.stack(context=0)])

    dagflow.materialize_to_memory([water])

    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    ours = [frame for frame in reversed(frames) if frame[0].startswith("dagflow.")]
    assert re.findall(r"^\| `(dagflow\.[\w.]+)` \| `(\w+)` \|", page, re.M) == ours


def test_code_is_not_changed(pages: SimpleNamespace) -> None:
    """A call in a block of code is no link."""
    block = "```python\nhooks[0](context)\n```\n"

    assert pages.with_site_links(block, "README.md", "FORGE") == block


@pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("mkdocstrings") is None,
    reason="the extra `docs` is not installed",
)
def test_the_site_is_built(tmp_path: Path) -> None:
    """The strict build has no warning: each link, section and public name is found."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]

    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (built.returncode, built.stdout) == (0, ""), built.stderr
    assert "assert_event_sequence" in (tmp_path / "api/pytest/index.html").read_text(encoding="utf-8")
