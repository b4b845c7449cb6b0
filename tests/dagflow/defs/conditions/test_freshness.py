"""Freshness policies: their forms, their checks and their equality."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from dagflow import CheckError, FreshnessPolicy, ParameterCheckError, deserialize_value, serialize_value

HOUR = timedelta(hours=1)


def test_time_window():
    """A policy by time window has its windows as durations."""
    policy = FreshnessPolicy.time_window(2 * HOUR, HOUR)

    assert isinstance(policy, FreshnessPolicy)
    assert policy.fail_window.to_timedelta() == 2 * HOUR
    assert policy.warn_window.to_timedelta() == HOUR
    assert FreshnessPolicy.time_window(HOUR).warn_window is None


def test_cron():
    """A policy by cron has its expression, its duration and its zone."""
    policy = FreshnessPolicy.cron("0 9 * * *", HOUR, "Europe/Berlin")

    assert isinstance(policy, FreshnessPolicy)
    assert (policy.deadline_cron, policy.lower_bound_delta, policy.timezone) == (
        "0 9 * * *",
        HOUR,
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: FreshnessPolicy.time_window(2 * HOUR, HOUR),
        lambda: FreshnessPolicy.time_window(2 * HOUR),
        lambda: FreshnessPolicy.cron("@daily", HOUR),
    ],
)
def test_equal_by_value(make):
    """Equal policies have one hash, and come back from JSON and from a pickle."""
    assert make() == make() != FreshnessPolicy.time_window(3 * HOUR)
    assert hash(make()) == hash(make())
    assert deserialize_value(serialize_value(make())) == make() == pickle.loads(pickle.dumps(make()))


@pytest.mark.parametrize(
    ("fail", "warn", "problem"),
    [
        (timedelta(seconds=30), None, "fail_window"),
        (HOUR, timedelta(seconds=30), "warn_window"),
        (HOUR, HOUR, "less than 'fail_window'"),
    ],
)
def test_windows_are_checked(fail, warn, problem):
    """A window is a minute or more, and the warning comes before the failure."""
    with pytest.raises(CheckError, match=problem):
        FreshnessPolicy.time_window(fail, warn)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("x", HOUR), "five fields"),
        (("0 9 * * * *", HOUR), "five fields"),
        (("0 9 * * *", HOUR, "X/Y"), "X/Y"),
        (("0 9 * * *", timedelta(seconds=10)), "one minute"),
        (("0 9 * * *", 25 * HOUR), "1 day, 0:00:00 at most"),
        (("0 9,11 * * *", 3 * HOUR), "2:00:00 at most"),
        (("0 0 1 * *", timedelta(days=29)), "28 days, 0:00:00 at most"),
    ],
)
def test_deadlines_are_checked(arguments, problem):
    """Expression and zone are valid, and the duration is at most the smallest distance of two deadlines."""
    with pytest.raises(CheckError, match=problem):
        FreshnessPolicy.cron(*arguments)


@pytest.mark.parametrize(
    ("expression", "longest"),
    [("0 9 * * *", 24 * HOUR), ("0 9,11 * * *", 2 * HOUR), ("0 0 1 * *", 672 * HOUR)],
)
def test_the_longest_duration(expression, longest):
    """The smallest distance of two deadlines itself is allowed."""
    assert FreshnessPolicy.cron(expression, longest).lower_bound_delta == longest


@pytest.mark.parametrize(
    "make",
    [
        lambda: FreshnessPolicy.time_window(3),
        lambda: FreshnessPolicy.time_window(HOUR, 3),
        lambda: FreshnessPolicy.cron("0 9 * * *", 3),
        lambda: FreshnessPolicy.cron(3, HOUR),
        lambda: FreshnessPolicy.cron("0 9 * * *", HOUR, 3),
    ],
)
def test_types_are_checked(make):
    """An argument of another type is refused."""
    with pytest.raises(ParameterCheckError):
        make()


def test_no_constructor():
    """The class itself has no policy: the message names both forms."""
    with pytest.raises(TypeError, match=r"time_window.*cron"):
        FreshnessPolicy()
