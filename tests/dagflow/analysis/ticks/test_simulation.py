"""Tests of `simulate_ticks`: the times of ticks, the effects of their requests, and cursors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetKey,
    AssetMaterialization,
    CheckError,
    DagflowInstance,
    DagflowInvalidSubsetError,
    DagflowInvariantViolationError,
    DagflowRunStatus,
    DagflowUnknownPartitionError,
    DagflowUserCodeExecutionError,
    DailyPartitionsDefinition,
    DefaultScheduleStatus,
    Definitions,
    DynamicPartitionsDefinition,
    ResourceParam,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    SensorDefinition,
    SensorResult,
    asset,
    asset_check,
    asset_sensor,
    build_schedule_from_partitioned_job,
    define_asset_job,
    job,
    multi_asset_sensor,
    op,
    resource,
    run_status_sensor,
    schedule,
    sensor,
)
from dagflow.testing import SensorState, VirtualClock, run_options, simulate_ticks

SHOPS = DynamicPartitionsDefinition(name="shops")


@asset
def beans() -> int:
    """Return a value that later runs load."""
    return 1


@asset
def cup(beans: int) -> int:
    """Load the value of an earlier run."""
    return beans + 1


@asset_check(asset=beans)
def fresh() -> Any:
    """Check the beans, in every run of them."""
    from dagflow import AssetCheckResult

    return AssetCheckResult(passed=True)


@op
def heat() -> None:
    """Do nothing."""


@job
def brew() -> None:
    """Run one op."""
    heat()


def lines(*args: Any, **options: Any) -> list[str]:
    """Return the lines of the simulated ticks that were not skipped."""
    return [str(tick) for tick in simulate_ticks(*args, **options) if not tick.is_skipped]


def test_the_start_counts_and_the_end_does_not():
    """Three days of a daily schedule are three ticks, whatever its status is."""
    daily = ScheduleDefinition(
        "daily", cron_schedule="@daily", job=brew, default_status=DefaultScheduleStatus.STOPPED
    )

    ticks = simulate_ticks(daily, 3, "2024-01-01")

    assert [tick.time.day for tick in ticks] == [1, 2, 3]
    assert [run.status for tick in ticks for run in tick.runs] == [DagflowRunStatus.SUCCESS] * 3


def test_times_follow_the_clock_of_the_zone():
    """A skipped local time happens at the end of the jump, and hours that repeat tick twice."""
    zone = {"execution_timezone": "Europe/Berlin"}
    night = ScheduleDefinition("night", cron_schedule=["30 2 * * *", "0 12 * * *"], job=brew, **zone)
    hourly = ScheduleDefinition("hourly", cron_schedule="0 * * * *", job=brew, **zone)

    spring = lines(night, 2, datetime(2024, 3, 30, 12, tzinfo=timezone.utc))
    autumn = simulate_ticks(hourly, timedelta(hours=3), datetime(2024, 10, 26, 23, tzinfo=timezone.utc))

    assert spring == [
        "2024-03-31 03:00+02:00 night: brew",
        "2024-03-31 12:00+02:00 night: brew",
        "2024-04-01 02:30+02:00 night: brew",
        "2024-04-01 12:00+02:00 night: brew",
    ]
    assert [tick.time_text[11:] for tick in autumn] == ["01:00+02:00", "02:00+02:00", "02:00+01:00"]


def test_a_tick_has_the_time_of_its_schedule():
    """The context and the clock have the time of the tick, and the clock is at the end afterwards."""

    @schedule("0 6 * * *", job=brew, execution_timezone="Asia/Tokyo")
    def morning(context: Any) -> RunRequest:
        now = options.clock.now()
        return RunRequest(tags={"same": context.scheduled_execution_time.timestamp() == now})

    with run_options(clock=VirtualClock("2024-01-01")) as options:
        (tick,) = simulate_ticks(morning)

        assert tick.run_requests[0].tags["same"] == "true"
        assert tick.time.hour == 6
        assert options.clock.now() == datetime(2024, 1, 2, tzinfo=timezone.utc).timestamp()


def test_sensors_tick_at_their_interval():
    """The first tick is at the start; 0 is the interval of a deployment, 30 seconds."""

    @sensor(job=brew, minimum_interval_seconds=0)
    def often() -> None:
        pass

    @sensor(job=brew, minimum_interval_seconds=3600)
    def rarely() -> None:
        pass

    ticks = simulate_ticks([rarely, often], timedelta(minutes=90), "2024-01-01")

    assert [tick.time_text for tick in ticks if tick.name == "rarely"] == [
        "2024-01-01 00:00",
        "2024-01-01 01:00",
    ]
    assert sum(tick.name == "often" for tick in ticks) == 180


def test_a_sensor_continues_its_cursor():
    """A tick finds the cursor, the time and the run key of the last one, also in a later simulation."""
    seen: list[Any] = []

    @sensor(job=brew, minimum_interval_seconds=43200)
    def files(context: Any) -> RunRequest:
        seen.append((context.cursor, context.last_run_key, context.is_first_tick_since_sensor_start))
        context.update_cursor(str(len(seen)))
        return RunRequest(run_key=f"file {len(seen)}")

    states = {"files": SensorState("0")}
    with run_options(clock=VirtualClock("2024-01-01")):
        simulate_ticks(files, 1, states=states)
        simulate_ticks(files, 0.5, states=states)

    assert seen == [("0", None, True), ("1", "file 1", False), ("2", "file 2", False)]
    assert states["files"].cursor == "3"


def test_sensors_see_the_runs_of_other_ticks():
    """Sensors of assets and runs react to requested runs, which load the values of earlier runs."""

    @asset_sensor(AssetKey("beans"), job=define_asset_job("serve", "cup"), minimum_interval_seconds=3600)
    def on_beans() -> RunRequest:
        return RunRequest()

    @multi_asset_sensor([AssetKey("cup")], request_assets=[beans], minimum_interval_seconds=3600)
    def on_cup(context: Any) -> RunRequest | None:
        if not any(context.latest_materialization_records_by_key().values()):
            return None
        context.advance_all_cursors()
        return RunRequest(run_key="once")

    @run_status_sensor(DagflowRunStatus.SUCCESS, minimum_interval_seconds=3600)
    def on_success() -> None:
        pass

    nightly = ScheduleDefinition("nightly", cron_schedule="30 5 * * *", target=[beans])
    project = Definitions(
        [beans, cup], asset_checks=[fresh], schedules=[nightly], sensors=[on_beans, on_cup, on_success]
    )

    assert lines(project, 1, "2024-01-01") == [
        "2024-01-01 05:30 nightly: beans",
        "2024-01-01 06:00 on_beans: serve",
        "2024-01-01 06:00 on_cup: beans key=once",
        "2024-01-01 06:00 on_success: reacts to __anonymous_asset_job_nightly SUCCESS, "
        "reacts to serve SUCCESS, reacts to __ASSET_JOB SUCCESS",
        "2024-01-01 07:00 on_beans: serve",
        "2024-01-01 07:00 on_cup: beans key=once repeated",
        "2024-01-01 07:00 on_success: reacts to serve SUCCESS",
    ]


def test_a_run_key_starts_one_run():
    """Also if the earlier run is in the instance from before, but not if another schedule has the key."""

    def request() -> RunRequest:
        return RunRequest(run_key="same")

    one = schedule("@daily", job=brew, name="one")(request)
    other = schedule("@daily", job=brew, name="other")(request)
    with DagflowInstance.ephemeral() as instance:
        first = lines([one, other], 2, "2024-01-01", instance=instance)
        later = lines(one, 1, "2024-01-03", instance=instance)

        assert instance.get_runs_count(RunsFilter(tags={"dagflow/run_key": "same"})) == 2
    assert first == [
        "2024-01-01 00:00 one: brew key=same",
        "2024-01-01 00:00 other: brew key=same",
        "2024-01-02 00:00 one: brew key=same repeated",
        "2024-01-02 00:00 other: brew key=same repeated",
    ]
    assert later == ["2024-01-03 00:00 one: brew key=same repeated"]


def test_a_schedule_of_partitions_ends():
    """After the last partition each tick requests the same one again, which starts no run."""

    @job(partitions_def=DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03"))
    def count() -> None:
        heat()

    assert lines(build_schedule_from_partitioned_job(count, name="nightly"), 4, "2024-01-01") == [
        "2024-01-02 00:00 nightly: count[2024-01-01]",
        "2024-01-03 00:00 nightly: count[2024-01-02]",
        "2024-01-04 00:00 nightly: count[2024-01-02] repeated",
    ]


def test_partitions_and_events_are_stored():
    """Keys of dynamic partitions exist for the runs of the same tick, and events of assets are in the log."""

    @asset(partitions_def=SHOPS)
    def orders(context: Any) -> str:
        return str(context.partition_key)

    @sensor(target=[orders], minimum_interval_seconds=43200)
    def shops(context: Any) -> SensorResult:
        if context.cursor:
            return SensorResult(dynamic_partitions_requests=[SHOPS.build_delete_request(["corner"])])
        return SensorResult(
            [RunRequest(partition_key="corner")],
            cursor="seen",
            dynamic_partitions_requests=[SHOPS.build_add_request(["corner"])],
            asset_events=[AssetMaterialization("shop", partition="corner")],
        )

    with DagflowInstance.ephemeral() as instance:
        found = lines(shops, 1, "2024-01-01", instance=instance)

        assert instance.get_dynamic_partitions("shops") == []
        assert instance.get_latest_materialization_event(AssetKey("shop")) is not None
    assert found == [
        "2024-01-01 00:00 shops: orders[corner], adds shops[corner], reports shop[corner]",
        "2024-01-01 12:00 shops: deletes shops[corner]",
    ]


def test_selected_assets_and_checks():
    """A request runs what it selects."""

    @sensor(asset_selection="*", minimum_interval_seconds=43200)
    def parts(context: Any) -> RunRequest:
        if context.last_tick_completion_time is None:
            return RunRequest(asset_selection=[AssetKey("beans")], asset_check_keys=[])
        return RunRequest(asset_selection=[], asset_check_keys=[AssetCheckKey(AssetKey("beans"), "fresh")])

    project = Definitions([beans, cup], asset_checks=[fresh], sensors=[parts])
    with DagflowInstance.ephemeral() as instance:
        found = lines(project, 1, "2024-01-01", instance=instance)
        steps = [
            [
                event.step_key
                for event in instance.all_logs(run.run_id)
                if event.dagflow_event is not None and event.dagflow_event.is_step_start
            ]
            for run in instance.get_runs()
        ]

    assert found == ["2024-01-01 00:00 parts: beans", "2024-01-01 12:00 parts: beans:fresh"]
    assert steps == [["beans_fresh"], ["beans"]]


def test_resources_reach_ticks_and_runs():
    """Those of the Definitions do, unless the caller replaces them; they are closed after each tick."""
    events: list[str] = []

    @resource
    def shop() -> Iterator[str]:
        events.append("open")
        yield "real"
        events.append("close")

    @schedule("@daily", job=brew)
    def daily(shop: ResourceParam[str]) -> RunRequest:
        return RunRequest(tags={"shop": shop})

    project = Definitions(schedules=[daily], resources={"shop": shop})
    real, fake = (
        simulate_ticks(project, 1, "2024-01-01", resources=given) for given in (None, {"shop": "fake"})
    )

    assert real[0].run_requests[0].tags["shop"] == "real"
    assert fake[0].run_requests[0].tags["shop"] == "fake"
    assert events == ["open", "close"]


def test_a_waiting_run_moves_the_clock():
    """The ticks that are due meanwhile happen after it, with their own time."""

    @op
    def slow() -> None:
        clock.sleep(5400)

    @job
    def waiting() -> None:
        slow()

    clock = VirtualClock("2024-01-01")
    hourly = ScheduleDefinition("hourly", cron_schedule="@hourly", job=waiting)
    with run_options(clock=clock):
        ticks = simulate_ticks(hourly, timedelta(hours=2))

    assert [tick.time.hour for tick in ticks] == [0, 1]
    assert clock.now() == datetime(2024, 1, 1, 3, tzinfo=timezone.utc).timestamp()


def ending(request: Any, **options: Any) -> SensorDefinition:
    """Return a sensor that returns an object."""
    return SensorDefinition("ending", evaluation_fn=lambda: request, **(options or {"job": brew}))


@pytest.mark.parametrize("execute", [True, False])
def test_a_schedule_of_an_unknown_asset(execute: bool):
    """The tick itself does not check the assets that a schedule requests."""
    lost = ScheduleDefinition(
        "lost",
        cron_schedule="@daily",
        target=[beans],
        execution_fn=lambda: RunRequest(asset_selection=[AssetKey("bean")]),
    )
    message = r"schedule 'lost' at 2024-01-01 00:00 failed: .* requests 'bean', .* 'beans'\? To go on"

    with pytest.raises(DagflowUserCodeExecutionError, match=message):
        simulate_ticks(lost, 1, "2024-01-01", execute=execute)


@pytest.mark.parametrize(
    ("made", "cause", "match"),
    [
        (ending(3), CheckError, "unexpectedly returned output 3"),
        (ending(RunRequest(job_name="toast")), DagflowInvariantViolationError, "Expected one of: .'brew'."),
        (ending(RunRequest(partition_key="a")), CheckError, "Job has no PartitionsDefinition"),
        (
            ending(RunRequest(asset_selection=[AssetKey("tea")]), asset_selection=[beans]),
            DagflowInvalidSubsetError,
            "'tea' is not one of",
        ),
        (
            ending(RunRequest(partition_key="x"), target=[asset(partitions_def=SHOPS, name="o")(lambda: 1)]),
            DagflowUnknownPartitionError,
            "build_add_request",
        ),
        (ending(RunRequest(stale_assets_only=True)), DagflowInvariantViolationError, "execute=False"),
        (ending(RunRequest(run_config={"ops": {"h": {}}})), Exception, "config"),
    ],
)
def test_a_failing_tick(made: SensorDefinition, cause: type[Exception], match: str):
    """The error names the sensor and the tick, and its cause the problem; without it the tick has it."""
    with pytest.raises(DagflowUserCodeExecutionError, match=match) as error:
        simulate_ticks(made, 1, "2024-01-01") if made.asset_selection is None else simulate_ticks(
            Definitions([beans, cup], sensors=[made]), 1, "2024-01-01"
        )

    assert "sensor 'ending' at 2024-01-01 00:00 failed" in str(error.value)
    assert isinstance(error.value.__cause__, cause)


def test_the_cursor_of_a_failing_tick_stays():
    """The next tick finds the cursor of the last tick that passed."""

    @sensor(job=brew, minimum_interval_seconds=21600)
    def files(context: Any) -> None:
        found = json.loads(context.cursor or "[]")
        context.update_cursor(json.dumps([*found, context.last_tick_completion_time is None]))
        if context.last_tick_completion_time is None:
            raise OSError("no folder")

    states: dict[str, SensorState] = {}
    ticks = simulate_ticks(files, 0.5, "2024-01-01", raise_on_error=False, states=states)

    assert [str(tick.error) for tick in ticks] == ["no folder", "None"]
    assert states["files"].cursor == "[false]"


@pytest.mark.parametrize(
    ("what", "options", "error", "match"),
    [
        ("nightly", {}, DagflowInvariantViolationError, "give it project="),
        ("nightl", {"project": True}, DagflowInvariantViolationError, "Did you mean 'nightly'"),
        (brew, {}, DagflowInvariantViolationError, "has no ticks"),
        ([], {"days": -1, "project": True}, CheckError, "must not be negative"),
        ([], {"days": float("nan"), "project": True}, CheckError, "must not be negative"),
        ([], {"days": "3", "project": True}, CheckError, "days"),
        ([], {"start": "soon", "project": True}, CheckError, "a clock cannot be set to 'soon'"),
        ([], {"instance": 3, "project": True}, CheckError, "instance"),
    ],
)
def test_invalid_arguments(what: Any, options: dict[str, Any], error: type[Exception], match: str):
    """Each error says what to give."""
    if "project" in options:
        nightly = ScheduleDefinition("nightly", cron_schedule="@daily", job=brew)
        options = {**options, "project": Definitions(schedules=[nightly])}

    with pytest.raises(error, match=match):
        simulate_ticks(what, **options)


def test_the_error_of_a_schedule_is_that_of_the_user() -> None:
    """The line of a failed tick, and the message of its error, have no wrapper that repeats the name."""

    @op
    def one() -> None:
        pass

    @job
    def nothing() -> None:
        one()

    def requests(_: Any) -> None:
        raise ValueError("no calendar")

    daily = ScheduleDefinition("daily", job=nothing, cron_schedule="@daily", execution_fn=requests)

    ticks = simulate_ticks(daily, 2, "2024-01-01", raise_on_error=False)
    with pytest.raises(DagflowUserCodeExecutionError, match="failed: ValueError: no calendar"):
        simulate_ticks(daily, 2, "2024-01-01")

    assert {tick.outcome for tick in ticks} == {"raised ValueError: no calendar"}
