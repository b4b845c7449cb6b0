"""The conditions and policies that a loader gives to all assets, and the condition of a job."""

from __future__ import annotations

from types import ModuleType

import pytest

from dagflow import (
    AssetsDefinition,
    AssetSpec,
    AutoMaterializePolicy,
    AutomationCondition,
    BackfillPolicy,
    CheckError,
    DagflowInvariantViolationError,
    Definitions,
    LegacyFreshnessPolicy,
    ParameterCheckError,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    graph,
    load_assets_from_modules,
    load_assets_from_package_name,
)

EAGER = AutomationCondition.eager()
PARTS = StaticPartitionsDefinition(["a"])


@asset
def plain():
    """An asset without policies."""
    return 1


@asset(
    automation_condition=AutomationCondition.missing(),
    partitions_def=PARTS,
    backfill_policy=BackfillPolicy.multi_run(3),
)
def own():
    """An asset with policies."""
    return 1


@pytest.fixture
def module():
    """A module with assets of all kinds."""
    made = ModuleType("made")
    made.plain, made.own, made.source, made.spec = plain, own, SourceAsset("source"), AssetSpec("spec")
    return made


def conditions(assets):
    """Return the condition of each asset by its key."""
    return {
        spec.key.to_user_string(): spec.automation_condition
        for item in assets
        for spec in (
            item.specs
            if isinstance(item, AssetsDefinition)
            else [item.spec if isinstance(item, SourceAsset) else item]
        )
    }


def test_a_condition_for_all(module):
    """The condition replaces that of definitions and specs. Sources keep theirs, and so do the originals."""
    assets = load_assets_from_modules([module], automation_condition=EAGER, include_specs=True)

    assert conditions(assets) == {"plain": EAGER, "own": EAGER, "spec": EAGER, "source": None}
    assert plain.get_asset_spec().automation_condition is None
    assert {item.backfill_policy for item in assets if isinstance(item, AssetsDefinition)} == {
        None,
        BackfillPolicy.multi_run(3),
    }


def test_the_older_form_of_a_condition(module):
    """An auto-materialize policy is the condition that it stands for."""
    policy = AutoMaterializePolicy.lazy()

    assets = load_assets_from_modules([module], auto_materialize_policy=policy)

    assert conditions(assets)["plain"] == policy.to_automation_condition()


def test_a_backfill_policy_for_all(module):
    """The backfill policy replaces that of definitions, and the conditions stay."""
    assets = load_assets_from_modules([module], backfill_policy=BackfillPolicy.single_run())
    definitions = [item for item in assets if isinstance(item, AssetsDefinition)]

    assert {item.backfill_policy for item in definitions} == {BackfillPolicy.single_run()}
    assert conditions(definitions) == {"plain": None, "own": AutomationCondition.missing()}
    assert (plain.backfill_policy, own.backfill_policy) == (None, BackfillPolicy.multi_run(3))


def test_a_freshness_policy_for_all(module):
    """The older freshness policy is given to definitions only."""
    policy = LegacyFreshnessPolicy(maximum_lag_minutes=3)
    with pytest.raises(CheckError, match=r"asset .own..*by time"):
        load_assets_from_modules([module], legacy_freshness_policy=policy)
    del module.own

    assets = load_assets_from_modules([module], legacy_freshness_policy=policy, include_specs=True)

    found = {getattr(item, "key", None): item for item in assets}
    assert found[plain.key].get_asset_spec().legacy_freshness_policy == policy
    assert found[module.spec.key] is module.spec


def test_a_prefix_and_a_condition(module):
    """A condition goes with other changes of the loader."""
    (made,) = [
        item
        for item in load_assets_from_modules([module], "g", "p", automation_condition=EAGER)
        if plain.key.with_prefix("p") in getattr(item, "keys", ())
    ]

    assert (made.get_asset_spec().group_name, made.get_asset_spec().automation_condition) == ("g", EAGER)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"automation_condition": 3}, ParameterCheckError),
        ({"backfill_policy": 3}, ParameterCheckError),
        ({"legacy_freshness_policy": 3}, ParameterCheckError),
        ({"auto_materialize_policy": 3}, ParameterCheckError),
        (
            {"automation_condition": EAGER, "auto_materialize_policy": AutoMaterializePolicy.lazy()},
            DagflowInvariantViolationError,
        ),
        ({"foo": 3}, TypeError),
    ],
)
def test_arguments_are_checked(module, arguments, error):
    """An argument of the wrong type, and both forms of a condition, are refused."""
    with pytest.raises(error):
        load_assets_from_modules([module], **arguments)


def test_a_package_by_name_takes_no_condition():
    """As in Dagster, the loader of a package by its name has no argument `automation_condition`."""
    with pytest.raises(TypeError, match="automation_condition"):
        load_assets_from_package_name("dagflow", automation_condition=EAGER)


def test_the_condition_of_an_asset_job():
    """The job of assets keeps its condition, before and after it is resolved."""
    of_roots = AutomationCondition.any_job_root_assets_match(EAGER)
    job = define_asset_job("brew", automation_condition=of_roots)
    resolved = Definitions([plain], jobs=[job]).get_job_def("brew")

    assert job.automation_condition == resolved.automation_condition == of_roots
    assert resolved.with_hooks(set()).automation_condition == of_roots
    assert define_asset_job("brew").automation_condition is None
    with pytest.raises(ParameterCheckError, match="'automation_condition' of job 'brew'"):
        define_asset_job("brew", automation_condition=3)


def test_a_job_of_ops_has_no_condition():
    """Only a job of assets can have a condition."""

    @graph
    def brew():
        pass

    assert brew.to_job().automation_condition is None
    with pytest.raises(ParameterCheckError, match="job 'brew' has no assets"):
        brew.to_job(automation_condition=EAGER)
    with pytest.raises(ParameterCheckError, match="'automation_condition' of job 'brew'"):
        brew.to_job(automation_condition=3)
