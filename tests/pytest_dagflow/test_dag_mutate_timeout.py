"""Tests of `--dag-mutate-timeout`: the time limit of a mutant."""

from __future__ import annotations

import pytest

CODE = """
    from dagflow import op

    @op
    def count(n):
        while n != 0:
            n -= 1
        return n

    def test_count():
        assert count(1) == 0
"""


def test_an_endless_mutant_is_stopped(pytester: pytest.Pytester):
    """`n -= 2` never reaches zero. It is stopped at the limit, and counts as found."""
    pytester.makepyfile(CODE)

    result = pytester.runpytest_subprocess("--dag-mutate", "--dag-mutate-timeout=0.5")

    result.stdout.fnmatch_lines(
        [
            "timed out: constant in count",
            "  - n -= 1",
            "  + n -= 2",
            "  stopped after 0.5 s",
            "*timed out (*",
        ]
    )


@pytest.mark.parametrize(
    ("value", "message"), [("0", "0 leaves no time"), ("soon", "'soon' is not a positive")]
)
def test_a_wrong_limit(pytester: pytest.Pytester, value: str, message: str):
    """The error has the right form."""
    result = pytester.runpytest_inprocess("--dag-mutate", f"--dag-mutate-timeout={value}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--dag-mutate-timeout: {message}*Write --dag-mutate-timeout=30."])
