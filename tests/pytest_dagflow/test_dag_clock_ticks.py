"""Tests of `dag_clock.ticks`: the simulation of schedules and sensors on the instance of a test."""

from __future__ import annotations

import pytest

CAFE = """
    from dagflow import (
        AssetKey, Definitions, RunRequest, ScheduleDefinition, asset, asset_sensor, define_asset_job, job, op,
        run_failure_sensor, schedule,
    )

    @asset
    def beans():
        return 1

    @asset(required_resource_keys={"shop"})
    def cup(context, beans):
        return f"{context.resources.shop} {beans}"

    @asset_sensor(AssetKey("beans"), job=define_asset_job("serve", "cup"), minimum_interval_seconds=3600)
    def on_beans(event):
        return RunRequest(run_key="served")

    @op
    def burn():
        raise ValueError("too hot")

    @job
    def roast():
        burn()

    @run_failure_sensor(minimum_interval_seconds=1800, request_job=define_asset_job("clean", "beans"))
    def on_failure(context):
        return RunRequest(run_key=context.dagflow_run.run_id, tags={"why": "roast"})

    @schedule("30 6 * * *", job=roast, execution_timezone="Europe/Berlin")
    def daily(context):
        return RunRequest()

    by_selection = ScheduleDefinition(cron_schedule="@daily", job=define_asset_job("brew", "beans"))
    nightly = ScheduleDefinition("nightly", cron_schedule="0 5 * * *", target=[beans])

    defs = Definitions(
        [beans, cup], schedules=[nightly, daily], sensors=[on_beans, on_failure], resources={"shop": "corner"}
    )
"""


@pytest.fixture
def cafe(pytester: pytest.Pytester) -> pytest.Pytester:
    """Create a project with two schedules and two sensors that react to their runs."""
    pytester.makepyfile(cafe=CAFE)
    pytester.makeini("[pytest]\ndag_definitions = cafe:defs")
    return pytester


def test_a_project_ticks(cafe: pytest.Pytester):
    """All ticks happen in order, and sensors see the runs of schedules. Later runs load the values."""
    cafe.makepyfile(
        """
        import pytest
        from dagflow import DagflowRunStatus, RunsFilter
        from pytest_dagflow import assert_ticks
        import cafe

        @pytest.fixture
        def dag_resources():
            return {"shop": "fake"}

        def test_week(dag_clock, dag_instance):
            ticks = dag_clock.ticks(days=2, start="2024-01-01")

            assert_ticks(ticks, [
                "2024-01-01 05:00 nightly: beans",
                "2024-01-02 05:00 nightly: beans",
                "2024-01-01 06:30 daily: roast FAILURE",
                "2024-01-02 06:30 daily: roast FAILURE",
                "2024-01-01 05:00 on_beans: serve key=served",
                "2024-01-01 06:00 on_beans: serve key=served repeated",
                "on_beans: serve key=served repeated (2 ticks)",
                "2024-01-01 05:30 on_failure: clean key=*",
                "2024-01-02 05:30 on_failure: clean key=*",
            ])
            served = dag_instance.get_runs(RunsFilter(job_name="serve"))
            assert [run.status for run in served] == [DagflowRunStatus.SUCCESS]
            assert dag_clock.now() == 1704240000
            assert dag_instance.get_runs(RunsFilter(tags={"why": "roast"}))

        def test_cursors_continue(dag_clock):
            assert len(dag_clock.ticks("nightly", start="2024-01-01")) == 1
            first, *others = dag_clock.ticks("on_beans", days=0.5)
            assert [len(first.run_requests), sum(len(one.runs) for one in others)] == [1, 0]
            assert dag_clock.sensors["on_beans"].cursor == first.cursor
            assert all(tick.is_skipped for tick in dag_clock.ticks("on_beans", days=0.5))

        def test_the_assets_of_a_job_come_from_the_project(dag_clock):
            (tick,) = dag_clock.ticks(cafe.by_selection, start="2024-01-01")
            assert str(tick) == "2024-01-01 00:00 brew_schedule: brew"

        def test_without_runs(dag_clock, dag_instance):
            ticks = dag_clock.ticks(["daily", "nightly"], 1, "2024-01-01", execute=False)
            assert [tick.name for tick in ticks] == ["nightly", "daily"]
            assert dag_instance.get_runs_count() == 0

        def test_unknown(dag_clock):
            dag_clock.ticks("nightl")
        """
    )

    result = cafe.runpytest_inprocess("-p", "no:asyncio", "-W", "error")

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*there is no schedule or sensor 'nightl'. Did you mean 'nightly'?*"])


def test_a_failing_tick(cafe: pytest.Pytester):
    """The error names the tick. With `raise_on_error=False` the simulation goes on."""
    cafe.makepyfile(
        """
        import pytest
        from cafe import roast
        from dagflow import DagflowUserCodeExecutionError, Definitions, RunRequest, sensor
        from pytest_dagflow import assert_ticks

        @sensor(job=roast, minimum_interval_seconds=21600)
        def files(context):
            context.update_cursor("seen")
            if context.last_tick_completion_time is None:
                raise OSError("no folder")
            return RunRequest(job_name="toast" if context.cursor is None else None)

        def test_raised(dag_clock):
            with pytest.raises(DagflowUserCodeExecutionError, match="'files' at 2024-01-01 00:00") as error:
                dag_clock.ticks(files, start="2024-01-01")
            assert isinstance(error.value.__cause__, OSError)

        def test_going_on(dag_clock):
            ticks = dag_clock.ticks(Definitions(sensors=[files]), 1, "2024-01-01", raise_on_error=False)
            assert_ticks(ticks, [
                "2024-01-01 00:00 files: raised OSError: no folder",
                "files: roast FAILURE (3 ticks)",
            ])
            assert ticks[0].cursor is None and ticks[1].cursor == "seen"
        """
    )

    cafe.runpytest_inprocess("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=2)


def test_a_sandbox_ticks(cafe: pytest.Pytester):
    """The clock of a sandbox simulates ticks on the instance of the sandbox."""
    cafe.makepyfile(
        """
        def test_sandbox(dag_sandbox):
            for _ in range(2):
                with dag_sandbox() as dag:
                    assert len(dag.clock.ticks("nightly", days=3, start="2024-01-01")) == 3
                    assert dag.instance.get_runs_count() == 3
        """
    )

    cafe.runpytest_inprocess("-p", "no:asyncio", "-W", "error").assert_outcomes(passed=1)


def test_a_selection_finds_the_ticks(cafe: pytest.Pytester):
    """A test of the ticks of a name touches what this schedule starts; without a name, all nodes."""
    cafe.makepyfile(
        """
        def test_nightly(dag_clock):
            assert len(dag_clock.ticks("nightly", days=2, execute=False)) == 2

        def test_all(dag_clock):
            assert dag_clock.ticks(days=1, execute=False)
        """
    )

    of_beans = cafe.runpytest("-v", "-p", "no:cacheprovider", "--dag-select", "beans")
    of_burn = cafe.runpytest("-v", "-p", "no:cacheprovider", "--dag-select", "op:burn")

    of_beans.assert_outcomes(passed=2)
    of_burn.assert_outcomes(passed=1, deselected=1)
    of_burn.stdout.fnmatch_lines(["*::test_all PASSED*"])
