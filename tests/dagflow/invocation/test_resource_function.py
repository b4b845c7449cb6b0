"""Resource functions that are called directly."""

from __future__ import annotations

import pytest

from dagflow import (
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    Field,
    build_init_resource_context,
    resource,
)


def test_resources_are_called_like_functions():
    """They are called without a context, or with one of the builder."""

    @resource
    def plain():
        return 3

    @resource
    def of_context(context):
        return context.run_id

    @resource(config_schema={"n": Field(int, default_value=2)})
    def sized(context):
        return context.resource_config["n"]

    @resource(required_resource_keys={"beans"})
    def needs(context):
        return context.resources.beans

    assert plain() == 3
    assert of_context(None) is of_context(build_init_resource_context()) is of_context(context=None) is None
    assert sized(build_init_resource_context()) == 2
    assert sized(build_init_resource_context({"n": 5})) == 5
    assert needs(build_init_resource_context(resources={"beans": 3})) == 3

    for call in (lambda: plain(None), of_context, lambda: of_context(5), lambda: needs(None)):
        with pytest.raises(DagflowInvalidInvocationError):
            call()
    with pytest.raises(DagflowInvalidConfigError, match="n"):
        sized(build_init_resource_context({"n": "x"}))
    with pytest.raises(DagflowInvalidDefinitionError, match="'beans'"):
        needs(build_init_resource_context())


def test_a_resource_may_look_at_the_instance():
    """The default context has an ephemeral instance."""

    @resource
    def which(context):
        return context.instance.is_ephemeral

    assert which(None) is True
