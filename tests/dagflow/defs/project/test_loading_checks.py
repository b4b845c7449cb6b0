"""Checks from the variables of modules and packages."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    DagflowInvalidDefinitionError,
    Definitions,
    MaterializeResult,
    ParameterCheckError,
    asset,
    asset_check,
    build_last_update_freshness_checks,
    load_asset_checks_from_current_module,
    load_asset_checks_from_modules,
    load_asset_checks_from_package_module,
    load_asset_checks_from_package_name,
    load_assets_from_modules,
    load_definitions_from_modules,
    multi_asset_check,
)


@asset(check_specs=[AssetCheckSpec("clean", asset="water")])
def water():
    return MaterializeResult(value=1, check_results=[AssetCheckResult(passed=True)])


@asset
def tea(water):
    return water + 1


@asset_check(asset=water)
def warm(water):
    return AssetCheckResult(passed=water == 1)


@asset_check(asset="tea", additional_ins={"cup": AssetIn("water")}, additional_deps=["sea"])
def brewed(tea, cup):
    return AssetCheckResult(passed=tea == cup + 1)


@multi_asset_check(
    specs=[
        AssetCheckSpec("full", asset="water", additional_deps=["tea"]),
        AssetCheckSpec("deep", asset="lake"),
    ]
)
def measured(context):
    for key in context.selected_asset_check_keys:
        yield AssetCheckResult(passed=True, asset_key=key.asset_key, check_name=key.name)


CHECKS = build_last_update_freshness_checks(assets=["water", "tea"], lower_bound_delta=timedelta(days=1))
KITCHEN = ModuleType("kitchen")
vars(KITCHEN).update(a=water, b=tea, _c=warm, d=brewed, e=[measured, *CHECKS])


def names(checks):
    """Return the keys of the checks of each definition."""
    return [sorted(key.to_user_string() for key in one.check_keys) for one in checks]


def test_the_checks_of_modules():
    """Checks are found in sorted order and in lists, each once. Checks of an asset come with the asset."""
    other = ModuleType("other")
    other.warm = warm
    checks = load_asset_checks_from_modules([KITCHEN, other])

    assert checks == [warm, brewed, measured, *CHECKS]
    assert load_assets_from_modules([KITCHEN]) == [water, tea]


def test_the_current_module():
    """The checks of the calling module are found."""
    assert load_asset_checks_from_current_module() == [*CHECKS, brewed, measured, warm]
    assert names(load_asset_checks_from_current_module("bar"))[1] == ["bar/tea:brewed"]


def test_a_package(tmp_path, monkeypatch):
    """The checks of a package and of all modules in it are found."""
    folder = tmp_path / "cafe_with_checks"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "hot.py").write_text(
        "from dagflow import AssetCheckResult, asset_check\n"
        "@asset_check(asset='tea')\n"
        "def hot():\n"
        "    return AssetCheckResult(passed=True)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    checks = load_asset_checks_from_package_name("cafe_with_checks", asset_key_prefix=["a", "b"])

    import cafe_with_checks  # type: ignore[import-not-found]

    assert names(checks) == [["a/b/tea:hot"]]
    assert names(load_asset_checks_from_package_module(cafe_with_checks)) == [["tea:hot"]]
    with pytest.raises(ModuleNotFoundError):
        load_asset_checks_from_package_name("cafe_without_checks")
    with pytest.raises(AttributeError, match="'kitchen' is not a package"):
        load_asset_checks_from_package_module(KITCHEN)


def test_a_prefix():
    """A prefix changes the checked assets, and dependencies on assets of the modules. Other keys stay."""
    checks = load_asset_checks_from_modules([KITCHEN], "bar")

    assert names(checks) == [
        ["bar/water:warm"],
        ["bar/tea:brewed"],
        ["bar/lake:deep", "bar/water:full"],
        ["bar/tea:freshness_check", "bar/water:freshness_check"],
    ]
    assert [one.node_def.name for one in checks[:3]] == ["water_warm", "tea_brewed", "measured"]
    assert {key.to_user_string() for key in checks[1].keys_by_input_name.values()} == {
        "bar/tea", "bar/water", "sea"
    }  # fmt: skip
    deps = {spec.name: [dep.asset_key.to_user_string() for dep in spec.additional_deps]
            for one in checks for spec in one.check_specs}  # fmt: skip
    assert deps == {
        "warm": [], "brewed": ["bar/water", "sea"], "full": ["bar/tea"], "deep": [], "freshness_check": []
    }  # fmt: skip
    assert names([warm]) == [["water:warm"]]


def test_prefixed_checks_run():
    """Assets and checks that were loaded with one prefix belong together."""
    assets = load_assets_from_modules([KITCHEN], key_prefix="bar")
    checks = load_asset_checks_from_modules([KITCHEN], "bar")
    job = Definitions(assets, asset_checks=checks).get_implicit_global_asset_job_def()
    evaluations = job.execute_in_process().get_asset_check_evaluations()

    assert all(found.passed for found in evaluations)
    assert sorted(found.asset_check_key.to_user_string() for found in evaluations) == [
        "bar/lake:deep",
        "bar/tea:brewed",
        "bar/tea:freshness_check",
        "bar/water:clean",
        "bar/water:freshness_check",
        "bar/water:full",
        "bar/water:warm",
    ]


def test_definitions_of_modules_have_checks():
    """The Definitions of modules have the checks. Two checks of one key are named when they are used."""
    project = load_definitions_from_modules([KITCHEN])
    other = ModuleType("other")
    other.cold = asset_check(asset="water", name="warm")(lambda: AssetCheckResult(passed=True))
    conflicting = load_definitions_from_modules([KITCHEN, other])

    assert (project.assets, project.asset_checks) == ([water, tea], [warm, brewed, measured, *CHECKS])
    assert project.get_asset_checks_def(AssetCheckKey(AssetKey("tea"), "brewed")) is brewed
    with pytest.raises(DagflowInvalidDefinitionError, match=r"'water:warm'.*\.py:\d+ and of .*\.py:\d+"):
        Definitions.validate_loadable(conflicting)


def test_refused_arguments():
    """Arguments of the wrong type are named."""
    with pytest.raises(ParameterCheckError, match="'modules'"):
        load_asset_checks_from_modules(KITCHEN)
    with pytest.raises(ParameterCheckError, match="'modules'"):
        load_asset_checks_from_modules(["kitchen"])
    with pytest.raises(ParameterCheckError, match="'asset_key_prefix'"):
        load_asset_checks_from_modules([KITCHEN], 5)
