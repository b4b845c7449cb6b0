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


def test_a_keyword_of_a_direct_call_goes_before_them(kitchen: pytest.Pytester):
    """A resource parameter and the context get the keyword; other defaults are there and not started."""
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import DagflowInvalidInvocationError, ResourceParam, asset, op

        @op
        def direct(context, pump: ResourceParam[str]):
            return pump, context.resources.pump

        @asset
        def both(context, pump: ResourceParam[str], cup: ResourceParam[str]):
            return pump, context.resources.pump, cup

        @op
        async def later(pump: ResourceParam[str]):
            return pump

        @pytest.fixture
        def dag_resources(dag_resources):
            return {**dag_resources, "cup": "a cup"}

        def test_keyword(build_op_context, build_asset_context):
            assert direct(build_op_context(), pump="mine") == ("mine", "mine")
            assert both(build_asset_context(), pump="mine") == ("mine", "mine", "a cup")
            assert both(build_asset_context()) == ("pump of the tests", "pump of the tests", "a cup")

        def test_async(build_op_context):
            call = later(build_op_context(), pump="mine")
            with pytest.raises(StopIteration, match="mine"):
                call.send(None)

        def test_explicit_twice(build_op_context):
            with pytest.raises(DagflowInvalidInvocationError, match="the context has .'pump'., and"):
                direct(build_op_context({"pump": "theirs"}), pump="mine")
        """
    )

    kitchen.runpytest("-W", "error").assert_outcomes(passed=3)


def test_an_asset_with_its_own_resource_uses_it_in_a_direct_call(kitchen: pytest.Pytester):
    """A default is no conflict with the resource of the asset; an argument of the call is one."""
    kitchen.makepyfile(
        """
        import pytest
        from dagflow import DagflowInvalidInvocationError, asset

        @asset(resource_defs={"pump": "its own"}, required_resource_keys={"pump"})
        def juice(context):
            return context.resources.pump

        def test_own(build_asset_context):
            assert juice(build_asset_context()) == "its own"
            with pytest.raises(DagflowInvalidInvocationError, match="'pump'"):
                juice(build_asset_context({"pump": "mine"}))
        """
    )

    kitchen.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "call",
    [
        "materialize([water], ressources={})",
        "materialize_to_memory([water], ressources={})",
        "execute_in_process(supply, ressources={})",
        "execute_in_process(well, ressources={})",
        "build_op_context(ressources={})",
        "build_asset_context(ressources={})",
        "materialize([water], assets=[water])",
        "materialize()",
        "execute_in_process()",
    ],
)
def test_a_wrong_argument_gives_the_short_error_of_the_function(kitchen: pytest.Pytester, call: str):
    """The report shows the line of the test and the TypeError, without other frames."""
    fixture = call.partition("(")[0]
    kitchen.makepyfile(f"from kitchen import supply, water, well\ndef test_it({fixture}):\n    {call}")

    result = kitchen.runpytest()

    result.stdout.fnmatch_lines([f">   *{call.replace('[', '[[]')}", "E   *TypeError: *"])
    report = result.stdout.str().partition("= FAILURES =")[2].partition("short test summary")[0]
    assert "inspect" not in report
    assert "During handling" not in report
    assert len(report.splitlines()) <= 16


def test_a_wrong_argument_gives_the_error_of_each_builder(kitchen: pytest.Pytester):
    """The TypeError is that of the public function, and no other exception is its context."""
    kitchen.makepyfile(
        """
        import pytest
        from pytest_dagflow.fixtures.binding import CONTEXT_BUILDERS

        @pytest.mark.parametrize("name", CONTEXT_BUILDERS)
        def test_it(name, request):
            build = request.getfixturevalue(name)
            with pytest.raises(TypeError, match=f"^{name}.. got an unexpected .*'ressources'") as raised:
                build(ressources={})
            assert raised.value.__context__ is None

        def test_missing(build_run_status_sensor_context):
            with pytest.raises(TypeError, match="missing 2 required .* 'dagflow_event' and 'dagflow_run'$"):
                build_run_status_sensor_context("done")
        """
    )

    kitchen.runpytest().assert_outcomes(passed=12)


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
