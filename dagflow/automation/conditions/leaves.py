"""The evaluation of conditions without operands."""

from __future__ import annotations

from collections.abc import Callable

from dagflow.automation.conditions.entities import NO_SLOTS, Entity, Slots, latest_slots
from dagflow.automation.conditions.histories import History, Update, has_tags
from dagflow.automation.conditions.nodes import Node, Root, Run
from dagflow.defs.conditions.leaves import HasRunTags
from dagflow.defs.conditions.quantifiers import AssetMatches, JobRootsCondition, SelectingCondition
from dagflow.errors import DagflowInvalidDefinitionError
from dagflow.keys import AssetCheckKey


def missing(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots that were never updated. A check is missing until it is planned or evaluated."""
    history = root.evaluation.history(entity)
    true = candidates.difference(history.latest)
    if true and entity.is_observed:
        true = true.difference([event.slot for event in history.observations])
    return true.difference(history.planned) if true and isinstance(entity.key, AssetCheckKey) else true


def run_in_progress(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots that a run in progress is going to update."""
    history = root.evaluation.history(entity)
    if not history.planned or not candidates:
        return NO_SLOTS
    return candidates & root.evaluation.histories.in_progress(history)


def execution_failed(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots whose latest execution failed."""
    history = root.evaluation.history(entity)
    if not history.planned or not candidates:
        return NO_SLOTS
    return candidates & root.evaluation.histories.failed(history)


def never(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return no slots: nothing runs backfills or records the freshness of assets."""
    return NO_SLOTS


def newly_updated(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots that were updated since the previous evaluation."""
    if not candidates:
        return NO_SLOTS
    found = {update.slot for update in new_updates(entity, root)}
    if entity.is_observed:
        found |= _new_versions(entity, root)
    return candidates & found if found else NO_SLOTS


def new_updates(entity: Entity, root: Root) -> list[Update]:
    """Return the updates of an entity since the previous evaluation, the newest first."""
    if root.is_first:
        return []
    return root.evaluation.history(entity).updates_after(root.evaluation.previous_event_id)


def _new_versions(entity: Entity, root: Root) -> set[str | None]:
    """Return the slots whose data version is different from that at the previous evaluation."""
    history, last = root.evaluation.history(entity), root.evaluation.previous_event_id
    events = history.updates_after(last) or (entity.is_observed and history.observations_after(last))
    if root.is_first or not events:
        return set()
    before, now = _versions(history, entity, last), _versions(history, entity)
    return {slot for slot, version in now.items() if slot not in before or before[slot] != version}


def _versions(history: History, entity: Entity, before: int | None = None) -> dict[str | None, str | None]:
    return history.versions(before, with_observations=entity.is_observed)


def newly_requested(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots that the previous evaluation requested."""
    requested = root.evaluation.previously_requested(entity)
    return candidates & requested if requested else NO_SLOTS


def initial_evaluation(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return all slots at the first evaluation, and at the first one with other partitions."""
    if root.is_first:
        return candidates
    return candidates if root.evaluation.has_other_partitions(entity) else NO_SLOTS


def code_version_changed(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return all slots if the code version is different from that of the previous evaluation."""
    key = node.id, entity.text
    version = entity.code_version
    root.states[key] = version
    return candidates if key in root.before and root.before[key] != version else NO_SLOTS


def data_version_changed(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots whose data version is different from that at the previous evaluation."""
    return candidates & _new_versions(entity, root) if candidates else NO_SLOTS


def will_be_requested(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots that this evaluation has requested, if one run can make them and those of the root.

    Then both entities have the same partitions, and it is no asset that only something else materializes.
    """
    requested = root.evaluation.requested.get(entity)
    if not requested or entity.partitions_def != root.entity.partitions_def or entity.is_external:
        return NO_SLOTS
    return candidates & requested


def executed_with_root_target(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots whose latest run selected the asset or check of the root too."""
    if entity is root.entity:  # the condition is about dependencies
        return NO_SLOTS
    key = root.entity.key

    def has_target(history: History, slot: str | None) -> bool:
        run = root.evaluation.histories.last_run(history, slot)
        return run is not None and key in (
            (run.asset_check_selection if isinstance(key, AssetCheckKey) else run.asset_selection) or ()
        )

    return _with_history(entity, root, candidates, has_target)


def executed_with_tags(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots whose latest run has the tags."""
    wanted: HasRunTags = node.condition

    def has(history: History, slot: str | None) -> bool:
        run = root.evaluation.histories.last_run(history, slot)
        return has_tags(run, wanted.tag_keys, wanted.tag_values)

    return _with_history(entity, root, candidates, has)


def new_updates_with_tags(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots that were updated, if any or all runs of the new updates have the tags."""
    wanted: HasRunTags = node.condition
    histories = root.evaluation.histories
    found: dict[str | None, list[bool]] = {}
    for update in new_updates(entity, root):
        has = has_tags(histories.run(update.run_id), wanted.tag_keys, wanted.tag_values)
        found.setdefault(update.slot, []).append(has)
    holds = any if wanted.kind.startswith("any") else all
    return frozenset(slot for slot in candidates if slot in found and holds(found[slot]))


def check_result(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots whose latest execution of a check passed, or did not pass."""
    wanted = node.condition.kind == "check_passed"

    def fits(history: History, slot: str | None) -> bool:
        latest, planned = history.latest[slot], history.planned.get(slot)
        return latest.passed is wanted and (planned is None or planned[0] < latest.storage_id)

    return _with_history(entity, root, candidates, fits)


def cron_tick_passed(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return all slots if a tick passed since the previous evaluation, at this moment included."""
    if root.is_first or not candidates:
        return NO_SLOTS
    evaluation = root.evaluation
    tick = evaluation.tick_of(node.condition.cron_schedule, node.condition.cron_timezone)
    return candidates if tick >= evaluation.previous_time else NO_SLOTS


def in_latest_time_window(node: Node, entity: Entity, root: Root, candidates: Slots) -> Slots:
    """Return the slots of the latest complete time window; all without time windows."""
    if entity.partitions_def is None or not candidates:
        return candidates
    every = root.evaluation.all_slots(entity)
    return candidates & latest_slots(entity.partitions_def, every, node.condition.lookback_timedelta)


def _with_history(
    entity: Entity, root: Root, candidates: Slots, fits: Callable[[History, str | None], bool]
) -> Slots:
    """Return the slots that were updated and fit."""
    history = root.evaluation.history(entity)
    if not history.latest or not candidates:
        return NO_SLOTS
    return frozenset(slot for slot in candidates if slot in history.latest and fits(history, slot))


LEAVES: dict[str, Run] = {
    "missing": missing,
    "run_in_progress": run_in_progress,
    "backfill_in_progress": never,
    "execution_failed": execution_failed,
    "newly_updated": newly_updated,
    "newly_requested": newly_requested,
    "initial_evaluation": initial_evaluation,
    "code_version_changed": code_version_changed,
    "data_version_changed": data_version_changed,
    "will_be_requested": will_be_requested,
    "executed_with_root_target": executed_with_root_target,
    "check_passed": check_result,
    "check_failed": check_result,
    "freshness_passed": never,
    "freshness_warned": never,
    "freshness_failed": never,
    "executed_with_tags": executed_with_tags,
    "any_new_update_has_run_tags": new_updates_with_tags,
    "all_new_updates_have_run_tags": new_updates_with_tags,
}
"""The function of each kind of condition."""

_OF_ANY = frozenset({"initial_evaluation", "newly_requested", "will_be_requested"})
"""The kinds of conditions that a job has too. The others are about executions of assets and checks."""


def check_scope(node: Node, job_name: str) -> None:
    """Check that no condition about executions is asked of a job itself.

    Raises:
        DagflowInvalidDefinitionError: One is.
    """
    if isinstance(node.condition, (JobRootsCondition, AssetMatches)):
        return
    kind = getattr(node.condition, "kind", None)
    if (kind is not None and kind not in _OF_ANY) or isinstance(node.condition, SelectingCondition):
        raise DagflowInvalidDefinitionError(
            f"the condition '{node.condition.name}' is about an asset or check, and not about job "
            f"'{job_name}': put AutomationCondition.any_job_root_assets_match(...) around it"
        )
    for child in node.children:
        check_scope(child, job_name)
