"""Tests of the pages selections, storage, testing and ticks: their files pass; reports and links are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for name in ("selections", "storage", "testing", "ticks")
}
PAGE = PAGES["testing"]
FILES = {
    page: dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", text, re.M | re.S))
    for page, text in PAGES.items()
}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_a_file(page: str) -> None:
    """Each code block has its file name in the first line, so all are tested."""
    assert len(FILES[page]) == PAGES[page].count("```python\n")


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, files in FILES.items() for name in files])
def test_the_file_passes(pytester: pytest.Pytester, page: str, name: str) -> None:
    """Each file passes alone, as a reader copies it."""
    code = FILES[page][name]
    pytester.makepyfile(**{name: code})

    result = pytester.runpytest_subprocess("-W", "error")

    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= code.count("\ndef test_")


def test_the_report(pytester: pytest.Pytester) -> None:
    """The report on the page has the lines of a failed test, apart from times and ids."""
    code = FILES["testing"]["test_checks"].replace("return [3, 5]", "return [3, -1]")
    fails = (
        "def test_it(materialize_to_memory):\n    materialize_to_memory([weights, no_negative_weight, total])"
    )
    pytester.makepyfile(test_checks=f"{code}\n\n{fails}\n")
    (report,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S)
    expected = [re.sub(r"in [\d.]+ ms|id \w+\.\.\.", "*", line) for line in report.splitlines()]

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.stdout.fnmatch_lines(expected, consecutive=True)


def test_the_strict_messages(pytester: pytest.Pytester) -> None:
    """The messages about unused stubs and faults are those of a test that has them."""
    pytester.makepyfile(test_faults=FILES["testing"]["test_faults"] + STRICT)
    (messages,) = re.findall(r"^```output\n(.*?)^```$", PAGE, re.M | re.S)

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.stdout.fnmatch_lines_random(messages.splitlines())


STRICT = """

def test_it_stubs(materialize_to_memory, dag_stub):
    dag_stub("order", 1)
    assert not materialize_to_memory([orders, invoices], raise_on_error=False).success


def test_it_faults(materialize_to_memory, dag_faults):
    dag_faults.fail("invoices", on_attempt=2)
    dag_faults.resource_fails("database")
    result = materialize_to_memory([orders, invoices], raise_on_error=False)
    dag_faults.sometimes("it gives up", result.success)
"""


def test_a_selection_finds_the_schedule(pytester: pytest.Pytester) -> None:
    """The test of a tick is a test of the job of the schedule."""
    pytester.makepyfile(test_schedule=FILES["testing"]["test_schedule"])

    result = pytester.runpytest_subprocess("-v", "--dag-select", "job:nightly")

    result.stdout.fnmatch_lines(["*test_the_request_runs_the_job PASSED*"])


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page."""
    titles = re.findall(r"^## (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_the_links_lead_to_sections(page: Path) -> None:
    """Each link within the documentation has its file and its heading."""
    for name, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8")):
        target = DOCS / name if name else page

        assert target.exists(), name
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{name}#{anchor}"
