"""Benchmarks of config: 200 ops, each with its own config, from the run config or configured before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

OPS = 200
BOTH = pytest.mark.parametrize("who", ["dagflow", "dagster"])


def _silent(who: str) -> dict[str, Any]:
    return {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} if who == "dagster" else {}


def _scale(runtime: ModuleType) -> Any:
    schema = {
        "n": int,
        "factor": runtime.Field(float, default_value=1.0),
        "name": runtime.Noneable(str),
    }

    @runtime.op(config_schema=schema)
    def scale(context):  # type: ignore[no-untyped-def]
        return context.op_config["n"] * context.op_config["factor"]

    return scale


@BOTH
def test_config_of_the_run(measure: Callable[..., Any], who: str) -> None:
    """Measure a run config with an entry for each op."""
    runtime = pytest.importorskip(who)
    scale = _scale(runtime)
    names = [f"s{number}" for number in range(OPS)]

    @runtime.job
    def scaling() -> None:
        for name in names:
            scale.alias(name)()

    ops = {name: {"config": {"n": number}} for number, name in enumerate(names)}
    config = {"ops": ops, **_silent(who)}
    rounds = 30 if who == "dagflow" else 1

    result = measure("configured", who, lambda: scaling.execute_in_process(config), per=OPS, rounds=rounds)

    assert result.output_for_node("s7") == 7


@BOTH
def test_config_given_beforehand(measure: Callable[..., Any], who: str) -> None:
    """Measure a configured definition for each op, without run config."""
    runtime = pytest.importorskip(who)
    scale = _scale(runtime)
    made = [scale.configured({"n": number}, name=f"s{number}") for number in range(OPS)]

    @runtime.job
    def scaling() -> None:
        for definition in made:
            definition()

    config = _silent(who)
    rounds = 30 if who == "dagflow" else 1

    result = measure(
        "configured_before", who, lambda: scaling.execute_in_process(config), per=OPS, rounds=rounds
    )

    assert result.output_for_node("s7") == 7
