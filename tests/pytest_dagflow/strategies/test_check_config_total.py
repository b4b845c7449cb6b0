"""`check_config_total` finds config that a schema accepts and the code does not."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

import dagflow as dg
from pytest_dagflow.strategies import check_config_total


@dg.op(config_schema={"cups": int, "names": [str]})
def brew(context: dg.OpExecutionContext) -> int:
    return 12 // context.op_config["cups"]


@dg.job
def cafe() -> None:
    brew()


def test_a_number_that_the_code_does_not_take() -> None:
    """The failure names the node, the error and the smallest config."""
    with pytest.raises(AssertionError) as caught:
        check_config_total(cafe)

    config = {"ops": {"brew": {"config": {"cups": 0, "names": []}}}}
    fact, repeat = str(caught.value).splitlines()
    assert fact.startswith("'brew' fails with config that its schema accepts: ZeroDivisionError: ")
    assert repeat == f"repeat it with: cafe.execute_in_process(run_config={config})"


def test_allowed_errors_and_other_values() -> None:
    """An allowed error is no failure, and values can be narrowed."""
    check_config_total(cafe, allow=ZeroDivisionError, max_examples=10)
    check_config_total(cafe, values={"ops:brew:config:cups": st.integers(1, 30)}, max_examples=10)


def test_a_config_mapping_that_makes_wrong_config() -> None:
    """Config that a mapping turns into invalid config is found before a node runs."""

    @dg.config_mapping(config_schema={"cups": int})
    def wrong(config: dict[str, int]) -> dict[str, object]:
        return {"ops": {"brew": {"config": {"cups": config["cups"]}}}}

    @dg.job(config=wrong)
    def mapped() -> None:
        brew()

    with pytest.raises(AssertionError, match="the run does not start with config that its schema accepts"):
        check_config_total(mapped, max_examples=5)


def test_assets() -> None:
    """Assets are repeated by `materialize_to_memory`."""

    @dg.asset(config_schema={"rows": int})
    def orders(context: dg.AssetExecutionContext) -> int:
        return 1 // (context.op_execution_context.op_config["rows"])

    with pytest.raises(
        AssertionError, match=r"repeat it with: materialize_to_memory\(\[orders\], run_config="
    ):
        check_config_total([orders])
