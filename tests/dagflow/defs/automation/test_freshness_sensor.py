"""Tests of the sensor that asks for freshness checks."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dagflow import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    CheckError,
    DagflowInstance,
    DagflowInvalidCursorError,
    DagflowInvalidDefinitionError,
    Definitions,
    MetadataValue,
    SkipReason,
    asset,
    asset_check,
    build_sensor_context,
    build_sensor_for_freshness_checks,
)

BEANS, WATER = AssetKey("beans"), AssetKey("water")


@asset
def beans():
    return 1


@asset
def water():
    return 1


@asset_check(asset=beans)
def fresh():
    return AssetCheckResult(passed=True)


@asset_check(asset=water, name="fresh")
def fresh_water():
    return AssetCheckResult(passed=True)


FRESH_BEANS, FRESH_WATER = AssetCheckKey(BEANS, "fresh"), AssetCheckKey(WATER, "fresh")
SENSOR = build_sensor_for_freshness_checks(freshness_checks=[fresh, fresh_water])


def evaluated(instance: DagflowInstance, key: AssetKey, passed: bool, until: float | None = None) -> None:
    metadata = {} if until is None else {"dagflow/fresh_until_timestamp": MetadataValue.timestamp(until)}
    instance.report_runless_asset_event(AssetCheckEvaluation(key, "fresh", passed, metadata))


def due(instance: DagflowInstance) -> Any:
    """Return the checks that a direct call of the sensor requests."""
    found = SENSOR(build_sensor_context(instance))
    return [] if isinstance(found, SkipReason) else found.asset_check_keys


def test_a_tick() -> None:
    """Checks that were never evaluated are requested in one run of the job of all assets."""
    project = Definitions([beans, water], asset_checks=[fresh, fresh_water], sensors=[SENSOR])
    context = build_sensor_context(DagflowInstance.ephemeral(), definitions=project)

    request = SENSOR.evaluate_tick(context).run_requests[0]

    assert (request.job_name, request.asset_selection) == ("__ASSET_JOB", [])
    assert request.asset_check_keys == [FRESH_BEANS, FRESH_WATER]
    assert (SENSOR.name, SENSOR.minimum_interval_seconds) == ("freshness_checks_sensor", 30)


def test_a_check_that_passed() -> None:
    """A check that passed is due at the end of the time for which the asset is fresh."""
    instance = DagflowInstance.ephemeral()
    evaluated(instance, BEANS, True, until=1.0)
    evaluated(instance, WATER, True, until=9e9)

    assert due(instance) == [FRESH_BEANS]
    evaluated(instance, BEANS, True)
    assert due(instance) == []


def test_a_check_that_failed() -> None:
    """A check that failed is due after the next event of its asset."""
    instance = DagflowInstance.ephemeral()
    evaluated(instance, WATER, True, until=9e9)
    evaluated(instance, BEANS, False)

    assert due(instance) == []
    instance.report_runless_asset_event(AssetMaterialization(BEANS))
    assert due(instance) == [FRESH_BEANS]


def test_a_cursor_of_another_sensor() -> None:
    """The sensor never sets a cursor, so it refuses one."""
    with pytest.raises(DagflowInvalidCursorError, match="sensor 'freshness_checks_sensor' received 'junk'"):
        SENSOR.evaluate_tick(
            build_sensor_context(DagflowInstance.ephemeral(), "junk", definitions=Definitions([beans]))
        )


def test_no_checks() -> None:
    """A sensor without checks skips each tick."""
    empty = build_sensor_for_freshness_checks(freshness_checks=[])
    context = build_sensor_context(DagflowInstance.ephemeral(), definitions=Definitions([beans]))

    assert empty.evaluate_tick(context).skip_message.startswith("No freshness checks need to be evaluated")
    assert pickle.loads(pickle.dumps(empty)).name == empty.name


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"freshness_checks": [fresh, fresh]}, CheckError, r"duplicate asset checks .*\['beans:fresh'\]"),
        ({"minimum_interval_seconds": -1}, CheckError, "Interval must be a positive integer"),
        ({"freshness_checks": [5]}, CheckError, "freshness_checks"),
        ({"name": "a b"}, DagflowInvalidDefinitionError, "is not a valid name"),
    ],
)
def test_arguments_that_are_refused(arguments: Any, error: type[Exception], message: str) -> None:
    """A check that is given twice and a negative interval are refused."""
    with pytest.raises(error, match=message):
        build_sensor_for_freshness_checks(**{"freshness_checks": [fresh], **arguments})
