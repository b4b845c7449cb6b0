"""Ops and assets that several tests of runs use."""

from __future__ import annotations

from typing import Any

from dagflow import (
    Definitions,
    JobDefinition,
    Nothing,
    Out,
    Output,
    asset,
    define_asset_job,
    in_process_executor,
    op,
)


@op
def one() -> int:
    return 1


@op
def two(n: int) -> int:
    return n + 1


@op(out=Out(Nothing))
def silent() -> None: ...


@op(out={"yes": Out(is_required=False), "no": Out(is_required=False)})
def branch() -> Any:
    yield Output(1, "yes")


@asset
def water() -> int:
    return 1


@asset
def tea(water: int) -> int:
    return water + 1


@asset
def cup(tea: int) -> int:
    return tea


def drinks() -> JobDefinition:
    """Return a job of three assets in a chain."""
    job_def = define_asset_job("drinks", executor_def=in_process_executor)
    return Definitions(assets=[water, tea, cup], jobs=[job_def]).get_job_def("drinks")
