"""The evaluation of the rules of an AutoMaterializePolicy, the older form of automation conditions.

A slot is handled once it was requested, or discarded because of the limit of the policy. A rule to
materialize a slot that skip rules held back stays true until the slot is handled.
"""

from __future__ import annotations

from collections.abc import Callable

from dagflow.automation.conditions.entities import NO_SLOTS, Edge, Entity, Slots, latest_slots
from dagflow.automation.conditions.histories import has_tags
from dagflow.automation.conditions.leaves import missing, run_in_progress
from dagflow.automation.conditions.nodes import Node, Root
from dagflow.defs.conditions.rules import RuleCondition
from dagflow.partitions.time_window import TimeWindowPartitionsDefinition

_DISCARDED = "discarded"
"""The id of the state with the discarded slots."""


def rule(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Evaluate a rule."""
    condition: RuleCondition = node.condition
    return _RULES[condition.rule.kind](node, entity, root, candidates)


def _handled(entity: Entity, root: Root) -> Slots:
    """Return the slots that the previous evaluation requested or discarded."""
    discarded = root.before.get((_DISCARDED, entity.text))
    requested = root.evaluation.previously_requested(entity)
    return requested | discarded if isinstance(discarded, frozenset) else requested


def _waiting(node: Node, entity: Entity, root: Root, new: Slots) -> Slots:
    """Return the slots for which a rule became true and that are not handled, and remember them."""
    key = node.id, entity.text
    before = root.before.get(key)
    kept = before & root.evaluation.all_slots(entity) if isinstance(before, frozenset) else NO_SLOTS
    true = (kept - _handled(entity, root)) | new
    root.states[key] = true
    return true


def _on_missing(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    absent = missing(node, entity, root, root.evaluation.all_slots(entity))
    key = node.id, entity.text
    before = root.before.get(key)
    handled = _handled(entity, root)
    if isinstance(before, frozenset):
        handled |= before
    root.states[key] = handled = handled & absent
    return (absent - handled - _parent_missing(node, entity, root, absent)) & candidates


def _on_parent_updated(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    every = root.evaluation.all_slots(entity)
    wanted = node.condition.rule.arguments["updated_parent_filter"]
    tags = None if wanted is None else wanted.latest_run_required_tags
    histories = root.evaluation.histories
    latest = root.evaluation.history(entity).latest
    after = 0 if root.is_first else root.evaluation.previous_event_id
    new = NO_SLOTS
    for edge in entity.parents.values():
        planned = root.evaluation.requested.get(edge.up, NO_SLOTS)
        new |= edge.downstream(planned, every, root.evaluation)
        for update in root.evaluation.history(edge.up).updates_after(after):
            run = histories.run(update.run_id)
            if tags is not None and not has_tags(run, None, tags):
                continue
            for slot in edge.downstream(frozenset([update.slot]), every - new, root.evaluation):
                if slot not in latest or latest[slot].storage_id < update.storage_id:
                    new |= {slot}
    waiting = _waiting(node, entity, root, new)
    newer = frozenset(slot for slot in waiting - new if _is_behind(entity, slot, root))
    root.states[node.id, entity.text] = new | newer
    return (new | newer) & candidates


def _is_behind(entity: Entity, slot: str | None, root: Root) -> bool:
    """Return whether a dependency was updated after a slot."""
    return any(_updated_after(edge, entity, slot, root) for edge in entity.parents.values())


def _updated_after(edge: Edge, entity: Entity, slot: str | None, root: Root) -> Slots:
    """Return the upstream slots of a slot that were updated after it."""
    own = root.evaluation.history(entity).latest.get(slot)
    latest = root.evaluation.history(edge.up).latest
    upstream = edge.upstream(frozenset([slot]), root.evaluation)
    after = 0 if own is None else own.storage_id
    return frozenset(up for up in upstream if up in latest and latest[up].storage_id > after)


def _on_cron(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    arguments = node.condition.rule.arguments
    every = root.evaluation.all_slots(entity)
    tick = root.evaluation.tick_of(arguments["cron_schedule"], arguments["timezone"])
    new = NO_SLOTS
    if root.is_first or tick >= root.evaluation.previous_time:
        latest = root.evaluation.history(entity).latest
        chosen = every if arguments["all_partitions"] else latest_slots(entity.partitions_def, every)
        new = frozenset(slot for slot in chosen if slot not in latest or latest[slot].timestamp < tick)
    return _waiting(node, entity, root, new) & candidates


def _never(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return no slots: nothing computes freshness or runs backfills."""
    return NO_SLOTS


def _by_parent(entity: Entity, root: Root, candidates: Slots, fits: Callable[[Edge, Slots], Slots]) -> Slots:
    """Return the slots with an upstream slot that fits and that this evaluation does not request."""
    true = NO_SLOTS
    for edge in entity.parents.values():
        upstream = edge.upstream(candidates, root.evaluation) - root.evaluation.requested.get(
            edge.up, NO_SLOTS
        )
        found = fits(edge, upstream)
        if found:
            true |= edge.downstream(found, candidates, root.evaluation)
    return true


def _parent_missing(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    return _by_parent(entity, root, candidates, lambda edge, upstream: missing(node, edge.up, root, upstream))


def _parent_outdated(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    seen: dict[tuple[Entity, str | None], bool] = {}
    return _by_parent(
        entity,
        root,
        candidates,
        lambda edge, upstream: frozenset(one for one in upstream if _is_outdated(edge.up, one, root, seen)),
    )


def _is_outdated(
    entity: Entity, slot: str | None, root: Root, seen: dict[tuple[Entity, str | None], bool]
) -> bool:
    """Return whether an asset was updated before an asset that it depends on, directly or not."""
    key = entity, slot
    if key not in seen:
        seen[key] = False  # for an asset that depends on itself
        slots: Slots = frozenset([slot])
        seen[key] = _is_behind(entity, slot, root) or any(
            _is_outdated(edge.up, up, root, seen)
            for edge in entity.parents.values()
            for up in edge.upstream(slots, root.evaluation)
        )
    return seen[key]


def _nonexistent_parents(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    return NO_SLOTS.union(*[edge.missing(candidates) for edge in entity.parents.values()])


def _not_all_parents_updated(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    needs_all = node.condition.rule.arguments["require_update_for_all_parent_partitions"]

    def updated(edge: Edge, slot: str | None) -> Slots:
        return _updated_after(edge, entity, slot, root)

    return frozenset(slot for slot in candidates if not _all_updated(entity, slot, root, needs_all, updated))


def _not_all_parents_updated_since_cron(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    arguments = node.condition.rule.arguments
    tick = root.evaluation.tick_of(arguments["cron_schedule"], arguments["timezone"])

    def updated(edge: Edge, slot: str | None) -> Slots:
        latest = root.evaluation.history(edge.up).latest
        return frozenset(one for one, update in latest.items() if update.timestamp >= tick)

    return frozenset(slot for slot in candidates if not _all_updated(entity, slot, root, False, updated))


def _all_updated(
    entity: Entity,
    slot: str | None,
    root: Root,
    needs_all: bool,
    updated: Callable[[Edge, str | None], Slots],
) -> bool:
    """Return whether some or all upstream slots of a slot are updated or requested, for each dependency."""
    for edge in entity.parents.values():
        upstream = edge.upstream(frozenset([slot]), root.evaluation)
        fresh = upstream & (updated(edge, slot) | root.evaluation.requested.get(edge.up, NO_SLOTS))
        if (fresh != upstream) if needs_all else (upstream and not fresh):
            return False
    return True


def _beyond_limit(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots beyond the limit of the policy: time windows from the newest, others in order."""
    limit = node.condition.rule.arguments["limit"]
    if len(candidates) <= limit or entity.partitions_def is None:
        discarded = NO_SLOTS
    else:
        keys = [key for key in entity.partitions_def.get_partition_keys() if key in candidates]
        if isinstance(entity.partitions_def, TimeWindowPartitionsDefinition):
            keys.reverse()
        discarded = frozenset(keys[limit:])
    root.states[_DISCARDED, entity.text] = discarded
    return discarded


_RULES: dict[str, Callable[[Node, Entity, Root, Slots], Slots]] = {
    "materialize_on_missing": _on_missing,
    "materialize_on_parent_updated": _on_parent_updated,
    "materialize_on_cron": _on_cron,
    "materialize_on_required_for_freshness": _never,
    "skip_on_parent_missing": _parent_missing,
    "skip_on_parent_outdated": _parent_outdated,
    "skip_on_required_but_nonexistent_parents": _nonexistent_parents,
    "skip_on_backfill_in_progress": _never,
    "skip_on_run_in_progress": run_in_progress,
    "skip_on_not_all_parents_updated": _not_all_parents_updated,
    "skip_on_not_all_parents_updated_since_cron": _not_all_parents_updated_since_cron,
    "discard_on_max_materializations_exceeded": _beyond_limit,
}
"""The function of each kind of rule."""
