"""Tests of the smoke tests of automation conditions."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetSelection,
    AssetSpec,
    AutomationCondition,
    AutomationContext,
    AutomationResult,
    DailyPartitionsDefinition,
    Definitions,
    asset,
    asset_check,
    define_asset_job,
)
from dagflow.testing import smoke_tests

NOW = 1_710_000_000.0  # 2024-03-09 16:00 UTC
EAGER = AutomationCondition.eager()


class Never(AutomationCondition):
    """A condition of user code, which fails with the cursor that it gave."""

    def evaluate(self, context: AutomationContext) -> AutomationResult:
        """Return that nothing is requested; read a dict that is empty at the second call."""
        if context.cursor is not None:
            raise KeyError(context.cursor)
        return AutomationResult(context, context.get_empty_subset(), cursor="cups")


@asset
def water():
    return 1


def facts_of(project: Definitions) -> dict[str, list[tuple[str, str]]]:
    """Return the fact and the detail of each finding about a condition, by the name of the test."""
    tests = [test for test in smoke_tests(project, now=NOW) if test.kind == "condition"]
    return {test.name: [(found.fact, found.detail) for found in test.run()] for test in tests}


def tea_with(condition: AutomationCondition) -> Definitions:
    """Return a project with an asset that has a condition."""

    @asset(deps=[water], automation_condition=condition)
    def tea():
        return 1

    return Definitions([water, tea])


def test_each_condition_has_a_test():
    """Assets with and without partitions, external assets, checks and jobs are named with their kind."""

    @asset(partitions_def=DailyPartitionsDefinition("2024-03-01"), automation_condition=EAGER)
    def cups():
        return 1

    @asset_check(asset=water, automation_condition=EAGER)
    def hot():
        return AssetCheckResult(passed=True)

    condition = AutomationCondition.all_job_root_assets_match(AutomationCondition.missing())
    nightly = define_asset_job("nightly", [water], automation_condition=condition)
    beans = AssetSpec("bar/beans", automation_condition=AutomationCondition.on_cron("@daily"))

    facts = facts_of(Definitions([water, cups, beans], asset_checks=[hot], jobs=[nightly]))
    assert facts == {"asset:cups": [], "asset:bar/beans": [], "check:water:hot": [], "job:nightly": []}


@pytest.mark.parametrize(
    ("condition", "fact", "detail"),
    [
        (
            AutomationCondition.asset_matches("wter", AutomationCondition.missing()),
            "cannot be evaluated the first time",
            "an automation condition is about 'wter', which is not in the definitions. Did you mean 'water'?",
        ),
        (
            EAGER.ignore(AssetSelection.assets("wter")),
            "ignores assets that do not exist",
            "Did you mean 'water'?",
        ),
        (
            AutomationCondition.any_deps_updated().allow(AssetSelection.assets("wter")),
            "allows assets that do not exist",
            "Did you mean 'water'?",
        ),
        (Never(), "cannot be evaluated with the cursor of a minute before", "KeyError: 'cups'"),
    ],
)
def test_a_wrong_condition(condition: Any, fact: str, detail: str):
    """An unknown asset is named with a similar one; code of the user is called twice."""
    ((found, explained),) = facts_of(tea_with(condition))["asset:tea"]

    assert found == f"the automation condition of asset 'tea' {fact}"
    assert detail in explained


def test_nothing_is_evaluated_if_the_definitions_do_not_load():
    """The finding is no failure, because the test of the definitions shows the reason."""
    project = tea_with(EAGER)

    (finding,) = facts_of(Definitions([*project.assets, water, AssetSpec("water")]))["asset:tea"]
    assert "do not load as a whole" in finding[0]
