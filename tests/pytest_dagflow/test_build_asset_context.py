"""Tests of the fixture `build_asset_context`."""

from __future__ import annotations

import pytest


def test_an_asset_is_called_with_partition_config_and_resources(pytester: pytest.Pytester):
    """The fixture has the signature of `dagflow.build_asset_context`, and the instance of the test."""
    pytester.makepyfile(
        """
        import inspect
        import dagflow
        from dagflow import asset

        @asset(required_resource_keys={"pump"}, config_schema={"cups": int})
        def water(context):
            cups = context.op_execution_context.op_config["cups"]
            return context.partition_key, cups, context.resources.pump, context.instance

        def test_call(build_asset_context, dag_instance):
            context = build_asset_context({"pump": "p"}, asset_config={"cups": 3}, partition_key="a")

            assert water(context) == ("a", 3, "p", dag_instance)

        def test_mirror(build_asset_context):
            assert inspect.signature(build_asset_context) == inspect.signature(dagflow.build_asset_context)
        """
    )

    pytester.runpytest().assert_outcomes(passed=2)


def test_resources_are_closed_when_the_test_ends(pytester: pytest.Pytester):
    """They are also closed if the test fails."""
    pytester.makepyfile(
        """
        import pytest
        from dagflow import asset, resource

        story = []

        @resource
        def pump():
            story.append("on")
            yield "pump"
            story.append("off")

        @asset
        def water(context):
            return context.resources.pump

        def test_fails(build_asset_context):
            assert water(build_asset_context({"pump": pump})) == "another"

        def test_after():
            assert story == ["on", "off"]
        """
    )

    pytester.runpytest("-p", "no:randomly").assert_outcomes(passed=1, failed=1)


def test_the_clock_of_the_test_is_that_of_the_context(pytester: pytest.Pytester):
    """Events that a direct call stores in the instance have virtual times."""
    pytester.makepyfile(
        """
        from dagflow import AssetMaterialization, asset

        @asset
        def water(context):
            context.instance.report_runless_asset_event(AssetMaterialization("well"))

        def test_time(build_asset_context, dag_instance, dag_clock):
            dag_clock.move_to(1000)
            water(build_asset_context())

            assert dag_instance.get_latest_materialization_event("well").timestamp == 1000
        """
    )

    pytester.runpytest().assert_outcomes(passed=1)
