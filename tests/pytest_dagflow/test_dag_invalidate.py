"""Tests of the ini key `dag_invalidate`: files that concern all tests."""

from __future__ import annotations

import pytest


def test_a_path_that_is_not_relative(pytester: pytest.Pytester):
    """The usage error names the line."""
    pytester.makeini("[pytest]\ndag_invalidate =\n  /etc/*.conf")

    result = pytester.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: dag_invalidate: '/etc/[*].conf' is not relative to the root folder; *"]
    )


def test_a_changed_file_selects_all_tests(pytester: pytest.Pytester):
    """A changed file runs the tests of all nodes; without a change nothing runs."""
    pytester.makeini("[pytest]\ndag_invalidate =\n  compose.yml\n")
    (pytester.path / "compose.yml").write_text("1")
    pytester.makepyfile(
        """
        from dagflow import asset, materialize_to_memory

        @asset
        def milk():
            return 1

        def test_milk():
            assert materialize_to_memory([milk]).success
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
    pytester.runpytest_inprocess("--dag-select", "changed()").assert_outcomes(deselected=1)
    (pytester.path / "compose.yml").write_text("2")

    pytester.runpytest_inprocess("--dag-select", "changed()").assert_outcomes(passed=1)
