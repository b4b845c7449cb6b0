"""Tests of the fixture `build_init_resource_context`."""

from __future__ import annotations

import pytest


def test_a_resource_has_the_defaults_of_the_test(pumps: pytest.Pytester):
    """The context has the config, the instance and the resources that the resource reads."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import resource

        @resource(config_schema=int, required_resource_keys={"pump"})
        def kettle(context):
            return context.resources.pump, context.resource_config, context.instance

        def test_resource(build_init_resource_context, dag_instance):
            assert kettle(build_init_resource_context(90)) == ("water", 90, dag_instance)
            assert opened == ["pump"]

        def test_argument(build_init_resource_context):
            assert kettle(build_init_resource_context(90, {"pump": "tea"}))[0] == "tea"
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=2)
