"""The storm desk: a logbook entry for each reading, and an alert on stormy days only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagflow import Out, Output, ResourceDefinition, graph, job, op

from weather.archive import Archive
from weather.station import fetch_reading, station
from weather.units import STORM_WIND_KMH, Observation

STORM_RAIN_MM = 40


@op(out={"entry": Out(str), "storm": Out(Observation, is_required=False)})
def triage(reading: Observation) -> Iterator[Output]:
    """Yield an entry for the logbook, and the reading itself on a stormy day."""
    yield Output(f"{reading.day} {reading.sky}, wind {reading.wind_kmh:g} km/h", "entry")
    if reading.wind_kmh >= STORM_WIND_KMH or reading.rain_mm >= STORM_RAIN_MM:
        yield Output(reading, "storm", metadata={"wind_kmh": reading.wind_kmh, "rain_mm": reading.rain_mm})


@op
def write_logbook(entry: str) -> str:
    """Return the entry as it is written in the logbook."""
    return entry.capitalize()


@op
def send_alert(storm: Observation) -> str:
    """Return the message of the alert."""
    return f"STORM on {storm.day}: wind {storm.wind_kmh:g} km/h, rain {storm.rain_mm:g} mm"


@graph
def storm_desk(reading: Observation) -> None:
    """Process a reading: the part of the job about storms, which also runs alone."""
    entry, storm = triage(reading)
    write_logbook(entry)
    send_alert(storm)


@job(resource_defs={"station": station, "archive": ResourceDefinition(lambda _: Archive())})
def station_watch() -> None:
    """Fetch the reading of a day and pass it to the storm desk."""
    storm_desk(fetch_reading())


def watch_config(day: str, *, timeouts: int = 0) -> dict[str, Any]:
    """Return the run config of `station_watch` for a day, on a line whose first `timeouts` calls time out."""
    return {
        "ops": {"fetch_reading": {"config": {"day": day}}},
        "resources": {"station": {"config": {"timeouts": timeouts}}},
    }
