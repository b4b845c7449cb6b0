"""Tests of `--dag-cov-fail-under`: the shares that the coverage must reach."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("values", "failures"),
    [
        (["28.5"], []),
        (["nodes:50", "edges:0", "branches:100"], []),
        (["29"], ["total: 28.5 % is below 29 %"]),
        (["nodes:51", "total:28", "edges:1"], ["nodes: 50.0 % is below 51 %", "edges: 0.0 % is below 1 %"]),
    ],
)
def test_a_session_fails_below_a_threshold(
    cafe: pytest.Pytester, values: list[str], failures: list[str]
) -> None:
    """The session fails if one share is below its threshold, and names each of them."""
    result = cafe.runpytest("--dag-cov", *(f"--dag-cov-fail-under={value}" for value in values))

    found = [line.partition("dag-cov failed: ")[2] for line in result.outlines if "dag-cov failed" in line]
    assert found == failures
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if failures else pytest.ExitCode.OK)


def test_nothing_reaches_no_threshold(pytester: pytest.Pytester) -> None:
    """A session that found no definitions fails, because it measured nothing."""
    pytester.makepyfile("def test_plain(): pass")

    result = pytester.runpytest("--dag-cov", "--dag-cov-fail-under=1")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["dag-cov failed: total has no items to reach 1 % of"])


def test_workers_of_xdist(cafe: pytest.Pytester) -> None:
    """The controller compares the coverage of all workers."""
    pytest.importorskip("xdist")
    result = cafe.runpytest_subprocess("--dag-cov", "--dag-cov-fail-under=nodes:51", "-n", "2")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["dag-cov failed: nodes: 50.0 % is below 51 %"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("high", "'high' is no percentage from 0 to 100. Write --dag-cov-fail-under=80"),
        ("101", "'101' is no percentage"),
        ("-1", "'-1' is no percentage"),
        ("nan", "'nan' is no percentage"),
        ("", "'' is no percentage"),
        ("nodes:", "'' is no percentage"),
        ("branch:80", "'branch' is unknown. Did you mean 'branches'? Write --dag-cov-fail-under=NAME:N"),
        (":80", "'' is unknown"),
    ],
)
def test_a_wrong_threshold_is_an_error_before_the_tests(
    cafe: pytest.Pytester, value: str, message: str
) -> None:
    """The error names the option and the right form."""
    result = cafe.runpytest("--dag-cov", f"--dag-cov-fail-under={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"--dag-cov-fail-under: {message}" in str(result.stderr)
