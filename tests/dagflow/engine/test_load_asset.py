"""`context.load_asset_value`: the value of an asset of the job, while a step runs."""

from __future__ import annotations

import pytest

from dagflow import (
    CheckError,
    DagflowInstance,
    DagflowInvalidInvocationError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    OpExecutionContext,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    build_asset_context,
    materialize,
    materialize_to_memory,
)

TOWNS = StaticPartitionsDefinition(["york", "bath"])


@asset
def water():
    """Return a value."""
    return 3


@asset(partitions_def=TOWNS)
def rain(context):
    """Return the key of the partition."""
    return context.partition_key


def reader(key, of_op=False, **arguments):
    """Return an asset that loads a value by its context, after the water."""
    if of_op:

        @asset(deps=[water])
        def reads(context: OpExecutionContext):
            return context.load_asset_value(key, **arguments)

    else:

        @asset(deps=[water])
        def reads(context):
            return context.load_asset_value(key, **arguments)

    return reads


@pytest.mark.parametrize("of_op", [False, True])
@pytest.mark.parametrize("run", [materialize_to_memory, materialize])
def test_the_value_of_this_run(run, of_op):
    """The value that a step of this run stored is loaded, from memory or from a file."""
    with DagflowInstance.ephemeral() as instance:
        result = run([water, reader("water", of_op)], instance=instance)

        assert result.output_for_node("reads") == 3


def test_the_value_of_an_earlier_run():
    """The I/O manager of an asset that the job only reads loads its value, or the value of one partition."""
    source = SourceAsset("rain", partitions_def=TOWNS)
    with DagflowInstance.ephemeral() as instance:
        materialize([rain], instance=instance, partition_key="york")
        assets = [water, source, reader("rain", partition_key="york")]
        result = materialize(assets, instance=instance)

        assert result.output_for_node("reads") == "york"
        with pytest.raises(DagflowInvalidInvocationError, match="leeds"):
            materialize([water, source, reader("rain", partition_key="leeds")], instance=instance)


def test_the_resource_of_the_run_loads():
    """The I/O manager of the run is used, and is not started again."""
    from dagflow import IOManager, io_manager

    started = []

    class Kept(IOManager):
        def handle_output(self, context, obj):
            self.value = obj

        def load_input(self, context):
            return self.value + 1

    @io_manager
    def kept():
        started.append(1)
        return Kept()

    result = materialize(
        [water, reader("water")], resources={"io_manager": kept}, instance=DagflowInstance.ephemeral()
    )

    assert result.success
    assert started == [1]


def test_errors():
    """An unknown asset, a value that is not there yet, and a direct call are errors."""
    with pytest.raises(CheckError, match=r"no asset .* has the key 'wather'. Did you mean 'water'"):
        materialize_to_memory([water, reader("wather")])
    with pytest.raises(DagflowInvariantViolationError, match="'water' has no value yet"):
        materialize_to_memory([SourceAsset("water"), reader("water")])
    with pytest.raises(DagflowInvalidPropertyError, match="load_asset_value"):
        reader("water")(build_asset_context())
