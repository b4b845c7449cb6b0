"""Freshness policies: the age from which an asset counts as stale.

A policy is kept on the spec of an asset. Nothing evaluates it during a run.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dagflow.defs.conditions.durations import SerializableTimeDelta
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, check_optional, check_type, repr_of
from dagflow.partitions.cadence import Cadence, zone_named
from dagflow.partitions.cron import cadence_of
from dagflow.values import Constant

_SHORTEST = timedelta(minutes=1)
_TICKS = 400  # with this many ticks, the smallest distance of two ticks of an expression is among them


class FreshnessPolicy(Constant):
    """The age from which an asset counts as stale. Create one with `time_window` or `cron`.

    Raises:
        TypeError: This class is called itself.

    Example:
        >>> from datetime import timedelta
        >>> policy = FreshnessPolicy.time_window(fail_window=timedelta(days=1))
        >>> policy.fail_window.to_timedelta()
        datetime.timedelta(days=1)
    """

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError(
            "a FreshnessPolicy has no constructor: use FreshnessPolicy.time_window(...) or "
            "FreshnessPolicy.cron(...)"
        )

    @staticmethod
    def time_window(
        fail_window: timedelta, warn_window: timedelta | None = None
    ) -> TimeWindowFreshnessPolicy:
        """Return the policy of an asset that must be updated within a duration.

        Args:
            fail_window: The age from which the asset is stale.
            warn_window: The smaller age from which there is a warning.

        Raises:
            ParameterCheckError: A window is not a timedelta.
            CheckError: A window is shorter than a minute, or the warning is not earlier than the failure.

        Example:
            >>> from datetime import timedelta
            >>> FreshnessPolicy.time_window(timedelta(hours=2), timedelta(hours=1)).warn_window.seconds
            3600
        """
        place = "FreshnessPolicy.time_window"
        fail = check_type(fail_window, timedelta, "fail_window", place)
        warn = check_optional(warn_window, timedelta, "warn_window", place)
        return TimeWindowFreshnessPolicy(
            SerializableTimeDelta.from_timedelta(fail),
            None if warn is None else SerializableTimeDelta.from_timedelta(warn),
        )

    @staticmethod
    def cron(deadline_cron: str, lower_bound_delta: timedelta, timezone: str = "UTC") -> CronFreshnessPolicy:
        """Return the policy of an asset that must be updated before each tick of a cron expression.

        Args:
            deadline_cron: The deadlines, as a cron expression of five fields.
            lower_bound_delta: The duration before a deadline within which an update counts for it.
            timezone: The IANA name of the zone of the expression.

        Raises:
            ParameterCheckError: An argument is of the wrong type.
            CheckError: The expression or the zone is invalid, or the duration is shorter than a minute or
                longer than the smallest distance of two deadlines.

        Example:
            >>> from datetime import timedelta
            >>> FreshnessPolicy.cron("0 9 * * *", timedelta(hours=3)).lower_bound_delta
            datetime.timedelta(seconds=10800)
        """
        place = "FreshnessPolicy.cron"
        delta = check_type(lower_bound_delta, timedelta, "lower_bound_delta", place)
        return CronFreshnessPolicy(deadline_cron, SerializableTimeDelta.from_timedelta(delta), timezone)


class TimeWindowFreshnessPolicy(FreshnessPolicy):
    """The policy of an asset that must be updated within a duration: see `FreshnessPolicy.time_window`."""

    __slots__ = ("fail_window", "warn_window")

    fail_window: SerializableTimeDelta
    warn_window: SerializableTimeDelta | None

    def __init__(
        self, fail_window: SerializableTimeDelta, warn_window: SerializableTimeDelta | None = None
    ) -> None:
        place = "a TimeWindowFreshnessPolicy"
        fail = check_type(fail_window, SerializableTimeDelta, "fail_window", place)
        warn = check_optional(warn_window, SerializableTimeDelta, "warn_window", place)
        _check_length(fail.to_timedelta(), f"'fail_window' of {place}")
        if warn is not None:
            _check_length(warn.to_timedelta(), f"'warn_window' of {place}")
            if warn.to_timedelta() >= fail.to_timedelta():
                raise CheckError(
                    f"'warn_window' of {place} is {warn.to_timedelta()}, and must be less than "
                    f"'fail_window', which is {fail.to_timedelta()}"
                )
        self._set(fail_window=fail, warn_window=warn)


class CronFreshnessPolicy(FreshnessPolicy):
    """The policy of an asset that must be updated before each deadline: see `FreshnessPolicy.cron`."""

    __slots__ = ("deadline_cron", "serializable_lower_bound_delta", "timezone")

    deadline_cron: str
    serializable_lower_bound_delta: SerializableTimeDelta
    timezone: str

    def __init__(
        self, deadline_cron: str, serializable_lower_bound_delta: SerializableTimeDelta, timezone: str = "UTC"
    ) -> None:
        place = "a CronFreshnessPolicy"
        check_type(deadline_cron, str, "deadline_cron", place)
        check_type(timezone, str, "timezone", place)
        delta = check_type(
            serializable_lower_bound_delta, SerializableTimeDelta, "serializable_lower_bound_delta", place
        ).to_timedelta()
        try:
            cadence = cadence_of(deadline_cron)
            zone_named(timezone)
        except DagflowInvalidDefinitionError as error:
            raise CheckError(f"{place} has an invalid deadline: {error}") from error
        _check_length(delta, f"'lower_bound_delta' of {place}")
        smallest = _smallest_distance(cadence)
        if delta > smallest:
            raise CheckError(
                f"'lower_bound_delta' of {place} is {delta}, and must be {smallest} at most: the smallest "
                f"distance of two deadlines of {repr_of(deadline_cron)}"
            )
        self._set(
            deadline_cron=deadline_cron,
            serializable_lower_bound_delta=serializable_lower_bound_delta,
            timezone=timezone,
        )

    @property
    def lower_bound_delta(self) -> timedelta:
        """The duration before a deadline within which an update counts for it."""
        return self.serializable_lower_bound_delta.to_timedelta()


def _check_length(length: timedelta, what: str) -> None:
    if length < _SHORTEST:
        raise CheckError(f"{what} is {length}, and must be one minute or more")


def _smallest_distance(cadence: Cadence) -> timedelta:
    """Return the smallest distance of two ticks on a clock that is never put forward or back."""
    tick = cadence.after(datetime(2023, 12, 31))
    smallest = timedelta.max
    for _ in range(_TICKS):
        after = cadence.after(tick)
        smallest = min(smallest, after - tick)
        tick = after
    return smallest
