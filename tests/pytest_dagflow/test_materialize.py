"""Tests of the fixture `materialize`, which stores values under `tmp_path`."""

from __future__ import annotations

import pytest


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create two assets."""
    pytester.makepyfile(
        kitchen="""
        from dagflow import StaticPartitionsDefinition, asset

        CUPS = StaticPartitionsDefinition(["a", "b"])

        @asset(partitions_def=CUPS)
        def water(context):
            return context.partition_key

        @asset
        def coffee(water):
            return water
        """
    )
    return pytester


def test_values_are_files_that_a_later_call_finds(project: pytest.Pytester):
    """Calls of one test share the files; the next test has none."""
    project.makepyfile(
        """
        import pytest
        from dagflow import DagflowExecutionLoadInputError
        from kitchen import coffee, water

        def test_two_calls(materialize, tmp_path, dag_instance):
            for key in ("a", "b"):
                materialize([water], partition_key=key)
            result = materialize([water, coffee], selection=[coffee])

            assert result.asset_value("coffee") == {"a": "a", "b": "b"}
            assert [path.name for path in tmp_path.rglob("coffee")] == ["coffee"]
            assert dag_instance.get_materialized_partitions("water") == {"a", "b"}

        def test_nothing_is_left(materialize):
            with pytest.raises(FileNotFoundError):
                materialize([water, coffee], selection=[coffee])
        """
    )

    project.runpytest("-p", "no:randomly", "-p", "no:asyncio", "-W", "error").assert_outcomes(passed=2)


def test_it_has_the_parameters_of_the_function(project: pytest.Pytester):
    """An argument replaces the bound value."""
    project.makepyfile(
        """
        import inspect
        import dagflow
        from dagflow import DagflowInstance
        from kitchen import water

        def test_instance(materialize, dag_instance):
            with DagflowInstance.ephemeral() as other:
                materialize([water], instance=other, partition_key="a", tags={"team": "core"})

                assert other.get_runs()[0].tags["team"] == "core"
            assert dag_instance.get_runs_count() == 0

        def test_mirror(materialize):
            assert inspect.signature(materialize) == inspect.signature(dagflow.materialize)
        """
    )

    project.runpytest().assert_outcomes(passed=2)
