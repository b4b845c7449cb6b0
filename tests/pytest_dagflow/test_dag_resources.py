"""Tests of the fixture `dag_resources`, the default resources of every bound call."""

from __future__ import annotations

import pytest

KITCHEN = """
    from dagflow import asset, graph, job, op, resource

    @asset(required_resource_keys={"pump"})
    def water(context):
        return context.resources.pump

    @op(required_resource_keys={"pump"})
    def draw(context):
        return context.resources.pump

    @graph
    def well():
        draw()

    @job(resource_defs={"pump": resource(lambda: "the real pump")})
    def supply():
        draw()

    @op
    def rest():
        return "nothing"

    @job
    def pause():
        rest()
"""

CONFTEST = """
    import pytest
    from dagflow import resource

    @resource(config_schema={"degrees": int})
    def heater(context):
        raise AssertionError("nobody needs it")

    @pytest.fixture
    def dag_resources():
        return {"pump": "pump of the tests", "heater": heater}
"""


@pytest.fixture
def kitchen(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project whose tests have a pump, and a heater that needs config."""
    pytester.makepyfile(kitchen=KITCHEN)
    pytester.makeconftest(CONFTEST)
    return pytester


def test_every_bound_call_has_them(kitchen: pytest.Pytester):
    """Contexts, assets and jobs have the resources; an unused resource is not started."""
    kitchen.makepyfile(
        """
        import pytest
        from kitchen import draw, pause, supply, water, well

        PUMP = "pump of the tests"

        def test_contexts(build_op_context, build_asset_context):
            assert draw(build_op_context()) == PUMP
            assert water(build_asset_context()) == PUMP

        def test_runs(materialize, materialize_to_memory, execute_in_process):
            assert materialize([water]).asset_value("water") == PUMP
            assert materialize_to_memory([water]).asset_value("water") == PUMP
            assert execute_in_process(well).output_for_node("draw") == PUMP
            assert execute_in_process(supply).output_for_node("draw") == PUMP
            assert execute_in_process(pause).success

        def test_other_calls_do_not():
            assert supply.execute_in_process().output_for_node("draw") == "the real pump"
        """
    )

    kitchen.runpytest("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=3)


def test_an_argument_of_the_call_goes_before_them_by_key(kitchen: pytest.Pytester):
    """An argument replaces the resource of the same key, and no other."""
    kitchen.makepyfile(
        """
        from kitchen import draw, supply, water

        MINE = {"pump": "mine"}

        def test_explicit(materialize_to_memory, execute_in_process, build_op_context, build_asset_context):
            assert materialize_to_memory([water], resources=MINE).asset_value("water") == "mine"
            assert materialize_to_memory([water], None, None, MINE).asset_value("water") == "mine"
            assert execute_in_process(supply, resources=MINE).output_for_node("draw") == "mine"
            assert draw(build_op_context(MINE)) == "mine"
            assert water(build_asset_context({"other": 1})) == "pump of the tests"
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


def test_what_an_asset_brings_along_goes_before_them(kitchen: pytest.Pytester):
    """A resource of an asset replaces a default; it conflicts with an argument of the call."""
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import DagflowInvalidInvocationError, asset

        @asset(resource_defs={"pump": "its own"}, required_resource_keys={"pump"})
        def juice(context):
            return context.resources.pump

        def test_own(materialize_to_memory):
            assert materialize_to_memory([juice]).asset_value("juice") == "its own"
            with pytest.raises(DagflowInvalidInvocationError, match="'pump'"):
                materialize_to_memory([juice], resources={"pump": "mine"})
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


def test_a_folder_below_may_have_others(kitchen: pytest.Pytester):
    """The nearest conftest or module overrides the fixture, and may request the overridden one."""
    kitchen.makepyfile(
        """
        import pytest
        from kitchen import draw

        @pytest.fixture
        def dag_resources(dag_resources):
            return {**dag_resources, "pump": dag_resources["pump"] + "!"}

        def test_nearest(build_op_context):
            assert draw(build_op_context()) == "pump of the tests!"
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


def test_what_is_no_mapping_is_refused(kitchen: pytest.Pytester):
    """The message names the fixture."""
    kitchen.makepyfile(
        """
        import pytest

        @pytest.fixture
        def dag_resources():
            return ["pump"]

        def test_wrong(build_op_context):
            pass
        """
    )

    result = kitchen.runpytest()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["fixture 'dag_resources' must return resources by key*not ??pump??"])


def test_a_double_as_a_resource_of_the_tests(pytester: pytest.Pytester) -> None:
    """A double in `dag_resources` is the resource in runs, direct calls and contexts."""
    pytester.makepyfile(kitchen=KITCHEN)
    pytester.makeconftest(
        """
        from unittest.mock import MagicMock
        import pytest

        @pytest.fixture
        def dag_resources():
            return {"pump": MagicMock(name="pump")}
        """
    )
    pytester.makepyfile(
        """
        from kitchen import draw, supply, water

        def test_doubles(dag_resources, build_op_context, execute_in_process, materialize_to_memory):
            double = dag_resources["pump"]
            assert materialize_to_memory([water]).output_for_node("water") is double
            assert draw(build_op_context()) is double
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)
