"""Tests of the fixture `partition_key`, the key that a test runs for."""

from __future__ import annotations

import pytest


def test_it_is_the_key_of_the_marker(pytester: pytest.Pytester):
    """A test or one of its fixtures may request it, and pass it to a bound call."""
    pytester.makepyfile(
        """
        import pytest
        from dagflow import StaticPartitionsDefinition, asset

        CUPS = StaticPartitionsDefinition(["a", "b"])

        @asset(partitions_def=CUPS)
        def water(context):
            return context.partition_key

        @pytest.fixture
        def made(partition_key, materialize_to_memory):
            return materialize_to_memory([water], partition_key=partition_key)

        @pytest.mark.dag_partitions(water)
        def test_key(partition_key, made):
            assert made.asset_value("water") == partition_key
        """
    )

    result = pytester.runpytest("-v", "-p", "no:randomly")

    result.stdout.fnmatch_lines(["*test_key?a? PASSED*", "*test_key?b? PASSED*"])


def test_without_a_marker_it_is_an_error_that_names_the_test(pytester: pytest.Pytester):
    """The message names the test and the marker."""
    pytester.makepyfile("def test_key(partition_key): pass")

    result = pytester.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*::test_key uses 'partition_key', but has no partitions: mark it with*"])
