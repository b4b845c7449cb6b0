"""Tests of the pages about tests: their files pass; reports, sessions and links are real."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import coverage
import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for name in (
        "assertions",
        "changes",
        "checks",
        "coverage",
        "executors",
        "faults",
        "fixtures",
        "mutation",
        "partitions",
        "pipes",
        "properties",
        "reports",
        "resources",
        "retries",
        "schedules",
        "selections",
        "smoke",
        "storage",
        "stubs",
        "testing",
        "ticks",
    )
}
FILES = {
    page: dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", text, re.M | re.S))
    for page, text in PAGES.items()
}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_a_file(page: str) -> None:
    """Each code block has its file name in the first line, so all are tested."""
    assert len(FILES[page]) == PAGES[page].count("```python\n")


@pytest.mark.parametrize("page", PAGES)
def test_the_files_pass(pytester: pytest.Pytester, page: str) -> None:
    """The files of a page pass, as a reader copies them. None is a conftest, and none imports another one."""
    files = FILES[page]
    pytester.makepyfile(**files)

    result = pytester.runpytest_subprocess("-v", "-W", "error")

    assert result.ret == 0
    passed = [line.partition(".py::")[0] for line in result.outlines if " PASSED" in line]
    for name, code in files.items():
        assert passed.count(name) >= max(1, code.count("\ndef test_"))
    text = "".join(files.values())
    assert "conftest" not in files
    assert not [name for name in files if re.search(rf"^(import|from) {name}\b", text, re.M)]


def test_the_report(pytester: pytest.Pytester) -> None:
    """The report on the page has the lines of a failed test, apart from times and ids."""
    code = FILES["checks"]["test_checks"].replace("return [3, 5]", "return [3, -1]")
    fails = (
        "def test_it(materialize_to_memory):\n    materialize_to_memory([weights, no_negative_weight, total])"
    )
    pytester.makepyfile(test_checks=f"{code}\n\n{fails}\n")
    (report,) = re.findall(r"^```text\n(.*?)^```$", PAGES["checks"], re.M | re.S)
    expected = [re.sub(r"in [\d.]+ ms|id \w+\.\.\.", "*", line) for line in report.splitlines()]

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.stdout.fnmatch_lines(expected, consecutive=True)


def test_the_messages_about_faults(pytester: pytest.Pytester) -> None:
    """The messages about unused faults are those of a test that has them."""
    pytester.makepyfile(test_faults=FILES["faults"]["test_faults"] + UNUSED_FAULTS)
    (messages,) = re.findall(r"^```output\n(.*?)^```$", PAGES["faults"], re.M | re.S)

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.stdout.fnmatch_lines_random(messages.splitlines())


UNUSED_FAULTS = """

def test_it(materialize_to_memory, dag_faults):
    dag_faults.fail("invoices", on_attempt=2)
    dag_faults.resource_fails("database")
    result = materialize_to_memory([orders, invoices], raise_on_error=False)
    dag_faults.sometimes("it gives up", result.success)
"""


def test_the_failure_of_a_property(pytester: pytest.Pytester) -> None:
    """The failure on the page about properties is that of its example."""
    code = FILES["properties"]["test_properties"]
    fails = "def test_it():\n    check_retry_safe(nightly, resources=new_table, state=count_rows)"
    pytester.makepyfile(test_properties=f"{code}\n\n{fails}\n")
    (failure,) = re.findall(r"^```output\n(.*?)^```$", PAGES["properties"], re.M | re.S)

    result = pytester.runpytest_subprocess("-k", "test_it")

    result.stdout.fnmatch_lines([f"E*{line}" for line in failure.splitlines()], consecutive=True)


def test_the_sessions_of_changes(pytester: pytest.Pytester) -> None:
    """The sessions on the page about changes print these lines, apart from the age of the record."""
    (console,) = re.findall(r"^```console\n(.*?)^```$", PAGES["changes"], re.M | re.S)
    code = FILES["changes"]["test_cafe"]
    edited = code.replace("beans * 2", "2 * beans")

    sessions = re.findall(r"^\$ pytest (.*)\n((?:.+\n)+)", console, re.M)
    for (arguments, lines), source in zip(sessions, (code, code, edited), strict=True):
        pytester.path.joinpath("test_cafe.py").write_text(source, encoding="utf-8")
        result = pytester.runpytest_subprocess(*shlex.split(arguments))

        assert result.ret == 0
        result.stdout.fnmatch_lines_random(re.sub(r"\d+ seconds? old", "* old", lines).splitlines())


def test_the_session_of_the_coverage(pytester: pytest.Pytester) -> None:
    """The session on the page about coverage prints these lines."""
    pytester.makepyfile(test_cafe=f"# the line with the name\n{FILES['coverage']['test_cafe']}")
    (console,) = re.findall(r"^```console\n(.*?)^```$", PAGES["coverage"], re.M | re.S)
    command, *lines = console.splitlines()

    result = pytester.runpytest_subprocess(*shlex.split(command.removeprefix("$ pytest ")))

    result.stdout.fnmatch_lines([line.replace("[", "[[]") for line in lines], consecutive=True)


def test_the_reports_of_a_session(pytester: pytest.Pytester) -> None:
    """The session on the page about reports prints its line, and the JUnit report has the properties."""
    pytest.importorskip("jinja2")
    pytester.makepyfile(test_orders=FILES["reports"]["test_orders"])
    (console,) = re.findall(r"^```console\n(.*?)^```$", PAGES["reports"], re.M | re.S)
    (properties,) = re.findall(r"^```xml\n(.*?)^```$", PAGES["reports"], re.M | re.S)
    command, line = console.splitlines()

    result = pytester.runpytest_subprocess(
        *shlex.split(command.removeprefix("$ pytest ")), "--junitxml=report.xml"
    )

    result.stdout.fnmatch_lines([line.replace("/", "?")])
    xml = (pytester.path / "report.xml").read_text(encoding="utf-8")
    for one in properties.splitlines():
        assert one.partition("d3bb5f6c")[0] in xml


@pytest.mark.skipif(coverage.version_info < (7, 16), reason="coverage.py is too old")
def test_the_contexts_of_lines(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contexts on the page about coverage are those of the session there."""
    pytest.importorskip("pytest_cov")
    monkeypatch.setenv("COVERAGE_CORE", "ctrace")
    section = PAGES["coverage"].partition("## The node of each line")[2]
    pytester.makepyfile(test_tea=f"# the line with the name\n{FILES['coverage']['test_tea']}")
    (command,) = re.findall(r"^    pytest (.*)$", section, re.M)
    (block,) = re.findall(r"^```text\n(.*?)^```$", section, re.M | re.S)

    result = pytester.runpytest_subprocess("-p", "pytest_cov", "--cov-report=", *shlex.split(command))

    result.assert_outcomes(passed=2)
    data = coverage.CoverageData(str(pytester.path / ".coverage"))
    data.read()
    contexts = data.contexts_by_lineno(str(pytester.path / "test_tea.py"))
    numbers = map(int, re.findall(r"^ *(\d+) ", block, re.M))
    shown = [f"{number:2}  " + "\n    ".join(sorted(contexts[number])) for number in numbers]
    assert block.splitlines() == "\n".join(shown).splitlines()


def test_the_denominators_of_the_coverage() -> None:
    """The table on the page about coverage has a row for each denominator."""
    from dagflow.testing import DENOMINATORS

    table = PAGES["coverage"].partition("| denominator |")[2].partition("\n\n")[0]
    assert re.findall(r"`(\w+)`(?=[,` ]*.*\|)", table)[: len(DENOMINATORS)] == list(DENOMINATORS)


def test_the_fields_of_the_json(pytester: pytest.Pytester) -> None:
    """The table about the JSON of --dag-explain has each field."""
    pytester.makepyfile(test_cafe=FILES["changes"]["test_cafe"])
    table = PAGES["changes"].partition("| field | content |")[2]

    result = pytester.runpytest_subprocess("--dag-explain=json")

    text = str(result.stdout)
    document, _ = json.JSONDecoder().raw_decode(text[text.index("{\n") :])
    test = document["tests"][0]
    names = (*document, *document["record"], *test["nodes"][0], *test)
    assert [name for name in names if f"`{name}`" not in table and f"`tests[].{name}`" not in table] == []


def test_the_survivors(pytester: pytest.Pytester) -> None:
    """The session on the page about mutants is real, and its two tests kill all mutants."""
    files = FILES["mutation"]
    pytester.makepyfile(test_shop=files["test_shop"])
    (console,) = re.findall(r"^```console\n.*\n(.*?)^```$", PAGES["mutation"].replace("$ ", ""), re.M | re.S)
    report = "--dag-mutate-report=json:out.json"

    first = pytester.runpytest_subprocess("-q", "--dag-mutate", report)
    document = json.loads((pytester.path / "out.json").read_text(encoding="utf-8"))
    pytester.makepyfile(test_shop=files["test_shop_twice"])
    second = pytester.runpytest_subprocess("-q", "--dag-mutate")

    first.stdout.fnmatch_lines([line.replace("[", "[[]") for line in console.splitlines()], consecutive=True)
    second.stdout.fnmatch_lines(["8 mutants of 3 nodes: 8 killed, 0 survived, 0 timed out (100 %)"])
    table = PAGES["mutation"].partition("| field | content |")[2]
    names = [*document, *(f"mutants[].{name}" for name in document["mutants"][0])]
    assert [name for name in names if name != "mutants" and f"`{name}`" not in table] == []


def test_the_ids_of_the_smoke_tests(pytester: pytest.Pytester) -> None:
    """The project on the page has smoke tests with ids of the forms that the page lists."""
    code = FILES["smoke"]["test_smoke"]
    pytester.makepyfile(shop=code.partition("\n\n\ndef test_")[0])
    pytester.makeini("[pytest]\ndag_definitions = shop:defs\npythonpath = .")
    forms = set(re.findall(r"^    dag-smoke::(\w+)", PAGES["smoke"], re.M))

    result = pytester.runpytest_subprocess("--dag-smoke", "-v")

    result.assert_outcomes(passed=3, failed=1)
    kinds = set(re.findall(r"^dag-smoke::(\w+)", str(result.stdout), re.M))
    assert kinds <= forms
    assert forms == {"definitions", "job", "asset", "check", "condition", "schedule", "sensor", "resource"}


def test_the_hooks(pytester: pytest.Pytester) -> None:
    """The conftest on the page about hooks does in a session what the page shows."""
    page = (DOCS / "hooks.md").read_text(encoding="utf-8")
    pytester.makepyfile(**dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", page, re.M | re.S)))
    (console,) = re.findall(r"^```console\n(.*?)^```$", page, re.M | re.S)
    command, *lines = console.splitlines()

    result = pytester.runpytest_subprocess(
        *shlex.split(command.removeprefix("$ pytest ")), "--junitxml=report.xml"
    )

    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines_random([line.replace("*", "[*]") for line in lines])
    assert 'name="failed_step" value="report"' in (pytester.path / "report.xml").read_text(encoding="utf-8")
    assert not re.search("^E.*hunter2", result.stdout.str(), re.M)


def test_a_selection_finds_the_schedule(pytester: pytest.Pytester) -> None:
    """The test of a tick is a test of the job of the schedule."""
    pytester.makepyfile(test_schedule=FILES["schedules"]["test_schedule"])

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
