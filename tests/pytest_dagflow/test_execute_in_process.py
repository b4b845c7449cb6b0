"""Tests of the fixture `execute_in_process`, which runs a job or a graph."""

from __future__ import annotations

import pytest


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a graph, and a job of it."""
    pytester.makepyfile(
        kitchen="""
        from dagflow import StaticPartitionsDefinition, asset, graph, op

        @op(config_schema={"cups": int})
        def fill(context, water):
            return context.op_config["cups"] * water

        @op
        def drink(cups):
            return 0

        @graph
        def cafe(water):
            return drink(fill(water))

        CONFIG = {"ops": {"fill": {"config": {"cups": 3}}}}

        cafe_job = cafe.to_job(name="cafe_job", input_values={"water": 2}, config=CONFIG)

        @asset
        def tea():
            return 1
        """
    )
    return pytester


def test_a_job_runs_with_every_argument_of_its_method(project: pytest.Pytester):
    """Arguments may be positional; the instance is that of the test."""
    project.makepyfile(
        """
        from kitchen import CONFIG, cafe_job

        def test_job(execute_in_process, dag_instance):
            result = execute_in_process(
                cafe_job, CONFIG, op_selection=["fill"], input_values={"water": 5}, tags={"team": "core"}
            )

            assert result.output_for_node("fill") == 15
            assert dag_instance.get_run_by_id(result.run_id).tags["team"] == "core"

        def test_job_alone(execute_in_process):
            assert execute_in_process(cafe_job).output_for_node("fill") == 6
        """
    )

    project.runpytest("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=2)


def test_a_graph_runs_alone(project: pytest.Pytester):
    """The inputs of the graph are arguments."""
    project.makepyfile(
        """
        from kitchen import CONFIG, cafe

        def test_graph(execute_in_process, dag_instance):
            result = execute_in_process(cafe, run_config=CONFIG, input_values={"water": 5})

            assert result.output_for_node("fill") == 15
            assert dag_instance.has_run(result.run_id)
        """
    )

    project.runpytest().assert_outcomes(passed=1)


def test_what_is_neither_is_refused(project: pytest.Pytester):
    """The message has a remedy."""
    project.makepyfile(
        """
        import pytest
        from dagflow import ParameterCheckError, define_asset_job
        from kitchen import cafe_job, drink, tea

        @pytest.mark.parametrize("wrong", [tea, drink, None])
        def test_wrong(execute_in_process, wrong):
            with pytest.raises(ParameterCheckError, match="runs a job, a graph or .*, not .*materialize"):
                execute_in_process(wrong)

        def test_asset_job(execute_in_process):
            with pytest.raises(ParameterCheckError, match="which defs.get_job_def.'ingest'. resolves"):
                execute_in_process(define_asset_job("ingest"))

        def test_unknown_argument(execute_in_process):
            with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
                execute_in_process(cafe_job, colour="red")
        """
    )

    project.runpytest().assert_outcomes(passed=5)


def test_a_missing_argument_is_an_error_of_the_fixture(pytester: pytest.Pytester):
    """The error shows the name that the test wrote."""
    pytester.makepyfile("def test_it(execute_in_process): execute_in_process()")

    result = pytester.runpytest()

    result.stdout.fnmatch_lines(
        ["E *TypeError: execute_in_process() missing 1 required *'job_or_graph_or_name'"]
    )
