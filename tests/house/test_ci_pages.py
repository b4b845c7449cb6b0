"""Tests of workflows, and of the sessions and lines about CI in `docs/ci.md` and `docs/coverage-ci.md`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = {
    name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("ci", "coverage-ci", "against-ci")
}
FILES = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}
SHOWN = {
    name: block
    for name, text in PAGES.items()
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)
}
EXPRESSION = re.compile(
    r"github(?:\.\w+)+|matrix\.\w+|hashFiles\('[\w.]+'\)|cancelled\(\)|'[\w.]*'|[!=&|() ]+|\."
)


def example(page: str) -> str:
    """Return the code of the example on a page."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n# test_cafe\.py\n(.*?)^```$", text, re.M | re.S)
    return str(code)


def steps_of(workflow: str) -> list[dict[str, Any]]:
    """Return the steps of all jobs of a workflow."""
    return [step for job in yaml.safe_load(workflow)["jobs"].values() for step in job["steps"]]


def commands_of(workflow: str, event: str) -> list[list[str]]:
    """Return the arguments of pytest in the steps of a workflow that an event runs."""
    steps = [step for step in steps_of(workflow) if event in step.get("if", event)]
    runs = [shlex.split(step["run"]) for step in steps if "run" in step]
    return [words[1:] for words in runs if words[0] == "pytest"]


@pytest.mark.parametrize("text", [*SHOWN.values(), *FILES.values()], ids=[*SHOWN, *FILES])
def test_a_workflow_is_sound(text: str) -> None:
    """A workflow has known keys, actions with a version, few permissions and expressions that are closed."""
    workflow = yaml.load(text, yaml.BaseLoader)  # YAML 1.1 reads the key `on` as true

    assert set(workflow) <= {"name", "on", "permissions", "concurrency", "env", "jobs"}
    may_write = {"pull-requests": "write"} if "comment" in text else {}
    assert workflow["permissions"] == {"contents": "read", **may_write}
    assert set(workflow["on"]) <= {"push", "pull_request", "schedule", "workflow_dispatch"}
    for job in workflow["jobs"].values():
        assert set(job) <= {"runs-on", "timeout-minutes", "strategy", "needs", "if", "env", "steps"}
        assert job["steps"][0]["uses"].startswith("actions/checkout@")
        matrix = job.get("strategy", {}).get("matrix", {})
        assert set(re.findall(r"matrix\.(\w+)", str(job))) == set(matrix)
    for step in steps_of(text):
        assert ("uses" in step) != ("run" in step), step
        assert set(step) <= {"name", "id", "if", "uses", "with", "run", "env"}
        assert re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step.get("uses", "a/b@v1"))
        for expression in [*re.findall(r"\$\{\{(.*?)\}\}", str(step)), step.get("if", "")]:
            assert EXPRESSION.sub("", expression.removeprefix("${{").removesuffix("}}")) == "", expression


@pytest.mark.parametrize("text", [SHOWN["ci"], SHOWN["coverage-ci"]], ids=["ci", "coverage-ci"])
def test_a_workflow_keeps_its_file(text: str) -> None:
    """The cache holds the file that pytest writes and reads, under one key that a later run finds."""
    caches = [step["with"] for step in steps_of(text) if "actions/cache/" in step.get("uses", "")]
    (path,) = {cache["path"] for cache in caches}
    (key,) = {cache["key"] for cache in caches}
    (prefix,) = (cache["restore-keys"] for cache in caches if "restore-keys" in cache)

    assert key.startswith(prefix)
    assert prefix.endswith("-")
    assert key != prefix
    for event in ("push", "pull_request"):
        assert path in " ".join(*commands_of(text, event))


def test_the_sessions_of_the_selection(pytester: pytest.Pytester) -> None:
    """The steps of the workflow print the lines of the page: first a push, then a pull request."""
    code = example("changes")
    (console,) = re.findall(r"^```console\n(.*?)^```$", PAGES["ci"], re.M | re.S)
    shown = re.findall(r"^\$ pytest (.*)\n((?:(?!\$ ).*\n)*)", console, re.M)
    sources = (code, code.replace("beans * 2", "2 * beans"))

    for (command, lines), source, event in zip(shown, sources, ("push", "pull_request"), strict=True):
        arguments = shlex.split(command)
        assert [arguments] == commands_of(SHOWN["ci"], event)
        pytester.path.joinpath("test_cafe.py").write_text(source, encoding="utf-8")
        result = pytester.runpytest_subprocess(*arguments)

        assert result.ret == 0
        expected = [
            re.sub(r"\d+ seconds? old", "* old", line) for line in lines.splitlines() if line != "..."
        ]
        result.stdout.fnmatch_lines(expected)


def test_the_sessions_of_the_coverage(pytester: pytest.Pytester) -> None:
    """The steps of the workflow work, and a new asset without a test fails as on the page."""
    code = f"# the line with the name\n{example('coverage')}"
    pytester.makepyfile(test_cafe=code)
    (console,) = re.findall(r"^```console\n(.*?)^```$", PAGES["coverage-ci"], re.M | re.S)
    command, *lines = console.splitlines()
    (on_push,), (on_pull_request,) = (
        commands_of(SHOWN["coverage-ci"], event) for event in ("push", "pull_request")
    )

    assert pytester.runpytest_subprocess(*on_push).ret == 0
    unchanged = pytester.runpytest_subprocess(
        *[each for each in on_pull_request if not each.endswith("html")]
    )
    pytester.makepyfile(test_cafe=f"{code}\n\n@asset\ndef latte(beans):\n    return beans\n")
    result = pytester.runpytest_subprocess(*shlex.split(command.removeprefix("$ pytest ")))

    assert unchanged.ret == 0
    assert result.ret == 1
    expected = [re.sub(r"in [\d.]+s", "in *", line) for line in lines if line != "..."]
    result.stdout.fnmatch_lines(expected, consecutive=True)


def test_the_record_of_a_shard(pytester: pytest.Pytester) -> None:
    """The lines about CI write a record, and read the records of other jobs."""
    pytester.makepyfile(test_cafe=example("changes"))
    lines = re.findall(r"^    pytest (.*--dag-record=[^#]*)", PAGES["ci"].replace("\\\n", ""), re.M)
    pytester.mkdir("records")

    assert len(lines) == 2
    for line in lines:
        assert pytester.runpytest_subprocess(*shlex.split(line)).ret == 0
        for record in pytester.path.glob("record*.jsonl"):
            record.replace(pytester.path / "records" / record.name)
    assert [record.name for record in pytester.path.glob("records/*")] == ["record.jsonl"]  # nothing ran
