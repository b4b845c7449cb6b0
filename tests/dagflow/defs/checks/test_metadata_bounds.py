"""Tests of the checks of a number in the metadata of an asset."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckSeverity,
    AssetMaterialization,
    AssetObservation,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    Definitions,
    MetadataValue,
    ParameterCheckError,
    build_metadata_bounds_checks,
)


def check(event=None, **arguments):
    """Return the evaluation of the check after an event."""
    instance = DagflowInstance.ephemeral()
    if event is not None:
        instance.report_runless_asset_event(event)
    checks = build_metadata_bounds_checks(assets=["beans"], metadata_key="count", **arguments)
    job = Definitions(asset_checks=checks).get_implicit_global_asset_job_def()
    (evaluation,) = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    return evaluation


def spec(**arguments):
    """Return the declaration of the check of one asset."""
    return build_metadata_bounds_checks(assets=["a"], **{"metadata_key": "count", **arguments})[
        0
    ].check_specs[0]


@pytest.mark.parametrize(
    ("value", "bounds", "passed", "description"),
    [
        (1, {"min_value": 1, "max_value": 1}, True, "Value `1` is within range"),
        (0.5, {"min_value": 1}, False, "Value `0.5` is less than 1"),
        (3, {"max_value": 2.5}, False, "Value `3` is greater than 2.5"),
        (1, {"min_value": 1, "exclusive_min": True}, False, "Value `1` is less than or equal to 1"),
        (3, {"max_value": 3, "exclusive_max": True}, False, "Value `3` is greater than or equal to 3"),
        (True, {"min_value": 1}, True, "Value `True` is within range"),
        (MetadataValue.timestamp(5.0), {"min_value": 1}, True, "Value `5.0` is within range"),
        ("1", {"min_value": 1}, False, "Value `1` is not a number"),
        (None, {"min_value": 1}, False, "Value `None` is not a number"),
        (float("nan"), {"min_value": 1}, False, "Value `nan` is not a number"),
    ],
)
def test_the_latest_value_decides(value, bounds, passed, description):
    """The value of the latest materialization must be a number within the bounds."""
    evaluation = check(AssetMaterialization("beans", metadata={"count": value}), **bounds)

    assert (evaluation.passed, evaluation.description) == (passed, description)
    assert evaluation.severity is AssetCheckSeverity.WARN
    assert evaluation.metadata == {}


def test_a_missing_value_fails():
    """A check without a materialization or without the metadata fails. An observation does not count."""
    never = check(AssetObservation("beans", metadata={"count": 4}), min_value=1)
    without = check(AssetMaterialization("beans"), min_value=1, severity=AssetCheckSeverity.ERROR)

    assert (never.passed, never.description) == (False, "Asset has not been materialized")
    assert (without.passed, without.description) == (False, "Metadata key `count` not found")
    assert without.severity is AssetCheckSeverity.ERROR


@pytest.mark.parametrize(
    ("arguments", "bounds"),
    [
        ({"min_value": 1}, "greater than or equal to 1"),
        ({"max_value": 2, "exclusive_max": True, "exclusive_min": True}, "less than 2"),
        ({"min_value": 1, "max_value": 1.5}, "greater than or equal to 1 and less than or equal to 1.5"),
    ],
)
def test_the_description_has_the_bounds(arguments, bounds):
    """The description of the check names metadata and bounds."""
    start = "Checks that the latest materialization has metadata value `count` "
    assert spec(**arguments).description == start + bounds


def test_names():
    """The check is named after the metadata, and the op after assets and metadata."""
    (checks,) = build_metadata_bounds_checks(assets=["a", "b"], metadata_key="x/y z", min_value=1)

    assert {key.name for key in checks.check_keys} == {"x_y_z_bounds_check"}
    assert checks.node_def.name == "asset_check_70ebc9a5"
    assert checks.can_subset


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({}, DagflowInvalidDefinitionError, "at least one of 'min_value' and 'max_value'"),
        ({"min_value": 2, "max_value": 1}, DagflowInvalidDefinitionError, "must not be greater"),
        ({"min_value": "1"}, ParameterCheckError, "'min_value'"),
        ({"max_value": float("nan")}, ParameterCheckError, "'max_value'"),
        ({"min_value": 1, "exclusive_min": 1}, ParameterCheckError, "'exclusive_min'"),
        ({"min_value": 1, "metadata_key": None}, ParameterCheckError, "'metadata_key'"),
        ({"min_value": 1, "severity": "WARN"}, ParameterCheckError, "'severity'"),
        ({"min_value": 1, "assets": "ab"}, ParameterCheckError, "'assets'"),
    ],
)
def test_invalid_arguments(arguments, error, named):
    """An invalid argument is refused when the checks are built."""
    with pytest.raises(error, match=named):
        build_metadata_bounds_checks(**{"assets": ["a"], "metadata_key": "count", **arguments})
