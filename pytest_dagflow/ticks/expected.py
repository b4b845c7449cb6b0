"""The lines that a test expects of simulated ticks.

    [TIME [to TIME]] NAME: OUTCOME [(N ticks)]

A time is that of the line of a tick, or a date alone for any time of that day. A `*` in the outcome stands
for any text. A line of N ticks stands for N ticks of the schedule or sensor in a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from dagflow import DagflowError
from dagflow.testing import Tick

_TIME = r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?(?:[+-]\d\d:\d\d)?)?"
_LINE = re.compile(
    rf"(?:(?P<first>{_TIME})(?: to (?P<last>{_TIME}))? )?(?P<name>\w+): (?P<outcome>.+?)"
    r"(?: \((?P<times>\d+) ticks\))?",
    re.DOTALL,
)


class ExpectedTick(NamedTuple):
    """One expected tick.

    Attributes:
        line: The line that it is a part of.
        number: The position of the line among the expected ones.
        times: The number of ticks of the line.
        name: The name of the schedule or sensor.
        time: The time; None for any.
        outcome: The regular expression of the outcome.
    """

    line: str
    number: int
    times: int
    name: str
    time: str | None
    outcome: re.Pattern[str]

    def matches(self, tick: Tick) -> bool:
        """Return whether a tick of the same name is the expected one."""
        return self._has_time(tick.time_text) and self.outcome.fullmatch(tick.outcome) is not None

    def _has_time(self, text: str) -> bool:
        if self.time is None:
            return True
        # a date alone, or a time without the offset that a repeated hour has
        return text == self.time or (text.startswith(self.time) and text[len(self.time)] in " +-")


def expected_ticks(lines: Iterable[str]) -> list[ExpectedTick]:
    """Return the expected ticks of lines.

    Raises:
        DagflowError: A line has another form.
    """
    if isinstance(lines, str) or not isinstance(lines, Iterable):
        raise DagflowError(f"assert_ticks takes a list of expected lines, not {lines!r}")
    return [tick for number, line in enumerate(lines) for tick in _ticks_of(line, number)]


def _ticks_of(line: object, number: int) -> list[ExpectedTick]:
    found = _LINE.fullmatch(line.strip()) if isinstance(line, str) else None
    if found is None:
        raise DagflowError(
            f"the expected line {line!r} is not of the form '[TIME [to TIME]] NAME: OUTCOME [(N ticks)]', as "
            "'2024-01-05 06:00 nightly: brew[2024-01-04]' or 'nightly: brew (7 ticks)'. "
            "assert_ticks(ticks, []) shows the lines of all ticks."
        )
    times = int(found["times"] or 1)
    if found["last"] is not None and times < 2:
        raise DagflowError(f"the expected line {line!r} has two times, but not a number as '(24 ticks)'")
    outcome = re.compile(".*".join(map(re.escape, found["outcome"].split("*"))), re.DOTALL)
    at: list[str | None] = [None] * times
    if times:
        at[0] = found["first"]
        at[-1] = found["last"] if times > 1 else at[0]
    return [ExpectedTick(str(line), number, times, found["name"], time, outcome) for time in at]
