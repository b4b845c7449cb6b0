"""Tests of the fixture `build_sensor_context`."""

from __future__ import annotations

import pytest


def test_a_sensor_has_the_defaults_of_the_test(pumps: pytest.Pytester):
    """The context has the cursor, the instance and the resources; a keyword of the call wins."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import ResourceParam, SkipReason, sensor

        @sensor(job_name="brew")
        def files(context, pump: ResourceParam[str]):
            return SkipReason(f"{pump}, {context.cursor}")

        def test_call(build_sensor_context, dag_instance):
            context = build_sensor_context(cursor="a")
            assert files(context).skip_message == "water, a"
            assert context.instance is dag_instance
            assert opened == ["pump"]

        def test_tick(build_sensor_context):
            assert files.evaluate_tick(build_sensor_context()).skip_message == "water, None"
            assert opened == ["pump"]

        def test_keyword(build_sensor_context):
            assert files(build_sensor_context(), pump="tea").skip_message == "tea, None"
            assert opened == []
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=3)
