"""Windows that start at the times of a cron expression. Only this module imports the cron library.

Expressions for each hour, day, week or month need no library; `cadence_of` returns a `Calendar` for them.
`dagflow.partitions.cron_fields` translates all others into the dialect of the library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dagflow._util import warn
from dagflow.errors import DagflowInvalidDefinitionError, repr_of
from dagflow.partitions.cadence import Cadence, Calendar, ScheduleType
from dagflow.partitions.cron_fields import in_plain_numbers

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
    """Return the cadence of a cron expression.

    Args:
        expression: Five fields (minute, hour, day of month, month, day of week), or a name such as `@daily`.

    Raises:
        DagflowInvalidDefinitionError: The expression is invalid, or matches no date.

    Example:
        >>> cadence_of("30 6 * * *")
        Calendar(schedule_type=<ScheduleType.DAILY: 'DAILY'>, minute=30, hour=6, day=0)
    """
    fields = _fields(expression)
    minute, hour, month_day, month, week_day = fields
    for schedule_type, numbers, stars in (
        (ScheduleType.HOURLY, (minute,), (hour, month_day, month, week_day)),
        (ScheduleType.DAILY, (minute, hour), (month_day, month, week_day)),
        (ScheduleType.WEEKLY, (minute, hour, week_day), (month_day, month)),
        (ScheduleType.MONTHLY, (minute, hour, month_day), (month, week_day)),
    ):
        if all(re.fullmatch(r"\d{1,2}", number, re.ASCII) for number in numbers) and set(stars) == {"*"}:
            values = [int(number) for number in numbers]
            if schedule_type is ScheduleType.WEEKLY and values[2] == 7:
                values[2] = 0
            try:
                return Calendar(schedule_type, *values)
            except DagflowInvalidDefinitionError as error:
                raise DagflowInvalidDefinitionError(
                    f"invalid cron schedule '{expression}': {error}"
                ) from None
    return CronSchedule(" ".join(fields))


def check_cron_schedule(expression: str, owner: str) -> None:
    """Check the cron expression of a schedule. Warn of a step that no value of its field allows.

    Args:
        expression: Five fields (minute, hour, day of month, month, day of week), or a name such as `@daily`.
        owner: The schedule, for messages.

    Raises:
        DagflowInvalidDefinitionError: The expression is invalid, or matches no date.

    Example:
        >>> check_cron_schedule("0 0 31 2 *", "schedule 'leap'")
        Traceback (most recent call last):
            ...
        dagflow.errors.DagflowInvalidDefinitionError: Found invalid cron schedule '0 0 31 2 *' for schedule \
'leap': invalid cron schedule '0 0 31 2 *': no date matches it
    """
    try:
        cadence_of(expression)
    except DagflowInvalidDefinitionError as error:
        raise DagflowInvalidDefinitionError(
            f"Found invalid cron schedule {repr_of(expression)} for {owner}: {error}"
        ) from None
    for numbers, highest in zip(_fields(expression), (59, 23, 31, 12, 7), strict=True):
        for term in numbers.split(","):
            step = term.partition("/")[2]
            if step and int(step) > highest:
                warn(
                    f"Found a cron schedule with an interval greater than the expected range for {owner}: "
                    f"'/{step}' in '{expression}' is more than {highest}, so each range has one value only",
                    UserWarning,
                )


def _fields(expression: str) -> list[str]:
    if not isinstance(expression, str):
        raise DagflowInvalidDefinitionError(
            f"a cron schedule must be a string such as '0 0 * * *', not {repr_of(expression)}"
        )
    fields = _ALIASES.get(expression.strip(), expression).split()
    if len(fields) != 5:
        raise DagflowInvalidDefinitionError(
            f"invalid cron schedule '{expression}': it must have five fields "
            "(minute, hour, day of month, month, day of week)"
        )
    return fields


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """A cadence with a start at each time of a cron expression.

    Args:
        cron_schedule: The expression, with five fields.

    Raises:
        DagflowInvalidDefinitionError: The expression is invalid, or matches no date.

    Example:
        >>> CronSchedule("0 0 * * 1-5").after(datetime(2024, 1, 5))  # a Friday
        datetime.datetime(2024, 1, 8, 0, 0)
    """

    cron_schedule: str
    _plain: str = field(init=False, repr=False, compare=False)  # in the dialect of the library

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "_plain", in_plain_numbers(_fields(self.cron_schedule)))
            self.after(datetime(2000, 1, 1))
        except (ValueError, OverflowError) as error:
            raise DagflowInvalidDefinitionError(
                f"invalid cron schedule '{self.cron_schedule}': {error}"
            ) from None

    @property
    def repeats(self) -> bool:
        """True if the starts in an hour that the clock shows twice count twice: the hours are not named."""
        return self.cron_schedule.split()[1] == "*"

    def floor(self, wall: datetime) -> datetime:
        """Return the last start at or before `wall`."""
        return self.before(wall.replace(second=0, microsecond=0) + _MINUTE)

    def after(self, wall: datetime) -> datetime:
        """Return the first start later than `wall`."""
        return self._next(wall, reverse=False)

    def before(self, wall: datetime) -> datetime:
        """Return the last start earlier than `wall`."""
        return self._next(wall, reverse=True)

    def _next(self, wall: datetime, *, reverse: bool) -> datetime:
        try:
            import cronsim  # imported lazily: most definitions are calendars, which need no library
        except ImportError as error:
            raise DagflowInvalidDefinitionError(
                f"the cron schedule '{self.cron_schedule}' needs the package 'cronsim': install it, or use "
                "hourly, daily, weekly or monthly partitions"
            ) from error
        try:
            return next(cronsim.CronSim(self._plain, wall, reverse))
        except (cronsim.CronSimError, StopIteration):  # not within 50 years
            raise OverflowError("no date matches it") from None
