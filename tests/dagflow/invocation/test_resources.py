"""The resources of a direct call: their start and their end."""

from __future__ import annotations

import pytest

from dagflow import (
    DagflowInvalidConfigError,
    DagflowUnknownResourceError,
    Field,
    StringSource,
    build_asset_context,
    build_hook_context,
    build_init_resource_context,
    build_op_context,
    build_resources,
    job,
    op,
    resource,
)
from dagflow.io.filesystem import PickleFiles
from dagflow.testing import OnDemand


@pytest.fixture
def story() -> list[str]:
    """Return a list of the starts and ends of the resources."""
    return []


@pytest.fixture
def resources(story):
    """Return a pump that needs a line, and a resource that needs config."""

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
    """Plain values are available, and an unread resource without its config is no error."""
    with build_op_context(resources) as context:
        assert context.resources.beans == 3
        assert set(context.resources) == {"pump", "line", "heater", "beans"}

    assert story == []


def test_what_is_read_is_started_once_after_what_it_needs(resources, story):
    """Needed resources start first; the end of the context closes them, the last first."""
    with build_op_context(resources) as context:
        assert [context.resources.pump, context.resources.line, context.resources.pump] == [
            "pump",
            "line",
            "pump",
        ]

    assert story == ["line opened", "pump on line", "pump off", "line closed"]


def test_config_is_checked_when_the_resource_is_read(resources):
    """The error names the missing entry."""
    with build_op_context(resources) as context, pytest.raises(DagflowInvalidConfigError, match="'heater'"):
        context.resources.heater  # noqa: B018


def test_an_op_gets_what_it_asks_for(resources, story):
    """A direct call gets its resources, with their config."""

    @op(required_resource_keys={"heater", "beans"})
    def brew(context):
        return context.resources.heater + context.resources.beans

    with build_op_context(resources, resources_config={"heater": {"config": {"degrees": 90}}}) as context:
        assert brew(context) == 93


@job(resource_defs={"pump": resource(required_resource_keys={"line"})(lambda c: c.resources.line), "line": 3})
def watering():
    """Return a job with a resource that needs another one, and the default I/O manager."""


@pytest.mark.parametrize(
    "resources_of",
    [
        build_resources,
        lambda defs: build_op_context(defs),
        lambda defs: build_asset_context(defs),
        lambda defs: build_op_context(OnDemand(defs)),
        lambda defs: build_init_resource_context(resources=defs),
        lambda defs: build_hook_context(resources=defs),
    ],
)
def test_those_of_a_job(resources_of):
    """The resources of a job can be started without it; its default I/O manager stores files."""
    with resources_of(watering.resource_defs) as context:
        started = getattr(context, "resources", context)

        assert (started.pump, started.line) == (3, 3)
        assert isinstance(started.io_manager, PickleFiles)


def test_config_and_defaults(monkeypatch):
    """Given config is checked; defaults read the variables of the process."""
    schema = {"name": Field(StringSource, default_value={"env": "TAP"}), "size": Field(int, default_value=1)}
    tap = resource(config_schema=schema)(lambda context: context.resource_config)
    monkeypatch.setenv("TAP", "left")

    with build_resources({"tap": tap}) as started:
        assert started.tap == {"name": "left", "size": 1}
    with build_resources({"tap": tap}, resource_config={"tap": {"config": {"size": 2}}}) as started:
        assert started.tap == {"name": "left", "size": 2}
    with pytest.raises(DagflowInvalidConfigError, match="for resource 'tap'"):
        build_op_context({"tap": tap}, resources_config={"tap": {"config": {"size": "x"}}})


def test_a_key_that_is_not_there_is_unknown(resources):
    """The error is the same as for resources that start at once."""
    with build_op_context(resources) as context, pytest.raises(DagflowUnknownResourceError, match="'milk'"):
        context.resources.milk  # noqa: B018
