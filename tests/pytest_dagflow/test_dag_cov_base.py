"""Tests of `--dag-cov-base`, `--dag-cov-fail-new` and `--dag-cov-from`: other sessions."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

TEA = """

    def test_tea():
        materialize_to_memory([water, tea])
"""
MILK = """

    @asset
    def milk():
        return 1
"""


@pytest.fixture
def known(cafe: pytest.Pytester) -> pytest.Pytester:
    """Return a project with a test of each asset, whose earlier report is `base.json`."""
    add(cafe, TEA)
    result = cafe.runpytest("--dag-cov", "--dag-cov-report=json:base.json")
    assert result.ret == 0
    return cafe


def add(cafe: pytest.Pytester, code: str) -> None:
    """Append code to the project."""
    with (cafe.path / "test_cafe.py").open("a") as file:
        file.write(dedent(code))


def test_no_new_miss(known: pytest.Pytester) -> None:
    """A session with the same coverage has no new miss, and passes."""
    result = known.runpytest("--dag-cov", "--dag-cov-base=base.json", "--dag-cov-fail-new")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["no new misses since base.json"])


def test_a_new_miss(known: pytest.Pytester) -> None:
    """A node that no longer runs, and a new node without a test, are named with their line."""
    add(known, MILK)

    named = known.runpytest("--dag-cov", "--dag-cov-base=base.json", "-k", "water")
    failed = known.runpytest("--dag-cov", "--dag-cov-base=base.json", "--dag-cov-fail-new", "-k", "water")

    lines = [
        "new misses since base.json (6)",
        "  test_cafe.py:8   asset tea never ran (3 items)",
        "  test_cafe.py:18  asset milk never ran (3 items)",
    ]
    named.stdout.fnmatch_lines(lines, consecutive=True)
    assert named.ret == 0
    assert failed.ret == pytest.ExitCode.TESTS_FAILED
    failed.stdout.fnmatch_lines([*lines, "dag-cov failed: 6 new misses"])


def test_a_failed_test_stays_the_reason(known: pytest.Pytester) -> None:
    """The exit code of failed tests, of an interrupt or of an error is kept."""
    known.makepyfile(test_other="def test_fails():\n    assert 0")

    result = known.runpytest("--dag-cov", "--dag-cov-fail-under=100")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["dag-cov failed: total*", "*1 failed, 2 passed*"])


def write(path: Path, value: object) -> None:
    """Write a value as JSON."""
    path.write_text(json.dumps(value))


@pytest.mark.parametrize("option", ["base", "from"])
@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("absent.json", "does not exist. Name the file of an earlier --dag-cov-report=json:PATH"),
        ("", "the path is empty"),
        ("text.json", "it cannot be read as JSON (JSONDecodeError"),
        ("other.json", "it is not a JSON report of graph coverage"),
        ("later.json", "it is of version 2, and this version reads 1"),
        ("broken.json", "its nodes are broken"),
    ],
)
def test_a_wrong_file_is_an_error_before_the_tests(
    known: pytest.Pytester, option: str, file: str, message: str
) -> None:
    """The error names the option, the problem and the right form."""
    (known.path / "text.json").write_text("{")
    write(known.path / "other.json", {"nodes": []})
    report = json.loads((known.path / "base.json").read_text())
    write(known.path / "later.json", {**report, "version": 2})
    write(known.path / "broken.json", {**report, "nodes": {"a": 1}})

    result = known.runpytest("--dag-cov", f"--dag-cov-{option}={file}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"--dag-cov-{option}: " in str(result.stderr)
    assert message in str(result.stderr)
    assert f" --dag-cov-{option}=PATH" in str(result.stderr)


def test_a_folder_is_no_base(known: pytest.Pytester) -> None:
    """A folder can be read as shards only."""
    result = known.runpytest("--dag-cov", f"--dag-cov-base={known.path}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-cov-base: *it cannot be read as JSON (IsADirectoryError*"])


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_the_base_of_another_project(known: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """A report without a common node is an error; under xdist at the end, as the workers know the nodes."""
    if arguments:
        pytest.importorskip("xdist")
    code = known.path / "test_cafe.py"
    code.write_text(code.read_text().replace("water", "beans").replace("tea", "coffee"))

    result = known.runpytest_subprocess("--dag-cov", "--dag-cov-base=base.json", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "is of another project: its 2 nodes and the 2 nodes of this one" in f"{result.stdout}{result.stderr}"
    )


def test_fail_new_needs_a_base(known: pytest.Pytester) -> None:
    """Without an earlier report nothing is new."""
    result = known.runpytest("--dag-cov", "--dag-cov-fail-new")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-cov-fail-new compares*add --dag-cov-base=FILE*"])


def test_shards_are_merged(known: pytest.Pytester) -> None:
    """A session that runs no test merges the reports of the shards, and judges them."""
    add(known, MILK)
    shards = known.mkdir("shards")
    for name in ("water", "tea"):
        known.runpytest("--dag-cov", f"--dag-cov-report=json:shards/{name}.json", "-k", name)
    report = ("--dag-cov", "--dag-cov-from=shards", "--dag-cov-report=json:all.json")

    merged = known.runpytest(*report, "--collect-only", "--dag-cov-fail-under=nodes:60")
    failed = known.runpytest(*report, "--collect-only", "--dag-cov-fail-under=nodes:70")

    assert (merged.ret, failed.ret) == (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    nodes = json.loads((known.path / "all.json").read_text())["nodes"]
    assert {node["name"]: node["runs"] for node in nodes} == {"water": 2, "tea": 1, "milk": 0}
    assert len(list(shards.iterdir())) == 2


def test_an_empty_folder_of_shards(known: pytest.Pytester) -> None:
    """A folder without reports is an error."""
    known.mkdir("shards")

    result = known.runpytest("--dag-cov", "--dag-cov-from=shards")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-cov-from: folder '*shards' has no file '[*].json'*"])
