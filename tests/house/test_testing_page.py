"""Tests of docs/testing.md: its files pass, its report and its selections are real, and its links work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagflow import AssetSelection
from dagflow.testing import parse_selection

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def files() -> dict[str, str]:
    """Return the test files of the page, by name."""
    return dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", PAGE, re.M | re.S))


def test_every_block_is_a_file() -> None:
    """Each code block has its file name in the first line, so all are tested."""
    assert len(files()) == PAGE.count("```python\n")


@pytest.mark.parametrize("name", files())
def test_the_file_passes(pytester: pytest.Pytester, name: str) -> None:
    """Each file passes alone, as a reader copies it."""
    code = files()[name]
    pytester.makepyfile(**{name: code})

    result = pytester.runpytest_subprocess("-W", "error")

    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= code.count("\ndef test_")


def test_the_report(pytester: pytest.Pytester) -> None:
    """The report on the page has the lines of a failed test, apart from times and ids."""
    code = files()["test_checks"].replace("return [3, 5]", "return [3, -1]")
    fails = (
        "def test_it(materialize_to_memory):\n    materialize_to_memory([weights, no_negative_weight, total])"
    )
    pytester.makepyfile(test_checks=f"{code}\n\n{fails}\n")
    (report,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S)
    expected = [re.sub(r"in [\d.]+ ms|id \w+\.\.\.", "*", line) for line in report.splitlines()]

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.stdout.fnmatch_lines(expected, consecutive=True)


def test_a_selection_finds_the_schedule(pytester: pytest.Pytester) -> None:
    """The test of a request is a test of the job that it names."""
    pytester.makepyfile(test_schedule=files()["test_schedule"])

    result = pytester.runpytest_subprocess("-v", "--dag-select", "job:nightly")

    result.stdout.fnmatch_lines(["*test_the_request_runs_the_job PASSED*"])


def test_the_selections_can_be_read() -> None:
    """Each selection of the tables is read by `--dag-select`, and those of assets by `from_string` too."""
    table = PAGE.partition("## Which selection language where")[2]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", table.partition("| text |")[2], re.M)

    assert len(rows) == 10
    for cell, meaning in rows:
        for text in re.findall(r"`([^`]+)`", cell):
            parse_selection(text)
            if "--dag-select" not in meaning:
                AssetSelection.from_string(text)
    for text in re.findall(r"""`'(.*?)'`|`"(.*?)"`""", table.partition("| text |")[0]):
        parse_selection("".join(text))


def test_the_links_lead_to_sections() -> None:
    """Each link within the page has its heading."""
    titles = re.findall(r"^## (.*)$", PAGE, re.M)
    headings = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings
