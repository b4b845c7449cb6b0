"""Benchmarks of a test of one node: one asset in memory, a direct call, an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

BOTH = pytest.mark.parametrize("who", ["dagflow", "dagster"])


@BOTH
def test_one_asset(measure: Callable[..., Any], who: str) -> None:
    """Measure one asset, materialized in memory."""
    runtime = pytest.importorskip(who)

    @runtime.asset
    def water() -> int:
        return 1

    silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    config = silent if who == "dagster" else None
    rounds = 200 if who == "dagflow" else 10

    result = measure(
        "asset", who, lambda: runtime.materialize_to_memory([water], run_config=config), rounds=rounds
    )

    assert result.output_for_node("water") == 1


@BOTH
def test_a_direct_call(measure: Callable[..., Any], who: str) -> None:
    """Measure the build of a context, and a call of an op with it."""
    runtime = pytest.importorskip(who)
    double = _double(runtime)
    many = 100 if who == "dagflow" else 1

    eight = measure("direct", who, lambda: double(runtime.build_op_context(), 4), rounds=20, iterations=many)

    assert eight == 8


def _double(runtime: ModuleType) -> Any:
    @runtime.op
    def double(context, n):  # type: ignore[no-untyped-def]
        return 2 * n

    return double


@BOTH
def test_an_ephemeral_instance(measure: Callable[..., Any], who: str) -> None:
    """Measure the creation of an instance in memory."""
    runtime = pytest.importorskip(who)
    instance = runtime.DagflowInstance if who == "dagflow" else runtime.DagsterInstance
    many = 100 if who == "dagflow" else 1

    measure("instance", who, instance.ephemeral, rounds=20, iterations=many)
