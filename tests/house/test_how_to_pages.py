"""Tests of the outputs on the pages about retries, stubs, executors and snapshots."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
VARIABLE = re.compile(r"in [\d.]+ ?m?s|id [0-9a-f-]+")


def page(name: str) -> str:
    """Return the text of a page."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def files(name: str) -> list[tuple[str, str]]:
    """Return the name and the code of each file on a page, with the line of its name."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page(name), re.M | re.S)
    return [(block[2 : block.index(".py")], block) for block in blocks]


def outputs(name: str, language: str) -> list[list[str]]:
    """Return the lines of each output on a page as patterns, without times and ids."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.M | re.S)
    return [
        [VARIABLE.sub("*", line.replace("[", "[[]")) for line in block.splitlines() if line != "..."]
        for block in blocks
    ]


def test_retries(pytester: pytest.Pytester) -> None:
    """The session counts the waits, and a wrong delay has the report of the page."""
    code = dict(files("retries"))["test_retries"]
    ((command, *lines),) = outputs("retries", "console")
    ((error, *report),) = outputs("retries", "output")

    pytester.makepyfile(test_retries=code)
    passed = pytester.runpytest_subprocess(*shlex.split(command.removeprefix("$ pytest ")))
    pytester.makepyfile(test_retries=code.replace("delays=[30, 90]", "delays=[30, 60]"))
    failed = pytester.runpytest_subprocess()

    passed.stdout.fnmatch_lines([line.partition(" [")[0] + "*" for line in lines])
    failed.stdout.fnmatch_lines([f"E *{error}"])
    failed.stdout.fnmatch_lines(report, consecutive=True)


def test_stubs(pytester: pytest.Pytester) -> None:
    """A stub does not stop the steps upstream, and a stub without an effect fails its test."""
    code = dict(files("stubs"))["test_stubs"]
    report, (message,) = outputs("stubs", "output")
    mistakes = """

def test_it_runs_upstream(materialize_to_memory, dag_stub):
    dag_stub("invoices", 14)
    materialize_to_memory([orders, invoices])


def test_it_is_not_used(materialize_to_memory, dag_stub):
    dag_stub("order", [])
    materialize_to_memory([orders], raise_on_error=False)
"""
    pytester.makepyfile(test_stubs=code + mistakes)

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(report[1:], consecutive=True)
    result.stdout.fnmatch_lines([message])


def test_executors(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session has a line for each executor, and each mistake has its message."""
    monkeypatch.setenv("COLUMNS", "80")
    code = dict(files("executors"))["test_executors"]
    ((command, *lines),) = outputs("executors", "console")
    (messages,) = outputs("executors", "output")
    mistakes = """

@pytest.mark.dag_executors("multiprocess")
class TestMistakes:
    def test_local(self, materialize):
        @asset
        def local(): ...

        materialize([local])

    def test_memory(self, materialize_to_memory):
        materialize_to_memory([orders])

    def test_objects(self, materialize):
        materialize([orders], resources={"till": object()})
"""

    pytester.makepyfile(test_executors=code)
    passed = pytester.runpytest_subprocess(*shlex.split(command.removeprefix("$ pytest ")))
    pytester.makepyfile(test_executors=code + mistakes)
    failed = pytester.runpytest_subprocess("-k", "TestMistakes")

    passed.stdout.fnmatch_lines([re.sub(r" +\[\[\].*%\]", " *%]", line) for line in lines], consecutive=True)
    failed.assert_outcomes(failed=3)
    failed.stdout.fnmatch_lines_random(messages)


@pytest.mark.usefixtures("all_plugins")
def test_a_snapshot_in_a_file(pytester: pytest.Pytester) -> None:
    """The first session writes the snapshot; a changed pipeline shows the lines that differ."""
    pytest.importorskip("syrupy")
    shown = dict(files("snapshots"))
    pytester.makepyfile(cafe=shown["cafe"], test_syrupy=shown["test_syrupy"])
    (written, *lines), (compared, *difference) = outputs("snapshots", "console")

    first = pytester.runpytest_subprocess(*shlex.split(written.removeprefix("$ pytest ")))
    again = pytester.runpytest_subprocess()
    pytester.makepyfile(cafe=shown["cafe"].rstrip() + '\n    beans.alias("water")()\n')
    changed = pytester.runpytest_subprocess(*shlex.split(compared.removeprefix("$ pytest ")))

    first.stdout.fnmatch_lines([line.partition(" [")[0] + "*" for line in lines])
    again.assert_outcomes(passed=1)
    changed.stdout.fnmatch_lines(difference, consecutive=True)


@pytest.mark.usefixtures("all_plugins")
def test_a_snapshot_in_the_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """inline-snapshot writes the lines of the page into the test, and they hold."""
    pytest.importorskip("inline_snapshot")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # inline-snapshot refuses to write in a worker
    empty, full = (code for name, code in files("snapshots") if name == "test_inline")
    pytester.makepyfile(cafe=dict(files("snapshots"))["cafe"], test_inline=empty)

    pytester.runpytest_subprocess("--inline-snapshot=create")
    written = (pytester.path / "test_inline.py").read_text(encoding="utf-8")

    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(full))
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
