"""The format of the keys of time windows: from the start of a window to its key, and back."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.partitions.cadence import UTC, Calendar, ScheduleType, ZonedCadence

DAY_FORMAT = "%Y-%m-%d"
MINUTE_FORMAT = "%Y-%m-%d-%H:%M"

_MIDNIGHT = time()
_READABLE = frozenset("aAwdbBmyYHIMSfzZjUWcxXGuVp%")
_YEARS = frozenset("YyGcx")
_DAYS = frozenset("aAwudjcx")
_WEEKS = frozenset("UWV")


class KeyFormat:
    """The format of the keys of time windows.

    If a clock is put back and shows an hour twice, the keys of the second hour end with the offset from UTC
    (`2024-11-03-01:00-0500`), unless every key has its offset because the format contains `%z`.

    Args:
        fmt: The format, as in `datetime.strftime`. A format with the number of a week and without a day is
            possible for windows of a week: the day is then the first day of the window.
        cadence: The starts of windows.

    Raises:
        DagflowInvalidDefinitionError: The format has a directive that cannot be read.
    """

    __slots__ = ("_has_offset", "_has_zone", "_head", "_tail", "cadence", "fmt")

    def __init__(self, fmt: str, cadence: ZonedCadence) -> None:
        self.fmt: str = fmt
        self.cadence: ZonedCadence = cadence
        self._head = self._tail = ("", "")  # text and format, put before and after those of a key
        self._has_offset = self._has_zone = False
        if fmt in (DAY_FORMAT, MINUTE_FORMAT):
            return
        directives = re.findall(r"%(.?)", fmt, re.DOTALL)
        _check_directives(fmt, directives, cadence)
        self._has_offset = "z" in directives
        self._has_zone = self._has_offset or "Z" in directives
        if "d" in directives and _YEARS.isdisjoint(directives):
            self._head = ("1900 ", "%Y ")  # the default year; newer Pythons warn without a year
        calendar = cadence.wall_cadence
        if (
            not _WEEKS.isdisjoint(directives)
            and _DAYS.isdisjoint(directives)
            and isinstance(calendar, Calendar)
            and calendar.schedule_type is ScheduleType.WEEKLY
        ):
            self._tail = (f" {calendar.day}", " %w")

    def key(self, start: datetime) -> str:
        """Return the key of the window that starts at a moment in UTC."""
        cadence = self.cadence
        local = start if cadence.zone is UTC and not self._has_zone else cadence.local(start)
        fmt = self.fmt
        if fmt == DAY_FORMAT:
            key = local.isoformat()[:10]
        elif fmt == MINUTE_FORMAT:
            key = local.isoformat("-")[:16]
        else:
            key = local.strftime(fmt)
        if local.fold and cadence.wall_cadence.repeats and not self._has_offset:
            key += local.strftime("%z")
        return key

    def read(self, text: str) -> datetime:
        """Return the local date and time of a string in this format, with or without an offset at its end.

        Raises:
            ValueError: The string does not match the format.

        Example:
            >>> from dagflow.partitions.cadence import zone_named
            >>> weeks = ZonedCadence(Calendar(ScheduleType.WEEKLY, day=1), zone_named("UTC"))
            >>> KeyFormat("%Y-%m", weeks).read("2024-01")
            datetime.datetime(2024, 1, 1, 0, 0)
            >>> KeyFormat("%Y week %W", weeks).read("2024 week 02")
            datetime.datetime(2024, 1, 8, 0, 0)
        """
        if self.fmt == DAY_FORMAT and len(text) == 10:
            return datetime.combine(date.fromisoformat(text), _MIDNIGHT)
        if self.fmt == MINUTE_FORMAT and len(text) == 16:
            return datetime.fromisoformat(text[:10] + "T" + text[11:])
        (head, head_fmt), (tail, tail_fmt) = self._head, self._tail
        text = head + text + tail
        try:
            return datetime.strptime(text, head_fmt + self.fmt + tail_fmt)
        except ValueError:
            if self._has_offset:
                raise
            return datetime.strptime(text, head_fmt + self.fmt + "%z" + tail_fmt)


def _check_directives(fmt: str, directives: list[str], cadence: ZonedCadence) -> None:
    """Raise if a key in the format cannot be read, whatever the window."""
    for directive in directives:
        problem = None
        if directive not in _READABLE or not directive:
            problem = ", which datetime.strptime cannot read from a key. Use others, as in '%Y-%m-%d-%H:%M'."
        elif directive == "Z" and cadence.zone is not UTC:
            problem = ", the name of a time zone, which cannot be read from a key. Use '%z', the offset."
        elif directive != "%" and directives.count(directive) > 1:
            problem = " more than once, which datetime.strptime cannot read from a key. Use it once."
        if problem is not None:
            raise DagflowInvalidDefinitionError(
                f"the format '{fmt}' of partition keys contains '%{directive}'{problem}"
            )
