"""Tests of sensors of several assets: their context, their cursors, ticks and direct calls."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    CheckError,
    DagflowInstance,
    DagflowInvalidCursorError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    Definitions,
    MonthlyPartitionsDefinition,
    MultiAssetSensorDefinition,
    ResourceParam,
    RunRequest,
    SensorResult,
    SkipReason,
    StaticPartitionsDefinition,
    asset,
    build_multi_asset_sensor_context,
    build_sensor_context,
    job,
    multi_asset_sensor,
    op,
)
from dagflow.defs.automation.sensor import SensorType

SHOPS = StaticPartitionsDefinition(["a", "b", "c"])
MANY = StaticPartitionsDefinition([str(number) for number in range(40)])
SOLD, PAID, MILK, STOCK = (AssetKey(name) for name in ("sold", "paid", "milk", "stock"))


@asset(partitions_def=SHOPS)
def sold():
    return 1


@asset(partitions_def=SHOPS)
def paid():
    return 1


@asset
def milk():
    return 1


@asset(partitions_def=MANY)
def stock():
    return 1


@asset(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01"))
def day():
    return 1


@asset(deps=[day], partitions_def=MonthlyPartitionsDefinition("2024-01-01", end_date="2024-03-01"))
def month():
    return 1


PROJECT = Definitions([sold, paid, milk, stock, day, month])


@op
def sip():
    return 1


@job
def brew():
    sip()


@pytest.fixture
def instance() -> DagflowInstance:
    return DagflowInstance.ephemeral()


def happened(instance: DagflowInstance, key: str, *partitions: Any) -> None:
    for partition in partitions:
        instance.report_runless_asset_event(AssetMaterialization(key, partition=partition))


def context_of(instance: DagflowInstance, *keys: AssetKey, **arguments: Any) -> Any:
    return build_multi_asset_sensor_context(
        monitored_assets=list(keys) or [SOLD, MILK], instance=instance, definitions=PROJECT, **arguments
    )


def ids(records: Any) -> Any:
    """Return the partitions of records in order."""
    return [record.partition_key for record in records]


def sensor_of(function: Any, **arguments: Any) -> MultiAssetSensorDefinition:
    return multi_asset_sensor([SOLD, MILK], name="s", **(arguments or {"job": brew}))(function)


def test_the_assets(instance: DagflowInstance) -> None:
    """The monitored assets are keys or a selection, with their definitions."""
    context = context_of(instance)
    selected = build_multi_asset_sensor_context(
        monitored_assets=AssetSelection.assets(milk), definitions=PROJECT
    )

    assert (context.asset_keys, selected.asset_keys) == ([SOLD, MILK], [MILK])
    assert context.assets_defs_by_key == {SOLD: sold, MILK: milk}
    with pytest.raises(CheckError, match="Exactly one of"):
        build_multi_asset_sensor_context(monitored_assets=[MILK])
    with pytest.raises(CheckError, match="monitored_assets"):
        build_multi_asset_sensor_context(monitored_assets=["milk"], definitions=PROJECT)  # type: ignore[list-item]


def test_records(instance: DagflowInstance) -> None:
    """Records after the cursor are the newest by key, or all of one key, the oldest first."""
    context = context_of(instance)
    assert context.latest_materialization_records_by_key() == {SOLD: None, MILK: None}

    happened(instance, "milk", None, None)
    newest = context.latest_materialization_records_by_key()[MILK]
    records = context.materialization_records_for_key(MILK)

    assert (len(records), records[-1]) == (2, newest)
    assert context.materialization_records_for_key(MILK, limit=1) == records[:1]
    assert context.latest_materialization_records_by_key([MILK]) == {MILK: newest}
    with pytest.raises(DagflowInvalidInvocationError, match="not monitored"):
        context.materialization_records_for_key(PAID)


def test_partitions(instance: DagflowInstance) -> None:
    """The newest record of each partition comes in the order of the events."""
    happened(instance, "sold", "a", "b", "c", "a")
    context = context_of(instance)

    assert list(context.latest_materialization_records_by_partition(SOLD)) == ["b", "c", "a"]
    with pytest.raises(DagflowInvariantViolationError, match="assets with no partitions"):
        context.latest_materialization_records_by_partition(MILK)


def test_partitions_of_assets(instance: DagflowInstance) -> None:
    """Assets with the same partitions can be read by partition."""
    happened(instance, "sold", "a", "b")
    happened(instance, "paid", "a")

    found = context_of(instance, SOLD, PAID).latest_materialization_records_by_partition_and_asset()

    assert {partition: list(records) for partition, records in found.items()} == {
        "a": [SOLD, PAID],
        "b": [SOLD],
    }
    with pytest.raises(DagflowInvalidInvocationError, match="same partitions"):
        context_of(instance).latest_materialization_records_by_partition_and_asset()


def test_the_cursor_of_partitions(instance: DagflowInstance) -> None:
    """Earlier events of other partitions stay unhandled, until they are handled too."""
    happened(instance, "sold", "a", "b", "c", "a", "b")
    first = context_of(instance)
    first.advance_cursor({SOLD: first.latest_materialization_records_by_partition(SOLD)["c"], MILK: None})
    assert first.cursor is None
    first.update_cursor_after_evaluation()

    second = context_of(instance, cursor=first.cursor)
    left = second.latest_materialization_records_by_partition(SOLD)

    assert (second.get_cursor_partition(SOLD), second.get_cursor_partition(MILK)) == ("c", None)
    assert ids(second.get_trailing_unconsumed_events(SOLD)) == ["a", "b"]
    assert list(left) == ["a", "b"]
    assert not second.latest_materialization_records_by_partition(SOLD, after_cursor_partition=True)
    second.advance_cursor({SOLD: left["a"]})
    second.update_cursor_after_evaluation()
    third = context_of(instance, cursor=second.cursor)
    assert ids(third.get_trailing_unconsumed_events(SOLD)) == ["b"]
    third.advance_cursor({SOLD: third.latest_materialization_records_by_partition(SOLD)["b"]})
    third.update_cursor_after_evaluation()
    assert ids(context_of(instance, cursor=third.cursor).get_trailing_unconsumed_events(SOLD)) == []


def test_an_earlier_event_is_handled_later(instance: DagflowInstance) -> None:
    """An unhandled event before the cursor does not move the cursor back."""
    happened(instance, "sold", "a", "b")
    first = context_of(instance)
    records = first.latest_materialization_records_by_partition(SOLD)
    first.advance_cursor({SOLD: records["b"]})
    first.advance_cursor({SOLD: records["a"]})
    first.update_cursor_after_evaluation()

    second = context_of(instance, cursor=first.cursor)

    assert second.get_cursor_partition(SOLD) == "b"
    assert (second.get_trailing_unconsumed_events(SOLD), second.materialization_records_for_key(SOLD)) == (
        [],
        [],
    )


def test_too_many_unhandled_events(instance: DagflowInstance) -> None:
    """At most 25 partitions stay unhandled."""
    happened(instance, "stock", *MANY.get_partition_keys())
    context = context_of(instance, STOCK)
    records = context.materialization_records_for_key(STOCK)

    context.advance_cursor({STOCK: records[25]})
    with pytest.raises(DagflowInvariantViolationError, match="maximum number of trailing unconsumed events"):
        context.advance_cursor({STOCK: records[27]})
    with pytest.raises(CheckError, match="materialization_records_by_key"):
        context.advance_cursor({"stock": records[0]})


def test_all_cursors(instance: DagflowInstance) -> None:
    """All cursors move to the newest events, and nothing stays unhandled."""
    happened(instance, "sold", "a", "b")
    context = context_of(instance)
    context.advance_all_cursors()
    context.update_cursor_after_evaluation()

    following = context_of(instance, cursor=context.cursor)

    assert following.latest_materialization_records_by_key() == {SOLD: None, MILK: None}
    assert following.get_cursor_partition(SOLD) == "b"
    seen = context_of(instance, cursor_from_latest_materializations=True)
    assert (seen.cursor, seen.has_advanced) == (context.cursor, False)


def test_cursors_that_are_refused(instance: DagflowInstance) -> None:
    """A cursor of another form, two cursors, and `update_cursor` are refused."""
    with pytest.raises(DagflowInvalidCursorError, match="a multi_asset_sensor received 'text', which is not"):
        context_of(instance, cursor="text")
    sensor = multi_asset_sensor([SOLD], name="sales")(lambda context: None)
    with pytest.raises(DagflowInvalidCursorError, match="sensor 'sales' received '5'"):
        sensor.evaluate_tick(build_sensor_context(instance, "5", definitions=PROJECT))
    with pytest.raises(DagflowInvalidInvocationError, match="Cannot provide both cursor and"):
        context_of(instance, cursor="{}", cursor_from_latest_materializations=True)
    with pytest.raises(DagflowInvalidInvocationError, match="update_cursor cannot set the cursor"):
        context_of(instance).update_cursor("text")


def test_materialized_partitions(instance: DagflowInstance) -> None:
    """All events count, also those before the cursor."""
    happened(instance, "sold", "a", "b")
    context = context_of(instance, cursor_from_latest_materializations=True)

    assert context.all_partitions_materialized(SOLD, ["a", "b"])
    assert not context.all_partitions_materialized(SOLD)
    assert not context.all_partitions_materialized(SOLD, ["nowhere"])
    for key, problem in ((MILK, "not partitioned"), (PAID, "not monitored")):
        with pytest.raises(DagflowInvariantViolationError, match=problem):
            context.all_partitions_materialized(key)


def test_downstream_partitions(instance: DagflowInstance) -> None:
    """The mapping between two assets decides, or the identity."""
    context = context_of(instance)

    assert context.get_downstream_partition_keys("2024-01-15", day.key, month.key) == ["2024-01-01"]
    assert context.get_downstream_partition_keys("a", SOLD, PAID) == ["a"]
    assert context.get_downstream_partition_keys("nowhere", SOLD, PAID) == ["nowhere"]
    for key, problem in ((MILK, "is not partitioned"), (AssetKey("tea"), "does not exist in the project")):
        with pytest.raises(DagflowInvalidInvocationError, match=problem):
            context.get_downstream_partition_keys("a", SOLD, key)


def test_a_tick(instance: DagflowInstance) -> None:
    """A tick calls the function with either context, and moves the cursor."""

    def function(context, cups: ResourceParam[int]):
        context.advance_all_cursors()
        return RunRequest(f"{cups} {context.asset_keys[0].to_user_string()}")

    happened(instance, "milk", None)
    made = sensor_of(function)
    plain = build_sensor_context(instance, definitions=PROJECT, resources={"cups": 3})
    found = made.evaluate_tick(plain)
    own = made.evaluate_tick(context_of(instance, SOLD, MILK, resources={"cups": 3}))

    assert (made.sensor_type, made.monitored_assets) == (SensorType.MULTI_ASSET, [SOLD, MILK])
    assert [one.run_key for one in found.run_requests] == ["3 sold"]
    assert (found.cursor, found.run_requests) == (own.cursor, own.run_requests)
    with pytest.raises(CheckError, match="Exactly one of"):
        made.evaluate_tick(build_sensor_context(instance, resources={"cups": 3}))


def test_requested_assets(instance: DagflowInstance) -> None:
    """`request_assets` selects the assets of the requests."""

    def function(context):
        context.advance_all_cursors()
        return RunRequest()

    made = sensor_of(function, request_assets=AssetSelection.assets(milk))

    request = made.evaluate_tick(context_of(instance)).run_requests[0]

    assert (request.job_name, request.asset_selection) == ("__ASSET_JOB", [MILK])
    with pytest.raises(DagflowInvalidDefinitionError, match="more than one of"):
        sensor_of(function, job=brew, request_assets=AssetSelection.assets(milk))


def test_results_that_are_refused(instance: DagflowInstance) -> None:
    """A request needs a moved cursor, a reason does not, and a cursor is refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match="the cursor was not updated"):
        sensor_of(lambda context: RunRequest()).evaluate_tick(context_of(instance))
    with pytest.raises(DagflowInvariantViolationError, match="Cannot set cursor in a multi_asset_sensor"):
        sensor_of(lambda context: SensorResult(cursor="a")).evaluate_tick(context_of(instance))
    assert sensor_of(lambda context: SkipReason("a")).evaluate_tick(context_of(instance)).skip_message == "a"


def test_a_direct_call(instance: DagflowInstance) -> None:
    """A direct call returns the value of the function, and moves the cursor, a generator at its end."""

    def function(context):
        context.advance_all_cursors()
        return [RunRequest()]

    def generate(context):
        context.advance_all_cursors()
        yield RunRequest()

    happened(instance, "milk", None)
    one, other = context_of(instance), context_of(instance)

    assert sensor_of(function)(one) == list(sensor_of(generate)(other)) == [RunRequest()]
    assert one.cursor == other.cursor is not None
    with pytest.raises(CheckError, match="is not a MultiAssetSensorEvaluationContext"):
        sensor_of(function)(build_sensor_context())
    with pytest.raises(DagflowInvalidInvocationError, match="expected context argument"):
        sensor_of(function)()
