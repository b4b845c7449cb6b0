"""Tests of `--dag-cov-base`, `--dag-cov-fail-new` and `--dag-cov-from`: other sessions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CAFE = """
    from dagflow import asset, materialize_to_memory

    @asset
    def water():
        return 1

    @asset
    def tea(water):
        return water

    def test_water():
        materialize_to_memory([water])

    def test_tea():
        materialize_to_memory([water, tea])
"""
MILK = """

    @asset
    def milk():
        return 1
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Write a project whose earlier report is `base.json`."""
    pytester.makepyfile(test_cafe=CAFE)
    result = pytester.runpytest("--dag-cov", "--dag-cov-report=json:base.json", "-k", "water or tea")
    assert result.ret == 0
    return pytester


def test_no_new_miss(cafe: pytest.Pytester) -> None:
    """A session with the same coverage has no new miss, and passes."""
    result = cafe.runpytest("--dag-cov", "--dag-cov-base=base.json", "--dag-cov-fail-new")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["no new misses since base.json"])


def test_a_new_miss(cafe: pytest.Pytester) -> None:
    """A node that no longer runs, and a new node without a test, are named with their line."""
    cafe.makepyfile(test_cafe=CAFE + MILK)

    named = cafe.runpytest("--dag-cov", "--dag-cov-base=base.json", "-k", "water")
    failed = cafe.runpytest("--dag-cov", "--dag-cov-base=base.json", "--dag-cov-fail-new", "-k", "water")

    lines = [
        "new misses since base.json (2)",
        "  test_cafe.py:8   asset tea never ran",
        "  test_cafe.py:18  asset milk never ran",
    ]
    named.stdout.fnmatch_lines(lines, consecutive=True)
    assert named.ret == 0
    assert failed.ret == pytest.ExitCode.TESTS_FAILED
    failed.stdout.fnmatch_lines([*lines, "dag-cov failed: 6 new misses"])


def test_a_failed_test_stays_the_reason(cafe: pytest.Pytester) -> None:
    """The exit code of failed tests, of an interrupt or of an error is kept."""
    cafe.makepyfile(test_other="def test_fails():\n    assert 0")

    result = cafe.runpytest("--dag-cov", "--dag-cov-fail-under=100")

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
    cafe: pytest.Pytester, option: str, file: str, message: str
) -> None:
    """The error names the option, the problem and the right form."""
    (cafe.path / "text.json").write_text("{")
    write(cafe.path / "other.json", {"nodes": []})
    report = json.loads((cafe.path / "base.json").read_text())
    write(cafe.path / "later.json", {**report, "version": 2})
    write(cafe.path / "broken.json", {**report, "nodes": {"a": 1}})

    result = cafe.runpytest("--dag-cov", f"--dag-cov-{option}={file}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"--dag-cov-{option}: " in str(result.stderr)
    assert message in str(result.stderr)
    assert f"as --dag-cov-{option}=PATH" in str(result.stderr)


def test_a_folder_is_no_base(cafe: pytest.Pytester) -> None:
    """A folder can be read as shards only."""
    result = cafe.runpytest("--dag-cov", f"--dag-cov-base={cafe.path}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-cov-base: *it cannot be read as JSON (IsADirectoryError*"])


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_the_base_of_another_project(cafe: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """A report without a common node is an error; under xdist at the end, as the workers know the nodes."""
    if arguments:
        pytest.importorskip("xdist")
    cafe.makepyfile(test_cafe=CAFE.replace("water", "beans").replace("tea", "coffee"))

    result = cafe.runpytest_subprocess("--dag-cov", "--dag-cov-base=base.json", *arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "is of another project: its 2 nodes and the 2 nodes of this one" in f"{result.stdout}{result.stderr}"
    )


def test_fail_new_needs_a_base(cafe: pytest.Pytester) -> None:
    """Without an earlier report nothing is new."""
    result = cafe.runpytest("--dag-cov", "--dag-cov-fail-new")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-cov-fail-new compares*add --dag-cov-base=FILE*"])


def test_shards_are_merged(cafe: pytest.Pytester) -> None:
    """A session that runs no test merges the reports of the shards, and judges them."""
    cafe.makepyfile(test_cafe=CAFE + MILK)
    shards = cafe.mkdir("shards")
    for name in ("water", "tea"):
        cafe.runpytest("--dag-cov", f"--dag-cov-report=json:shards/{name}.json", "-k", name)
    report = ("--dag-cov", "--dag-cov-from=shards", "--dag-cov-report=json:all.json")

    merged = cafe.runpytest(*report, "--collect-only", "--dag-cov-fail-under=nodes:60")
    failed = cafe.runpytest(*report, "--collect-only", "--dag-cov-fail-under=nodes:70")

    assert (merged.ret, failed.ret) == (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    nodes = json.loads((cafe.path / "all.json").read_text())["nodes"]
    assert {node["name"]: node["runs"] for node in nodes} == {"water": 2, "tea": 1, "milk": 0}
    assert len(list(shards.iterdir())) == 2


def test_an_empty_folder_of_shards(cafe: pytest.Pytester) -> None:
    """A folder without reports is an error."""
    cafe.mkdir("shards")

    result = cafe.runpytest("--dag-cov", "--dag-cov-from=shards")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--dag-cov-from: folder '*shards' has no file '[*].json'*"])
