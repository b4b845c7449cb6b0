"""Tests of the fixture `build_multi_asset_sensor_context`."""

from __future__ import annotations

import pytest


def test_a_sensor_reads_the_events_of_the_test(pumps: pytest.Pytester):
    """The context has the instance of the bound runs, and the resources."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import Definitions, ResourceParam, SkipReason, asset, multi_asset_sensor

        @asset
        def beans():
            return 3

        @multi_asset_sensor(monitored_assets=[beans.key], job_name="brew")
        def new(context, pump: ResourceParam[str]):
            record = context.latest_materialization_records_by_key()[beans.key]
            return SkipReason(f"{pump}, {record is not None}")

        def test_sensor(build_multi_asset_sensor_context, materialize_to_memory):
            def context():
                return build_multi_asset_sensor_context(
                    monitored_assets=[beans.key], definitions=Definitions([beans])
                )

            assert new(context()).skip_message == "water, False"
            materialize_to_memory([beans])
            assert new(context()).skip_message == "water, True"
            assert opened == ["pump", "pump"]
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=1)
