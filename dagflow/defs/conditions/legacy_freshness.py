"""The older form of freshness policies: `LegacyFreshnessPolicy`."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from dagflow.errors import (
    DagflowInvalidDefinitionError,
    ParameterCheckError,
    check_optional,
    check_type,
)
from dagflow.partitions.cadence import ZonedCadence, zone_named
from dagflow.partitions.cron import cadence_of
from dagflow.values import Constant


class FreshnessMinutes(NamedTuple):
    """The age of the data of an asset in minutes, and the part of it that is too much."""

    overdue_minutes: float
    lag_minutes: float


class LegacyFreshnessPolicy(Constant):
    """The largest age of the data of an asset, at any time or at the ticks of a cron expression.

    Args:
        maximum_lag_minutes: The largest age in minutes.
        cron_schedule: The times at which the age counts; default: at any time.
        cron_schedule_timezone: The IANA name of the zone of `cron_schedule`; default: UTC.

    Raises:
        ParameterCheckError: An argument is of the wrong type, or a zone is given without `cron_schedule`.
        DagflowInvalidDefinitionError: The expression or the zone is invalid.

    Example:
        >>> LegacyFreshnessPolicy(maximum_lag_minutes=30).maximum_lag_delta
        datetime.timedelta(seconds=1800)
    """

    __slots__ = ("cron_schedule", "cron_schedule_timezone", "maximum_lag_minutes")
    _names = ("maximum_lag_minutes", "cron_schedule", "cron_schedule_timezone")

    maximum_lag_minutes: float
    cron_schedule: str | None
    cron_schedule_timezone: str | None

    def __init__(
        self,
        *,
        maximum_lag_minutes: float,
        cron_schedule: str | None = None,
        cron_schedule_timezone: str | None = None,
    ) -> None:
        place = "a LegacyFreshnessPolicy"
        lag = float(check_type(maximum_lag_minutes, (int, float), "maximum_lag_minutes", place))
        check_optional(cron_schedule, str, "cron_schedule", place)
        check_optional(cron_schedule_timezone, str, "cron_schedule_timezone", place)
        if cron_schedule is None and cron_schedule_timezone is not None:
            raise ParameterCheckError(
                f"{place} has a 'cron_schedule_timezone' without a 'cron_schedule'. Give both, or neither."
            )
        self._set(
            maximum_lag_minutes=lag,
            cron_schedule=cron_schedule,
            cron_schedule_timezone=cron_schedule_timezone,
        )
        self._cadence()

    def _cadence(self) -> ZonedCadence | None:
        if self.cron_schedule is None:
            return None
        try:
            zone = zone_named(self.cron_schedule_timezone or "UTC")
            return ZonedCadence(cadence_of(self.cron_schedule), zone)
        except DagflowInvalidDefinitionError as error:
            raise DagflowInvalidDefinitionError(
                f"a LegacyFreshnessPolicy has an invalid 'cron_schedule': {error}"
            ) from error

    @property
    def maximum_lag_delta(self) -> timedelta:
        """The largest age as a timedelta."""
        return timedelta(minutes=self.maximum_lag_minutes)

    def get_evaluation_tick(self, evaluation_time: datetime) -> datetime:
        """Return the latest time at which the age counts.

        Args:
            evaluation_time: The time of the evaluation. Without a zone it is read in UTC.

        Returns:
            The latest tick at or before the evaluation, in the zone of the cron schedule. Without a cron
            schedule the evaluation itself.

        Example:
            >>> policy = LegacyFreshnessPolicy(maximum_lag_minutes=30, cron_schedule="0 9 * * *")
            >>> policy.get_evaluation_tick(datetime(2024, 1, 2, 10)).isoformat()
            '2024-01-02T09:00:00+00:00'
        """
        cadence = self._cadence()
        if cadence is None:
            return check_type(evaluation_time, datetime, "evaluation_time", "get_evaluation_tick")
        tick = cadence.floor(_utc(evaluation_time, "evaluation_time"))
        return tick.replace(tzinfo=timezone.utc).astimezone(cadence.zone)

    def minutes_overdue(
        self, data_time: datetime | None, evaluation_time: datetime
    ) -> FreshnessMinutes | None:
        """Return the age of the data, and the part of it that is too much.

        Args:
            data_time: The time of the data, None if there are no data.
            evaluation_time: The time of the evaluation.

        Example:
            >>> policy = LegacyFreshnessPolicy(maximum_lag_minutes=30)
            >>> policy.minutes_overdue(datetime(2024, 1, 1, 9), datetime(2024, 1, 1, 10))
            FreshnessMinutes(overdue_minutes=30.0, lag_minutes=60.0)
        """
        if data_time is None:
            return None
        tick = _utc(self.get_evaluation_tick(evaluation_time), "evaluation_time")
        lag = max(0.0, (tick - _utc(data_time, "data_time")).total_seconds() / 60)
        return FreshnessMinutes(max(0.0, lag - self.maximum_lag_minutes), lag)


def _utc(moment: datetime, name: str) -> datetime:
    check_type(moment, datetime, name, "a LegacyFreshnessPolicy")
    return moment if moment.tzinfo is None else moment.astimezone(timezone.utc).replace(tzinfo=None)
