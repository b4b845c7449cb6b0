"""`fault_choices` lists the faults that a job can have."""

from __future__ import annotations

import pytest

from dagflow import (
    CheckError,
    Nothing,
    Out,
    ResourceDefinition,
    RetryPolicy,
    asset,
    define_asset_job,
    graph,
    job,
    op,
)
from dagflow.testing import FaultPlan, fault_choices, run_options


@op(retry_policy=RetryPolicy(max_retries=9), required_resource_keys={"shop"})
def fetch() -> int:
    return 1


@op(out={"one": Out(int), "two": Out(is_required=False), "three": Out(Nothing)})
def split(number: int):  # type: ignore[no-untyped-def]
    return number, number, None


@graph
def inner(number):  # type: ignore[no-untyped-def]
    split(number)


@job(resource_defs={"shop": ResourceDefinition.hardcoded_resource(1)})
def nightly() -> None:
    inner(fetch())


def described(*kinds: str) -> list[str]:
    """Return the calls of the faults of some kinds."""
    return [fault.describe() for fault in fault_choices(nightly, kinds)]


def test_nodes_attempts_outputs_and_resources() -> None:
    """Nodes have their paths, at most four attempts, and the outputs that can have the fault."""
    assert described("fail") == [
        "fail('fetch')",
        "fail('fetch', on_attempt=(1, 2))",
        "fail('fetch', on_attempt=(1, 2, 3))",
        "fail('fetch', on_attempt=(1, 2, 3, 4))",
        "fail('inner.split')",
    ]
    assert described("wrong_type") == ["wrong_type('fetch')", "wrong_type('inner.split', 'one')"]
    assert len(described("drop_output")) == 4
    assert described("corrupt_input", "delay", "hang") == [
        "corrupt_input('inner.split')",
        "delay('fetch', 1)",
        "delay('inner.split', 1)",
        "hang('fetch')",
        "hang('inner.split')",
    ]
    assert described("resource_fails") == ["resource_fails('shop', on='init')"]
    assert described("duplicate") == []


def test_assets_can_be_stored_twice() -> None:
    """An asset can have each default fault and a duplicate, and each fires."""

    @asset
    def beans() -> int:
        return 1

    shop = define_asset_job("shop").resolve([beans])
    choices = [*fault_choices(shop), *fault_choices(shop, ["duplicate"])]

    assert [fault.kind for fault in choices] == [
        "fail",
        "fail_late",
        "wrong_type",
        "drop_output",
        "duplicate",
    ]
    for fault in choices:
        plan = FaultPlan([fault])
        with run_options(faults=plan):
            shop.execute_in_process(raise_on_error=False)
        assert plan.unfired() == []


def test_an_unknown_kind() -> None:
    """The error names a similar kind."""
    with pytest.raises(CheckError, match=r"'failz' is not a kind of fault\. Did you mean 'fail'"):
        fault_choices(nightly, ["failz"])
