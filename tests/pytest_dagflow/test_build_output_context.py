"""Tests of the fixture `build_output_context`."""

from __future__ import annotations

import pytest


def test_an_io_manager_has_the_defaults_of_the_test(pumps: pytest.Pytester):
    """The context has the instance and the resources, which are open in the test; arguments win."""
    pumps.makepyfile(
        """
        from conftest import opened
        from dagflow import IOManager

        class Shelf(IOManager):
            def handle_output(self, context, value):
                self.seen = context.resources.pump, context.instance, context.partition_key

            def load_input(self, context):
                self.seen = context.resources.pump, context.instance, context.partition_key

        def test_manager(build_output_context, dag_instance):
            shelf = Shelf()
            context = build_output_context(name="cup", partition_key="a")
            shelf.handle_output(context, "hot")
            assert shelf.seen == ("water", dag_instance, "a")
            assert opened == ["pump"]

        def test_argument(build_output_context):
            shelf = Shelf()
            context = build_output_context(resources={"pump": "tea"}, partition_key="a")
            shelf.handle_output(context, "hot")
            assert shelf.seen[0] == "tea"
        """
    )

    pumps.runpytest("-W", "error").assert_outcomes(passed=2)
