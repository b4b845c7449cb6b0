"""Attributes of every context: older spellings, two-dimensional partitions, events."""

from __future__ import annotations

import weakref
from unittest import mock

import pytest

from dagflow import (
    AssetMaterialization,
    DagflowInstance,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    IOManager,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
    build_asset_context,
    build_hook_context,
    build_init_logger_context,
    build_init_resource_context,
    build_input_context,
    build_op_context,
    build_output_context,
    job,
    materialize,
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


OBJECTS = {
    "an op": (build_op_context, "add_output_metadata"),
    "an asset": (build_asset_context, "add_asset_metadata"),
    "a hook": (build_hook_context, "bound_to"),
    "a resource": (build_init_resource_context, "with_config"),
    "a logger": (build_init_logger_context, "logger_config"),
    "an output": (build_output_context, "get_identifier"),
    "an input": (build_input_context, "get_identifier"),
    "an instance": (DagflowInstance.ephemeral, "get_runs"),
    "a result": (lambda: materialize_to_memory([]), "output_for_node"),
}


@pytest.mark.parametrize(("make", "name"), OBJECTS.values(), ids=OBJECTS)
def test_a_method_is_replaced_by_a_double(make, name):
    """A test may replace a method of a context, an instance or a result, and gets the real one back."""
    found = make()
    double = mock.Mock()
    with mock.patch.object(found, name, double):
        assert getattr(found, name) is double
    assert getattr(found, name) is not double

    setattr(found, name, double)
    assert getattr(found, name) is double


@pytest.mark.parametrize(("make", "name"), OBJECTS.values(), ids=OBJECTS)
def test_a_weak_reference(make, name):
    """A cache may hold a context, an instance or a result as a key until nothing else does."""
    found = make()
    cache = weakref.WeakKeyDictionary({found: name})

    assert cache[found] == name
    reference = weakref.ref(found)
    assert reference() is found


def test_the_contexts_of_a_run_are_as_those_of_a_direct_call():
    """In a run, too, the contexts of assets and I/O managers have weak references and replaceable methods."""
    cache = weakref.WeakKeyDictionary()
    double = mock.Mock()

    class Shelf(IOManager):
        def handle_output(self, context, obj):
            cache[context] = obj
            context.add_output_metadata = double
            context.add_output_metadata({"rows": 1})

        def load_input(self, context):
            cache[context] = None
            context.add_input_metadata = double
            context.add_input_metadata({"rows": 2})

    @asset
    def beans(context):
        cache[context] = 1
        context.add_output_metadata = double
        context.add_output_metadata({"rows": 3})
        return len(cache)

    @asset
    def coffee(beans):
        return 1

    assert materialize([beans, coffee], resources={"io_manager": Shelf()}).success
    assert [call.args[0]["rows"] for call in double.call_args_list] == [3, 1, 2, 1]
