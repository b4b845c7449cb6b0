"""Tests of the fixture `build_hook_context`."""

from __future__ import annotations

import pytest


def test_a_hook_has_the_defaults_of_the_test(pumps: pytest.Pytester):
    """The context has the instance and the resources, which are open in the test; arguments win."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import failure_hook, op

        @failure_hook(required_resource_keys={"pump"})
        def tell(context):
            return context.resources.pump, context.instance, str(context.op_exception), context.op.name

        @op
        def brew(): ...

        def test_hook(build_hook_context, dag_instance):
            context = build_hook_context(op=brew, op_exception=ValueError("cold"))
            assert opened == []
            assert tell(context) == ("water", dag_instance, "cold", "brew")
            assert opened == ["pump"]

        def test_argument(build_hook_context):
            assert tell(build_hook_context({"pump": "tea"}, brew))[0] == "tea"
            assert opened == []
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=2)
