"""Step 8: checks, schedules, sensors and hooks are functions too. Each has a fixture for its context."""

from dataclasses import replace
from datetime import timedelta

import pytest

from weather.assets import clean_observations
from weather.station import StationTimeout, fetch_reading
from weather.watch import call_the_desk, every_morning, new_alerts, plausible


def test_a_check_is_called_with_a_value(build_asset_check_context, archive):
    """The archive comes from `dag_resources`."""
    observation = clean_observations(archive.lookup("2012-01-02"))

    assert plausible(build_asset_check_context(), observation).passed
    assert not plausible(build_asset_check_context(), replace(observation, rain_mm=0.0)).passed


@pytest.mark.parametrize(("rain", "passed"), [(499.9, True), (500.0, False)])
def test_a_cloudburst_is_not_plausible(rain, passed, build_asset_check_context, archive):
    """`--dag-mutate` asked for this test of the limit, which the archive never reaches."""

    class Gauge:
        def lookup(self, day):
            return {**archive.lookup(day), "precipitation": str(rain)}

    observation = clean_observations(Gauge().lookup("2012-01-02"))

    assert plausible(build_asset_check_context(resources={"archive": Gauge()}), observation).passed is passed


def test_a_tick_has_the_time_of_the_test(build_schedule_context, dag_clock):
    """The tick of a morning asks for the day before; the time moves on when the test says so."""
    dag_clock.move_to("2012-02-29T06:00")
    (first,) = every_morning.evaluate_tick(build_schedule_context()).run_requests

    dag_clock.advance(timedelta(days=1))
    (second,) = every_morning.evaluate_tick(build_schedule_context()).run_requests

    assert [first.run_key, second.run_key] == ["2012-02-28", "2012-02-29"]


def test_a_sensor_goes_on_where_it_stopped(build_sensor_context):
    """The context has the cursor of the tick before."""
    first = new_alerts.evaluate_tick(build_sensor_context(cursor="2013-01-01"))
    second = new_alerts.evaluate_tick(build_sensor_context(cursor=first.cursor))

    assert [request.run_key for request in first.run_requests] == ["2013-12-01", "2014-01-11"]
    assert second.run_requests == []


def test_a_failure_calls_the_desk(build_hook_context):
    """A resource of the call is added to those of `dag_resources`."""
    pager = []

    call_the_desk(
        build_hook_context({"pager": pager}, op=fetch_reading, op_exception=StationTimeout("no answer"))
    )

    assert pager == ["fetch_reading: no answer"]
