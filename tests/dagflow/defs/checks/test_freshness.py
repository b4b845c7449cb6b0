"""Tests of the freshness checks: the last update of an asset, and its last complete partition."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

import dagflow
from dagflow import (
    AssetCheckSeverity,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetSpec,
    CheckError,
    DagflowAssetCheckFailedError,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DailyPartitionsDefinition,
    Definitions,
    HourlyPartitionsDefinition,
    JsonMetadataValue,
    MetadataValue,
    ParameterCheckError,
    SourceAsset,
    StaticPartitionsDefinition,
    TimestampMetadataValue,
    asset,
    build_last_update_freshness_checks,
    build_time_partition_freshness_checks,
)
from dagflow.clock import VirtualClock
from dagflow.testing import run_options

TEN_MINUTES = timedelta(minutes=10)


class Kitchen:
    """An instance with one asset, on a clock that the test sets."""

    def __init__(self, spec, checks):
        self.instance = DagflowInstance.ephemeral()
        self.job = Definitions([spec], asset_checks=checks).get_implicit_global_asset_job_def()
        self.key = spec.key

    def report(self, moment, cls=AssetMaterialization, updated=None, **arguments):
        """Report an event of the asset at a moment."""
        metadata = {} if updated is None else {"dagflow/last_updated_timestamp": updated}
        with run_options(clock=VirtualClock(moment)):
            self.instance.report_runless_asset_event(cls(self.key, metadata=metadata, **arguments))

    def check(self, moment):
        """Run the check at a moment, and return its evaluation."""
        with run_options(clock=VirtualClock(moment)):
            result = self.job.execute_in_process(instance=self.instance)
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation


def moments(evaluation):
    """Return the moments in the metadata of an evaluation, by name."""
    return {
        name.removeprefix("dagflow/").removesuffix("_timestamp"): seconds(value.value)
        for name, value in evaluation.metadata.items()
        if isinstance(value, TimestampMetadataValue)
    }


def seconds(moment):
    """Return a moment as the clocks of a kitchen show it."""
    return datetime.fromtimestamp(moment, dagflow.partitions.cadence.UTC).strftime("%d %H:%M:%S")


def at(text):
    """Return a moment as a timestamp of metadata."""
    return MetadataValue.timestamp(VirtualClock(text).now())


def last_update(**arguments):
    """Return a kitchen with a check of the last update."""
    checks = build_last_update_freshness_checks(
        assets=["beans"], **{"lower_bound_delta": TEN_MINUTES, **arguments}
    )
    return Kitchen(AssetSpec("beans"), checks)


def partitioned(partitions_def, **arguments):
    """Return a kitchen with a check of the last partition."""
    spec = AssetSpec("beans", partitions_def=partitions_def)
    checks = build_time_partition_freshness_checks(
        assets=["beans"], **{"deadline_cron": "0 9 * * *", **arguments}
    )
    return Kitchen(spec, checks)


@pytest.mark.parametrize(
    "build",
    [
        lambda assets, **more: build_last_update_freshness_checks(
            assets=assets, lower_bound_delta=TEN_MINUTES, **more
        ),
        lambda assets, **more: build_time_partition_freshness_checks(
            assets=assets, deadline_cron="0 9 * * *", **more
        ),
    ],
)
def test_one_definition_of_all_assets(build):
    """The list has one definition. Its name depends on the assets only, and not on their order."""

    @asset
    def milk():
        return 1

    (checks,) = build([milk, "beans", ["bar", "tea"], SourceAsset("sugar"), AssetKey("salt")], blocking=True)

    assert isinstance(checks, dagflow.AssetChecksDefinition)
    assert checks.can_subset
    names = [key.to_user_string() for key in sorted(checks.check_keys)]
    assert names == [f"{name}:freshness_check" for name in ("bar/tea", "beans", "milk", "salt", "sugar")]
    assert all(spec.blocking for spec in checks.check_specs)
    assert build(["my_asset"])[0].node_def.name == "freshness_check_48611e5b"
    assert build(["a", "b"])[0].node_def.name == build(["b", "a"])[0].node_def.name
    with pytest.raises(CheckError, match=r"Found duplicate assets .*\['milk'\]"):
        build([milk, "milk"])
    with pytest.raises(ParameterCheckError, match=r"'assets' of build_.*must be a list"):
        build("milk")
    with pytest.raises(CheckError, match="Give its key"):
        build([AssetSpec("milk")])
    with pytest.raises(CheckError, match="5 does not name an asset"):
        build([5])


def test_the_parameters_are_metadata_of_the_check():
    """The metadata of the check has the time zone, the delta and the deadlines."""
    delta = {"timezone": "UTC", "lower_bound_delta_seconds": 600.0}
    (always,) = build_last_update_freshness_checks(assets=["a"], lower_bound_delta=TEN_MINUTES)
    (nightly,) = build_last_update_freshness_checks(
        assets=["a"], lower_bound_delta=TEN_MINUTES, deadline_cron="@daily"
    )
    (partition,) = build_time_partition_freshness_checks(assets=["a"], deadline_cron="0 9 * * *")

    def metadata(checks):
        return checks.check_specs[0].metadata

    assert metadata(always) == {"dagflow/freshness_params": JsonMetadataValue(delta)}
    assert metadata(nightly)["dagflow/freshness_params"].value == {**delta, "deadline_cron": "@daily"}
    assert metadata(partition)["dagflow/freshness_params"].value == {
        "timezone": "UTC", "deadline_cron": "0 9 * * *"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"lower_bound_delta": 5}, ParameterCheckError, "'lower_bound_delta'"),
        ({"deadline_cron": "often"}, CheckError, "Invalid cron string in parameter 'deadline_cron'"),
        ({"deadline_cron": ["0 0 * * *"]}, ParameterCheckError, "'deadline_cron'"),
        ({"timezone": None}, ParameterCheckError, "'timezone'"),
        ({"timezone": "Nowhere/City"}, DagflowInvalidDefinitionError, "Nowhere/City"),
        ({"severity": "WARN"}, ParameterCheckError, "'severity'"),
        ({"blocking": 1}, ParameterCheckError, "'blocking'"),
    ],
)
def test_invalid_arguments(arguments, error, named):
    """An invalid argument is refused when the checks are built."""
    with pytest.raises(error, match=named):
        build_last_update_freshness_checks(assets=["a"], **{"lower_bound_delta": TEN_MINUTES, **arguments})
    if "lower_bound_delta" not in arguments:
        with pytest.raises(error, match=named):
            build_time_partition_freshness_checks(assets=["a"], **{"deadline_cron": "0 9 * * *", **arguments})


def test_an_asset_without_an_update_is_not_fresh():
    """The check of an asset without events fails, and names the bound."""
    evaluation = last_update().check("2021-01-01T01:00")

    assert not evaluation.passed
    assert evaluation.severity is AssetCheckSeverity.WARN
    assert evaluation.description == "Asset has never been observed/materialized."
    assert moments(evaluation) == {"freshness_lower_bound": "01 00:50:00"}
    assert "dagflow/freshness_params" in evaluation.metadata


def test_the_distance_decides():
    """An asset is fresh until the delta after its update is over, to the second."""
    kitchen = last_update()
    kitchen.report("2021-01-01T01:01")
    fresh, late = kitchen.check("2021-01-01T01:11"), kitchen.check("2021-01-01T01:11:01")

    assert (fresh.passed, late.passed) == (True, False)
    assert fresh.description == (
        "Asset is currently fresh. The last update was 10 minutes ago, within the allowed time range of 10 "
        "minutes."
    )
    assert moments(fresh) == {
        "freshness_lower_bound": "01 01:01:00", "fresh_until": "01 01:11:00", "last_updated": "01 01:01:00"
    }  # fmt: skip
    assert late.description == (
        "Asset is overdue for an update. The last update was 10 minutes, 1 second ago, which is past the "
        "allowed distance of 10 minutes ago."
    )
    assert moments(late) == {"freshness_lower_bound": "01 01:01:01", "last_updated": "01 01:01:00"}


def test_deadlines_move_the_bound():
    """With deadlines, the bound is the latest deadline minus the delta, until the next deadline."""
    kitchen = last_update(deadline_cron="0 0 * * *", timezone="Europe/Berlin")
    kitchen.report("2021-01-01T22:55Z")
    fresh, late = kitchen.check("2021-01-02T22:59:59Z"), kitchen.check("2021-01-02T23:00Z")

    assert (fresh.passed, late.passed) == (True, False)
    assert moments(fresh) == {
        "freshness_lower_bound": "01 22:50:00", "latest_cron_tick": "01 23:00:00",
        "fresh_until": "02 23:00:00", "last_updated": "01 22:55:00",
    }  # fmt: skip
    assert moments(late) == {
        "freshness_lower_bound": "02 22:50:00", "latest_cron_tick": "02 23:00:00",
        "last_updated": "01 22:55:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("events", "passed"),
    [
        ([(AssetMaterialization, "2021-01-01T00:00")], False),
        ([(AssetObservation, None)], False),
        ([(AssetObservation, "2021-01-01T00:55")], True),
        ([(AssetMaterialization, None), (AssetObservation, "2021-01-01T00:00")], True),
        ([(AssetMaterialization, "2021-01-01T00:00"), (AssetObservation, "2021-01-01T00:55")], True),
        ([(AssetMaterialization, "2021-01-01T00:55"), (AssetObservation, None)], True),
        ([(AssetObservation, "2021-01-01T00:55"), (AssetObservation, None)], False),
    ],
)
def test_the_named_update_counts(events, passed):
    """The metadata of an event can name the update. An observation without it does not count."""
    kitchen = last_update()
    for cls, updated in events:
        kitchen.report("2021-01-01T01:00", cls, updated and at(updated))

    assert kitchen.check("2021-01-01T01:00").passed is passed


def test_an_update_in_the_future():
    """An update in the future is fresh, and described as such."""
    kitchen = last_update()
    kitchen.report("2021-01-01T01:00", updated=at("2021-01-01T02:00"))

    assert "was 1 hour in the future" in kitchen.check("2021-01-01T01:00").description


def test_the_named_update_must_be_a_timestamp():
    """A number instead of a timestamp fails the step, and the error names asset and metadata."""
    kitchen = last_update()
    kitchen.report("2021-01-01T01:00", updated=1.5)

    with pytest.raises(CheckError, match=r"last_updated_timestamp.*'beans'.*must be a timestamp"):
        kitchen.check("2021-01-01T01:00")


def test_a_wiped_asset_has_no_update():
    """Events before a wipe do not count."""
    kitchen = last_update()
    kitchen.report("2021-01-01T01:00")
    kitchen.report("2021-01-01T01:00", AssetObservation, at("2021-01-01T01:00"))
    kitchen.instance.wipe_assets(["beans"])

    assert not kitchen.check("2021-01-01T01:00").passed


def test_only_the_expected_partition_counts():
    """A check passes if the last partition before the latest deadline exists. A later one does not help."""
    kitchen = partitioned(DailyPartitionsDefinition("2021-01-01"))
    never = kitchen.check("2021-01-03T10:00")
    kitchen.report("2021-01-03T10:00", partition="2021-01-01")
    kitchen.report("2021-01-03T10:00", partition="2021-01-03")
    late = kitchen.check("2021-01-03T11:00")
    kitchen.report("2021-01-03T11:00", AssetObservation, partition="2021-01-02")
    fresh = kitchen.check("2021-01-03T11:00")

    assert (never.passed, late.passed, fresh.passed) == (False, False, True)
    assert never.description == (
        "The asset has never been observed/materialized. We currently expect partition 2021-01-02 to have "
        "arrived."
    )
    assert moments(never) == {"latest_cron_tick": "03 09:00:00"}
    assert late.description == (
        "Asset is overdue. We expected partition 2021-01-02 to have arrived, and it has not."
    )
    assert moments(late) == {"latest_cron_tick": "03 09:00:00", "last_updated": "03 10:00:00"}
    assert fresh.description == (
        "Asset is currently fresh, since partition 2021-01-02 has been observed/materialized."
    )
    assert moments(fresh) == {"latest_cron_tick": "03 09:00:00", "fresh_until": "04 09:00:00"}


@pytest.mark.parametrize(
    ("partitions_def", "expected"),
    [
        (DailyPartitionsDefinition("2021-01-01", end_offset=1), "2021-01-03"),
        (DailyPartitionsDefinition("2021-01-01", end_date="2021-01-02"), "2021-01-01"),
        (HourlyPartitionsDefinition("2021-01-01-00:00", timezone="America/New_York"), "2021-01-03-03:00"),
        (DailyPartitionsDefinition("2021-01-03"), None),
    ],
)
def test_the_expected_partition(partitions_def, expected):
    """The partitions definition names the last partition. Before the first one, the asset is fresh."""
    found = partitioned(partitions_def).check("2021-01-03T10:00")

    assert found.passed is (expected is None)
    assert (
        f"partition {expected} " in found.description or "no partition is expected yet" in found.description
    )


def test_an_observed_partition_is_an_update():
    """An asset of which only another partition was observed is overdue, even without a known update."""
    kitchen = partitioned(DailyPartitionsDefinition("2021-01-01"))
    kitchen.report("2021-01-02T10:00", AssetObservation, partition="2021-01-01")
    found = kitchen.check("2021-01-03T10:00")

    assert found.description.startswith("Asset is overdue.")
    assert moments(found) == {"latest_cron_tick": "03 09:00:00"}


@pytest.mark.parametrize("partitions_def", [None, StaticPartitionsDefinition(["a"])])
def test_only_partitions_of_time_have_a_last_one(partitions_def):
    """A run of the check of another asset fails, and names the asset."""
    with pytest.raises(CheckError, match="asset 'beans'"):
        partitioned(partitions_def).check("2021-01-03T10:00")


def test_a_blocking_check_of_severity_error_fails_the_run():
    """The severity of a result is that of the checks."""
    kitchen = last_update(severity=AssetCheckSeverity.ERROR, blocking=True)

    with pytest.raises(DagflowAssetCheckFailedError, match="beans: freshness_check"):
        kitchen.check("2021-01-03T10:00")


def test_a_part_of_the_checks_runs():
    """A run that selects one asset evaluates the check of this asset only, also after a key prefix."""
    checks = build_last_update_freshness_checks(assets=["beans", "milk"], lower_bound_delta=TEN_MINUTES)
    job = Definitions(asset_checks=checks).get_implicit_global_asset_job_def()
    (key,) = [key for key in checks[0].check_keys if key.asset_key == AssetKey("milk")]
    result = job.get_subset(asset_selection=set(), asset_check_selection={key}).execute_in_process()

    assert [found.asset_check_key for found in result.get_asset_check_evaluations()] == [key]
