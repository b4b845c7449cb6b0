"""The builders of contexts: values, errors, and the end of their resources."""

from __future__ import annotations

import weakref

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    CheckError,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DagflowResourceFunctionError,
    DagflowUnknownResourceError,
    DailyPartitionsDefinition,
    DynamicOut,
    MultiPartitionsDefinition,
    Out,
    ParameterCheckError,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    asset,
    build_asset_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    op,
    resource,
)

DAYS = DailyPartitionsDefinition("2024-01-01")


@pytest.fixture(name="story")
def _story():
    """Return a list of the calls of resources, in order."""
    return []


@pytest.fixture(name="mill")
def _mill(story):
    """Return a resource that must be closed."""

    @resource
    def mill():
        story.append("opened")
        yield "mill"
        story.append("closed")

    return mill


def test_what_an_unbound_context_knows():
    """Given values can be read, and every other attribute has a default."""
    context = build_op_context()

    assert (context.run_id, context.op_config, context.retry_number) == ("EPHEMERAL", None, 0)
    assert (context.has_partition_key, context.has_partition_key_range) == (False, False)
    assert (dict(context.run_tags), context.get_tag("a"), context.has_tag("a")) == ({}, None, False)
    assert (context.get_mapping_key(), list(context.get_events())) == (None, [])
    assert context.instance.is_ephemeral
    assert context.instance is context.instance
    assert context.mode_def.name == "default"
    assert context.log.name == "dagflow"
    assert type(context.pdb).__name__ == "ForkedPdb"
    assert context.has_assets_def is False


def test_what_was_given_can_be_read():
    """The context has every argument of its builder."""
    instance = DagflowInstance.ephemeral()
    context = build_op_context(
        resources={"beans": 3},
        op_config={"n": 1},
        instance=instance,
        partition_key="a",
        mapping_key="k",
        run_tags={"who": "me"},
    )

    assert (context.resources.beans, context.op_config, context.solid_config) == (3, {"n": 1}, {"n": 1})
    assert context.instance is instance
    assert (context.partition_key, context.has_partition_key, context.partition_keys) == ("a", True, ["a"])
    assert context.partition_key_range == PartitionKeyRange("a", "a")
    assert (context.get_mapping_key(), context.get_tag("who"), context.has_tag("who")) == ("k", "me", True)
    assert build_op_context(config=4).op_config == 4
    assert build_asset_context(asset_config=4).op_config == 4


@pytest.mark.parametrize(
    "name",
    [
        "run", "dagflow_run", "pipeline_run", "job_name", "pipeline_name", "job_def", "pipeline_def",
        "op_def", "solid_def", "op", "solid", "run_config", "alias", "op_handle", "node_handle", "assets_def",
        "asset_key", "asset_keys", "selected_asset_keys", "selected_output_names", "step_launcher",
        "partition_time_window",
    ],
)  # fmt: skip
@pytest.mark.parametrize("build", [build_op_context, build_asset_context])
def test_what_needs_a_run_or_a_definition(build, name):
    """The error names the attribute."""
    with pytest.raises(DagflowInvalidPropertyError, match="not available") as caught:
        getattr(build(), name)

    named = {"solid_def": "op_def", "solid": "op", "node_handle": "op_handle"}.get(name, name)
    named = {"dagflow_run": "run", "pipeline_run": "run", "pipeline_def": "job_def"}.get(named, named)
    assert f"'{named.replace('pipeline_name', 'job_name')}'" in str(caught.value)


def test_describing_no_op():
    """An unbound context cannot describe its op."""
    with pytest.raises(DagflowInvalidPropertyError, match="'describe_op'"):
        build_op_context().describe_op()


@pytest.mark.parametrize("name", ["partition_key", "partition_keys", "partition_key_range"])
def test_partitions_of_no_partition(name):
    """A context without a partition raises."""
    with pytest.raises(DagflowInvariantViolationError, match="partition"):
        getattr(build_op_context(), name)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"op_config": 1, "config": 2}, DagflowInvalidInvocationError, "'op_config'.*'config'"),
        (
            {"partition_key": "a", "partition_key_range": PartitionKeyRange("a", "b")},
            CheckError,
            "'partition_key'.*'partition_key_range'",
        ),
        ({"resources": [1]}, ParameterCheckError, "resources"),
        ({"resources": {3: 1}}, DagflowInvalidDefinitionError, "3"),
    ],
)
def test_arguments_that_cannot_be(arguments, error, says):
    """The builder raises for invalid arguments."""
    with pytest.raises(error, match=says):
        build_op_context(**arguments)


def test_an_unknown_resource():
    """The error names it and is an AttributeError too, so `hasattr` works."""
    resources = build_op_context(resources={"beans": 3}).resources

    with pytest.raises(DagflowUnknownResourceError, match="'bean'") as caught:
        resources.bean  # noqa: B018
    assert caught.value.resource_name == "bean"
    assert "'beans'" in str(caught.value)
    assert not hasattr(resources, "milk")
    assert ("beans" in resources, "milk" in resources, list(resources)) == (True, False, ["beans"])
    assert resources._asdict() == {"beans": 3}
    assert repr(resources) == "<resources ['beans']>"


def test_resource_definitions_are_started_with_their_config():
    """The config is checked and completed, and needed resources start first."""

    @resource(config_schema={"size": int})
    def sack(context):
        return context.resource_config["size"]

    @resource(required_resource_keys={"sack"})
    def mill(context):
        return context.resources.sack + 1

    given = {"sack": sack, "mill": mill}
    context = build_op_context(given, resources_config={"sack": {"config": {"size": 3}}})
    assert (context.resources.sack, context.resources.mill) == (3, 4)
    with pytest.raises(DagflowInvalidConfigError, match="'sack'"):
        build_op_context(given)
    with pytest.raises(DagflowInvariantViolationError, match="'sack'"):
        build_op_context({"mill": mill})


def test_a_block_closes(mill, story):
    """Resources are started once, and closed at the end of the block, even after an error."""

    @op(required_resource_keys={"mill"})
    def grind(context):
        return context.resources.mill

    with build_op_context({"mill": mill, "beans": 3}) as context:
        assert [grind(context), grind(context), context.resources.mill] == ["mill"] * 3
        assert story == ["opened"]
    assert story == ["opened", "closed"]
    with pytest.raises(DagflowInvariantViolationError, match=r"'mill'.*closed"):
        grind(context)
    with pytest.raises(KeyError), build_op_context({"mill": mill}):
        raise KeyError
    assert story == ["opened", "closed"] * 2


def test_plain_resources_outlive_a_block():
    """Resources that need no close can be read after the block."""
    with build_op_context({"beans": 3}) as context:
        pass

    assert context.resources.beans == 3
    with build_op_context() as context:
        assert context.run_id == "EPHEMERAL"


def test_an_error_at_the_end_of_a_block():
    """All resources are closed; the first error is raised."""
    closed = []

    def broken(name):
        @resource
        def one():
            yield name
            closed.append(name)
            raise ValueError(name)

        return one

    with pytest.raises(ValueError, match="b"), build_op_context({"a": broken("a"), "b": broken("b")}):
        pass
    assert closed == ["b", "a"]


def test_a_resource_that_does_not_start_closes_the_others(mill, story):
    """The resources that were started before are closed."""

    @resource(required_resource_keys={"mill"})
    def pump(context):
        raise OSError("dry")

    with pytest.raises(DagflowResourceFunctionError, match="'pump'"):
        build_op_context({"mill": mill, "pump": pump})

    assert story == ["opened", "closed"]


# init contexts


def test_init_context():
    """The context has config, resources, instance and log, but no run."""
    instance = DagflowInstance.ephemeral()
    context = build_init_resource_context({"n": 1}, {"beans": 3}, instance)

    assert (context.resource_config, context.resources.beans) == ({"n": 1}, 3)
    assert (context.run_id, context.run, context.dagflow_run) == (None, None, None)
    assert context.instance is instance
    assert context.log.name == "dagflow"
    assert build_init_resource_context().resource_config is None


@pytest.mark.parametrize(
    "build",
    [
        build_op_context,
        build_asset_context,
        build_init_resource_context,
        build_output_context,
        build_input_context,
    ],
)
def test_contexts_that_close_resources(build, mill, story):
    """A resource that must be closed needs a block; otherwise the end of the context closes it."""
    with pytest.raises(DagflowInvariantViolationError, match=rf"with {build.__name__}\(\.\.\.\) as"):
        build(resources={"mill": mill}).resources  # noqa: B018
    assert story == ["opened", "closed"]

    with build(resources={"mill": mill}) as context:
        assert context.resources.mill == "mill"
        assert story[2:] == ["opened"]
    assert story[2:] == ["opened", "closed"]


def test_an_asset_may_be_called_with_the_context_of_an_op():
    """Ops and assets accept both contexts."""

    @asset
    def water(context):
        return context.asset_key

    @op
    def brew(context):
        return context.op_def.name

    assert water(build_op_context()) == AssetKey("water")
    assert brew(build_asset_context()) == "brew"


def test_the_state_of_a_context():
    """A context is bound during a call; its events and metadata stay until the next call."""

    @op(out={"hot": Out(), "many": DynamicOut()})
    def brew(context):
        seen.append((context.is_bound, context.execution_properties.output_metadata))
        context.add_output_metadata({"a": 1}, "hot")
        context.add_output_metadata({"b": 2}, "many", "k")
        context.log_event(AssetMaterialization("cup"))
        return 1, []

    seen = []
    context = build_op_context()
    for _ in range(2):
        brew(context)
        assert not context.is_bound
        assert context.has_events()
        assert context.execution_properties == (
            [AssetMaterialization("cup")],
            {"hot": {"a": 1}, "many": {"k": {"b": 2}}},
        )
    assert seen == [(True, {})] * 2
    assert len(list(context.consume_events())) == 1
    assert not context.has_events()


def test_the_run_config_of_a_call():
    """The run config is that of an equal run; outside of a call it raises."""

    @resource(config_schema=str)
    def shop(context):
        return context.resource_config

    @op(config_schema={"n": int}, required_resource_keys={"shop"})
    def brew(context):
        return context.run_config

    configs = {"shop": {"config": "corner"}}
    context = build_op_context({"shop": shop}, {"n": 1}, configs)

    assert brew(context) == {"resources": configs, "ops": {"brew": {"config": {"n": 1}}}}
    with pytest.raises(DagflowInvalidPropertyError, match="'run_config'"):
        context.run_config  # noqa: B018


def test_config_of_resources_that_are_not_there():
    """The error names the keys."""
    for resources in (None, {"mill": 1}):
        with pytest.raises(DagflowInvalidConfigError, match='unexpected config entry "shop" at the root'):
            build_op_context(resources, resources_config={"shop": {"config": 1}})


def test_a_context_is_collected_at_once():
    """A context is not part of a reference cycle, so its end closes its resources."""

    class Mill:
        pass

    context = build_op_context({"mill": Mill()})
    gone = weakref.ref(context.resources.mill)
    del context

    assert gone() is None


def test_partitions_of_an_asset_that_is_called():
    """A range has a time window; keys of two dimensions have parts."""
    two = MultiPartitionsDefinition({"day": DAYS, "size": StaticPartitionsDefinition(["s"])})

    @asset(partitions_def=DAYS)
    def days(context):
        window = context.partition_time_window
        return context.asset_partition_key_range, (window.end - window.start).days

    @asset(partitions_def=two)
    def sizes(context):
        return context.multi_partition_key.keys_by_dimension

    week = PartitionKeyRange("2024-01-01", "2024-01-07")
    assert days(build_asset_context(partition_key_range=week)) == (week, 7)
    assert sizes(build_asset_context(partition_key="2024-01-01|s")) == {"day": "2024-01-01", "size": "s"}
    with pytest.raises(DagflowInvariantViolationError, match="no dimensions"):
        build_asset_context(partition_key="x").multi_partition_key  # noqa: B018


def test_there_is_no_other_context():
    """`get_step_execution_context` raises, and the error names the alternative."""
    with pytest.raises(DagflowInvalidPropertyError, match="attributes of the context itself"):
        build_op_context().get_step_execution_context()


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (build_op_context, {"partition_key": 5}),
        (build_op_context, {"partition_key_range": ("a", "b")}),
        (build_op_context, {"instance": 5}),
        (build_op_context, {"mapping_key": 5}),
        (build_asset_context, {"run_tags": ["a"]}),
        (build_asset_context, {"resources_config": 5}),
        (build_output_context, {"step_key": 5}),
        (build_output_context, {"op_def": "brew"}),
        (build_output_context, {"definition_metadata": 5}),
        (build_input_context, {"upstream_output": 5}),
        (build_input_context, {"asset_partitions_def": "daily"}),
    ],
)
def test_arguments_of_the_wrong_type(build, argument):
    """The error names the parameter."""
    with pytest.raises(ParameterCheckError, match=f"'{next(iter(argument))}' of a context"):
        build(**argument)
