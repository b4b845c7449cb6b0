"""Benchmark of mapped steps: 300 values of a dynamic output, mapped over one op and collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = 300


@pytest.mark.parametrize("who", ["dagflow", "dagster"])
def test_a_dynamic_step(measure: Callable[..., Any], who: str) -> None:
    """Measure each step of a compiled job, with its events."""
    runtime = pytest.importorskip(who)

    @runtime.op(out=runtime.DynamicOut())
    def numbers() -> Any:
        for n in range(VALUES):
            yield runtime.DynamicOutput(n, f"n{n}")

    @runtime.op
    def increment(n: Any) -> Any:
        return n + 1

    @runtime.op
    def total(ns: Any) -> Any:
        return sum(ns)

    silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} if who == "dagster" else None

    @runtime.job(config=silent)
    def adds() -> None:
        total(numbers().map(increment).collect())

    adds.execute_in_process()
    rounds = 1 if who == "dagster" else 20

    result = measure("dynamic", who, adds.execute_in_process, per=VALUES, rounds=rounds)

    assert result.output_for_node("total") == VALUES * (VALUES + 1) // 2
