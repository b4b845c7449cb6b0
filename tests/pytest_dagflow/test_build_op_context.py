"""Tests of the fixture `build_op_context`."""

from __future__ import annotations

import pytest

PUMPS = """
    import pytest
    from dagflow import op, resource

    story = []

    @resource
    def line():
        story.append("line opened")
        yield "line"
        story.append("line closed")

    @resource(required_resource_keys={"line"}, config_schema={"strokes": int})
    def pump(context):
        story.append("pump on")
        yield context.resource_config["strokes"]
        story.append("pump off")

    @op(required_resource_keys={"pump"}, config_schema={"cups": int})
    def draw(context):
        return context.op_config["cups"] * context.resources.pump
"""


@pytest.fixture
def pumps(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with resources that must be closed."""
    pytester.makepyfile(pumps=PUMPS)
    return pytester


def test_it_is_the_function_with_its_parameters(pumps: pytest.Pytester):
    """Signature and documentation are those of `dagflow.build_op_context`."""
    pumps.makepyfile(
        """
        import inspect
        import dagflow
        from dagflow import PartitionKeyRange

        def test_mirror(build_op_context):
            assert inspect.signature(build_op_context) == inspect.signature(dagflow.build_op_context)
            assert build_op_context.__doc__ == dagflow.build_op_context.__doc__

        def test_parameters(build_op_context, dag_instance):
            context = build_op_context(partition_key="a", mapping_key="m", run_tags={"team": "core"})

            assert context.instance is dag_instance
            assert (context.partition_key, context.get_mapping_key()) == ("a", "m")
            assert context.get_tag("team") == "core"

        def test_mistakes(build_op_context):
            try:
                build_op_context(colour="red")
            except TypeError as error:
                assert "build_op_context() got an unexpected keyword argument 'colour'" in str(error)
            else:
                raise AssertionError
        """
    )

    pumps.runpytest().assert_outcomes(passed=3)


def test_resources_are_started_when_they_are_read_and_closed_in_reverse(pumps: pytest.Pytester):
    """No `with` block is needed; a failed test also closes them, before its instance is disposed of."""
    pumps.makepyfile(
        """
        import pytest
        from pumps import draw, line, pump, story

        ARGUMENTS = {
            "resources": {"line": line, "pump": pump},
            "resources_config": {"pump": {"config": {"strokes": 2}}},
            "op_config": {"cups": 3},
        }

        @pytest.mark.parametrize("cups", [6, 7], ids=["passes", "fails"])
        def test_draw(build_op_context, cups):
            story.clear()
            context = build_op_context(**ARGUMENTS)
            assert story == []
            drawn = draw(context)
            assert story == ["line opened", "pump on"]
            assert context.resources.pump == 2
            assert drawn == cups

        @pytest.fixture(autouse=True)
        def last():
            yield
            assert story == ["line opened", "pump on", "pump off", "line closed"]
        """
    )

    pumps.runpytest("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=1, failed=1)


def test_contexts_are_closed_the_last_first(pumps: pytest.Pytester):
    """Each context has its own resources."""
    pumps.makepyfile(
        """
        import pytest
        from dagflow import resource

        story = []

        @resource(config_schema=str)
        def cup(context):
            yield context.resource_config
            story.append(context.resource_config)

        def test_two(build_op_context):
            for name in ("first", "second"):
                context = build_op_context({"cup": cup}, resources_config={"cup": {"config": name}})
                assert context.resources.cup == name

        def test_after():
            assert story == ["second", "first"]
        """
    )

    pumps.runpytest("-p", "no:randomly").assert_outcomes(passed=2)


def test_a_resource_that_cannot_be_closed_is_an_error_of_the_test(pumps: pytest.Pytester):
    """The error is raised at the end of the test; the other resources are closed nevertheless."""
    pumps.makepyfile(
        """
        from dagflow import resource

        closed = []

        @resource
        def good():
            yield 1
            closed.append("good")

        @resource
        def bad():
            yield 2
            raise OSError("stuck")

        def test_bad(build_op_context):
            context = build_op_context({"good": good, "bad": bad})
            assert context.resources.good + context.resources.bad == 3

        def test_after():
            assert closed == ["good"]
        """
    )

    result = pumps.runpytest("-p", "no:randomly")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*OSError: stuck*"])
