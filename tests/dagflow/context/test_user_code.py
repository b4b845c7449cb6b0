"""Attributes of every context: older spellings, two-dimensional partitions, events."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetMaterialization,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
    build_op_context,
    job,
    materialize_to_memory,
    op,
)
from dagflow.context.user_code import CallContext

DAYS = DailyPartitionsDefinition("2024-01-01")
SIZES = StaticPartitionsDefinition(["s"])


@pytest.mark.parametrize(
    ("older", "name"),
    [
        ("dagflow_run", "run"),
        ("pipeline_run", "run"),
        ("pipeline_def", "job_def"),
        ("pipeline_name", "job_name"),
        ("solid_def", "op_def"),
        ("solid", "op"),
        ("solid_config", "op_config"),
        ("node_handle", "op_handle"),
        ("asset_partition_key_range", "partition_key_range"),
    ],
)
def test_older_spellings(older, name):
    """An older spelling has the same value."""
    assert getattr(CallContext, older) is getattr(CallContext, name)


def test_keys_of_two_dimensions():
    """`multi_partition_key` has the parts; without dimensions the error names the attribute to use
    instead.
    """

    @asset(partitions_def=MultiPartitionsDefinition({"day": DAYS, "size": SIZES}))
    def both(context):
        return context.multi_partition_key, context.partition_time_window

    @asset(partitions_def=SIZES)
    def one(context):
        with pytest.raises(DagflowInvariantViolationError, match=r"'s'.*Read 'partition_key'"):
            context.multi_partition_key  # noqa: B018
        with pytest.raises(DagflowInvariantViolationError, match="a single time dimension"):
            context.partition_time_window  # noqa: B018

    key, window = materialize_to_memory([both], partition_key="2024-01-02|s").asset_value("both")
    assert isinstance(key, MultiPartitionKey)
    assert key.keys_by_dimension == {"day": "2024-01-02", "size": "s"}
    assert window == DAYS.time_window_for_partition_key("2024-01-02")
    assert materialize_to_memory([one], partition_key="s").success


def test_events_of_a_direct_call():
    """Events are kept until they are consumed."""

    @op
    def brew(context):
        context.log_event(AssetMaterialization("cup"))

    context = build_op_context()
    assert not context.has_events()
    brew(context)
    assert context.has_events()
    assert list(context.consume_events()) == [AssetMaterialization("cup")]
    assert not context.has_events()


def test_no_other_context_in_a_run():
    """A context has no further context behind it, also in a run."""

    @op
    def brew(context):
        context.get_step_execution_context()

    @job
    def j():
        brew()

    with pytest.raises(DagflowInvalidPropertyError, match="attributes of the context itself"):
        j.execute_in_process()
