"""Tests of a simulated year of drawn schedules: the reference has the same ticks and the same requests.

The reference has no public function for the times of ticks. Those of a cron expression are the starts of the
time windows of that expression.
"""

from __future__ import annotations

import re
import warnings
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import profiles
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from known_differences import KNOWN_REQUESTS, KNOWN_TIMES, Partitioned, explanation
from windows import EXCLUSIONS

import dagflow
from dagflow.testing import simulate_ticks

reference = pytest.importorskip("dagster", reason="it is not installed: pip install -e '.[differential]'")

examples = profiles.examples(
    4,
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],  # an explanation takes minutes
)
START, END = datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2024, 12, 31, tzinfo=timezone.utc)
MAX_REQUESTS = 40
"""The number of ticks whose requests are compared, spread over the year."""

# Santiago skips midnight, and the clock of Lord Howe is put forward by half an hour
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata"),
    *("America/Santiago", "Australia/Lord_Howe"),
)
zones = st.sampled_from(ZONES)
minutes, hours = st.integers(0, 59), st.integers(0, 23)
crons = st.one_of(
    st.builds("{} {} * * *".format, minutes, st.integers(0, 4) | hours),
    st.builds("{} {},{} * * *".format, minutes, st.integers(0, 2), st.integers(3, 23)),
    st.builds("{} */{} * * *".format, minutes, st.sampled_from([6, 12])),
    st.builds(
        "{} {} * * {}".format, minutes, hours, st.sampled_from(["0", "7", "1-5", "SUN", "MON,THU", "6-7"])
    ),
    st.builds("{} {} {} * *".format, minutes, hours, st.sampled_from(["1", "31", "L", "*/10", "1,15"])),
    st.builds(
        "{} {} {} {} *".format, minutes, hours, st.integers(1, 28), st.sampled_from(["2", "JAN-MAR", "*/5"])
    ),
    st.sampled_from(["@daily", "@weekly", "@monthly", "@yearly", "0 12 * * MON#2"]),
)


@st.composite
def partitioned(draw: st.DrawFn) -> Partitioned:
    """Draw partitions that start within the year, and the times of their ticks."""
    kind = draw(st.sampled_from(["Hourly", "Daily", "Weekly", "Monthly"]))
    text = "-%H:%M" if kind == "Hourly" else ""
    start = datetime(2024, draw(st.integers(1, 10)), draw(st.integers(1, 28)))
    options: dict[str, Any] = {"start_date": f"{start:%Y-%m-%d{text}}", "timezone": draw(zones)}
    options["minute_offset"] = draw(st.sampled_from([0, 0, 30]))
    options["end_offset"] = draw(st.sampled_from([0, 0, 0, 1, -1]))
    if kind != "Hourly":
        options["hour_offset"] = draw(st.sampled_from([0, 0, 2, 9]))
    if kind in ("Weekly", "Monthly"):
        options["day_offset"] = draw(st.integers(1, 6))
    if draw(st.integers(0, 3)) == 0:
        options["exclusions"] = [draw(st.sampled_from(EXCLUSIONS))]
    if draw(st.booleans()):
        options["end_date"] = f"{datetime(2024, 12, 1):%Y-%m-%d{text}}"
    own = {"Weekly": {"day_of_week": st.integers(0, 6)}, "Monthly": {"day_of_month": st.integers(1, 28)}}
    known = {
        "minute_of_hour": minutes,
        **({} if kind == "Hourly" else {"hour_of_day": hours}),
        **own.get(kind, {}),
    }
    names = draw(st.lists(st.sampled_from(sorted(known)), unique=True, max_size=2))
    return Partitioned(kind, options, {name: draw(known[name]) for name in names})


def job_of(library: Any, **arguments: Any) -> Any:
    """Return a job of a library."""
    heat = library.op(name="heat")(lambda: None)

    @library.job(**arguments)
    def brew() -> None:
        heat()

    return brew


def schedule_of(library: Any, drawn: Partitioned) -> Any:
    """Return the schedule of partitions of a library."""
    partitions = getattr(library, f"{drawn.kind}PartitionsDefinition")(**drawn.partitions)
    job = job_of(library, partitions_def=partitions)
    return library.build_schedule_from_partitioned_job(job, name="drawn", **drawn.times)


def times_of_reference(crons: list[str], zone: str) -> list[float]:
    """Return the times at which the reference ticks, in seconds since the epoch."""
    found: set[float] = set()
    form = "%Y-%m-%dT%H:%M%z"
    for cron in crons:
        windows = reference.TimeWindowPartitionsDefinition(
            start=f"{START:{form}}", cron_schedule=cron, timezone=zone, fmt=form
        )
        keys = windows.get_partition_keys(current_time=datetime(2026, 3, 1, tzinfo=timezone.utc))
        found.update(datetime.strptime(key, form).timestamp() for key in keys)
    return sorted(time for time in found if START.timestamp() <= time < END.timestamp())


def requests_of_reference(schedule: Any, time: datetime) -> Any:
    """Return the facts of a tick of the reference, or the name of the error that it raises."""
    try:
        result = schedule.evaluate_tick(reference.build_schedule_context(scheduled_execution_time=time))
    except reference.DagsterUnknownPartitionError as error:
        return type(error).__name__
    return facts(result.run_requests, result.skip_message)


def facts(requests: Any, skip_message: str | None) -> Any:
    """Return the comparable facts of a tick."""
    found = [
        (
            one.run_key,
            one.partition_key,
            {re.sub("dagster/", "dagflow/", key): tag for key, tag in one.tags.items()},
        )
        for one in requests
    ]
    return found, skip_message is None


@given(st.lists(crons, min_size=1, max_size=2, unique=True), zones)
@examples
def test_the_times_of_a_year(given_crons: list[str], zone: str):
    """The ticks of cron expressions are at the same times, also where the clock changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schedule = dagflow.ScheduleDefinition(
            "drawn", cron_schedule=given_crons, execution_timezone=zone, job=job_of(dagflow)
        )
        ticks = simulate_ticks(schedule, END - START, START, execute=False)
        ours = [tick.time.timestamp() for tick in ticks]
        theirs = times_of_reference(given_crons, zone)

    # the windows of the reference begin with the first start after the local midnight
    different = {time for time in ours if time >= theirs[0]} ^ set(theirs)
    times = [datetime.fromtimestamp(time, ZoneInfo(zone)) for time in sorted(different)]
    assert not [time for time in times if not explanation(KNOWN_TIMES, time)]


@given(partitioned())
@examples
def test_the_requests_of_a_year(drawn: Partitioned):
    """A schedule of partitions requests the same partitions, with the same keys and tags."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = (schedule_of(library, drawn) for library in (reference, dagflow))
        assert (ours.cron_schedule, ours.execution_timezone) == (
            theirs.cron_schedule,
            theirs.execution_timezone,
        )
        ticks = simulate_ticks(ours, END - START, START, execute=False)
        for tick in ticks[:: max(1, len(ticks) // MAX_REQUESTS)]:
            found = facts(tick.run_requests, tick.skip_message)
            expected = requests_of_reference(theirs, tick.time)
            assert found == expected or explanation(KNOWN_REQUESTS, drawn, expected, found), tick.time
