"""The cursors of the assets of a sensor of several assets, and their text form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dagflow.errors import invalid_cursor
from dagflow.keys import AssetKey


class AssetCursor(NamedTuple):
    """The place in the log up to which the materializations of an asset are handled.

    Attributes:
        partition: The partition of the event at the place; None for an asset without partitions.
        storage_id: The storage id of this event; None if none is handled.
        unconsumed: The storage ids of earlier events that are not handled, by partition.
    """

    partition: str | None = None
    storage_id: int | None = None
    unconsumed: Mapping[str, int] = {}


def cursors_of(
    text: str | None, keys: Iterable[AssetKey], sensor_name: str | None = None
) -> dict[AssetKey, AssetCursor]:
    """Return the cursors of assets from their text form. An asset that is not in the text has an empty one.

    Args:
        text: The text form; None without one.
        keys: The keys of the assets.
        sensor_name: The name of the sensor, for messages.

    Raises:
        DagflowInvalidCursorError: The text has another form.

    Example:
        >>> cursors_of('{"[\\\\"beans\\\\"]": [null, 4, {}]}', [AssetKey("beans")])
        {AssetKey(['beans']): AssetCursor(partition=None, storage_id=4, unconsumed={})}
    """
    if text is None:
        return {key: AssetCursor() for key in keys}
    try:
        given = {name: AssetCursor(*cursor) for name, cursor in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        owner = "a multi_asset_sensor" if sensor_name is None else f"sensor '{sensor_name}'"
        raise invalid_cursor(text, owner) from None
    return {key: given.get(key.to_string(), AssetCursor()) for key in keys}


def text_of(cursors: Mapping[AssetKey, AssetCursor]) -> str:
    """Return the text form of cursors."""
    return json.dumps({key.to_string(): cursor for key, cursor in cursors.items()})
