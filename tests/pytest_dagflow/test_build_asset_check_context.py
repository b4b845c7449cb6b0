"""Tests of the fixture `build_asset_check_context`."""

from __future__ import annotations

import pytest


def test_a_check_has_the_defaults_of_the_test(pumps: pytest.Pytester):
    """The context has the instance and the resources; an argument and a keyword of the call win."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import AssetCheckResult, ResourceParam, asset_check

        @asset_check(asset="beans", required_resource_keys={"pump"})
        def wet(context, beans):
            return AssetCheckResult(passed=context.resources.pump == beans)

        @asset_check(asset="beans")
        def parameter(context, beans, pump: ResourceParam[str]):
            return AssetCheckResult(passed=pump == beans)

        def test_check(build_asset_check_context, dag_instance):
            context = build_asset_check_context()
            assert wet(context, "water").passed
            assert context.instance is dag_instance
            assert opened == ["pump"]

        def test_arguments(build_asset_check_context):
            assert wet(build_asset_check_context({"pump": "tea"}), "tea").passed
            assert parameter(build_asset_check_context(), "tea", pump="tea").passed
            assert opened == []
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=2)
