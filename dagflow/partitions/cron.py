"""The one door to the cron library: windows that start when a cron expression says so.

Expressions that mean each hour, day, week or month need no library; `cadence_of` makes a `Calendar` of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.partitions.grid import Cadence, Calendar, ScheduleType

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MINUTE = timedelta(minutes=1)


def cadence_of(expression: str) -> Cadence:
    """The cadence of a cron expression with five fields (minute, hour, day of month, month, day of week).

    Args:
        expression: The fields, or a name as `@daily`.

    Raises:
        DagflowInvalidDefinitionError: The expression cannot be read, or never comes true.

    Example:
        >>> cadence_of("30 6 * * *")
        Calendar(kind=<ScheduleType.DAILY: 'DAILY'>, minute=30, hour=6, day=0)
    """
    if not isinstance(expression, str):
        raise DagflowInvalidDefinitionError(
            f"a cron schedule must be a text as '0 0 * * *', not {expression!r}"
        )
    fields = _ALIASES.get(expression.strip(), expression).split()
    if len(fields) != 5:
        raise DagflowInvalidDefinitionError(
            f"invalid cron schedule '{expression}': it must have five fields "
            "(minute, hour, day of month, month, day of week)"
        )
    minute, hour, month_day, month, week_day = fields
    for kind, numbers, stars in (
        (ScheduleType.HOURLY, (minute,), (hour, month_day, month, week_day)),
        (ScheduleType.DAILY, (minute, hour), (month_day, month, week_day)),
        (ScheduleType.WEEKLY, (minute, hour, week_day), (month_day, month)),
        (ScheduleType.MONTHLY, (minute, hour, month_day), (month, week_day)),
    ):
        if all(re.fullmatch(r"\d{1,2}", number, re.ASCII) for number in numbers) and set(stars) == {"*"}:
            values = [int(number) for number in numbers]
            if kind is ScheduleType.WEEKLY and values[2] == 7:
                values[2] = 0
            try:
                return Calendar(kind, *values)
            except DagflowInvalidDefinitionError as error:
                raise DagflowInvalidDefinitionError(
                    f"invalid cron schedule '{expression}': {error}"
                ) from None
    return CronSchedule(" ".join(fields))


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """Starts when a cron expression says so.

    Args:
        cron_schedule: The expression, with five fields.

    Raises:
        DagflowInvalidDefinitionError: It cannot be read, or never comes true.

    Example:
        >>> CronSchedule("0 0 * * 1-5").after(datetime(2024, 1, 5))  # a Friday
        datetime.datetime(2024, 1, 8, 0, 0)
    """

    cron_schedule: str

    def __post_init__(self) -> None:
        try:
            self.after(datetime(2000, 1, 1))
        except OverflowError as error:
            raise DagflowInvalidDefinitionError(
                f"invalid cron schedule '{self.cron_schedule}': {error}"
            ) from error.__cause__

    @property
    def repeats(self) -> bool:
        """Whether an hour that the clock shows twice has its starts twice: the hours are not named."""
        return self.cron_schedule.split()[1].startswith("*")

    def floor(self, wall: datetime) -> datetime:
        """The last start at or before `wall`."""
        return self.before(wall.replace(second=0, microsecond=0) + _MINUTE)

    def after(self, wall: datetime) -> datetime:
        """The first start later than `wall`."""
        return self._moment(wall, "get_next")

    def before(self, wall: datetime) -> datetime:
        """The last start earlier than `wall`."""
        return self._moment(wall, "get_prev")

    def _moment(self, wall: datetime, method: str) -> datetime:
        try:
            import croniter
        except ImportError as error:
            raise DagflowInvalidDefinitionError(
                f"the cron schedule '{self.cron_schedule}' needs the package 'croniter': install it, or use "
                "hourly, daily, weekly or monthly partitions"
            ) from error
        try:
            found: Any = getattr(croniter.croniter(self.cron_schedule, wall), method)(datetime)
        except (ValueError, OverflowError, KeyError, AttributeError) as error:
            raise OverflowError(str(error)) from error  # as arithmetic does where the calendar ends
        return datetime(found.year, found.month, found.day, found.hour, found.minute)
