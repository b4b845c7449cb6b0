"""The assertion about simulated ticks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagflow import DagflowError
from dagflow.testing import Tick
from pytest_dagflow.ticks.difference import aligned, explain
from pytest_dagflow.ticks.expected import expected_ticks


def assert_ticks(ticks: Sequence[Tick], expected: Iterable[str], *, skips: bool = False) -> None:
    """Assert what the ticks of `dag_clock.ticks(...)` did, in lines as `str(tick)`.

    A line is `TIME NAME: OUTCOME`, as "2024-01-05 06:00 nightly: count[2024-01-04]". The time may be a date,
    or left out. A `*` in the outcome is any text. "TIME to TIME NAME: OUTCOME (24 ticks)" is 24 ticks of this
    name in a row, and the times may be left out. The ticks of each schedule or sensor are compared in order.
    `assert_ticks(ticks, [])` shows the lines of all ticks.

    Args:
        ticks: The ticks.
        expected: The expected lines.
        skips: Whether skipped ticks are compared too. Most ticks of a sensor are.

    Raises:
        AssertionError: The ticks are different. Equal ticks in a row are folded to one line.
        DagflowError: An argument is invalid.

    Example:
        >>> from dagflow import ScheduleDefinition, job
        >>> from dagflow.testing import simulate_ticks
        >>> @job
        ... def brew():
        ...     pass
        >>> week = simulate_ticks(ScheduleDefinition(cron_schedule="0 6 * * 1-5", job=brew), 7, "2024-01-01")
        >>> assert_ticks(week, ["2024-01-01 06:00 to 2024-01-05 06:00 brew_schedule: brew (5 ticks)"])
        >>> assert_ticks(week, ["brew_schedule: brew (4 ticks)"])
        Traceback (most recent call last):
            ...
        AssertionError: 1 tick (+) was not expected:
          2024-01-01 06:00 to 2024-01-04 06:00 brew_schedule: brew (4 ticks)
        + 2024-01-05 06:00 brew_schedule: brew
    """
    __tracebackhide__ = True
    if not isinstance(ticks, Sequence) or not all(isinstance(tick, Tick) for tick in ticks):
        raise DagflowError(f"assert_ticks compares the ticks of dag_clock.ticks(...), not {ticks!r}")
    wanted = expected_ticks(expected)
    if not skips and (skipped := [one.line for one in wanted if one.outcome.pattern.startswith("skipped")]):
        raise DagflowError(
            f"the expected line {skipped[0]!r} is a skipped tick: give assert_ticks skips=True"
        )
    compared = [tick for tick in ticks if skips or not tick.is_skipped]
    entries = aligned(compared, wanted)
    if any(entry.sign != " " for entry in entries):
        raise AssertionError(explain(entries, len(ticks) - len(compared)))
