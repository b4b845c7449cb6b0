"""Tests of AutomationConditionSensorDefinition, and of the default sensor of a project."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetKey,
    AssetSelection,
    AssetSpec,
    AutoMaterializePolicy,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    BoolMetadataValue,
    CheckError,
    DagflowError,
    DagflowInvalidDefinitionError,
    DefaultSensorStatus,
    Definitions,
    ParameterCheckError,
    SensorDefinition,
    asset,
    asset_check,
    build_sensor_context,
    job,
    observable_source_asset,
    op,
    repository,
)

EAGER = AutomationCondition.eager()


@op
def heat() -> None:
    """Do nothing."""


@job
def brew() -> None:
    """Run one op."""
    heat()


@asset
def plain() -> None:
    """Have no condition."""


@asset(automation_condition=EAGER)
def beans() -> None:
    """Have a condition."""


@asset(auto_materialize_policy=AutoMaterializePolicy.eager())
def old() -> None:
    """Have an older policy."""


@observable_source_asset(automation_condition=EAGER)
def source() -> None:
    """Be observed."""


@asset_check(asset=plain, automation_condition=EAGER)
def fresh() -> AssetCheckResult:
    """Have a condition of its own."""
    return AssetCheckResult(passed=True)


def made(name: str = "s", target: Any = "*", **arguments: Any) -> AutomationConditionSensorDefinition:
    """Return a sensor."""
    return AutomationConditionSensorDefinition(name, target=target, **arguments)


def sensors_of(*assets: Any, sensors: Any = (), checks: Any = ()) -> dict[str, AssetSelection | None]:
    """Return the selections of the sensors of a project by name."""
    project = Definitions(assets, sensors=sensors, asset_checks=checks)
    return {one.name: one.asset_selection for one in project.get_repository_def().sensor_defs}


def test_attributes():
    """It has no job, selects its target, and notes in its metadata whether it requests backfills."""
    sensor = made(target=[beans, plain], tags={"n": 1}, run_tags={"n": 2}, emit_backfills=False)

    assert sensor.asset_selection == AssetSelection.assets(beans, plain)
    assert (sensor.tags, sensor.run_tags) == ({"n": "1"}, {"n": "2"})
    assert sensor.metadata == {"dagflow/emit_backfills": BoolMetadataValue(False)}
    assert sensor.default_status is DefaultSensorStatus.STOPPED
    assert (sensor.minimum_interval_seconds, sensor.has_jobs, sensor.targets) == (30, False, [])
    assert sensor.sensor_type.value == "AUTO_MATERIALIZE"
    assert made(use_user_code_server=True).sensor_type.value == "AUTOMATION"
    assert made(use_user_code_server=True, default_condition=EAGER).default_condition == EAGER


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"target": None}, CheckError, "needs a target"),
        ({"target": brew}, DagflowError, "the target of automation condition sensor 's' is invalid"),
        ({"name": "bad name"}, DagflowInvalidDefinitionError, "bad name"),
        ({"default_condition": EAGER}, ParameterCheckError, "needs use_user_code_server=True"),
        ({"default_condition": 3, "use_user_code_server": True}, ParameterCheckError, "default_condition"),
        ({"minimum_interval_seconds": "x"}, ParameterCheckError, "minimum_interval_seconds"),
        ({"emit_backfills": "x"}, ParameterCheckError, "emit_backfills"),
        ({"run_tags": {1: "x"}}, DagflowInvalidDefinitionError, "automation condition sensor 's'"),
    ],
)
def test_invalid_arguments(arguments: dict[str, Any], error: type[Exception], match: str):
    """The error names the sensor or the argument."""
    with pytest.raises(error, match=match):
        made(**arguments)


def test_only_the_process_of_the_project_can_evaluate_it():
    """Without `use_user_code_server`, a tick and a call are errors that name the remedy."""
    with pytest.raises(NotImplementedError, match="use_user_code_server=True"):
        made().evaluate_tick(build_sensor_context())
    with pytest.raises(NotImplementedError, match="use_user_code_server=True"):
        made()(build_sensor_context())


@pytest.mark.parametrize("condition", [beans, old, source])
def test_a_project_with_conditions_has_a_sensor(condition: Any):
    """Conditions, older policies and observed sources count."""
    assert sensors_of(condition) == {"default_automation_condition_sensor": AssetSelection.all()}


def test_the_condition_of_a_check_counts():
    """Its asset needs none."""
    assert list(sensors_of(plain, checks=[fresh])) == ["default_automation_condition_sensor"]


def test_a_project_without_conditions_has_none():
    """An asset that something else makes does not count."""
    assert sensors_of(plain, AssetSpec("e", automation_condition=EAGER)) == {}


def test_the_default_sensor_takes_the_rest():
    """It leaves out what another sensor selects, and is not made if nothing is left."""
    half = made("half", [plain])

    assert sensors_of(beans, plain, sensors=[half]) == {
        "default_automation_condition_sensor": AssetSelection.all() - AssetSelection.from_coercible([plain]),
        "half": half.asset_selection,
    }
    assert list(sensors_of(beans, plain, sensors=[made("own", [beans])])) == ["own"]


def test_the_default_sensor_is_found_by_its_name():
    """Definitions and repositories return it."""

    @repository
    def kitchen() -> list[Any]:
        return [beans]

    name = "default_automation_condition_sensor"
    assert isinstance(Definitions([beans]).get_sensor_def(name), AutomationConditionSensorDefinition)
    assert kitchen.get_sensor_def(name).asset_selection == AssetSelection.all()
    assert Definitions([beans]).sensors == ()


def test_two_sensors_of_one_asset():
    """The error names both sensors and the asset."""
    with pytest.raises(
        DagflowInvalidDefinitionError, match=r"'x' and 'y' have overlapping .* both target 'beans'"
    ):
        sensors_of(beans, sensors=[made("x", [beans]), made("y")])


def test_the_name_of_the_default_sensor_is_taken():
    """Another sensor cannot have it in such a project."""
    clash = SensorDefinition("default_automation_condition_sensor", evaluation_fn=lambda: None, job=brew)

    with pytest.raises(DagflowInvalidDefinitionError, match="Duplicate definition found"):
        sensors_of(beans, sensors=[clash])


def test_a_copy_keeps_the_arguments():
    """Jobs and metadata can be replaced, as of any sensor."""
    copied = made(target=[AssetKey("beans")], run_tags={"n": 1}).with_attributes(metadata={"a": 1})

    assert isinstance(copied, AutomationConditionSensorDefinition)
    assert (copied.run_tags, list(copied.metadata)) == ({"n": "1"}, ["a"])
