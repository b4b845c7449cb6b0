"""Checks of partitioned assets: the partitions that they read and record."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    CheckError,
    DagflowInstance,
    DagflowInvalidDefinitionError,
    DagflowUnknownPartitionError,
    DailyPartitionsDefinition,
    Definitions,
    MaterializeResult,
    MultiToSingleDimensionPartitionMapping,
    Output,
    ParameterCheckError,
    SourceAsset,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    asset_check,
    materialize,
    materialize_to_memory,
    multi_asset_check,
)

TOWNS = StaticPartitionsDefinition(["york", "bath"])
OTHERS = StaticPartitionsDefinition(["york", "leeds"])
DAYS = DailyPartitionsDefinition("2024-01-01")


@asset(partitions_def=TOWNS)
def rain(context):
    """Return the key of the partition."""
    return context.partition_key


def check_of(body, partitions_def=None, of=rain):
    """Return a check with these partitions."""
    return asset_check(asset=of, name="dry", partitions_def=partitions_def)(body)


def sees_the_key(context):
    """Return a result with the partition of the run."""
    return AssetCheckResult(passed=True, description=context.partition_key)


def reads(rain):
    """Return a result with the value of the checked asset."""
    return AssetCheckResult(passed=True, description=repr(rain))


@pytest.mark.parametrize(("partitions_def", "partition"), [(None, None), (TOWNS, "york")])
def test_a_check_records_the_partition_if_it_has_partitions(partitions_def, partition):
    """The partition of the run is in the evaluation of a partitioned check only; both read it."""
    instance = DagflowInstance.ephemeral()
    check = check_of(sees_the_key, partitions_def)
    result = materialize_to_memory([rain, check], partition_key="york", instance=instance)
    (evaluation,) = result.get_asset_check_evaluations()
    (record,) = instance.event_log_storage.get_asset_check_execution_history(check.check_key, limit=5)

    assert (evaluation.partition, evaluation.description) == (partition, "york")
    assert record.partition == partition


def test_a_partitioned_check_reads_its_partition(tmp_path):
    """The value of a partitioned check is that of its partition, that of another check has all partitions."""
    with DagflowInstance.local_temp(str(tmp_path)) as instance:
        one = materialize([rain, check_of(reads, TOWNS)], partition_key="york", instance=instance)
        with pytest.raises(FileNotFoundError, match="bath"):
            materialize([rain, check_of(reads)], partition_key="york", instance=instance)
        materialize([rain], partition_key="bath", instance=instance)
        every = materialize([rain, check_of(reads)], partition_key="york", instance=instance)

    assert one.get_asset_check_evaluations()[0].description == "'york'"
    assert every.get_asset_check_evaluations()[0].description == "{'york': 'york', 'bath': 'bath'}"


@pytest.mark.parametrize(("partitions_def", "partition"), [(None, None), (DAYS, "2024-01-02")])
def test_a_check_in_a_partitioned_asset(partitions_def, partition):
    """A check in an asset records the partition if its declaration has the partitions of the asset."""

    @asset(
        partitions_def=DAYS,
        check_specs=[AssetCheckSpec("dry", asset="wind", partitions_def=partitions_def)],
    )
    def wind():
        yield Output(1)
        yield AssetCheckResult(passed=True)

    instance = DagflowInstance.ephemeral()
    result = materialize_to_memory([wind], partition_key="2024-01-02", instance=instance)
    planned = [
        entry.dagflow_event.event_specific_data.partitions_subset
        for entry in instance.all_logs(result.run_id)
        if entry.dagflow_event.event_type_value == "ASSET_CHECK_EVALUATION_PLANNED"
    ]

    assert result.get_asset_check_evaluations()[0].partition == partition
    assert [subset and subset.get_partition_keys() for subset in planned] == [partition and {partition}]


def test_a_planned_partition_is_in_the_history():
    """A check that raised stays planned, with the partition of its run."""

    def raises():
        raise ValueError

    instance = DagflowInstance.ephemeral()
    for key in ("york", "bath"):
        materialize_to_memory(
            [rain, check_of(raises, TOWNS)], partition_key=key, instance=instance, raise_on_error=False
        )
    storage, key = instance.event_log_storage, AssetCheckKey(AssetKey("rain"), "dry")
    history = storage.get_asset_check_execution_history(key, limit=5)
    of_york = storage.get_asset_check_execution_history(key, limit=5, partition_filter="york")

    assert [(record.status.name, record.partition) for record in history] == [
        ("PLANNED", "bath"),
        ("PLANNED", "york"),
    ]
    assert of_york == history[1:]


@asset
def flat():
    """Be an asset without partitions."""


@asset(partitions_def=TOWNS, check_specs=[AssetCheckSpec("dry", asset="wrong", partitions_def=OTHERS)])
def wrong():
    """Declare a check with other partitions."""


@pytest.mark.parametrize(
    ("assets", "fact"),
    [
        ([rain, check_of(sees_the_key, OTHERS)], "has <?StaticPartitions"),
        ([flat, check_of(sees_the_key, TOWNS, flat)], "has no partitions"),
        ([check_of(sees_the_key, TOWNS, "nowhere")], "has no partitions"),
        ([wrong], "check 'dry' of asset 'wrong'"),
    ],
)
def test_the_partitions_of_a_check_are_those_of_its_asset(assets, fact):
    """A check with other partitions than its asset is refused when the project is validated."""
    with pytest.raises(DagflowInvalidDefinitionError, match=fact):
        Definitions.validate_loadable(Definitions(assets=assets))


def test_several_partitioned_checks_read_their_partition():
    """A function of several checks reads the partition of the run if they have partitions, else all."""
    found = []

    def run(partitions_def):
        specs = [AssetCheckSpec(name, asset=rain, partitions_def=partitions_def) for name in ("dry", "wet")]

        @multi_asset_check(specs=specs)
        def both(rain):
            found.append(rain)
            for name in ("dry", "wet"):
                yield AssetCheckResult(passed=True, check_name=name)

        result = materialize([rain, both], partition_key="york", instance=instance)
        return [one.partition for one in result.get_asset_check_evaluations()]

    with DagflowInstance.ephemeral() as instance:
        materialize([rain], partition_key="bath", instance=instance)

        assert run(TOWNS) == ["york", "york"]
        assert run(None) == [None, None]
    assert found == ["york", {"york": "york", "bath": "bath"}]


def test_the_partition_mapping_of_a_parameter():
    """A parameter of additional_ins, or of ins, reads the partitions that its mapping chooses."""
    day_before = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)

    @asset(partitions_def=DAYS)
    def wind(context):
        return context.partition_key

    @asset(partitions_def=DAYS)
    def storm(context):
        return context.partition_key

    found = []

    @asset_check(
        asset=storm, partitions_def=DAYS, additional_ins={"wind": AssetIn(partition_mapping=day_before)}
    )
    def dry(storm, wind):
        found.append((storm, wind))
        return AssetCheckResult(passed=True)

    @multi_asset_check(
        specs=[AssetCheckSpec("wet", asset=storm, partitions_def=DAYS, additional_deps=["wind"])],
        ins={"before": AssetIn("wind", partition_mapping=day_before)},
    )
    def several(before):
        found.append(before)
        return AssetCheckResult(passed=True)

    source = SourceAsset("wind", partitions_def=DAYS)
    with DagflowInstance.ephemeral() as instance:
        materialize([wind], partition_key="2024-01-01", instance=instance)
        materialize([storm, source, dry, several], partition_key="2024-01-02", instance=instance)

    assert found == ["2024-01-01", ("2024-01-02", "2024-01-01")]


def test_a_range_of_partitions():
    """A run of several partitions plans all of them, and evaluates the check once for no single one."""

    @asset(partitions_def=TOWNS, check_specs=[AssetCheckSpec("dry", asset="snow", partitions_def=TOWNS)])
    def snow():
        yield MaterializeResult()
        yield AssetCheckResult(passed=True)

    @asset_check(asset=snow, partitions_def=TOWNS)
    def deep(context):
        return AssetCheckResult(passed=True, description=" ".join(context.partition_keys))

    instance = DagflowInstance.ephemeral()
    tags = {"dagflow/asset_partition_range_start": "york", "dagflow/asset_partition_range_end": "bath"}
    result = materialize([snow, deep], instance=instance, tags=tags)
    planned = [
        sorted(entry.dagflow_event.event_specific_data.partitions_subset.get_partition_keys())
        for entry in instance.all_logs(result.run_id)
        if entry.dagflow_event.event_type_value == "ASSET_CHECK_EVALUATION_PLANNED"
    ]

    found = [(one.partition, one.description) for one in result.get_asset_check_evaluations()]
    assert found == [(None, None), (None, "york bath")]
    assert planned == [["bath", "york"]] * 2


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        (TimeWindowPartitionMapping(), ParameterCheckError),
        (StaticPartitionMapping({"rome": "york"}), DagflowUnknownPartitionError),
        (MultiToSingleDimensionPartitionMapping(), CheckError),
    ],
)
def test_a_mapping_that_does_not_fit_names_its_input(mapping, error):
    """The error has the class of the mapping's own error, and names the step, the partition and the asset."""

    @asset(partitions_def=OTHERS, ins={"rain": AssetIn(partition_mapping=mapping)})
    def flood(rain):
        raise AssertionError("called")

    match = r"step 'flood', partition 'york', input 'rain' \(asset 'rain'\): "
    with pytest.raises(error, match=match):
        materialize_to_memory([rain, flood], partition_key="york", selection=[flood])
