"""The assets, checks and jobs that conditions are about, and the partitions that connect them.

A set of slots is a frozenset of partition keys; of None alone for what has no partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from dagflow.defs.assets.asset_nodes import AssetCheckNode, AssetNode
from dagflow.keys import AssetCheckKey, AssetJobKey, AssetKey
from dagflow.partitions.definition import PartitionsDefinition
from dagflow.partitions.dynamic import DynamicPartitionsDefinition
from dagflow.partitions.loading import effective_store, effective_time
from dagflow.partitions.mapping import Link, PartitionMapping
from dagflow.partitions.mappings import IdentityPartitionMapping
from dagflow.partitions.multi import MultiPartitionsDefinition
from dagflow.partitions.multi_mapping import default_mapping
from dagflow.partitions.static import StaticPartitionsDefinition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

if TYPE_CHECKING:
    from dagflow.defs.conditions.condition import AutomationCondition
    from dagflow.defs.jobs.definition import JobDefinition

EntityKey = AssetKey | AssetCheckKey | AssetJobKey
Slots = frozenset[str | None]
NO_SLOTS: Slots = frozenset()
ONLY: Slots = frozenset([None])
"""The slots of what has no partitions."""


class SlotSource(Protocol):
    """The source of the existing partitions: an evaluation."""

    def all_slots(self, entity: Entity) -> Slots:
        """Return the existing slots of an entity."""
        ...

    def mapped_slots(self, edge: Edge) -> dict[str | None, Slots]:
        """Return the known upstream slots of downstream slots of an edge, to read and to extend."""
        ...


class Entity:
    """An asset, a check or a job.

    Attributes:
        key: Its key.
        text: Its key as a string, different for each entity.
        node: Its node in the graph of assets; None for a job.
        job: The job; None for an asset or check.
        partitions_def: Its partitions.
        condition: Its automation condition.
        parents: The assets that it depends on, by key.
        checks: Its checks, by key.
        roots: The root assets of a job.
        sibling_keys: The keys of what always runs with it.
    """

    __slots__ = (
        "checks",
        "condition",
        "job",
        "key",
        "node",
        "parents",
        "partitions_def",
        "roots",
        "sibling_keys",
        "text",
    )

    def __init__(
        self, key: EntityKey, node: AssetNode | AssetCheckNode | None, job: JobDefinition | None = None
    ) -> None:
        self.key: EntityKey = key
        self.text: str = f"{_KINDS[type(key)]}:{key.to_user_string()}"
        self.node: AssetNode | AssetCheckNode | None = node
        self.job: JobDefinition | None = job
        owner = node if job is None else job
        assert owner is not None
        self.partitions_def: PartitionsDefinition | None = owner.partitions_def
        self.condition: AutomationCondition | None = (
            job.automation_condition
            if job is not None
            else node.spec.automation_condition
            if node is not None
            else None
        )
        self.parents: dict[AssetKey, Edge] = {}
        self.checks: dict[AssetCheckKey, Edge] = {}
        self.roots: list[Edge] = []
        self.sibling_keys: list[EntityKey] = []

    @property
    def is_observed(self) -> bool:
        """Whether observations update it, and not materializations."""
        return isinstance(self.node, AssetNode) and self.node.is_observable

    @property
    def is_external(self) -> bool:
        """Whether it is an asset that no run materializes."""
        return isinstance(self.node, AssetNode) and self.node.is_external

    @property
    def code_version(self) -> str | None:
        """The version of its code; None for a check or a job."""
        return self.node.spec.code_version if isinstance(self.node, AssetNode) else None

    def __repr__(self) -> str:
        return f"<Entity {self.text}>"


_KINDS: Mapping[type, str] = {AssetKey: "asset", AssetCheckKey: "check", AssetJobKey: "job"}


class Edge:
    """The dependency of the slots of one entity on the slots of another.

    Args:
        down: The entity that depends on the other.
        up: The other entity.
        mapping: The partition mapping of the dependency. Default: `default_mapping`.
    """

    __slots__ = ("down", "is_identity", "mapping", "up")

    def __init__(self, down: Entity, up: Entity, mapping: PartitionMapping | None = None) -> None:
        self.down: Entity = down
        self.up: Entity = up
        found = mapping or default_mapping(down.partitions_def, up.partitions_def)
        self.mapping: PartitionMapping | None = None if up.partitions_def is None else found
        self.is_identity: bool = down.partitions_def == up.partitions_def and (
            self.mapping is None or isinstance(self.mapping, IdentityPartitionMapping)
        )

    def upstream(self, slots: Slots, source: SlotSource) -> Slots:
        """Return the existing upstream slots that downstream slots depend on."""
        if self.is_identity:
            return slots
        if not slots:
            return NO_SLOTS
        if self.mapping is None:
            return ONLY
        return NO_SLOTS.union(*self._mapped(slots, source))

    def downstream(self, upstream: Slots, slots: Slots, source: SlotSource) -> Slots:
        """Return those of some downstream slots that depend on at least one of some upstream slots."""
        if not upstream or not slots:
            return NO_SLOTS
        if self.is_identity:
            return slots & upstream
        if self.mapping is None:
            return slots
        mapped = self._mapped(slots, source)
        return frozenset(
            slot for slot, ups in zip(slots, mapped, strict=True) if not upstream.isdisjoint(ups)
        )

    def missing(self, slots: Slots) -> Slots:
        """Return the downstream slots that depend on upstream slots that do not exist."""
        if self.mapping is None:
            return NO_SLOTS
        return frozenset(slot for slot in slots if self._result(slot).missing)

    def _mapped(self, slots: Slots, source: SlotSource) -> list[Slots]:
        known = source.mapped_slots(self)
        found = []
        for slot in slots:
            mapped = known.get(slot)
            if mapped is None:
                mapped = known[slot] = frozenset(self._result(slot).existing)
            found.append(mapped)
        return found

    def _result(self, slot: str | None) -> MappedSlots:
        assert self.mapping is not None
        assert self.up.partitions_def is not None
        link = Link(
            self.down.partitions_def, self.up.partitions_def, effective_time(None), effective_store(None)
        )
        return self.mapping.mapped_keys([] if slot is None else [slot], link)


class MappedSlots(Protocol):
    """The upstream keys of a slot."""

    @property
    def existing(self) -> list[str]: ...

    @property
    def missing(self) -> list[str]: ...


def identity_of(definition: PartitionsDefinition | None) -> str:
    """Return a string that changes if the definition of partitions changes, and not if keys are added.

    Example:
        >>> from dagflow import DailyPartitionsDefinition
        >>> identity_of(None), identity_of(DynamicPartitionsDefinition(name="towns"))
        ('', 'DynamicPartitionsDefinition towns')
        >>> identity_of(DailyPartitionsDefinition("2024-01-01")) == identity_of(None)
        False
    """
    if definition is None:
        return ""
    name = type(definition).__name__
    if isinstance(definition, DynamicPartitionsDefinition):
        return f"{name} {definition.name}"
    if isinstance(definition, (TimeWindowPartitionsDefinition, StaticPartitionsDefinition)):
        return f"{name} {definition.get_serializable_unique_identifier()}"
    if isinstance(definition, MultiPartitionsDefinition):
        parts = sorted((one.name, identity_of(one.partitions_def)) for one in definition.partitions_defs)
        return f"{name} {parts}"
    return name


def latest_slots(definition: PartitionsDefinition | None, every: Slots, lookback: object = None) -> Slots:
    """Return the slots of the latest complete time window; all slots without time windows.

    Args:
        definition: The partitions.
        every: All existing slots.
        lookback: The duration before the end of that window, as a timedelta. The windows that lie in it
            count, instead of the latest one alone.
    """
    if isinstance(definition, TimeWindowPartitionsDefinition):
        return frozenset(_latest_keys(definition, lookback)) & every
    if isinstance(definition, MultiPartitionsDefinition) and definition.has_time_window_dimension:
        name = definition.time_window_dimension.name
        latest = set(_latest_keys(definition.time_window_partitions_def, lookback))
        keys = (definition.get_partition_key_from_str(str(slot)) for slot in every)
        return frozenset(str(key) for key in keys if key.keys_by_dimension[name] in latest)
    return every


def _latest_keys(definition: TimeWindowPartitionsDefinition, lookback: object) -> Iterable[str]:
    last = definition.get_last_partition_key()
    if last is None or lookback is None:
        return () if last is None else (last,)
    from datetime import timedelta

    from dagflow.partitions.keys import TimeWindow

    assert isinstance(lookback, timedelta)
    end = definition.end_time_for_partition_key(last)
    return definition.get_partition_keys_in_time_window(TimeWindow(end - lookback, end))
