"""The resources of a direct call: when they are started, and when they are closed."""

from __future__ import annotations

import pytest

from dagflow import DagflowInvalidConfigError, DagflowUnknownResourceError, build_op_context, op, resource
from dagflow.testing import OnDemand


@pytest.fixture
def story() -> list[str]:
    """What happens to the resources."""
    return []


@pytest.fixture
def resources(story):
    """A pump that needs a line, and one that cannot be made without config."""

    @resource
    def line():
        story.append("line opened")
        yield "line"
        story.append("line closed")

    @resource(required_resource_keys={"line"})
    def pump(context):
        story.append(f"pump on {context.resources.line}")
        yield "pump"
        story.append("pump off")

    @resource(config_schema={"degrees": int})
    def heater(context):
        return context.resource_config["degrees"]

    return OnDemand(pump=pump, line=line, heater=heater, beans=3)


def test_what_is_not_read_is_not_started(resources, story):
    """Plain values are there, and a resource without its config disturbs nobody."""
    with build_op_context(resources) as context:
        assert context.resources.beans == 3
        assert set(context.resources) == {"pump", "line", "heater", "beans"}

    assert story == []


def test_what_is_read_is_started_once_after_what_it_needs(resources, story):
    """And closed with the context, the last first."""
    with build_op_context(resources) as context:
        assert [context.resources.pump, context.resources.line, context.resources.pump] == [
            "pump",
            "line",
            "pump",
        ]

    assert story == ["line opened", "pump on line", "pump off", "line closed"]


def test_config_is_checked_when_the_resource_is_read(resources):
    """The entry that is missing is named."""
    with build_op_context(resources) as context, pytest.raises(DagflowInvalidConfigError, match="'heater'"):
        context.resources.heater  # noqa: B018


def test_an_op_gets_what_it_asks_for(resources, story):
    """A direct call finds its resources, with their config."""

    @op(required_resource_keys={"heater", "beans"})
    def brew(context):
        return context.resources.heater + context.resources.beans

    with build_op_context(resources, resources_config={"heater": {"config": {"degrees": 90}}}) as context:
        assert brew(context) == 93


def test_a_key_that_is_not_there_is_unknown(resources):
    """As without laziness."""
    with build_op_context(resources) as context, pytest.raises(DagflowUnknownResourceError, match="'milk'"):
        context.resources.milk  # noqa: B018
