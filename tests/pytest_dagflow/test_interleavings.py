"""A failure inside a loop over `interleavings`: the report has its order and a replay string."""

from __future__ import annotations

import re

import pytest

_SUITE = """
    from dagflow import job, op
    from dagflow.testing import interleavings

    taken = []

    @op
    def clean():
        taken.append("clean")

    @op
    def publish():
        taken.append("publish")

    @job
    def shop():
        clean(), publish()

    def run():
        taken.clear()
        return shop.execute_in_process()
"""


def test_the_order_of_a_failed_test(pytester: pytest.Pytester):
    """A failure in the loop names the order once, and the replay string repeats the failure."""
    pytester.makepyfile(
        _SUITE
        + """
    def test_loop():
        for order, result in interleavings(run):
            assert taken == ["clean", "publish"]

    def test_other():
        shop.execute_in_process()
        assert 0
    """
    )

    result = pytester.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["order 2 of interleavings(): publish, clean", "to take it again: interleavings(..., replay='*')"]
    )
    assert result.stdout.str().count("of interleavings()") == 1  # not in the test after it

    (replay,) = re.findall(r"interleavings\(..., replay='(\w+)'\)", result.stdout.str())
    pytester.makepyfile(
        test_again=f"""{_SUITE}
    def test_again():
        ((order, result),) = interleavings(run, replay="{replay}")
        assert order == ("publish", "clean")
    """
    )
    pytester.runpytest_inprocess("test_again.py").assert_outcomes(passed=1)


def test_the_order_of_a_run_that_raises(pytester: pytest.Pytester):
    """The error of a run has its order under the message, or in the section about the run."""
    pytester.makepyfile(
        _SUITE
        + """
    @op
    def first():
        taken.append(1)

    @op
    def second():
        assert taken

    @job
    def fragile():
        first(), second()

    def test_run():
        def start():
            taken.clear()
            fragile.execute_in_process()
        list(interleavings(start, mode="pct"))
    """
    )

    result = pytester.runpytest_inprocess()

    result.stdout.fnmatch_lines(
        ["*order * of interleavings(): second", "*to take it again: interleavings(..., replay='1_1_*')"]
    )
