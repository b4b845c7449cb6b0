"""Tests of sensors of automation conditions: their ticks, and the default sensor of a project."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckKey,
    AssetJobKey,
    AssetKey,
    AssetMaterialization,
    AssetSpec,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DagflowInstance,
    DagflowInvalidCursorError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    Definitions,
    ParameterCheckError,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    build_sensor_context,
)
from dagflow.testing import simulate_ticks

MISSING = AutomationCondition.missing()


@asset(automation_condition=MISSING, partitions_def=StaticPartitionsDefinition(["red", "blue"]))
def paint(): ...


@asset(automation_condition=MISSING)
def brush(): ...


@asset
def wall(): ...


@asset_check(asset=brush, automation_condition=MISSING)
def soft(): ...


@asset_check(asset=brush)
def clean(): ...


def soon(target="*", **facts):
    """Return a sensor that code can evaluate."""
    return AutomationConditionSensorDefinition("soon", target=target, use_user_code_server=True, **facts)


def tick(sensor, assets, *, checks=(), seeds=(), cursor=None):
    """Return the result of a tick of a sensor, after materializations."""
    defs = Definitions(assets, asset_checks=list(checks), sensors=[sensor])
    with DagflowInstance.ephemeral() as instance:
        for key, partition in seeds:
            instance.report_runless_asset_event(AssetMaterialization(key, partition=partition))
        return sensor.evaluate_tick(build_sensor_context(instance, definitions=defs, cursor=cursor))


def test_a_tick_requests_runs():
    """A tick requests a run of all without partitions, with the checks that run with them."""
    found = tick(soon(run_tags={"by": "hand"}), [brush, wall], checks=[soft, clean])

    (request,) = found.run_requests
    keys = [AssetCheckKey(AssetKey("brush"), name) for name in ("soft", "clean")]
    assert (request.job_name, request.asset_selection) == ("__ASSET_JOB", [AssetKey("brush")])
    assert request.asset_check_keys == keys
    assert request.tags == {"by": "hand", "dagflow/sensor_name": "soon"}
    assert [result.key for result in found.automation_condition_evaluations] == [AssetKey("brush"), keys[0]]


def test_a_tick_requests_each_partition():
    """A tick requests a run of each partition, with the tags of the partition."""
    found = tick(soon(), [paint], seeds=[("paint", "red")])

    (request,) = found.run_requests
    assert (request.partition_key, request.tags["dagflow/partition"]) == ("blue", "blue")


def test_the_cursor_is_passed_on():
    """A tick reads the cursor of the tick before."""
    newly = asset(name="new", automation_condition=AutomationCondition.newly_missing())(lambda: None)
    first = tick(soon(), [newly])
    second = tick(soon(), [newly], cursor=first.cursor)

    assert (len(first.run_requests), second.run_requests) == (1, [])
    assert second.skip_message == "Sensor function returned an empty result"


def test_a_default_condition():
    """Assets without a condition have that of the sensor."""
    found = tick(soon(default_condition=MISSING), [wall])

    assert found.run_requests[0].asset_selection == [AssetKey("wall")]


def test_what_nothing_computes_is_not_requested():
    """An external asset has a result, and no request."""
    found = tick(soon("key:out"), [AssetSpec("out", automation_condition=MISSING), wall])

    assert (found.run_requests, len(found.automation_condition_evaluations)) == ([], 1)


def test_a_call_returns_the_result():
    """A call of the sensor returns the requests as the function of a sensor does."""
    sensor = soon()
    defs = Definitions([brush], sensors=[sensor])
    with DagflowInstance.ephemeral() as instance:
        found = sensor(build_sensor_context(instance, definitions=defs))

    assert (len(found.run_requests), found.run_requests[0].tags) == (1, {})


def test_only_a_deployment_evaluates_other_sensors():
    """Without `use_user_code_server`, a tick and a call are refused."""
    sensor = AutomationConditionSensorDefinition("late", target="*")

    for evaluate in (sensor.evaluate_tick, sensor):
        with pytest.raises(NotImplementedError, match="cannot be evaluated like regular"):
            evaluate(build_sensor_context())


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"default_condition": MISSING}, "non-user-code"),
        ({"use_user_code_server": True, "asset_job_keys": {AssetJobKey("j")}}, "job automation conditions"),
        ({"emit_backfills": "no"}, "emit_backfills"),
    ],
)
def test_arguments_that_do_not_fit(facts, message):
    """Arguments that do not fit together are refused."""
    with pytest.raises(ParameterCheckError, match=message):
        AutomationConditionSensorDefinition("late", target="*", **facts)


def test_a_tick_needs_a_repository_and_its_cursor():
    """A tick without a repository, or with another cursor, is refused."""
    with DagflowInstance.ephemeral() as instance, pytest.raises(DagflowInvariantViolationError, match="give"):
        soon().evaluate_tick(build_sensor_context(instance))
    with pytest.raises(DagflowInvalidCursorError, match="sensor 'soon' received 'junk'"):
        tick(soon(), [brush], cursor="junk")


def test_too_many_assets():
    """A sensor evaluates at most 500 assets and checks with conditions."""
    specs = [asset(name=f"a{n}", automation_condition=MISSING)(lambda: None) for n in range(501)]

    with pytest.raises(DagflowInvalidInvocationError, match='"soon" targets 501 assets or checks'):
        tick(soon(), specs)


def test_a_deployment_has_no_limit():
    """The limit is that of a code server: the simulated ticks of any other sensor evaluate all assets."""
    specs = [asset(name=f"a{n}", automation_condition=MISSING)(lambda: None) for n in range(501)]
    sensor = AutomationConditionSensorDefinition("soon", target="*", minimum_interval_seconds=86400)

    with DagflowInstance.ephemeral() as instance:
        (ticked,) = simulate_ticks(
            Definitions(specs, sensors=[sensor]), days=1, start="2024-01-01", instance=instance, execute=False
        )

    assert len(ticked.run_requests[0].asset_selection) == 501


def test_the_default_sensor_of_a_project():
    """Conditions that no sensor evaluates have a default sensor; without conditions there is none."""
    every = Definitions([brush, wall]).get_sensor_def("default_automation_condition_sensor")
    rest = Definitions([brush, paint], sensors=[soon("brush")]).get_repository_def().sensor_defs

    assert str(every.asset_selection) == "*"
    assert [(one.name, str(one.asset_selection)) for one in rest] == [
        ("soon", 'key:"brush"'),
        ("default_automation_condition_sensor", 'not key:"brush"'),
    ]
    assert Definitions([wall]).get_repository_def().sensor_defs == []
    assert len(Definitions([brush], sensors=[soon()]).get_repository_def().sensor_defs) == 1


def test_two_sensors_of_one_asset():
    """Two sensors that evaluate one asset are refused."""
    other = AutomationConditionSensorDefinition("other", target="brush")

    with pytest.raises(DagflowInvalidDefinitionError, match="both target 'brush'"):
        Definitions([brush], sensors=[soon(), other]).get_repository_def()
