"""Tests of `dagflow.defs.jobs.job_policies`."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from dagflow import (
    AutomationCondition,
    BackfillPolicy,
    DagflowInvalidDefinitionError,
    Definitions,
    PartitionedConfig,
    RunConfig,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    job,
)

TOWNS = StaticPartitionsDefinition(["york", "bath"])
BY_TOWN = PartitionedConfig(partitions_def=TOWNS, run_config_for_partition_key_fn=lambda key: {})
MISSING = AutomationCondition.missing()
ROOTS = AutomationCondition.all_job_root_assets_match(MISSING)


def resolved(*policies: Any, partitioned: bool = True, **options: Any) -> Any:
    """Return the job of an asset for each policy."""
    assets = []
    for number, policy in enumerate(policies):
        own = {"partitions_def": TOWNS, "backfill_policy": policy} if partitioned else {}
        assets.append(asset(name=f"a{number}", **own)(lambda: 1))
    return Definitions(assets, jobs=[define_asset_job("boil", **options)]).resolve_job_def("boil")


@pytest.mark.parametrize(
    ("policies", "limit"),
    [
        ([BackfillPolicy.single_run(), BackfillPolicy.single_run()], None),
        ([BackfillPolicy.multi_run(5), BackfillPolicy.multi_run(3)], 3),
        ([BackfillPolicy.single_run(), BackfillPolicy.multi_run(2)], 2),
        ([BackfillPolicy.single_run(), BackfillPolicy.multi_run(2), None], 1),
        ([None], 1),
    ],
)
def test_the_policy_with_the_fewest_partitions(policies: list[Any], limit: int | None) -> None:
    """A job has the policy with the least limit; an asset without a policy has one partition in each run.

    Different policies are a warning.
    """
    boil = resolved(*policies)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert boil.backfill_policy == BackfillPolicy(limit)
    assert ["materializes assets with varying BackfillPolicies" in str(one.message) for one in found] == [
        True for _ in range(len(set(policies)) > 1)
    ]


def test_assets_without_partitions_do_not_count() -> None:
    """A job without partitioned assets has one partition in each run."""

    @asset
    def water() -> None: ...

    @asset(partitions_def=TOWNS, backfill_policy=BackfillPolicy.single_run())
    def tea() -> None: ...

    @job
    def empty() -> None: ...

    both = Definitions([water, tea], jobs=[define_asset_job("boil")]).resolve_job_def("boil")
    assert both.backfill_policy == BackfillPolicy.single_run()
    assert resolved(None, partitioned=False).backfill_policy == BackfillPolicy.multi_run(1)
    assert empty.backfill_policy == BackfillPolicy.multi_run(1)


def test_a_config_of_each_partition_needs_a_run_of_each_partition() -> None:
    """A PartitionedConfig does not fit a run of several partitions; a common config does."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'boil' has a PartitionedConfig, .*single_run"):
        resolved(BackfillPolicy.single_run(), config=BY_TOWN)
    assert resolved(BackfillPolicy.multi_run(1), config=BY_TOWN).name == "boil"
    assert resolved(BackfillPolicy.single_run(), config={}).name == "boil"


@pytest.mark.parametrize(
    "condition",
    [
        ROOTS,
        ~ROOTS,
        ROOTS & MISSING,
        AutomationCondition.any_job_root_assets_match(AutomationCondition.eager()),
        ROOTS.newly_true(),
    ],
)
def test_conditions_about_the_root_assets(condition: AutomationCondition) -> None:
    """A condition that names the root assets somewhere is kept."""
    assert resolved(None, automation_condition=condition).automation_condition == condition
    assert resolved(None, partitioned=False, config={}, automation_condition=condition).name == "boil"
    named = define_asset_job("boil", automation_condition=condition).with_metadata({"a": 1})
    assert named.automation_condition == condition


@pytest.mark.parametrize(
    "condition",
    [MISSING, AutomationCondition.eager(), AutomationCondition.cron_tick_passed("@daily")],
)
def test_conditions_of_assets(condition: AutomationCondition) -> None:
    """A condition about an asset says nothing about the root assets of a job."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"job 'boil' .*root assets: wrap it"):
        resolved(None, automation_condition=condition)


@pytest.mark.parametrize("config", [{}, RunConfig(), BY_TOWN])
def test_a_condition_with_a_config_of_partitions(config: Any) -> None:
    """The runs that a condition starts do not get the config of a partition."""
    with pytest.raises(DagflowInvalidDefinitionError, match="both an automation_condition and partitioned"):
        resolved(None, config=config, automation_condition=ROOTS)
