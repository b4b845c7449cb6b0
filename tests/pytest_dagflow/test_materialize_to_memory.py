"""Tests of the fixture `materialize_to_memory`, which runs assets without a file."""

from __future__ import annotations

import pytest


def test_it_runs_on_the_instance_of_the_test(pytester: pytest.Pytester):
    """The run is stored in the instance, and no file is written."""
    pytester.makepyfile(
        """
        import inspect
        import dagflow
        import pytest
        from dagflow import asset

        @asset
        def water():
            return 1

        @asset
        def coffee(water):
            return water + 1

        @asset
        def burnt(water):
            raise ValueError("burnt")

        def test_runs(materialize_to_memory, dag_instance, tmp_path):
            result = materialize_to_memory([water, coffee])

            assert result.asset_value("coffee") == 2
            assert [run.run_id for run in dag_instance.get_runs()] == [result.run_id]
            assert list(tmp_path.iterdir()) == []

        def test_failure(materialize_to_memory):
            with pytest.raises(ValueError, match="burnt"):
                materialize_to_memory([water, burnt])
            assert not materialize_to_memory([water, burnt], raise_on_error=False).success

        def test_mirror(materialize_to_memory):
            signature = inspect.signature(dagflow.materialize_to_memory)
            assert inspect.signature(materialize_to_memory) == signature
        """
    )

    pytester.runpytest("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=3)


def test_a_class_of_tests_may_use_it(pytester: pytest.Pytester):
    """An autouse fixture of a class may request it, as in suites for unittest."""
    pytester.makepyfile(
        """
        import unittest
        import pytest
        from dagflow import asset

        @asset
        def water():
            return 1

        class TestWater(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def bind(self, materialize_to_memory):
                self.materialize = materialize_to_memory

            def test_water(self):
                self.assertEqual(self.materialize([water]).asset_value("water"), 1)

            def test_wrong(self):
                self.assertEqual(self.materialize([water]).asset_value("water"), 2)
        """
    )

    result = pytester.runpytest()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*- dagflow -*", "run of assets: succeeded in *"])
