"""Step 6: what the schedule, the sensor and the conditions do over weeks. No day is waited for."""

import shutil

import pytest
from dagflow import InMemoryIOManager
from pytest_dagflow import assert_check, assert_materialized, assert_ticks

from flights.project import new_months, storage


@pytest.fixture
def mailbox(january, tmp_path):
    """Return an inbox in which only the reference data have arrived."""
    return shutil.copytree(january, tmp_path / "mailbox", ignore=shutil.ignore_patterns("flights-*"))


@pytest.fixture
def send(january, mailbox):
    """Return a function that sends the flights of January to the inbox."""
    return lambda: shutil.copy(january / "flights-2013-01.parquet", mailbox)


@pytest.fixture
def dag_resources(mailbox, tmp_path):
    """Return the resources of this module: that inbox, and tables in memory."""
    files = storage(str(mailbox), f"{tmp_path}/flights.duckdb", f"{tmp_path}/pages")
    return files | {"tables": InMemoryIOManager()}


def test_the_bulletin_of_january(dag_clock, dag_run, send, tmp_path):
    """The weather comes day by day, the flights in one file later, and the bulletin when both are there."""
    dag_run("airlines or planes or weather")

    assert_ticks(
        dag_clock.ticks(days=31, start="2013-01-02"),
        [
            "2013-01-02 06:00 to 2013-02-01 06:00 every_morning: load_day[*] (31 ticks)",
            "2013-02-01 12:00 when_complete: monthly_weather[2013-01-01]",
        ],
    )

    send()
    assert_ticks(
        dag_clock.ticks(days=1),
        [
            "2013-02-02 00:00 new_months: load_month[2013-01-01|EWR] key=2013-01-EWR, "
            "load_month[2013-01-01|JFK] key=2013-01-JFK, load_month[2013-01-01|LGA] key=2013-01-LGA",
            "2013-02-02 00:00 when_complete: punctuality+bulletin[2013-01-01]",
            "2013-02-02 06:00 every_morning: load_day[2013-02-01]",
        ],
    )
    page = (tmp_path / "pages" / "bulletin" / "2013-01-01.md").read_text()
    assert "- EWR: 305 flights, 1 cancelled, 27 % late\n" in page  # of the first day: the file has no other
    assert "- EWR: 50 hours of rain or snow, 33 of fog\n" in page


def test_a_corrected_month_is_computed_again(dag_clock, dag_run, send):
    """The condition waits for all three airports, and reacts to each correction after that."""
    dag_clock.move_to("2013-02-02")
    send()
    dag_run("airlines or planes or weather")
    dag_run("load_month", partition_key="2013-01-01|EWR")
    dag_run("load_month", partition_key="2013-01-01|JFK")
    assert_ticks(dag_clock.ticks("when_complete", days=1), [])

    dag_run("load_month", partition_key="2013-01-01|LGA")
    assert_ticks(dag_clock.ticks("when_complete", days=1), ["when_complete: punctuality[2013-01-01]"])

    dag_run("load_month", partition_key="2013-01-01|JFK")
    assert_ticks(dag_clock.ticks("when_complete", days=1), ["when_complete: punctuality[2013-01-01]"])


def test_each_day_of_the_year_is_requested_once(dag_clock):
    """It is six in New York, before and after the clocks change. Nothing is run."""
    ticks = dag_clock.ticks("every_morning", days=365, start="2013-01-02", execute=False)

    days = [tick.run_requests[0].partition_key for tick in ticks if tick.run_requests]
    assert (len(days), len(set(days)), days[-1]) == (365, 365, "2013-12-31")
    assert_ticks(
        ticks[66:68],
        [
            "2013-03-09 06:00-05:00 every_morning: load_day[2013-03-08]",
            "2013-03-10 06:00-04:00 every_morning: load_day[2013-03-09]",
        ],
    )


def test_a_request_runs_the_job(build_sensor_context, dag_clock, dag_definitions, dag_run, send):
    """A tick is also a call with a context. The next one has the cursor of this one."""
    dag_clock.move_to("2013-02-02")

    def tick(cursor=None):
        return new_months.evaluate_tick(build_sensor_context(cursor=cursor, definitions=dag_definitions))

    assert tick().skip_message == "no file has arrived"

    send()
    found = tick()
    assert tick(found.cursor).skip_message == "no file after 2013-01-01"

    dag_run("airlines or planes or weather")
    result = dag_run("load_month", partition_key=found.run_requests[0].partition_key)
    assert_materialized(result, "enriched_flights", partition="2013-01-01|EWR")
    assert_check(result, "departures", "each_flight_once")
