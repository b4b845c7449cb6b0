"""Benchmark of automation conditions: one evaluation of 1,000 assets with `eager()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 1000


@pytest.mark.parametrize("who", ["dagflow", "dagster"])
def test_an_evaluation(measure: Callable[..., Any], who: str) -> None:
    """Measure a later evaluation of 1,000 assets in chains of ten, of which one was updated."""
    runtime = pytest.importorskip(who)
    eager = runtime.AutomationCondition.eager

    def asset(number: int) -> Any:
        deps = [f"a{number - 1}"] if number % 10 else []
        return runtime.asset(name=f"a{number}", deps=deps, automation_condition=eager())(lambda: None)

    defs = runtime.Definitions([asset(number) for number in range(COUNT)])
    instance_class = runtime.DagflowInstance if who == "dagflow" else runtime.DagsterInstance
    with instance_class.ephemeral() as instance:
        for number in range(COUNT):
            instance.report_runless_asset_event(runtime.AssetMaterialization(f"a{number}"))
        cursor = runtime.evaluate_automation_conditions(defs, instance).cursor
        instance.report_runless_asset_event(runtime.AssetMaterialization("a0"))

        def evaluate() -> Any:
            return runtime.evaluate_automation_conditions(defs, instance, cursor=cursor)

        result = measure("conditions", who, evaluate, rounds=10 if who == "dagflow" else 1)

    assert result.total_requested == 9
