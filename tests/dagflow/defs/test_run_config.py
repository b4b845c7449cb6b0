"""The run config of a job: what must be given, and what need not be."""

from __future__ import annotations

import pytest

from dagflow import DagflowInvalidConfigError, job, op, resource


@resource(config_schema={"degrees": int})
def heater(context):
    """A resource that cannot be made without config."""
    return context.resource_config["degrees"]


@op
def pour():
    """Needs no resource."""
    return "water"


@op(required_resource_keys={"heater"})
def boil(context):
    """Needs the heater."""
    return context.resources.heater


@job(resource_defs={"heater": heater})
def cold():
    """Has a heater that nobody uses."""
    pour()


@job(resource_defs={"heater": heater})
def hot():
    """Uses its heater in a part that can be left out."""
    pour()
    boil()


def test_a_resource_that_no_op_uses_needs_no_config():
    """It is not started, so it does not matter what it would be started with."""
    assert cold.execute_in_process().success
    assert hot.execute_in_process(op_selection=["pour"]).success


def test_config_of_a_resource_that_no_op_uses_is_still_checked():
    """What is given must fit, whether it is used or not."""
    config = {"resources": {"heater": {"config": {"degrees": "hot"}}}}

    with pytest.raises(DagflowInvalidConfigError, match="root:resources:heater:config:degrees"):
        cold.execute_in_process(config)


def test_a_resource_that_an_op_uses_needs_its_config():
    """The missing entry is named before anything runs."""
    with pytest.raises(DagflowInvalidConfigError, match="Missing required config entry 'resources'"):
        hot.execute_in_process()
