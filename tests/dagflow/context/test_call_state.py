"""The state of a call, which is bound to one definition at a time."""

from __future__ import annotations

import pytest

from dagflow import AssetMaterialization, DagflowInvalidPropertyError, op
from dagflow.context.call_state import CallState, DirectCallState, RunFacts
from dagflow.context.resources import ResourcesOfType, ScopedResources


@op
def brew():
    pass


RUN = RunFacts("r", lambda: None)


def state(**fields):
    """Return a state of direct calls with few values."""
    return DirectCallState(RUN, **fields)


def test_attributes_that_do_not_exist_here():
    """A direct call lacks some attributes, and the error has the remedy; a run has all."""
    bare = state()
    with pytest.raises(DagflowInvalidPropertyError, match="'run'"):
        bare.require("run")
    with pytest.raises(DagflowInvalidPropertyError, match="while no op or asset is running"):
        bare.require("op_def")
    bare.require("anything")
    CallState(RUN).require("run")


def test_binding():
    """An op, its config and its resources are bound until the end of the call."""
    bound = state(resource_values=lambda: {"milk": 1})
    bound.bind(brew, None, {"n": 1}, {"beans": 3})
    bound.require("op_def")
    assert bound.op_config == {"n": 1}
    assert bound.resource_values() == {"milk": 1, "beans": 3}
    assert bound.resources is bound.resources

    bound.bind(None, None, None, {})
    assert bound.op_config is None
    assert bound.resource_values() == {"milk": 1}
    with pytest.raises(DagflowInvalidPropertyError):
        bound.require("op_def")


def test_events_and_metadata_of_a_call():
    """They can be read after the call, until the next call begins."""
    bound = state()
    bound.bind(brew, None, None, {})
    bound.add_output_metadata({"a": 1}, None, None)
    bound.log_event(AssetMaterialization("cup"))
    bound.bind(None, None, None, {})
    assert bound.output_metadata == {("result", None): {"a": 1}}
    assert len(bound.logged_events) == 1

    bound.bind(brew, None, None, {})
    assert bound.output_metadata == {}
    assert bound.take_events() == []


@pytest.mark.parametrize("config", [{"n": [1]}, [1, [2]]])
def test_config_is_copied_where_it_can_be_changed(config):
    """Each call gets its own copy, so the plan does not change."""
    first, second = state(config=config), state(config=config)

    assert first.op_config == config
    assert first.op_config is first.op_config
    assert first.op_config is not config
    assert second.op_config is not first.op_config


def test_resources_are_asked_for_once():
    """Resources are computed at their first access."""
    asked = []

    def values():
        asked.append(1)
        return {"beans": 3}

    lazy = state(resource_values=values)
    assert asked == []
    assert lazy.resources.beans == lazy.resources.beans == 3
    assert asked == [1]


def test_metadata_without_an_op():
    """Before a call every output name is accepted."""
    bare = state()
    bare.add_output_metadata({"a": 1}, None, None)
    bare.add_output_metadata({"b": 1}, "cup", None)

    assert bare.output_metadata == {("result", None): {"a": 1}, ("cup", None): {"b": 1}}


def test_resources_of_a_type():
    """The check of a type gets the available resources that the type requires."""
    of_type = ResourcesOfType(lambda: {"beans": 3, "milk": 4}, "Cup")
    found = of_type.build(frozenset({"beans", "sugar"}))

    assert isinstance(found, ScopedResources)
    assert list(found) == ["beans"]
    with pytest.raises(AttributeError, match=r"type 'Cup'"):
        found.sugar  # noqa: B018
    with pytest.raises(AttributeError):
        found.__deepcopy__  # noqa: B018
