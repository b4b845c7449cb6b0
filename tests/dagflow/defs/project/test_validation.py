"""`Definitions.validate_loadable` finds each mistake before a run."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetDep,
    AssetIn,
    AssetSelection,
    AssetSpec,
    DagflowInvalidDefinitionError,
    DailyPartitionsDefinition,
    Definitions,
    IdentityPartitionMapping,
    PartitionMapping,
    SourceAsset,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    asset_check,
    define_asset_job,
)

DAYS, TOWNS = DailyPartitionsDefinition("2024-01-01"), StaticPartitionsDefinition(["york", "bath"])


def made(name, **arguments):
    """Return an asset."""
    return asset(name=name, **arguments)(lambda: 1)


def checked(key, name="fine", **arguments):
    """Return a check of an asset."""
    return asset_check(asset=key, name=name, **arguments)(lambda: AssetCheckResult(passed=True))


class Refusing(PartitionMapping):
    """A mapping that fits no partitions."""

    description = "Fits nothing."

    def get_upstream_mapped_partitions_result_for_partitions(self, *_, **__):
        """Never called."""

    def get_downstream_partitions_for_partitions(self, *_, **__):
        """Never called."""

    def validate_partition_mapping(self, *_):
        """Raise an error of its own."""
        raise ValueError("fits nothing")


ONE = checked("water")
JOB = define_asset_job("boil", "water")
MISTAKES = {
    "two assets of one key": (
        {"assets": [made("water"), made("water")]},
        r"Duplicate asset key.*test_validation.py:\d+ and of .*test_validation.py:\d+",
    ),
    "two specs of one key": (
        {"assets": [AssetSpec("water"), AssetSpec("water", owners=["team:a"])]},
        "Duplicate asset key.*water",
    ),
    "an asset and a source asset": (
        {"assets": [made("water"), SourceAsset("water")]},
        r"Duplicate asset key.*test_validation.py:\d+ and of SourceAsset",
    ),
    "two checks of one key": (
        {"asset_checks": [ONE, checked("water")]},
        r"Duplicate check: 'water:fine'.*test_validation.py:\d+ and of .*test_validation.py:\d+",
    ),
    "a check and a check of the asset": (
        {
            "assets": [made("water", check_specs=[AssetCheckSpec("fine", asset="water")])],
            "asset_checks": [ONE],
        },
        "Duplicate check: 'water:fine'",
    ),
    "one check in both lists": (
        {"assets": [ONE], "asset_checks": [ONE]},
        r"check 'water:fine' \(.*:\d+\) is in 'assets' and in 'asset_checks'",
    ),
    "one step name": (
        {"assets": [made("water_fine")], "asset_checks": [ONE]},
        "asset 'water_fine' .* and check 'water:fine' .* one step name, 'water_fine'",
    ),
    "two jobs of one name": (
        {"assets": [made("water")], "jobs": [JOB, define_asset_job("boil")]},
        "Duplicate job definition found for job 'boil'",
    ),
    "an unknown asset in a selection": (
        {"assets": [made("wine")], "jobs": [JOB]},
        "asset job 'boil': asset 'water' was selected",
    ),
    "an unknown check in a selection": (
        {"assets": [made("water")], "jobs": [define_asset_job("boil", AssetSelection.checks(ONE))]},
        "asset job 'boil'.*water:fine",
    ),
    "a resource that a check lacks": (
        {"asset_checks": [checked("water", required_resource_keys={"kettle"})]},
        r"resource with key 'kettle'.*Give it to the Definitions.*needed by check 'water:fine' at .*:\d+",
    ),
    "an I/O manager that an asset lacks": (
        {"assets": [made("water", io_manager_key="shelf")]},
        "io manager with key 'shelf'.*needed by asset 'water'",
    ),
    "an input of nothing": (
        {"assets": [asset(name="tea", ins={"cup": AssetIn("water")})(lambda cup: 1)]},
        "input 'cup' of asset 'tea'.*'water', which was not provided",
    ),
    "a cycle": (
        {"assets": [made("egg", deps=["hen"]), made("hen", deps=["egg"])]},
        r"cycle: '(egg|hen)' \(.*:\d+\) -> '(egg|hen)'",
    ),
    "a cycle through a blocking check": (
        {
            "assets": [made("water"), made("tea", deps=["water"])],
            "asset_checks": [checked("water", blocking=True, additional_deps=["tea"])],
        },
        "wait for each other in a cycle: .*'water_fine'",
    ),
    "a mapping of other partitions": (
        {
            "assets": [
                made("water", partitions_def=TOWNS),
                made(
                    "tea",
                    deps=[AssetDep("water", partition_mapping=TimeWindowPartitionMapping())],
                    partitions_def=DAYS,
                ),
            ]
        },
        r"partition mapping from 'tea' to 'water' \(.*:\d+\): TimeWindowPartitionMapping",
    ),
    "a mapping of an unpartitioned asset": (
        {
            "assets": [
                AssetSpec("water", partitions_def=DAYS),
                AssetSpec("tea", deps=[AssetDep("water", partition_mapping=IdentityPartitionMapping())]),
            ]
        },
        "partition mapping from 'tea' to 'water'",
    ),
    "a mapping of an input": (
        {
            "assets": [
                SourceAsset("water", partitions_def=TOWNS),
                asset(
                    name="tea",
                    ins={"cup": AssetIn("water", partition_mapping=StaticPartitionMapping({"york": "rome"}))},
                    partitions_def=TOWNS,
                )(lambda cup: 1),
            ]
        },
        "partition mapping from 'tea' to 'water'.*'rome'",
    ),
    "a mapping of your own": (
        {
            "assets": [
                made("water", partitions_def=TOWNS),
                made("tea", deps=[AssetDep("water", partition_mapping=Refusing())], partitions_def=TOWNS),
            ]
        },
        "partition mapping from 'tea' to 'water'.*fits nothing",
    ),
    "partitions without a default mapping": (
        {
            "assets": [
                made("water", partitions_def=TOWNS),
                made("tea", deps=["water"], partitions_def=DAYS),
            ]
        },
        "partition mapping from 'tea' to 'water'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_found(arguments, message):
    """The constructor accepts the definitions, and the validation refuses them with names and places."""
    project = Definitions(**arguments)

    with pytest.raises(DagflowInvalidDefinitionError, match=message):
        Definitions.validate_loadable(project)


def test_fitting_partitions():
    """Unpartitioned upstream assets, and mappings that fit, are valid."""
    Definitions.validate_loadable(
        Definitions(
            [
                made("cup"),
                made("water", partitions_def=DAYS),
                made(
                    "tea",
                    deps=["cup", AssetDep("water", partition_mapping=TimeWindowPartitionMapping())],
                    partitions_def=DAYS,
                ),
                made("report", deps=["tea", "unknown"]),
            ]
        )
    )
