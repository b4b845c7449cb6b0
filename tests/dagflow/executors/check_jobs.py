"""Jobs with checks for the tests of executors, which can import this module in other processes."""

from __future__ import annotations

from pathlib import Path

from dagflow import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    Definitions,
    MaterializeResult,
    RetryPolicy,
    asset,
    asset_check,
    build_reconstructable_job,
    dask_executor,
    in_process_executor,
    multiprocess_executor,
)

FOLDER = str(Path(__file__).parent)
EXECUTORS = {
    "in_process": in_process_executor,
    "multiprocess": multiprocess_executor,
    "dask": dask_executor,
}


@asset
def beans():
    return 3


@asset
def coffee(beans):
    return beans + 1


@asset(check_specs=[AssetCheckSpec("hot", asset="cup")])
def cup():
    cold = AssetCheckResult(passed=False, severity=AssetCheckSeverity.WARN, metadata={"degrees": 20})
    return MaterializeResult(value=1, check_results=[cold])


@asset
def drink(coffee):
    return coffee


@asset_check(asset=beans, blocking=True, retry_policy=RetryPolicy(max_retries=1))
def fresh(beans):
    if AssetCheckExecutionContext.get().retry_number == 0:
        raise ValueError
    return AssetCheckResult(passed=beans == 3, description="new")


@asset_check(asset=coffee, blocking=True)
def strong(context):
    return AssetCheckResult(passed=False, check_name=context.check_specs[0].name)


def job_with(executor):
    """Return the job of all assets and checks of a project with this executor."""
    project = Definitions(
        assets=[beans, coffee, cup, drink], asset_checks=[fresh, strong], executor=EXECUTORS[executor]
    )
    return project.get_implicit_global_asset_job_def()


def pointer_to(executor):
    """Return a pointer to the job with this executor."""
    return build_reconstructable_job(
        "check_jobs", "job_with", (executor,), reconstructor_working_directory=FOLDER
    )
