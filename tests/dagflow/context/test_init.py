"""The context of a resource function."""

from __future__ import annotations

import pytest

from dagflow import DagflowInstance, DagflowUnknownResourceError, job, op, resource
from dagflow.context.init import InitResourceContext


def seen_by(read, **options):
    """Return the values that a resource reads from its context in a run, the result and the instance."""
    seen = []

    @resource(**options)
    def mill(context):
        seen.append(read(context))

    @op(required_resource_keys={"mill"})
    def grind():
        pass

    @job(resource_defs={"mill": mill, "beans": 3})
    def cafe():
        grind()

    instance = DagflowInstance.ephemeral()
    config = {"resources": {"mill": {"config": {"n": 1}}}} if options.get("config_schema") else None
    result = cafe.execute_in_process(instance=instance, run_config=config)
    return seen[0], result, instance


def test_the_run():
    """The context has the run, its id and the instance."""
    (run, other, run_id, instance), result, expected = seen_by(
        lambda c: (c.run, c.dagflow_run, c.run_id, c.instance)
    )

    assert run is other
    assert run.run_id == run_id == result.run_id
    assert instance is expected


def test_config_definition_and_resources():
    """The context has the checked config, the definition, and only the required resources."""

    def read(context):
        with pytest.raises(DagflowUnknownResourceError, match=r"'milk'"):
            context.resources.milk  # noqa: B018
        return dict(context.resource_config), context.resources.beans, context.resource_def.config_schema

    (config, beans, schema), _, _ = seen_by(read, config_schema={"n": int}, required_resource_keys={"beans"})
    assert (config, beans) == ({"n": 1}, 3)
    assert schema is not None


def test_a_copy_for_another_resource():
    """A copy has another config and definition, and the same other values."""
    context = InitResourceContext(1, {"beans": 3}, lambda: "instance", log=lambda: "log")
    copy = context.with_config(2, None)

    assert (copy.resource_config, copy.resources.beans, copy.instance, copy.log) == (2, 3, "instance", "log")
    assert context.resource_config == 1
