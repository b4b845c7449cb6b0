"""Benchmarks of many assets in memory, with and without checks."""

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
