"""Tests of the ticks of sensors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetSelection,
    CheckError,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
    Definitions,
    DynamicPartitionsDefinition,
    ParameterCheckError,
    ResourceParam,
    RunRequest,
    SensorResult,
    SkipReason,
    asset,
    asset_check,
    asset_sensor,
    build_sensor_context,
    job,
    materialize,
    op,
    sensor,
)

SHOPS = DynamicPartitionsDefinition(name="shops")
BEANS, WATER = AssetKey("beans"), AssetKey("water")


@op
def sip():
    return 1


@job
def brew():
    sip()


@job
def grind():
    sip()


@job(partitions_def=SHOPS)
def visit():
    sip()


@asset
def beans():
    return 1


@asset
def water():
    return 2


@asset_check(asset=beans)
def fresh():
    return AssetCheckResult(passed=True)


FRESH = AssetCheckKey(BEANS, "fresh")
PROJECT = Definitions([beans, water], asset_checks=[fresh])


def tick(function: Any, context: Any = None, **arguments: Any) -> Any:
    """Evaluate a tick of a sensor of a function."""
    made = sensor(**{"name": "tick", **(arguments or {"job": brew})})(function)
    return made.evaluate_tick(build_sensor_context() if context is None else context)


def test_requests() -> None:
    """Requests may lack a run key, and get the name of the sensor; the tags of the sensor are its own."""

    def generate(context):
        yield RunRequest(tags={"a": "b"})
        return RunRequest()

    found = tick(generate, job=brew, tags={"not": "used"})

    assert [one.tags for one in found.run_requests] == [
        {"a": "b", "dagflow/sensor_name": "tick"},
        {"dagflow/sensor_name": "tick"},
    ]
    assert (found.skip_message, found.cursor) == (None, None)


@pytest.mark.parametrize("result", [None, [], SensorResult()])
def test_an_empty_result(result: Any) -> None:
    """None, an empty list and an empty result skip the tick."""
    found = tick(lambda: result)

    assert (found.run_requests, found.skip_message) == ([], "Sensor function returned an empty result")


@pytest.mark.parametrize(
    "result", [SkipReason("closed"), [SkipReason("closed")], [SensorResult(skip_reason="closed")]]
)
def test_reasons(result: Any) -> None:
    """A reason skips the tick, also in a list and in a SensorResult in a list."""
    assert tick(lambda: result).skip_message == "closed"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([RunRequest(), SkipReason("a")], "received both RunRequest and SkipReason"),
        ([SkipReason("a"), SkipReason("b")], "received multiple SkipReasons"),
        ([SensorResult(), RunRequest()], "it must be the only object returned"),
        (5, "Error in sensor tick: Sensor unexpectedly returned output 5"),
        ({"ops": {}}, "Error in sensor tick"),
        ([RunRequest(), 5], "Error in sensor tick"),
    ],
)
def test_results_that_are_refused(result: Any, message: str) -> None:
    """Objects that cannot be together, and objects of other types, are refused."""
    with pytest.raises(CheckError, match=message):
        tick(lambda: result)


def test_an_error_passes_through() -> None:
    """The exception of the function is not wrapped."""

    def spill():
        raise ValueError("spilt")

    with pytest.raises(ValueError, match="spilt"):
        tick(spill)


def test_cursors() -> None:
    """The cursor of a tick is the one that the function sets or returns, else the one before."""

    def update(context):
        context.update_cursor("new")
        return SkipReason("a")

    def both(context):
        context.update_cursor("new")
        return SensorResult(cursor="other")

    assert tick(update).cursor == "new"
    assert tick(lambda: SensorResult(cursor="new")).cursor == "new"
    assert tick(lambda: None, build_sensor_context(cursor="old")).cursor == "old"
    with pytest.raises(DagflowInvariantViolationError, match=r"cannot be set if context\.update_cursor"):
        tick(both)


def test_events_of_assets() -> None:
    """The events of assets are in the result, and not in the instance."""
    instance = DagflowInstance.ephemeral()
    events = [AssetMaterialization("beans"), AssetObservation("beans")]

    found = tick(lambda: SensorResult(asset_events=events), build_sensor_context(instance))

    assert (found.asset_events, instance.get_asset_keys()) == (events, [])


@pytest.mark.parametrize(
    ("arguments", "request_", "message"),
    [
        ({"tags": {}}, RunRequest(), "lacking a specified target"),
        ({"jobs": [brew, grind]}, RunRequest(), "did not specify job_name"),
        ({"jobs": [brew, grind]}, RunRequest(job_name="sip"), "with job_name sip"),
        ({"job": brew}, RunRequest(job_name="grind"), r"Expected one of: \['brew'\]"),
        ({"job": brew}, RunRequest(job_name="bre"), r"Expected one of: .* Did you mean 'brew'\?"),
    ],
)
def test_jobs_of_requests(arguments: Any, request_: RunRequest, message: str) -> None:
    """A request must be for a job of the sensor."""
    with pytest.raises(DagflowInvariantViolationError, match=message):
        tick(lambda: request_, **arguments)
    assert tick(lambda: RunRequest(job_name="grind"), jobs=[brew, grind]).run_requests[0].job_name == "grind"


def test_the_context() -> None:
    """The context has the given values, and the repository of given Definitions."""
    instance = DagflowInstance.ephemeral()
    context = build_sensor_context(instance, "c", "here", sensor_name="tick", definitions=PROJECT)

    assert (context.instance, context.cursor, context.cursor_updated) == (instance, "c", False)
    assert (context.repository_name, context.sensor_name) == ("here", "tick")
    assert context.repository_def is PROJECT.get_repository_def()
    assert context.log_key[:2] == ["here", "tick"]
    assert context.is_first_tick_since_sensor_start
    assert (context.last_run_key, context.last_tick_completion_time, context.last_completion_time) == (
        None,
    ) * 3
    with pytest.raises(ParameterCheckError, match="cursor"):
        context.update_cursor(5)
    with pytest.raises(CheckError, match="Only valid when sensor name provided"):
        _ = build_sensor_context().sensor_name
    with pytest.raises(CheckError, match="both repository_def and definitions"):
        build_sensor_context(definitions=PROJECT, repository_def=PROJECT.get_repository_def())


def select(selection: Any, request: RunRequest) -> Any:
    """Return the only request of a tick of a sensor with `asset_selection`."""
    context = build_sensor_context(definitions=PROJECT)
    return tick(lambda: request, context, asset_selection=selection).run_requests[0]


@pytest.mark.parametrize(
    ("selection", "request_", "assets", "checks"),
    [
        ("*", RunRequest(), [BEANS, WATER], [FRESH]),
        ("*", RunRequest(asset_selection=[WATER]), [WATER], []),
        ("*", RunRequest(asset_selection=[BEANS]), [BEANS], [FRESH]),
        ("*", RunRequest(asset_check_keys=[]), [BEANS, WATER], []),
        ("*", RunRequest(asset_selection=[], asset_check_keys=[FRESH]), [], [FRESH]),
        (AssetSelection.checks(fresh), RunRequest(), [], [FRESH]),
    ],
)
def test_selected_assets(selection: Any, request_: RunRequest, assets: Any, checks: Any) -> None:
    """A request is for the job of all assets, with the selected assets and their checks."""
    found = select(selection, request_)

    assert found.job_name == "__ASSET_JOB"
    assert (found.asset_selection, found.asset_check_keys) == (assets, checks)


def test_assets_that_cannot_be_selected() -> None:
    """A request outside of the selection, of an unknown check or without a project is refused."""
    with pytest.raises(DagflowInvalidSubsetError, match="'water' is not one of"):
        select("beans", RunRequest(asset_selection=[WATER]))
    with pytest.raises(DagflowInvalidSubsetError, match="which no definition has"):
        select("*", RunRequest(asset_check_keys=[AssetCheckKey(WATER, "hot")]))
    with pytest.raises(
        DagflowInvariantViolationError, match="give build_sensor_context the argument definitions"
    ):
        tick(lambda: RunRequest(), asset_selection="*")


def visited(result: SensorResult, **arguments: Any) -> Any:
    """Evaluate a tick of a sensor of the job with dynamic partitions."""
    repository = Definitions(jobs=[visit]).get_repository_def()
    return tick(lambda: result, build_sensor_context(repository_def=repository, **arguments), job=visit)


def test_requests_for_partitions() -> None:
    """A key that the same result adds is known, and a key that it deletes is unknown; nothing is stored."""
    instance = DagflowInstance.ephemeral()
    instance.add_dynamic_partitions("shops", ["old"])
    add, delete = SHOPS.build_add_request(["new"]), SHOPS.build_delete_request(["old"])

    added = visited(SensorResult([RunRequest(partition_key="new")], dynamic_partitions_requests=[add]))

    assert added.run_requests[0].tags["dagflow/partition"] == "new"
    assert added.dynamic_partitions_requests == [add]
    assert visited(SensorResult([RunRequest(partition_key="old")]), instance=instance).run_requests
    gone = SensorResult([RunRequest(partition_key="old")], dynamic_partitions_requests=[delete])
    with pytest.raises(DagflowUnknownPartitionError, match="'old'"):
        visited(gone, instance=instance)
    assert instance.get_dynamic_partitions("shops") == ["old"]
    both = SensorResult(dynamic_partitions_requests=[add, SHOPS.build_delete_request(["new"])])
    with pytest.raises(DagflowInvariantViolationError, match="both add and delete"):
        visited(both, instance=instance)


def test_an_asset_sensor() -> None:
    """The function is called with the newest event after the cursor, which moves there."""
    instance = DagflowInstance.ephemeral()
    seen = []

    @asset_sensor(BEANS, job=brew)
    def after_beans(context, cups: ResourceParam[int], event):
        seen.append((context.cursor, event.asset_materialization.asset_key, cups))
        return RunRequest()

    context = build_sensor_context(instance, resources={"cups": 3})
    nothing = after_beans.evaluate_tick(context)
    for _ in range(2):
        materialize([beans], instance=instance)
    found = after_beans.evaluate_tick(context)
    newest = str(instance.fetch_materializations(BEANS, 1).records[0].storage_id)

    assert nothing.skip_message.startswith("No new materialization events found for asset key")
    assert (seen, found.cursor, len(found.run_requests)) == ([(None, BEANS, 3)], newest, 1)
    assert after_beans.evaluate_tick(build_sensor_context(instance, newest)).skip_message
    assert list(after_beans(build_sensor_context(instance), cups=3)) == [RunRequest()]


def test_parameters_of_an_asset_sensor() -> None:
    """A single parameter is the event if it is called so, else the context."""
    instance = DagflowInstance.ephemeral()
    materialize([beans], instance=instance)

    def told(function: Any) -> Any:
        made = asset_sensor(BEANS, job=brew, name="s")(function)
        return made.evaluate_tick(build_sensor_context(instance)).skip_message

    assert told(lambda asset_event: SkipReason(type(asset_event).__name__)) == "EventLogEntry"
    assert told(lambda context: SkipReason(type(context).__name__)) == "SensorEvaluationContext"
    assert told(lambda: SkipReason("n")) == "n"


def test_the_cursor_of_an_asset_sensor() -> None:
    """The cursor is that of the event, also without a request; a cursor of the function is refused."""
    instance = DagflowInstance.ephemeral()
    materialize([beans], instance=instance)
    made = asset_sensor(BEANS, job=brew, name="s")

    skipped = made(lambda context, event: SkipReason("a")).evaluate_tick(
        build_sensor_context(instance, "text")
    )

    assert skipped.cursor == str(instance.fetch_materializations(BEANS, 1).records[0].storage_id)
    with pytest.raises(DagflowInvariantViolationError, match="The cursor is managed by the asset sensor"):
        made(lambda context, event: SensorResult(cursor="a")).evaluate_tick(build_sensor_context(instance))


def test_a_missing_resource() -> None:
    """A missing resource of a parameter is reported at the tick; one with a default may be missing."""

    def function(cups: ResourceParam[int]):
        return SkipReason(str(cups))

    def optional(cups: ResourceParam[int] = 2):
        return SkipReason(str(cups))

    assert tick(optional).skip_message == "2"
    with pytest.raises(
        DagflowInvalidDefinitionError, match="Resource with key 'cups' required by sensor 'tick'"
    ):
        tick(function)
