"""The conditions and policies of @asset, and the older forms of its arguments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dagflow import (
    AssetDep,
    AssetKey,
    AssetOut,
    AssetSpec,
    AutoMaterializePolicy,
    AutomationCondition,
    BackfillPolicy,
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DailyPartitionsDefinition,
    FreshnessPolicy,
    LegacyFreshnessPolicy,
    ParameterCheckError,
    StaticPartitionsDefinition,
    asset,
    materialize_to_memory,
    multi_asset,
)

EAGER = AutomationCondition.eager()
FRESH = FreshnessPolicy.time_window(timedelta(hours=1))
OLD_FRESH = LegacyFreshnessPolicy(maximum_lag_minutes=3)
PARTS = StaticPartitionsDefinition(["a"])


def cup():
    """A cup."""
    return 1


def test_conditions_and_policies_are_kept():
    """The spec has the condition and the freshness policies, and the definition the backfill policy."""
    made = asset(
        automation_condition=EAGER,
        freshness_policy=FRESH,
        legacy_freshness_policy=OLD_FRESH,
        is_virtual=True,
        backfill_policy=BackfillPolicy.single_run(),
    )(cup)
    spec = made.get_asset_spec()

    assert (spec.automation_condition, spec.freshness_policy) == (EAGER, FRESH)
    assert (spec.legacy_freshness_policy, spec.is_virtual) == (OLD_FRESH, True)
    assert made.backfill_policy == BackfillPolicy.single_run()
    assert materialize_to_memory([made]).asset_value("cup") == 1


def test_the_older_form_of_a_condition():
    """An auto-materialize policy becomes a condition."""
    policy = AutoMaterializePolicy.lazy()

    made = asset(auto_materialize_policy=policy)(cup)

    assert made.get_asset_spec().automation_condition == policy.to_automation_condition()


def test_compute_kind():
    """The older form of kinds is a tag of the op; it is no kind, and an empty one is nothing."""
    made = asset(compute_kind="a b", op_tags={"k": "v"})(cup)

    assert made.op.tags == {"k": "v", "dagflow/compute_kind": "a b"}
    assert (made.get_asset_spec().kinds, made.get_asset_spec().tags) == (set(), {})
    assert asset(compute_kind="")(cup).op.tags == {}


def test_non_argument_deps():
    """The older form of deps gives the same dependencies."""
    made = asset(non_argument_deps={"z"})(cup)

    assert made.get_asset_spec().deps == [AssetDep("z")]
    assert made.dependency_keys == {AssetKey("z")}
    several = multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, non_argument_deps={"z"})(cup)
    assert {spec.key.to_user_string(): spec.deps for spec in several.specs} == {
        "a": [AssetDep("z")],
        "b": [AssetDep("z")],
    }
    with pytest.raises(DagflowInvalidDefinitionError, match="has 'specs' and 'deps'"):
        multi_asset(specs=[AssetSpec("a")], non_argument_deps={"z"})(cup)


@pytest.mark.parametrize(
    ("policy", "partitions_def"),
    [(BackfillPolicy.single_run(), None), (BackfillPolicy.single_run(), PARTS), (BackfillPolicy(3), PARTS)],
)
def test_backfill_policies(policy, partitions_def):
    """Only an asset with partitions can have several runs."""
    assert asset(backfill_policy=policy, partitions_def=partitions_def)(cup).backfill_policy == policy


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"automation_condition": 3}, ParameterCheckError, "'automation_condition' of asset 'cup'"),
        ({"freshness_policy": 3}, ParameterCheckError, "'freshness_policy' of asset 'cup'"),
        ({"legacy_freshness_policy": 3}, ParameterCheckError, "'legacy_freshness_policy' of asset 'cup'"),
        ({"auto_materialize_policy": 3}, ParameterCheckError, "'auto_materialize_policy' of asset 'cup'"),
        ({"backfill_policy": 3}, ParameterCheckError, "'backfill_policy' of asset 'cup'"),
        (
            {"backfill_policy": BackfillPolicy.multi_run()},
            ParameterCheckError,
            "'cup' has no partitions",
        ),
        ({"is_virtual": 3}, ParameterCheckError, "'is_virtual' of asset 'cup'"),
        ({"compute_kind": 3}, ParameterCheckError, "'compute_kind' of asset 'cup'"),
        (
            {"compute_kind": "sql", "kinds": {"a"}},
            DagflowInvalidDefinitionError,
            "'compute_kind' and 'kinds'",
        ),
        (
            {"non_argument_deps": {"z"}, "deps": ["q"]},
            DagflowInvalidDefinitionError,
            "'deps' and 'non_argument_deps'",
        ),
        (
            {"auto_materialize_policy": AutoMaterializePolicy.eager(), "automation_condition": EAGER},
            DagflowInvariantViolationError,
            "asset 'cup'",
        ),
        (
            {"legacy_freshness_policy": OLD_FRESH, "partitions_def": PARTS},
            CheckError,
            "asset 'cup' has a 'legacy_freshness_policy', so its partitions must be by time",
        ),
        ({"foo": 3}, TypeError, "foo"),
    ],
)
def test_arguments_are_checked(arguments, error, message):
    """An invalid argument, or two forms of the same, are refused at the decorator."""
    with pytest.raises(error, match=message):
        asset(**arguments)(cup)


def test_a_legacy_policy_with_partitions_by_time():
    """The older freshness policy goes with partitions by time."""
    made = asset(legacy_freshness_policy=OLD_FRESH, partitions_def=DailyPartitionsDefinition("2024-01-01"))(
        cup
    )

    assert made.get_asset_spec().legacy_freshness_policy == OLD_FRESH
