"""Translation of cron expressions into plain numbers, which the cron library reads in the same way.

Partition keys are stored, so an expression must always mean the same dates. The library does not support `?`
and ranges that wrap (`FRI-MON`), and it reads `*/2` differently if the other day field is set. Therefore the
library receives numbers. The rules of the dialect:

- A range of two equal values is the whole range of the field.
- The days of the month and the days of the week are a union, unless one of them is `*`.
- `L` is the last day of the month, `L5` the last Friday, `MON#2` the second Monday.
- `MON#2` together with days of the month means only the second Monday. One of those days must be possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class CronField(NamedTuple):
    """A field of a cron expression: the range of its numbers, and the names of the numbers.

    Example:
        >>> list(CronField("hour", 0, 23).numbers("22-2"))
        [22, 23, 0, 1, 2]
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def numbers(self, term: str) -> Iterable[int]:
        """Return the numbers of one term, such as `5`, `MON`, `*/15`, `10/5` or `22-2`.

        Raises:
            ValueError: The term is invalid.
        """
        span, slash, each = term.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = self.low, self.high
        elif dash:
            start, end = self.number(first), self.number(last)
            if start == end:
                start, end = self.low, self.high
        elif slash:
            start, end = self.number(first), self.high
        else:
            return [self.number(first)]
        step = int(each) if each.isascii() and each.isdigit() else 0 if slash else 1
        if not step:
            raise ValueError(f"'{each}' in '{term}' is not a step of at least 1")
        if start <= end:
            return range(start, end + 1, step)
        upper = range(start, self.high + 1, step)
        passed = self.high - upper[-1]
        skipped = step - passed if step > passed + 1 else 0  # off by one, but stored keys depend on it
        return [*upper, *range(self.low + skipped, end + 1, step)]

    def number(self, text: str) -> int:
        """Return the number for a string of digits or a name.

        Raises:
            ValueError: The string is neither, or the number is outside the range.
        """
        if text in self.names:
            return self.low + self.names.index(text)
        number = int(text) if text.isascii() and text.isdigit() else -1
        if self is _WEEK_DAY and number == 7:
            return 0
        if not self.low <= number <= self.high:
            raise ValueError(f"'{text}' is not a {self.name} from {self.low} to {self.high}")
        return number


_MINUTE = CronField("minute", 0, 59)
_HOUR = CronField("hour", 0, 23)
_MONTH_DAY = CronField("day of month", 1, 31)
_MONTH = CronField(
    "month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
)
_WEEK_DAY = CronField("day of week", 0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))


def in_plain_numbers(fields: Sequence[str]) -> str:
    """Return an expression in which each field is `*` or a list of numbers (and `L`, `5L`, `1#2`).

    Args:
        fields: The five fields of an expression.

    Raises:
        ValueError: A field is invalid.

    Example:
        >>> in_plain_numbers(["0", "22-1", "?", "*", "FRI-MON"])
        '0 0,1,22,23 * * 0,1,5,6'
    """
    minute, hour, month_day, month, week_day = (text.upper() for text in fields)
    month_days = _list("*" if month_day == "?" else month_day, _MONTH_DAY, may_be_all="*" in week_day)
    nth = [_nth_week_days(term) for term in week_day.split(",")]
    if not any(nth):
        week_days = _list("*" if week_day == "?" else week_day, _WEEK_DAY, may_be_all="*" in month_day)
    elif all(nth):
        week_days = ",".join(filter(None, nth))
        month_days = _beside_nth(month_days, week_days)
    else:
        raise ValueError(f"'{week_day}' has days of every week and of one week: use only one of them")
    return " ".join((_list(minute, _MINUTE), _list(hour, _HOUR), month_days, _list(month, _MONTH), week_days))


def _list(text: str, field: CronField, *, may_be_all: bool = True) -> str:
    """Return a field as a list of numbers, or as `*`.

    The result is `*` for `*`. If `may_be_all`, it is also `*` for all numbers of the field.
    """
    terms = text.split(",")
    has_last = field is _MONTH_DAY and "L" in terms
    if field is _MONTH_DAY:
        terms = [re.sub(r"-L(?=/|$)", "-31", term) for term in terms if term != "L"]
    numbers = sorted({number for term in terms for number in field.numbers(term)})
    if "*" in terms or (may_be_all and len(numbers) > field.high - field.low):
        return "*"
    return ",".join([*map(str, numbers), *["L"] * has_last])


def _nth_week_days(term: str) -> str | None:
    """Return `MON#2` as `1#2` and `L5` as `5L`; None for any other term."""
    if found := re.fullmatch(r"(\w+|[A-Z]{3}-[A-Z]{3})#([1-5])", term, re.ASCII):
        return ",".join(f"{day}#{found[2]}" for day in _WEEK_DAY.numbers(found[1]))
    if found := re.fullmatch(r"L(\d)", term, re.ASCII):
        return f"{_WEEK_DAY.number(found[1])}L"
    return None


def _beside_nth(month_days: str, week_days: str) -> str:
    """Return `*` for the days of the month, because only days such as `1#2` count.

    Raises:
        ValueError: No day such as `1#2` can be one of the days of the month.
    """
    possible: set[int] = set()
    for term in week_days.split(","):
        possible.update(
            range(22, 32) if term.endswith("L") else range(int(term[2]) * 7 - 6, int(term[2]) * 7 + 1)
        )
    dates = set(map(int, re.findall(r"\d+", month_days)))
    if "L" in month_days:
        dates.update((28, 29, 30, 31))
    if month_days != "*" and possible.isdisjoint(dates):
        raise ValueError(f"'{week_days}' is never one of the days of month '{month_days}'")
    return "*"
