"""The builders of the contexts of I/O managers: values and errors."""

from __future__ import annotations

from functools import partial

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    DagflowInstance,
    DagflowInvalidInvocationError,
    DagflowInvalidMetadata,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    build_input_context,
    build_output_context,
)

DAYS = DailyPartitionsDefinition("2024-01-01")


def test_output_context():
    """Given values can be read; a missing one raises an error that names it, or has a default."""
    instance = DagflowInstance.ephemeral()
    context = build_output_context(
        step_key="brew", name="cup", definition_metadata={"a": 1}, mapping_key="k", config=2, version="v",
        resource_config={"b": 2}, resources={"beans": 3}, dagflow_type=int, asset_key="water",
        partition_key="2024-01-01", asset_partitions_def=DAYS, output_metadata={"c": 3}, instance=instance,
    )  # fmt: skip

    assert (context.step_key, context.name, context.mapping_key) == ("brew", "cup", "k")
    assert (context.run_id, context.version, context.config) == ("__EPHEMERAL_RUN_ID", "v", 2)
    assert (context.metadata, context.definition_metadata) == ({"a": 1}, {"a": 1})
    assert (context.resource_config, context.output_metadata) == ({"b": 2}, {"c": 3})
    assert (context.resources.beans, context.dagflow_type.display_name) == (3, "Int")
    assert (context.has_asset_key, context.asset_key) == (True, AssetKey("water"))
    assert (context.has_partition_key, context.partition_key) == (True, "2024-01-01")
    assert context.asset_partition_key_range == PartitionKeyRange("2024-01-01", "2024-01-01")
    assert context.asset_partitions_def is DAYS
    assert context.asset_partitions_time_window == DAYS.time_window_for_partition_key("2024-01-01")
    assert context.get_asset_identifier() == ["water", "2024-01-01"]
    assert context.get_run_scoped_output_identifier() == ["__EPHEMERAL_RUN_ID", "brew", "cup", "k"]
    assert context.instance is instance
    assert context.log.name == "dagflow"


@pytest.mark.parametrize(
    "name",
    [
        "step_key", "name", "op_def", "dagflow_type", "instance", "asset_key", "asset_partitions_def",
        "asset_spec",
    ],
)  # fmt: skip
def test_what_an_output_context_was_not_given(name):
    """The error names the attribute."""
    with pytest.raises(DagflowInvariantViolationError, match=f"'{name}'"):
        getattr(build_output_context(), name)


@pytest.mark.parametrize("build", [build_output_context, build_input_context])
@pytest.mark.parametrize(
    "name", ["partition_key", "asset_partition_key", "asset_partition_keys", "asset_partition_key_range"]
)
def test_a_context_without_partitions(build, name):
    """Attributes about partitions raise."""
    with pytest.raises(CheckError, match="has no partition"):
        getattr(build(), name)


@pytest.mark.parametrize("build", [build_output_context, build_input_context])
def test_arguments_of_two_names(build):
    """`metadata` is an older name of `definition_metadata`; an output has one partition or a range."""
    assert build(metadata={"a": 1}).definition_metadata == {"a": 1}
    with pytest.raises(DagflowInvalidInvocationError, match=r"'definition_metadata'.*'metadata'"):
        build(metadata={}, definition_metadata={})
    with pytest.raises(CheckError, match=r"'partition_key'.*'asset_partition_key_range'"):
        build_output_context(partition_key="a", asset_partition_key_range=PartitionKeyRange("a", "b"))


def test_identifiers():
    """An identifier has the version instead of the run, and a dynamic output has no version."""
    output = partial(build_output_context, step_key="brew", name="cup", run_id="r")

    assert output().get_identifier() == ["r", "brew", "cup"]
    assert output(mapping_key="k").get_identifier() == ["r", "brew", "cup", "k"]
    assert output(version="v").get_identifier() == ["versioned_outputs", "v", "brew", "cup"]
    assert output(version="v").get_run_scoped_output_identifier() == ["r", "brew", "cup"]
    with pytest.raises(CheckError, match="output 'cup' of step 'brew' has both a version and a mapping key"):
        output(version="v", mapping_key="k").get_identifier()


def test_defaults_of_an_output_context():
    """The other attributes are empty."""
    context = build_output_context()

    assert (context.config, context.resource_config, context.metadata) == (None, {}, {})
    assert (context.mapping_key, context.version, context.output_metadata) == (None, None, {})
    assert (context.has_asset_key, context.has_partition_key, context.has_asset_partitions) == (False,) * 3


def test_metadata_of_an_output_context():
    """Metadata is merged, with each name once, and consumed once."""
    context = build_output_context()
    context.add_output_metadata({"a": 1})
    context.add_output_metadata({"b": 2})
    with pytest.raises(DagflowInvalidMetadata, match=r"already has metadata for \['a'\]"):
        context.add_output_metadata({"a": 1, "c": 1})

    assert {key: value.value for key, value in context.get_logged_metadata().items()} == {"a": 1, "b": 2}
    assert set(context.consume_logged_metadata()) == {"a", "b"}
    assert context.consume_logged_metadata() == context.get_logged_metadata() == {}


def test_events_of_an_output_context():
    """Materializations and observations are kept until they are consumed; other objects are errors."""
    context = build_output_context(name="cup")
    events = [AssetMaterialization("a"), AssetObservation("a")]
    for event in events:
        context.log_event(event)

    assert context.get_logged_events() == events
    assert list(context.consume_events()) == events
    assert list(context.consume_events()) == context.get_logged_events() == []
    with pytest.raises(CheckError, match="'spilt'"):
        context.log_event("spilt")


def test_input_context():
    """The context of an input has the upstream output."""
    upstream = build_output_context(step_key="brew", name="cup", run_id="r")
    context = build_input_context(name="n", upstream_output=upstream, definition_metadata={"a": 1})

    assert (context.name, context.has_input_name, context.upstream_output) == ("n", True, upstream)
    assert context.get_identifier() == ["r", "brew", "cup"]
    assert (context.metadata, context.config, context.resource_config) == ({"a": 1}, None, {})
    assert build_input_context().has_input_name is False


@pytest.mark.parametrize("name", ["name", "op_def", "dagflow_type", "instance", "asset_key", "step_context"])
def test_what_an_input_context_was_not_given(name):
    """The error names the attribute."""
    with pytest.raises(DagflowInvariantViolationError, match=f"'{name}'"):
        getattr(build_input_context(), name)
    with pytest.raises(DagflowInvariantViolationError, match="'upstream_output'"):
        build_input_context().get_identifier()


def test_partitions_of_an_input_context():
    """An input reads one or several partitions."""
    keys = ["2024-01-01", "2024-01-02"]
    one = build_input_context(asset_key="a", partition_key=keys[0], asset_partitions_def=DAYS)
    both = PartitionKeyRange(*keys)
    two = build_input_context(
        name="n", asset_key="a", asset_partition_key_range=both, asset_partitions_def=DAYS
    )

    assert (one.asset_partition_key, one.partition_key, one.has_partition_key) == (keys[0], keys[0], True)
    assert one.get_asset_identifier() == ["a", keys[0]]
    assert two.asset_partition_keys == keys
    assert two.asset_partition_key_range == PartitionKeyRange(*keys)
    assert (two.asset_partitions_time_window.start.day, two.asset_partitions_time_window.end.day) == (1, 3)
    with pytest.raises(CheckError, match=r"'n'.*2 partitions"):
        two.asset_partition_key  # noqa: B018
    assert build_input_context(asset_partition_key_range=both).asset_partition_keys == keys


def test_a_time_window_needs_partitions_by_time():
    """Static partitions have no window."""
    context = build_output_context(
        name="cup", asset_key="a", partition_key="x", asset_partitions_def=StaticPartitionsDefinition(["x"])
    )

    with pytest.raises(DagflowInvariantViolationError, match="by time"):
        context.asset_partitions_time_window  # noqa: B018
