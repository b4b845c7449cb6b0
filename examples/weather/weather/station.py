"""The station: a telephone line to the airport that often does not answer, and the op that retries."""

from __future__ import annotations

from collections.abc import Iterator

from dagflow import (
    Backoff,
    Field,
    InitResourceContext,
    OpExecutionContext,
    RetryPolicy,
    op,
    resource,
)

from weather.archive import Archive
from weather.units import Observation, parse_observation


class StationTimeout(Exception):
    """The error of a call that the station did not answer in time."""


class Station:
    """A line to the station. Its first `timeouts` calls time out, to show retries."""

    def __init__(self, archive: Archive, timeouts: int) -> None:
        self.is_open = True
        self._archive = archive
        self._timeouts_left = timeouts

    def ask(self, day: str) -> dict[str, str]:
        """Return the observation of a day, as the station sends it.

        Raises:
            StationTimeout: The call timed out.
        """
        if self._timeouts_left:
            self._timeouts_left -= 1
            raise StationTimeout(f"no answer about {day}")
        return self._archive.lookup(day)

    def hang_up(self) -> None:
        """Close the line."""
        self.is_open = False


@resource(required_resource_keys={"archive"}, config_schema={"timeouts": Field(int, default_value=2)})
def station(context: InitResourceContext) -> Iterator[Station]:
    """Provide a line to the station during the run, and close it in any case."""
    line = Station(context.resources.archive, context.resource_config["timeouts"])
    try:
        yield line
    finally:
        line.hang_up()


@op(
    required_resource_keys={"station"},
    config_schema={"day": str},
    retry_policy=RetryPolicy(max_retries=3, delay=30, backoff=Backoff.EXPONENTIAL),
)
def fetch_reading(context: OpExecutionContext) -> Observation:
    """Ask for the weather of a day, with retries after 30, 90 and 210 seconds."""
    return parse_observation(context.resources.station.ask(context.op_config["day"]))
