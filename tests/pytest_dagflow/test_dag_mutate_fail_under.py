"""Tests of `--dag-mutate-fail-under`: a session fails if too few mutants are killed."""

from __future__ import annotations

import pytest

CODE = """
    from dagflow import op

    @op
    def half(n):
        return n > 1, "small"

    def test_half():
        assert half(5) == (True, "small")
"""


def test_the_percentage_decides(pytester: pytest.Pytester):
    """Two of four mutants are killed, which are 50 percent."""
    pytester.makepyfile(CODE)

    result = pytester.runpytest_subprocess("--dag-mutate", "--dag-mutate-fail-under=50.1")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    failed = "FAILED: --dag-mutate-fail-under=50.1, but 50.0 % were killed"
    result.stdout.fnmatch_lines(["4 mutants of 1 node: 2 killed*(50 %)", failed])


@pytest.mark.parametrize("value", ["many", "-1", "101", "nan"])
def test_a_wrong_percentage(pytester: pytest.Pytester, value: str):
    """The error has the right form."""
    result = pytester.runpytest_inprocess("--dag-mutate", f"--dag-mutate-fail-under={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message = f"'{value}' is not a number from 0 to 100. Write --dag-mutate-fail-under=80."
    result.stderr.fnmatch_lines([f"*--dag-mutate-fail-under: {message}"])
