"""The context of a check: its attributes in a run, and those that it lacks."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetSelection,
    CheckError,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    OpExecutionContext,
    ParameterCheckError,
    asset,
    asset_check,
    build_op_context,
    materialize_to_memory,
    multi_asset_check,
)


@asset
def beans():
    """Return a value for the checks."""
    return 3


OF_BEANS = asset_check(asset=beans)


def seen_by(read, decorate=OF_BEANS, **arguments):
    """Return what a function reads from the context of a check in a run."""
    found = []

    def fresh(context):
        found.append(read(context))
        return AssetCheckResult(passed=True)

    materialize_to_memory([beans, decorate(fresh)], **arguments)
    return found[0]


FRESH = AssetCheckKey(AssetKey("beans"), "fresh")


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda context: type(context), AssetCheckExecutionContext),
        (lambda context: type(context.op_execution_context), OpExecutionContext),
        (lambda context: [spec.name for spec in context.check_specs], ["fresh"]),
        (lambda context: context.selected_asset_check_keys, {FRESH}),
        (lambda context: context.is_subset, False),
        (lambda context: context.run.run_id == context.op_execution_context.run_id, True),
        (lambda context: context.job_def.name, "__ephemeral_asset_job__"),
        (lambda context: context.op_def.name, "beans_fresh"),
        (lambda context: context.describe_op(), 'op "beans_fresh"'),
        (lambda context: (context.retry_number, context.step_launcher), (0, None)),
        (lambda context: (context.has_partition_key, context.has_partition_key_range), (False, False)),
        (lambda context: context.instance.get_runs_count(), 1),
        (lambda context: type(context.log).__name__, "DagflowLogManager"),
        (lambda context: type(context.pdb).__name__, "ForkedPdb"),
        (lambda context: list(context.op_execution_context.run_tags), []),
        (lambda context: AssetCheckExecutionContext.get() is context, True),
    ],
)
def test_attributes(read, expected):
    """A bare context of a check is an AssetCheckExecutionContext with the facts of the run and the checks."""
    assert seen_by(read) == expected


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("partition_key", DagflowInvariantViolationError),
        ("partition_keys", DagflowInvariantViolationError),
        ("partition_key_range", DagflowInvariantViolationError),
        ("partition_time_window", DagflowInvariantViolationError),
        ("multi_partition_key", DagflowInvariantViolationError),
        ("repository_def", CheckError),
        *((name, AttributeError) for name in ("run_id", "asset_key", "op_config", "log_event", "nothing")),
    ],
)
def test_what_a_check_has_not(name, error):
    """Facts of partitions need a partition, and the facts of the op are in op_execution_context only."""

    def read(context):
        with pytest.raises(error) as raised:
            getattr(context, name)
        return str(raised.value)

    message = seen_by(read)

    assert name in message or "no partition" in message
    if name in ("run_id", "op_config", "log_event"):
        assert f"context.op_execution_context.{name}" in message


def test_there_is_no_step_context():
    """A context has no further context behind it."""

    def read(context):
        with pytest.raises(DagflowInvalidPropertyError, match="get_step_execution_context"):
            context.get_step_execution_context()

    seen_by(read)


def test_the_partition_of_the_run():
    """The context of a check has the partition of the run and its time window."""
    days = DailyPartitionsDefinition("2024-01-01")

    @asset(partitions_def=days, name="beans")
    def dated():
        return 1

    found = []

    @asset_check(asset=dated)
    def fresh(context):
        found.append((context.partition_key, context.partition_keys, context.partition_time_window.start.day))
        return AssetCheckResult(passed=True)

    materialize_to_memory([dated, fresh], partition_key="2024-01-02")

    assert found == [("2024-01-02", ["2024-01-02"], 2)]


def test_resources():
    """A check reads its resources from the context."""
    decorate = asset_check(asset=beans, required_resource_keys={"limit"})

    assert seen_by(lambda context: context.resources.limit, decorate, resources={"limit": 5}) == 5


def test_the_selected_checks_of_several():
    """The context of a part of several checks has the selected ones only."""
    specs = [AssetCheckSpec(name, asset=beans) for name in ("fresh", "dry")]
    found = []

    @multi_asset_check(specs=specs, can_subset=True)
    def both(context):
        found.append(
            (
                sorted(key.name for key in context.selected_asset_check_keys),
                [spec.name for spec in context.check_specs],
                context.is_subset,
            )
        )
        for key in context.selected_asset_check_keys:
            yield AssetCheckResult(passed=True, check_name=key.name)

    materialize_to_memory([beans, both])
    materialize_to_memory(
        [beans, both], selection=AssetSelection.checks(AssetCheckKey(AssetKey("beans"), "dry"))
    )

    assert found == [(["dry", "fresh"], ["fresh", "dry"], False), (["dry"], ["dry"], True)]


def test_its_argument():
    """The constructor takes the context of an op only."""
    context = AssetCheckExecutionContext(build_op_context())

    assert context.op_execution_context.run_id == "EPHEMERAL"
    assert "AssetCheckExecutionContext" in repr(context)
    with pytest.raises(ParameterCheckError, match="op_execution_context"):
        AssetCheckExecutionContext(3)
