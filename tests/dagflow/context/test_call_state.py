"""The surroundings of a call, made as late as possible and bound to one thing at a time."""

from __future__ import annotations

import pytest

from dagflow import DagflowInvalidPropertyError, op
from dagflow.context.availability import DIRECT, IN_RUN
from dagflow.context.call_state import Scope
from dagflow.context.resources import ResourcesOfType, ScopedResources


@op
def brew():
    pass


def scope(manner=DIRECT, **fields):
    """A scope with little in it."""
    return Scope(manner, run_id="r", resource_values=dict, get_instance=lambda: None, **fields)


def test_attributes_that_do_not_exist_here():
    """The manner says which; the error says when they do."""
    bare = scope()
    with pytest.raises(DagflowInvalidPropertyError, match="'run'"):
        bare.need("run")
    with pytest.raises(DagflowInvalidPropertyError, match="while no op or asset is running"):
        bare.need("op_def")
    bare.need("anything")
    scope(IN_RUN).need("run")


def test_binding():
    """What is bound is there until it is unbound."""
    bound = scope()
    bound.bind(brew, None, {"n": 1})
    bound.need("op_def")
    assert bound.op_config == {"n": 1}
    assert "op 'brew'" in repr(bound.resources) or bound.resources is bound.resources

    bound.bind(None, None, None)
    assert bound.op_config is None
    with pytest.raises(DagflowInvalidPropertyError):
        bound.need("op_def")


@pytest.mark.parametrize("config", [{"n": [1]}, [1, [2]]])
def test_config_is_copied_where_it_can_be_changed(config):
    """One copy for each call, so that a plan stays as it is."""
    first, second = scope(config=config), scope(config=config)

    assert first.op_config == config
    assert first.op_config is first.op_config
    assert first.op_config is not config
    assert second.op_config is not first.op_config


def test_resources_are_asked_for_once():
    """Only when they are read."""
    asked = []

    def values():
        asked.append(1)
        return {"beans": 3}

    lazy = Scope(DIRECT, run_id="r", resource_values=values, get_instance=lambda: None)
    assert asked == []
    assert lazy.resources.beans == lazy.resources.beans == 3
    assert asked == [1]


def test_metadata_without_an_op():
    """Before a call nothing is known of outputs: any name will do."""
    bare = scope()
    bare.add_output_metadata({"a": 1}, None, None)
    bare.add_output_metadata({"b": 1}, "cup", None)

    assert bare.metadata == {("result", None): {"a": 1}, ("cup", None): {"b": 1}}


def test_resources_of_a_type():
    """The check of a type sees what its type requires, as far as it is there."""
    of_type = ResourcesOfType(lambda: {"beans": 3, "milk": 4}, "Cup")
    found = of_type.build(frozenset({"beans", "sugar"}))

    assert isinstance(found, ScopedResources)
    assert list(found) == ["beans"]
    with pytest.raises(AttributeError, match=r"type 'Cup'"):
        found.sugar  # noqa: B018
    with pytest.raises(AttributeError):
        found.__deepcopy__  # noqa: B018
