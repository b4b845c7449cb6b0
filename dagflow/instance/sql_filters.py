"""The filters of a store as SQL conditions. A field of a filter that is None is no condition."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import sqlalchemy as sa

from dagflow.events.run import RunsFilter, seconds_of
from dagflow.instance.database import LINES, RUNS, TAGS
from dagflow.instance.store import LinesFilter

_MOST_PARAMETERS = 10_000


def run_conditions(wanted: RunsFilter) -> list[sa.ColumnElement[bool]]:
    """Build the conditions on the table of runs for a filter."""
    runs = RUNS.c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.run_ids is not None:
        found.append(_is_one_of(runs.run_id, wanted.run_ids))
    if wanted.job_name is not None:
        found.append(runs.job_name == wanted.job_name)
    if wanted.statuses:
        found.append(runs.status.in_([status.value for status in wanted.statuses]))
    for key, value in wanted.tags.items():
        values = [value] if isinstance(value, str) else value
        tagged = sa.select(TAGS.c.run_id).where(TAGS.c.key == key, _is_one_of(TAGS.c.value, values))
        found.append(runs.run_id.in_(tagged))
    if wanted.created_after is not None:
        found.append(runs.created > seconds_of(wanted.created_after))
    if wanted.created_before is not None:
        found.append(runs.created < seconds_of(wanted.created_before))
    return found


def line_conditions(wanted: LinesFilter) -> list[sa.ColumnElement[bool]]:
    """Build the conditions on the table of lines for a filter."""
    lines = LINES.c
    key = wanted.asset_key
    types = wanted.event_types
    given: tuple[tuple[Any, Callable[[Any], sa.ColumnElement[bool]]], ...] = (
        (wanted.run_id, lambda value: lines.run_id == value),
        (None if types is None else [event_type.value for event_type in types], lines.event_type.in_),
        (None if key is None else key.to_string(), lambda value: lines.asset_key == value),
        (
            None if wanted.check_key is None else wanted.check_key.to_db_string(),
            lambda value: lines.asset_key == value,
        ),
        (wanted.asset_partitions, partial(_is_one_of, lines.partition)),
        (wanted.after_cursor, lambda value: lines.id > value),
        (wanted.before_cursor, lambda value: lines.id < value),
        (wanted.after_timestamp, lambda value: lines.timestamp > value),
        (wanted.before_timestamp, lambda value: lines.timestamp < value),
        (wanted.storage_ids, partial(_is_one_of, lines.id)),
    )
    return [condition(value) for value, condition in given if value is not None]


def _is_one_of(column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Build the condition that a column has one of these values.

    Many values become literals of the query, because the number of its parameters is limited.
    """
    is_long = len(values) > _MOST_PARAMETERS
    return column.in_(sa.bindparam(None, list(values), column.type, expanding=True, literal_execute=is_long))
