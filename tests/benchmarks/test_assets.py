"""Benchmarks of many assets: runs in memory, and the definitions of a project, with and without checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

BOTH = pytest.mark.parametrize("who", ["dagflow", "dagster"])
COUNT = 100


def _assets(runtime: ModuleType) -> list[Any]:
    """Return a chain of assets, each of which reads the one before it."""

    def asset(number: int) -> Any:
        ins = {"before": runtime.AssetIn(f"asset_{number - 1}")} if number else {}
        if not number:
            return runtime.asset(name="asset_0")(lambda: 0)
        return runtime.asset(name=f"asset_{number}", ins=ins)(lambda before: before + 1)

    return [asset(number) for number in range(COUNT)]


def _checks(runtime: ModuleType, assets: list[Any]) -> list[Any]:
    """Return a check for each asset, which does not read the value."""
    return [
        runtime.asset_check(asset=asset, name="is_there")(lambda: runtime.AssetCheckResult(passed=True))
        for asset in assets
    ]


def _measured(measure: Callable[..., Any], row: str, who: str, runtime: ModuleType, parts: list[Any]) -> Any:
    silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    config, rounds = (silent, 3) if who == "dagster" else (None, 50)
    return measure(row, who, lambda: runtime.materialize_to_memory(parts, run_config=config), rounds=rounds)


@BOTH
def test_assets(measure: Callable[..., Any], who: str) -> None:
    """Measure a chain of 100 assets, materialized in memory."""
    runtime = pytest.importorskip(who)

    result = _measured(measure, "assets", who, runtime, _assets(runtime))

    assert result.asset_value(f"asset_{COUNT - 1}") == COUNT - 1


@BOTH
def test_assets_with_checks(measure: Callable[..., Any], who: str) -> None:
    """Measure a chain of 100 assets, each with one check."""
    runtime = pytest.importorskip(who)
    assets = _assets(runtime)

    result = _measured(measure, "checked", who, runtime, [*assets, *_checks(runtime, assets)])

    assert len(result.get_asset_check_evaluations()) == COUNT


MANY = 2_000
SELECTIONS = ("group:group_1", '+key:"asset_50"', "*", 'key:"asset_1*" and not group:group_3', "+asset_1000")


def _project_assets(runtime: ModuleType) -> list[Any]:
    """Return assets in 20 groups, each of which depends on two others, and a check for each."""

    def asset(number: int) -> Any:
        deps = {f"asset_{number - 1}", f"asset_{number // 2}"} if number > 1 else set()
        make = runtime.asset(name=f"asset_{number}", deps=sorted(deps), group_name=f"group_{number % 20}")
        return make(lambda: None)

    return [asset(number) for number in range(MANY)]


def _project(runtime: ModuleType, assets: list[Any], checks: list[Any]) -> Any:
    """Return validated Definitions with jobs of selections."""
    jobs = [
        runtime.define_asset_job(f"job_{number}", selection) for number, selection in enumerate(SELECTIONS)
    ]
    project = runtime.Definitions(assets, asset_checks=checks, jobs=jobs)
    runtime.Definitions.validate_loadable(project)
    return project


@BOTH
def test_project(measure: Callable[..., Any], who: str) -> None:
    """Measure the construction and validation of the Definitions of 2,000 assets with checks."""
    runtime = pytest.importorskip(who)
    assets = _project_assets(runtime)
    checks = _checks(runtime, assets)

    project = measure(
        "project", who, lambda: _project(runtime, assets, checks), rounds=1 if who == "dagster" else 5
    )

    assert len(project.get_job_def("job_2").nodes) == 2 * MANY


@BOTH
def test_defined_project(measure: Callable[..., Any], who: str) -> None:
    """Measure the same, with the decorators of the assets and checks."""
    runtime = pytest.importorskip(who)

    def define() -> Any:
        assets = _project_assets(runtime)
        return _project(runtime, assets, _checks(runtime, assets))

    measure("project_defined", who, define, rounds=1 if who == "dagster" else 3)
