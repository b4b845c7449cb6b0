"""Random definitions of time windows: descriptions, strategies, and observations of both libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo")
FIRST_DAY, DAYS = datetime(1995, 1, 1), 30 * 365
FORMAT = "%Y-%m-%d-%H:%M"
DAY = timedelta(days=1)
SPANS = {"hour": 2 * DAY, "day": 12 * DAY, "week": 60 * DAY, "month": 200 * DAY, "cron": 150 * DAY}
CRONS = (
    "0 */8 * * *",
    "0 0 * * 1-5",
    "30 2,14 * * *",
    "0 0 1,15 * *",
    "15 10 * * MON,WED",
    "0 0 1 * 1",
    "*/20 * * * *",
)
EXCLUSIONS = ("0 0 * * 0,6", "0 0 1 * *", "0 12 * * *")


@dataclass(frozen=True)
class Windows:
    """The arguments of a TimeWindowPartitionsDefinition."""

    start: datetime
    end: datetime | None
    cron: str
    zone: str
    end_offset: int
    exclusions: tuple[str | datetime, ...]

    def built(self, library: Any) -> Any:
        """Return the definition."""
        return library.TimeWindowPartitionsDefinition(
            start=self.start,
            end=self.end,
            fmt=FORMAT,
            cron_schedule=self.cron,
            timezone=self.zone,
            end_offset=self.end_offset,
            exclusions=list(self.exclusions) or None,
        )


@dataclass(frozen=True)
class Link:
    """Two definitions, the current time, the offsets of a mapping, and positions of keys, from 0 to 1."""

    upstream: Windows
    downstream: Windows
    now: datetime
    offsets: tuple[int, int]
    may_miss: bool
    positions: tuple[float, float, float]


@st.composite
def windows(draw: st.DrawFn, zone: str, near: datetime) -> tuple[Windows, timedelta]:
    """Draw a definition, and about the time from its start to its end."""
    kind = draw(st.sampled_from([*SPANS]))
    minute, hour = draw(st.sampled_from([0, 0, 15, 30, 59])), draw(st.sampled_from([0, 0, 1, 2, 3, 6, 23]))
    cron = {
        "hour": f"{minute} * * * *",
        "day": f"{minute} {hour} * * *",
        "week": f"{minute} {hour} * * {draw(st.integers(0, 6))}",
        "month": f"{minute} {hour} {draw(st.sampled_from([1, 2, 15, 28, 30, 31]))} * *",
        "cron": draw(st.sampled_from(CRONS)),
    }[kind]
    start = near + timedelta(
        hours=draw(st.sampled_from([0, 0, 5, 23])), minutes=draw(st.sampled_from([0, 0, 15, 30]))
    )
    exclusions: list[str | datetime] = []
    if draw(st.integers(0, 3)) == 0:
        exclusions = [draw(st.sampled_from(EXCLUSIONS)), start + DAY][: draw(st.integers(1, 2))]
    end = start + SPANS[kind] if draw(st.booleans()) else None
    offset = draw(st.sampled_from([0, 0, 0, -2, -1, 1, 2]))
    return Windows(start, end, cron, zone, offset, tuple(exclusions)), SPANS[kind]


def skips_midnight(zone: str, day: datetime) -> bool:
    """Return whether the clock of a zone does not show the midnight that begins a day."""
    midnight = day.replace(hour=0, minute=0, tzinfo=ZoneInfo(zone))
    return midnight.astimezone(timezone.utc).astimezone(midnight.tzinfo).hour != 0


@cache
def clock_changes(zone: str) -> list[int]:
    """Return the days of the 30 years on which the clock of a zone is put forward or back."""
    offsets = [(FIRST_DAY + day * DAY).replace(tzinfo=ZoneInfo(zone)).utcoffset() for day in range(DAYS + 1)]
    return [day for day in range(DAYS) if offsets[day] != offsets[day + 1]]


@st.composite
def days(draw: st.DrawFn, zone: str) -> int:
    """Draw a day of the 30 years, in half of the examples shortly before a clock change."""
    changes = clock_changes(zone)
    if changes and draw(st.booleans()):
        return max(0, draw(st.sampled_from(changes)) - draw(st.integers(0, 9)))
    return draw(st.integers(0, DAYS))


@st.composite
def links(draw: st.DrawFn) -> Link:
    """Draw two definitions with nearby starts, in most examples in one zone."""
    zone = draw(st.sampled_from(ZONES))
    near = FIRST_DAY + draw(days(zone)) * DAY
    other = zone if draw(st.integers(0, 9)) else draw(st.sampled_from(ZONES))
    upstream, span = draw(windows(zone, near))
    downstream, _ = draw(windows(other, near + draw(st.integers(-3, 3)) * DAY))
    now = (near + draw(st.sampled_from([0.3, 0.8, 1.2])) * span).replace(tzinfo=ZoneInfo(zone))
    start_offset = draw(st.integers(-3, 2))
    offsets = start_offset, draw(st.integers(start_offset, 3))
    position = st.floats(0, 1, exclude_max=True)
    return Link(
        upstream, downstream, now, offsets, draw(st.booleans()), draw(st.tuples(position, position, position))
    )


def observed(library: Any, link: Link) -> dict[str, Any]:
    """Return the answers of a library to all questions about two definitions."""
    definition, downstream = (each.built(library) for each in (link.upstream, link.downstream))
    with library.partition_loading_context(effective_dt=link.now):
        keys = definition.get_partition_keys()
        answers = {"keys": keys, "windows": [*map(definition.time_window_for_partition_key, keys)]}
        chosen = [keys[int(position * len(keys))] for position in link.positions] if keys else []
        questions = [*_of_all(definition), *_of_range(library, definition, chosen)]
        for key in chosen:
            questions += _of_key(library, definition, key)
        below = downstream.get_partition_keys()
        mapped = [below[int(position * len(below))] for position in link.positions] if below else []
        questions += _of_mapping(library, link, definition, downstream, (chosen[:1], mapped))
        answers |= {name: _answer(ask) for name, ask in questions}
    return {name: plain(answer) for name, answer in answers.items()}


def _answer(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception as error:  # only its class is compared
        return type(error).__name__.replace("Dagster", "Dagflow")


def plain(answer: Any) -> Any:
    """Return an answer without the classes of a library."""
    if hasattr(answer, "serialize"):
        return {"keys": _keys(answer), "stored": answer.serialize()}
    if hasattr(answer, "start") and hasattr(answer, "end"):
        return [plain(answer.start), plain(answer.end)]
    if isinstance(answer, datetime):
        return answer.isoformat()
    if isinstance(answer, (list, tuple)):
        return [plain(each) for each in answer]
    return answer


Question = tuple[str, Callable[[], Any]]


def _of_all(definition: Any) -> Iterator[Question]:
    yield "count", definition.get_num_partitions
    yield "first", definition.get_first_partition_key
    yield "last", definition.get_last_partition_key
    yield "first window", definition.get_first_partition_window
    yield "last window", definition.get_last_partition_window
    yield "last of all", definition.get_last_partition_window_ignoring_exclusions
    yield "all", definition.subset_with_all_partitions


def _of_key(library: Any, definition: Any, key: str) -> Iterator[Question]:
    start, end = definition.time_window_for_partition_key(key)
    yield f"has {key}", lambda: definition.has_partition_key(key)
    yield f"next of {key}", lambda: definition.get_next_partition_key(key)
    for moment in (start, start + (end - start) / 2):
        yield f"key at {moment}", lambda at=moment: definition.get_partition_key_for_timestamp(at.timestamp())
        yield (
            f"key before {moment}",
            lambda at=moment: definition.get_partition_key_for_timestamp(at.timestamp(), end_closed=True),
        )
        for bounded in (True, False):
            name = f"{moment} {bounded}"
            yield (
                f"window after {name}",
                lambda at=moment, b=bounded: definition.get_next_partition_window(at, b),
            )
            yield (
                f"window before {name}",
                lambda at=moment, b=bounded: definition.get_prev_partition_window(at, b),
            )
    around = library.TimeWindow(start - timedelta(hours=7), end + timedelta(hours=31))
    yield f"keys around {key}", lambda: definition.get_partition_keys_in_time_window(around)
    yield f"subset around {key}", lambda: definition.get_partition_subset_in_time_window(around)
    yield f"range around {key}", lambda: definition.get_partition_key_range_for_time_window(around)
    yield f"any around {key}", lambda: definition.has_any_partitions_in_window(around)


def _of_range(library: Any, definition: Any, chosen: list[str]) -> Iterator[Question]:
    if not chosen:
        return
    one, other = (definition.subset_with_partition_keys(keys) for keys in (chosen[:2], chosen[1:]))
    key_range = library.PartitionKeyRange(*chosen[:2])
    yield "range", lambda: definition.get_partition_keys_in_range(key_range)
    yield "with range", lambda: other.with_partition_key_range(definition, key_range)
    yield "union", lambda: one | other
    yield "overlap", lambda: one & other
    yield "difference", lambda: definition.subset_with_all_partitions() - one
    yield "ranges", lambda: (one | other).get_partition_key_ranges(definition)
    yield "rest", lambda: one.get_partition_keys_not_in_subset(definition)
    yield "members", lambda: [chosen[2] in one, len(one | other), one == other, bool(one)]
    yield "restored", lambda: definition.deserialize_subset(one.serialize())


def _of_mapping(
    library: Any, link: Link, upstream: Any, downstream: Any, keys: tuple[list[str], list[str]]
) -> Iterator[Question]:
    mapping = library.TimeWindowPartitionMapping(*link.offsets, link.may_miss)
    up_keys, down_keys = keys

    def up(key: str) -> list[Any]:
        found = mapping.get_upstream_mapped_partitions_result_for_partitions(
            downstream.subset_with_partition_keys([key]), downstream, upstream
        )
        return [_keys(found.partitions_subset), list(found.required_but_nonexistent_partition_keys)]

    def down(key: str) -> list[str]:
        subset = upstream.subset_with_partition_keys([key])
        return _keys(mapping.get_downstream_partitions_for_partitions(subset, upstream, downstream))

    for key in down_keys:
        yield f"upstream of {key}", lambda key=key: up(key)
    for key in up_keys:
        yield f"downstream of {key}", lambda key=key: down(key)


def _keys(subset: Any) -> list[str]:
    """Return the sorted keys of a subset."""
    return sorted(subset.get_partition_keys())
