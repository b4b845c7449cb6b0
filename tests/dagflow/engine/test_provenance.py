"""Data versions: the tags of materializations about the code and the inputs."""

from __future__ import annotations

import hashlib

import pytest

from dagflow import (
    AssetDep,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetSpec,
    DagflowInstance,
    DailyPartitionsDefinition,
    DataProvenance,
    DataVersion,
    DataVersionsByPartition,
    Definitions,
    MaterializeResult,
    MultiPartitionsDefinition,
    Output,
    ParameterCheckError,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    define_asset_job,
    execute_job,
    instance_for_test,
    job,
    materialize,
    mem_io_manager,
    multi_asset,
    observable_source_asset,
    observe,
    op,
    reconstructable,
)

PARTS = StaticPartitionsDefinition(["p", "q"])


def digest(*parts):
    """Return the version that follows from these parts."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def tags(result, key):
    """Return the tags of the materialization of an asset in a run."""
    (event,) = [
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key == AssetKey.from_user_string(key)
    ]
    return dict(event.materialization.tags)


def pointer(instance, key):
    """Return the storage id of the latest materialization of an asset, as in a tag."""
    return str(instance.fetch_materializations(AssetKey(key), 1).records[0].storage_id)


@asset(code_version="1")
def beans():
    """An asset without inputs."""
    return 1


@asset(code_version="2")
def grounds(beans):
    """An asset of one input."""
    return 2


@asset(deps=[grounds])
def cup():
    """An asset without a code version."""
    return 3


BEANS = digest("1")
GROUNDS = digest("2", BEANS)


@pytest.fixture(params=["in memory", "stored"])
def instance(request, tmp_path):
    """An instance of each kind."""
    if request.param == "in memory":
        yield DagflowInstance.ephemeral()
    else:
        with instance_for_test(temp_dir=str(tmp_path)) as made:
            yield made


def test_versions_within_a_run(instance):
    """Each materialization has the versions of its code and inputs, and a version that follows from them."""
    result = materialize([beans, grounds, cup], instance=instance)

    assert tags(result, "beans") == {"dagflow/code_version": "1", "dagflow/data_version": BEANS}
    assert tags(result, "grounds") == {
        "dagflow/code_version": "2",
        "dagflow/input_data_version/beans": BEANS,
        "dagflow/input_event_pointer/beans": pointer(instance, "beans"),
        "dagflow/data_version": GROUNDS,
    }
    assert tags(result, "cup") == {
        "dagflow/code_version": result.run_id,
        "dagflow/input_data_version/grounds": GROUNDS,
        "dagflow/input_event_pointer/grounds": pointer(instance, "grounds"),
        "dagflow/data_version": digest(result.run_id, GROUNDS),
    }


def test_versions_of_earlier_runs(instance):
    """An input of an earlier run has its version from that run."""
    materialize([beans, grounds], instance=instance)
    before = pointer(instance, "grounds")

    result = materialize([beans, grounds, cup], selection=["cup"], instance=instance)
    materialize([beans, grounds], instance=instance)

    assert tags(result, "cup")["dagflow/input_data_version/grounds"] == GROUNDS
    assert tags(result, "cup")["dagflow/input_event_pointer/grounds"] == before


def test_an_input_without_events(instance):
    """An input that was never seen has the version INITIAL and the pointer NULL."""
    result = materialize([beans, grounds, cup], selection=["cup"], instance=instance)

    assert tags(result, "cup") == {
        "dagflow/code_version": result.run_id,
        "dagflow/input_data_version/grounds": "INITIAL",
        "dagflow/input_event_pointer/grounds": "NULL",
        "dagflow/data_version": digest(result.run_id, "INITIAL"),
    }


def test_versions_of_the_user(instance):
    """A version of the user is kept and marked, and counts for the readers."""

    @asset(code_version="1")
    def first():
        return Output(1, data_version=DataVersion("mine"), tags={"k": "v"})

    @asset(code_version="2", deps=[first])
    def second():
        return MaterializeResult(data_version=DataVersion("too"), tags={"l": "w"})

    result = materialize([first, second], instance=instance)

    assert tags(result, "first") == {
        "dagflow/code_version": "1",
        "dagflow/data_version": "mine",
        "dagflow/data_version_is_user_provided": "true",
        "k": "v",
    }
    assert tags(result, "second") == {
        "dagflow/code_version": "2",
        "dagflow/input_data_version/first": "mine",
        "dagflow/input_event_pointer/first": pointer(instance, "first"),
        "dagflow/data_version": "too",
        "dagflow/data_version_is_user_provided": "true",
        "l": "w",
    }


def test_inputs_by_key_order():
    """The versions of the inputs count in the order of their keys."""

    @asset(code_version="z")
    def z():
        return 1

    @asset(code_version="a")
    def a():
        return 1

    @asset(code_version="1")
    def both(z, a):
        return 1

    result = materialize([z, a, both])

    assert tags(result, "both")["dagflow/data_version"] == digest("1", digest("a"), digest("z"))


def test_one_function_with_several_assets(instance):
    """An asset may depend on another asset of the same function, and has its own code version."""

    @multi_asset(specs=[AssetSpec("m1", code_version="c1"), AssetSpec("m2", deps=["m1"], code_version="c2")])
    def both():
        yield MaterializeResult("m1")
        yield MaterializeResult("m2")

    result = materialize([both], instance=instance)

    assert tags(result, "m2") == {
        "dagflow/code_version": "c2",
        "dagflow/input_data_version/m1": digest("c1"),
        "dagflow/input_event_pointer/m1": pointer(instance, "m1"),
        "dagflow/data_version": digest("c2", digest("c1")),
    }


def test_partitioned_inputs(instance):
    """The version of a partitioned input is a hash of the versions of the partitions that are read."""

    @asset(partitions_def=PARTS, code_version="1")
    def up():
        return 1

    @asset(partitions_def=PARTS, code_version="2", deps=[up])
    def down():
        return 1

    @asset(code_version="3", deps=[up])
    def whole():
        return 1

    result = materialize([up, down], partition_key="p", instance=instance)
    assert tags(result, "down")["dagflow/input_data_version/up"] == digest(digest("1"))
    assert tags(result, "down")["dagflow/input_event_pointer/up"] == pointer(instance, "up")

    result = materialize([up, whole], selection=["whole"], instance=instance)
    assert tags(result, "whole")["dagflow/input_data_version/up"] == digest(digest("1"))

    materialize([up], partition_key="q", instance=instance)
    result = materialize([up, whole], selection=["whole"], instance=instance)
    assert tags(result, "whole")["dagflow/input_data_version/up"] == digest(digest("1"), digest("1"))
    assert tags(result, "whole")["dagflow/input_event_pointer/up"] == pointer(instance, "up")


def test_partitions_within_one_function(instance):
    """An asset has the version of another asset of the same function as it is, not its hash."""
    up, down = AssetSpec("up", partitions_def=PARTS), AssetSpec("down", deps=["up"], partitions_def=PARTS)

    @multi_asset(specs=[up, down])
    def both():
        yield MaterializeResult("up", data_version=DataVersion("mine"))
        yield MaterializeResult("down")

    result = materialize([both], partition_key="p", instance=instance)

    assert tags(result, "down")["dagflow/input_data_version/up"] == "mine"


def test_an_input_with_no_partition(instance):
    """The version is the hash of no versions if the input was materialized, but none of its partitions."""

    @asset(partitions_def=PARTS, code_version="1")
    def up():
        return 1

    @asset(code_version="3", deps=[up])
    def whole():
        return 1

    result = materialize([up, whole], instance=instance)

    assert tags(result, "whole")["dagflow/input_data_version/up"] == digest()
    assert tags(result, "whole")["dagflow/input_event_pointer/up"] == pointer(instance, "up")


def test_dimensions_of_partitions(instance):
    """A materialization of a partition of two dimensions has a tag for each of them."""
    pairs = MultiPartitionsDefinition({"part": PARTS, "size": StaticPartitionsDefinition(["s", "l"])})

    @asset(partitions_def=pairs)
    def up():
        return 1

    @asset(deps=[up])
    def whole():
        return 1

    result = materialize([up, whole], partition_key="p|s", instance=instance)

    assert tags(result, "up")["dagflow/partition/part"] == "p"
    assert tags(result, "up")["dagflow/partition/size"] == "s"
    assert not [tag for tag in tags(result, "whole") if "dagflow/partition" in tag]


def test_an_asset_that_depends_on_itself(instance):
    """The earlier partition is an input."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")
    yesterday = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)

    @asset(partitions_def=days, code_version="1", deps=[AssetDep("total", partition_mapping=yesterday)])
    def total():
        return 1

    first = materialize([total], partition_key="2024-01-02", instance=instance)
    before = pointer(instance, "total")
    second = materialize([total], partition_key="2024-01-03", instance=instance)

    assert tags(first, "total")["dagflow/input_data_version/total"] == "INITIAL"
    assert tags(first, "total")["dagflow/input_event_pointer/total"] == "NULL"
    assert tags(second, "total")["dagflow/input_data_version/total"] == digest(digest("1", "INITIAL"))
    assert tags(second, "total")["dagflow/input_event_pointer/total"] == before


def test_a_range_of_an_asset_that_depends_on_itself(instance):
    """All partitions of a range have the inputs that the step read."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-05")
    yesterday = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)

    @asset(partitions_def=days, code_version="1", deps=[AssetDep("total", partition_mapping=yesterday)])
    def total():
        return 1

    bounds = {"start": "2024-01-02", "end": "2024-01-03"}
    run_tags = {f"dagflow/asset_partition_range_{name}": day for name, day in bounds.items()}
    memory = {"io_manager": mem_io_manager}
    result = materialize([total], tags=run_tags, instance=instance, resources=memory)

    found = [event.materialization.tags for event in result.get_asset_materialization_events()]
    assert [tags["dagflow/input_data_version/total"] for tags in found] == ["INITIAL", "INITIAL"]


@pytest.mark.parametrize(
    ("event", "version"),
    [
        (AssetMaterialization("river", tags={"dagflow/data_version": "7"}), "7"),
        (AssetObservation("river", tags={"dagflow/data_version": "8"}), "8"),
        (AssetMaterialization("river"), "INITIAL"),
    ],
)
def test_inputs_from_elsewhere(instance, event, version):
    """A reported event of an input has its version in its tags."""

    @asset(code_version="1", deps=["river"])
    def water():
        return 1

    instance.report_runless_asset_event(event)
    result = materialize([water], instance=instance)

    assert tags(result, "water")["dagflow/input_data_version/river"] == version
    assert tags(result, "water")["dagflow/input_event_pointer/river"] != "NULL"


def test_events_that_user_code_logs():
    """A logged materialization has no tags, and counts as an event of its asset in the same run."""

    @asset(code_version="1")
    def first(context):
        context.log_event(AssetMaterialization("side", tags={"dagflow/data_version": "9"}))
        return 1

    @asset(code_version="2", deps=[first, "side"])
    def second():
        return 1

    result = materialize([first, second])

    assert tags(result, "side") == {"dagflow/data_version": "9"}
    assert tags(result, "second")["dagflow/input_data_version/side"] == "9"


def test_a_long_chain():
    """The versions of a chain longer than the stack can be read."""
    chain = [AssetSpec("a0")]

    def link(number):
        @asset(name=f"a{number}", deps=[f"a{number - 1}"], code_version="1")
        def made():
            return 1

        return made

    links = [link(number) for number in range(1, 1500)]
    result = materialize([*chain, *links])

    assert "dagflow/input_data_version/a1498" in tags(result, "a1499")


def test_tags_are_read_after_later_runs():
    """The tags of an event do not depend on the time at which they are read."""
    instance = DagflowInstance.ephemeral()
    materialize([beans], instance=instance)
    before = pointer(instance, "beans")
    result = materialize([beans, grounds], selection=["grounds"], instance=instance)
    materialize([beans], instance=instance)

    assert tags(result, "grounds")["dagflow/input_event_pointer/beans"] == before


def all_assets():
    """Return a job of three assets, for other processes."""
    return Definitions([beans, grounds, cup], jobs=[define_asset_job("brew")]).get_job_def("brew")


def test_worker_processes(tmp_path):
    """Steps in other processes give the same versions."""
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        with execute_job(
            reconstructable(all_assets), instance, run_config={"execution": {"config": {"multiprocess": {}}}}
        ) as result:
            assert result.success
        entry = instance.get_latest_materialization_event(AssetKey("cup"))

        found = dict(entry.asset_materialization.tags)
        assert found == {
            "dagflow/code_version": result.run_id,
            "dagflow/input_data_version/grounds": GROUNDS,
            "dagflow/input_event_pointer/grounds": pointer(instance, "grounds"),
            "dagflow/data_version": digest(result.run_id, GROUNDS),
        }


def test_the_provenance_of_an_asset(instance):
    """The context has the versions with which an asset was last materialized."""
    seen = []

    @asset(deps=[grounds])
    def asks(context):
        seen.extend(context.get_asset_provenance(AssetKey(key)) for key in ("asks", "grounds", "unknown"))

    materialize([beans, grounds, asks], instance=instance)
    materialize([beans, grounds, asks], instance=instance, selection=["asks"])

    beans_id, grounds_id = int(pointer(instance, "beans")), int(pointer(instance, "grounds"))
    of_grounds = DataProvenance(
        "2", {AssetKey("beans"): DataVersion(BEANS)}, {AssetKey("beans"): beans_id}, False
    )
    assert seen[:3] == [None, of_grounds, None]
    assert (seen[3].input_data_versions, seen[3].input_storage_ids) == (
        {AssetKey("grounds"): DataVersion(GROUNDS)},
        {AssetKey("grounds"): grounds_id},
    )
    assert seen[4:] == [of_grounds, None]


def test_the_provenance_in_an_op(instance):
    """The context of an op has it too, and takes only an AssetKey."""
    seen = []

    @op
    def asks(context):
        seen.append(context.get_asset_provenance(AssetKey("beans")))
        with pytest.raises(ParameterCheckError, match="'asset_key'"):
            context.get_asset_provenance("beans")

    @job
    def ask():
        asks()

    materialize([beans], instance=instance)
    ask.execute_in_process(instance=instance)

    assert seen == [DataProvenance("1", {}, {}, False)]


@observable_source_asset
def river(context):
    """Log an older version, and then return the present one."""
    context.log_event(AssetObservation("river", tags={"dagflow/data_version": "0"}))
    return DataVersion("1")


@observable_source_asset(partitions_def=PARTS)
def wells():
    """Return a version for each partition."""
    return DataVersionsByPartition({"p": "x", "q": "y"})


@asset(deps=[river, wells])
def soup():
    """Depend on observed assets."""


def test_observed_versions_are_inputs(instance):
    """The last observation of each asset and partition gives the version of the input."""
    together = tags(observe([river, wells, soup], instance=instance), "soup")
    later = tags(materialize([river, wells, soup], instance=instance), "soup")

    for found in (together, later):
        assert found["dagflow/input_data_version/river"] == "1"
        assert found["dagflow/input_data_version/wells"] == digest("x", "y")
    record = instance.fetch_observations(AssetKey("river"), 1).records[0]
    assert together["dagflow/input_event_pointer/river"] == str(record.storage_id)


def test_a_materialization_counts_more_than_an_observation(instance):
    """An asset with a materialization has its version, also if it is observed afterwards."""

    @op
    def writes(context):
        context.log_event(AssetMaterialization("river", tags={"dagflow/data_version": "2"}))

    @job
    def fills():
        writes()

    fills.execute_in_process(instance=instance)

    assert tags(observe([river, soup], instance=instance), "soup")["dagflow/input_data_version/river"] == "2"
