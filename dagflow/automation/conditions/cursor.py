"""The cursor of an evaluation: the time, the place in the log, the requests and the states of conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagflow.automation.conditions.entities import NO_SLOTS, ONLY, Entity, Slots
from dagflow.errors import check_type
from dagflow.values import Constant

if TYPE_CHECKING:
    from dagflow.automation.conditions.nodes import State, StateKey

FindEntity = Callable[[str], Entity | None]
States = dict[str, dict["StateKey", "State"]]


class AutomationCursor(Constant):
    """The memory of an evaluation. `serialize_value` stores it.

    Args:
        evaluation_time: The time of the evaluation, in seconds since the epoch.
        event_id: The storage id of the latest event that the evaluation saw.
        partitions: The identity of the partitions of each asset, check and job.
        requested: The requested slots of each of them that was evaluated, as plain values.
        states: The states of the conditions of each of them, as plain values.

    Raises:
        ParameterCheckError: An argument has the wrong type.
    """

    __slots__ = ("_live", "_plain", "evaluation_time", "event_id", "partitions")
    _names = ("evaluation_time", "event_id", "partitions", "requested", "states")

    evaluation_time: float
    event_id: int
    partitions: Mapping[str, str]

    def __init__(
        self,
        evaluation_time: float,
        event_id: int,
        partitions: Mapping[str, str],
        requested: Mapping[str, Any],
        states: Mapping[str, list[list[Any]]],
    ) -> None:
        place = "the cursor of an evaluation"
        check_type(evaluation_time, (int, float), "evaluation_time", place)
        check_type(event_id, int, "event_id", place)
        for name, given in (("partitions", partitions), ("requested", requested), ("states", states)):
            check_type(given, Mapping, name, place)
        self._set(
            evaluation_time=evaluation_time,
            event_id=event_id,
            partitions=partitions,
            _plain=(requested, states),
            _live=None,
        )

    @staticmethod
    def of(
        evaluation_time: float,
        event_id: int,
        partitions: Mapping[str, str],
        requested: Mapping[str, Slots],
        states: States,
        find: FindEntity,
    ) -> AutomationCursor:
        """Return the cursor of an evaluation. Its plain values are built when they are first read.

        Args:
            evaluation_time: The time of the evaluation, in seconds since the epoch.
            event_id: The storage id of the latest event that the evaluation saw.
            partitions: The identity of the partitions of each asset, check and job.
            requested: The requested slots of each of them that was evaluated.
            states: The states of their conditions.
            find: Returns an entity by its text.
        """
        cursor = AutomationCursor(evaluation_time, event_id, partitions, {}, {})
        cursor._set(_plain=None, _live=(requested, states, find))
        return cursor

    @property
    def requested(self) -> Mapping[str, Any]:
        """The requested slots of each entity, as plain values."""
        return self._as_plain()[0]

    @property
    def states(self) -> Mapping[str, list[list[Any]]]:
        """The states of the conditions of each entity, as plain values."""
        return self._as_plain()[1]

    def _as_plain(self) -> tuple[Mapping[str, Any], Mapping[str, list[list[Any]]]]:
        plain = getattr(self, "_plain", None)
        if plain is None:
            requested, states, find = getattr(self, "_live")  # noqa: B009 - a slot without a type
            plain = (
                {text: _plain(slots, find(text)) for text, slots in requested.items()},
                {
                    text: [[*key, _plain(state, find(key[1]))] for key, state in own.items()]
                    for text, own in states.items()
                },
            )
            self._set(_plain=plain)
        return plain

    def restored(self, find: FindEntity) -> tuple[Mapping[str, Slots], States]:
        """Return the requested slots and the states of conditions of each entity that still exists."""
        live = getattr(self, "_live", None)
        if live is not None:
            return live[0], live[1]
        requested, states = self._as_plain()
        return (
            {text: _slots(plain, find(text)) for text, plain in requested.items()},
            {
                text: {(node, own): _state(plain, find(own)) for node, own, plain in found}
                for text, found in states.items()
            },
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return AutomationCursor, self._values()


def _plain(state: Any, entity: Entity | None) -> Any:
    """Return a state as plain JSON."""
    if isinstance(state, list):
        return [_plain(one, entity) for one in state]
    if not isinstance(state, frozenset):
        return None if state is None else {"text": state}
    definition = None if entity is None else entity.partitions_def
    if definition is None:
        return bool(state)
    return definition.subset_with_partition_keys(
        [str(slot) for slot in state if slot is not None]
    ).serialize()


def _state(plain: Any, entity: Entity | None) -> State:
    if isinstance(plain, list):
        return [_state(one, entity) for one in plain]
    if plain is None:
        return None
    return str(plain["text"]) if isinstance(plain, dict) else _slots(plain, entity)


def _slots(plain: Any, entity: Entity | None) -> Slots:
    """Return the slots of a plain state. Those of other partitions than today's do not count."""
    if isinstance(plain, bool):
        return ONLY if plain else NO_SLOTS
    definition = None if entity is None else entity.partitions_def
    if definition is None or not definition.empty_subset().can_restore(plain):
        return NO_SLOTS
    return frozenset(map(str, definition.deserialize_subset(plain).get_partition_keys()))
