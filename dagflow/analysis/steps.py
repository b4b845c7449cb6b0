"""The assets and checks of the steps of a run, read from its plan."""

from __future__ import annotations

from typing import NamedTuple

from dagflow.keys import AssetCheckKey, AssetKey
from dagflow.plan.step import Step


class StepAssets(NamedTuple):
    """The assets and checks of one step.

    Attributes:
        step_key: The key of the step.
        selected: The keys of those that the run selected.
        others: The keys of the others that the op of the step could give.
    """

    step_key: str
    selected: frozenset[AssetKey | AssetCheckKey]
    others: frozenset[AssetKey | AssetCheckKey]


def step_assets(result_or_events: object) -> list[StepAssets]:
    """Return the assets and checks of each step that has some, in the order of the plans.

    Args:
        result_or_events: The result of a run, its `all_events`, or another list that has the plans of its
            runs. A list without plans has no such steps.

    Example:
        >>> from dagflow import asset, materialize_to_memory
        >>> @asset
        ... def water():
        ...     return 1
        >>> [(step.step_key, set(step.selected)) for step in step_assets(materialize_to_memory([water]))]
        [('water', {AssetKey(['water'])})]
    """
    events = getattr(result_or_events, "all_events", result_or_events)
    plans = getattr(events, "plans", None) or {}
    found = (_assets_of(step) for plan in plans.values() for step in plan.steps)
    return [assets for assets in found if assets.selected or assets.others]


def _assets_of(step: Step) -> StepAssets:
    selected: set[AssetKey | AssetCheckKey] = set()
    for output in step.outputs:
        if output.is_selected and output.asset is not None:
            selected.add(output.asset.key)
        if output.is_selected and output.check_spec is not None:
            selected.add(output.check_spec.key)
    whole = None if len(step.path) > 1 or step.assets_def is None else step.assets_def.whole
    known: set[AssetKey | AssetCheckKey] = set() if whole is None else {*whole.keys, *whole.check_keys}
    return StepAssets(step.key, frozenset(selected), frozenset(known - selected))
