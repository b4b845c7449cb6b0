"""The older freshness policies: their checks, their ticks and their minutes."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest

from dagflow import (
    DagflowInvalidDefinitionError,
    LegacyFreshnessPolicy,
    ParameterCheckError,
    deserialize_value,
    serialize_value,
)

NOW = datetime(2024, 1, 2, 10, tzinfo=timezone.utc)
ANY_TIME = LegacyFreshnessPolicy(maximum_lag_minutes=3)
AT_NINE = LegacyFreshnessPolicy(maximum_lag_minutes=3, cron_schedule="0 9 * * *")


def test_equal_by_value():
    """Equal policies have one hash, and come back from JSON and from a pickle."""
    same = LegacyFreshnessPolicy(maximum_lag_minutes=3.0)

    assert ANY_TIME == same != AT_NINE
    assert hash(ANY_TIME) == hash(same)
    assert deserialize_value(serialize_value(AT_NINE)) == AT_NINE == pickle.loads(pickle.dumps(AT_NINE))


def test_lag_is_a_float():
    """The largest age is a float, and a timedelta too."""
    assert repr(ANY_TIME.maximum_lag_minutes) == "3.0"
    assert ANY_TIME.maximum_lag_delta == timedelta(minutes=3)


def test_ticks():
    """The age counts at the latest tick, in the zone of the schedule, or at once without a schedule."""
    in_new_york = LegacyFreshnessPolicy(
        maximum_lag_minutes=3, cron_schedule="0 9 * * *", cron_schedule_timezone="America/New_York"
    )

    assert ANY_TIME.get_evaluation_tick(NOW) == NOW
    assert AT_NINE.get_evaluation_tick(NOW) == NOW.replace(hour=9)
    assert AT_NINE.get_evaluation_tick(NOW.replace(tzinfo=None)) == NOW.replace(hour=9)
    assert in_new_york.get_evaluation_tick(NOW).isoformat() == "2024-01-01T09:00:00-05:00"


@pytest.mark.parametrize(
    ("policy", "age", "expected"),
    [
        (ANY_TIME, timedelta(minutes=10), (7.0, 10.0)),
        (ANY_TIME, timedelta(minutes=2), (0.0, 2.0)),
        (ANY_TIME, timedelta(minutes=-9), (0.0, 0.0)),
        (AT_NINE, timedelta(minutes=100), (37.0, 40.0)),
        (AT_NINE, timedelta(0), (0.0, 0.0)),
        (AT_NINE, timedelta(days=1), (1377.0, 1380.0)),
    ],
)
def test_minutes_overdue(policy, age, expected):
    """The age is the time between the data and the tick; overdue is the part above the largest age."""
    found = policy.minutes_overdue(data_time=NOW - age, evaluation_time=NOW)

    assert found == expected
    assert (found.overdue_minutes, found.lag_minutes) == expected


def test_no_data():
    """Without data there is no age."""
    assert ANY_TIME.minutes_overdue(None, NOW) is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"maximum_lag_minutes": "3"}, ParameterCheckError),
        ({"maximum_lag_minutes": 3, "cron_schedule": 3}, ParameterCheckError),
        ({"maximum_lag_minutes": 3, "cron_schedule_timezone": "UTC"}, ParameterCheckError),
        ({"maximum_lag_minutes": 3, "cron_schedule": "x"}, DagflowInvalidDefinitionError),
        (
            {"maximum_lag_minutes": 3, "cron_schedule": "0 9 * * *", "cron_schedule_timezone": "X"},
            DagflowInvalidDefinitionError,
        ),
    ],
)
def test_arguments_are_checked(arguments, error):
    """An argument of the wrong type, a lone zone, an invalid expression and an unknown zone are refused."""
    with pytest.raises(error):
        LegacyFreshnessPolicy(**arguments)
