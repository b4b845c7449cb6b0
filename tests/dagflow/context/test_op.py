"""The contexts of ops and assets in a run: every attribute, and its errors."""

from __future__ import annotations

import pytest

from dagflow import (
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetMaterialization,
    CheckError,
    DagflowEvent,
    DagflowInstance,
    DagflowInvalidPropertyError,
    DagflowInvariantViolationError,
    DagflowUnknownResourceError,
    DailyPartitionsDefinition,
    DynamicOut,
    DynamicOutput,
    Field,
    GraphDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    OpExecutionContext,
    Out,
    Output,
    PartitionKeyRange,
    RetryPolicy,
    SourceAsset,
    StaticPartitionsDefinition,
    TimeWindow,
    asset,
    build_asset_context,
    graph,
    job,
    materialize_to_memory,
    op,
)
from dagflow.io.memory import InMemoryIOManager

DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")


def in_op(read, **options):
    """Return the values that a function reads from the context of an op, three levels deep in a job."""

    @op(name="brew", tags={"own": "x"}, **options)
    def brew(context):
        return [read(context)]

    @graph
    def machine():
        return brew.alias("cup").tag({"more": "y"})()

    @job(resource_defs={"beans": 3}, run_tags={"size": "big"})
    def cafe():
        machine()

    has_config = brew.config_field is not None
    config = {"ops": {"machine": {"ops": {"cup": {"config": {"n": 1}}}}}} if has_config else None
    result = cafe.execute_in_process(run_config=config, tags={"who": "me"})
    return result, result.output_for_node("machine.cup")[0]


def in_asset(read, partition_key=None, before=(), resources=None, **options):
    """Return the values that a function reads from the context of an asset."""

    @asset(name="brew", **options)
    def brew(context):
        return [read(context)]

    result = materialize_to_memory([*before, brew], partition_key=partition_key, resources=resources)
    return result.asset_value(brew.key)[0]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda c: c.job_name, "cafe"),
        (lambda c: c.pipeline_name, "cafe"),
        (lambda c: (c.job_def.name, c.pipeline_def.name), ("cafe", "cafe")),
        (lambda c: (c.op_def.name, c.solid_def.name), ("brew", "brew")),
        (lambda c: (c.op.name, c.solid.name, c.alias), ("cup", "cup", "cup")),
        (lambda c: dict(c.op.tags), {"own": "x", "more": "y"}),
        (lambda c: (str(c.op_handle), str(c.node_handle)), ("machine.cup", "machine.cup")),
        (lambda c: c.run_config, {}),
        (lambda c: (c.op_config, c.solid_config), (None, None)),
        (lambda c: dict(c.run_tags), {"size": "big", "who": "me"}),
        (lambda c: (c.get_tag("who"), c.get_tag("own"), c.has_tag("size"), c.has_tag("own")),
         ("me", None, True, False)),
        (lambda c: (c.retry_number, c.step_launcher, c.get_mapping_key()), (0, None, None)),
        (lambda c: c.mode_def.name, "default"),
        (lambda c: (c.has_partition_key, c.has_partition_key_range), (False, False)),
        (lambda c: (c.has_assets_def, c.is_subset, c.selected_asset_keys, c.asset_keys),
         (False, False, set(), set())),
        (lambda c: c.selected_output_names, {"result"}),
        (lambda c: c.describe_op(), 'op "cup"'),
        (lambda c: isinstance(c, OpExecutionContext), True),
        (lambda c: isinstance(c.op_execution_context, OpExecutionContext), True),
        (lambda c: type(c.pdb).__name__, "ForkedPdb"),
        (lambda c: repr(c), "<OpExecutionContext of <op 'brew'>>"),
        (lambda c: c.get_output_metadata("result"), None),
    ],
)  # fmt: skip
def test_attributes_of_an_op(read, value):
    """Every attribute of the context of an op has its value."""
    assert in_op(read)[1] == value


def test_the_run():
    """The context has the run, its id and the instance."""
    result, (run, older, oldest, run_id) = in_op(lambda c: (c.run, c.dagflow_run, c.pipeline_run, c.run_id))

    assert run is older is oldest
    assert run.run_id == run_id == result.run_id
    instance = DagflowInstance.ephemeral()

    @op
    def which(context):
        return context.instance

    @job
    def j():
        which()

    assert j.execute_in_process(instance=instance).output_for_node("which") is instance


def test_config():
    """The config is checked and has its defaults; changes of it do not affect later runs."""
    seen = []

    @op(config_schema={"n": int, "many": Field([int], default_value=[])})
    def brew(context):
        seen.append((context.op_config["n"], list(context.op_config["many"]), context.run_config))
        context.op_config["many"].append(1)
        assert context.op_config["many"] == [1]

    @job
    def j():
        brew()

    config = {"ops": {"brew": {"config": {"n": 1}}}}
    for _ in range(2):
        j.execute_in_process(run_config=config)
    assert seen == [(1, [], config)] * 2


def test_resources():
    """The context has the required resources; another key raises an error that is also an AttributeError."""

    def read(context):
        with pytest.raises(DagflowUnknownResourceError, match=r"'milk'.*'brew'"):
            context.resources.milk  # noqa: B018
        return context.resources.beans, hasattr(context.resources, "io_manager"), hasattr(context, "milk")

    assert in_op(read, required_resource_keys={"beans"})[1] == (3, True, False)


def test_retry_number():
    """The retry number starts at 0."""
    seen = []

    def read(context):
        seen.append(context.retry_number)
        if context.retry_number < 2:
            raise ValueError

    in_op(read, retry_policy=RetryPolicy(2))
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda c: c.partition_key, DagflowInvariantViolationError),
        (lambda c: c.partition_keys, DagflowInvariantViolationError),
        (lambda c: c.partition_key_range, DagflowInvariantViolationError),
        (lambda c: c.partition_time_window, DagflowInvariantViolationError),
        (lambda c: c.assets_def, DagflowInvalidPropertyError),
        (lambda c: c.asset_key, DagflowInvalidPropertyError),
        (lambda c: c.asset_key_for_output(), CheckError),
        (lambda c: c.asset_key_for_input("n"), CheckError),
        (lambda c: c.asset_partitions_def_for_output(), CheckError),
        (lambda c: c.asset_partition_key_for_output(), CheckError),
        (lambda c: c.asset_partition_keys_for_output(), CheckError),
        (lambda c: c.asset_partition_key_range_for_output(), CheckError),
        (lambda c: c.asset_partitions_time_window_for_output(), ValueError),
        (lambda c: c.asset_partition_key_for_input("n"), CheckError),
        (lambda c: c.asset_partition_keys_for_input("n"), CheckError),
        (lambda c: c.asset_partition_key_range_for_input("n"), CheckError),
        (lambda c: c.asset_partitions_def_for_input("n"), CheckError),
    ],
)
def test_what_a_plain_op_has_not(read, error):
    """A plain op has no asset and no partition, and each attribute raises its error."""
    with pytest.raises(error):
        in_op(read)


def test_the_asset():
    """The context of an asset has the facts about the asset."""

    def read(c):
        keys = (c.asset_key, c.assets_def.key, c.asset_key_for_output(), c.asset_keys, c.selected_asset_keys)
        assert c.output_for_asset_key(c.asset_key) == "result"
        with pytest.raises(CheckError, match="makes no asset 'tea'"):
            c.output_for_asset_key(AssetKey("tea"))
        kind = isinstance(c, AssetExecutionContext)
        return keys, c.has_assets_def, c.selected_output_names, kind, c.op_def.name, c.job_name

    key = AssetKey(["shop", "brew"])

    keys, *others = in_asset(read, key_prefix="shop")
    assert keys == (key, key, key, {key}, {key})
    assert others == [True, {"result"}, True, "shop__brew", "__ephemeral_asset_job__"]
    assert "brew" in in_asset(repr)


def test_an_asset_may_ask_for_the_context_of_an_op():
    """The annotation selects the class of the context."""

    @asset
    def brew(context: OpExecutionContext):
        return type(context)

    @asset
    def other(context: AssetExecutionContext):
        return type(context), type(context.op_execution_context)

    result = materialize_to_memory([brew, other])
    assert result.asset_value("brew") is OpExecutionContext
    assert result.asset_value("other") == (AssetExecutionContext, OpExecutionContext)


def test_the_partition_of_an_asset():
    """The context has the key, range and time window, also by output."""

    def read(c):
        own = (c.partition_key, list(c.partition_keys), c.partition_key_range, c.partition_time_window)
        of_output = (
            c.asset_partition_key_for_output(),
            list(c.asset_partition_keys_for_output()),
            c.asset_partition_key_range_for_output(),
            c.asset_partitions_time_window_for_output(),
        )
        assert (c.has_partition_key, c.has_partition_key_range) == (True, False)
        assert c.asset_partitions_def_for_output() is DAYS
        return own, of_output, c.get_tag("dagflow/partition")

    key, window = "2024-01-05", DAYS.time_window_for_partition_key("2024-01-05")
    keys = PartitionKeyRange(key, key)

    own, of_output, tag = in_asset(read, key, partitions_def=DAYS)
    assert own == of_output == (key, [key], keys, window)
    assert tag == key


@pytest.mark.parametrize(
    ("read", "key", "definition", "error"),
    [
        (lambda c: c.partition_time_window, None, DAYS, CheckError),
        (lambda c: c.partition_key, None, DAYS, DagflowInvariantViolationError),
        (lambda c: c.partition_time_window, "x", StaticPartitionsDefinition(["x"]),
         DagflowInvariantViolationError),
        (lambda c: c.asset_partitions_time_window_for_output(), "x", StaticPartitionsDefinition(["x"]),
         ValueError),
    ],
)  # fmt: skip
def test_partitions_that_are_not_there(read, key, definition, error):
    """A run without a partition, or without a time partition, raises."""
    with pytest.raises(error):
        in_asset(read, key, partitions_def=definition)


def test_a_partition_in_two_dimensions():
    """The window is that of the time dimension."""
    grid = MultiPartitionsDefinition({"day": DAYS, "shop": StaticPartitionsDefinition(["a", "b"])})
    key = MultiPartitionKey({"day": "2024-01-05", "shop": "b"})

    read = in_asset(lambda c: (c.partition_key, c.partition_time_window), key, partitions_def=grid)
    assert read == (key, DAYS.time_window_for_partition_key("2024-01-05"))


def test_the_partitions_that_an_input_reads():
    """An input reads one partition, or all that the mapping returns."""
    daily = SourceAsset("daily", partitions_def=DAYS)
    manager = InMemoryIOManager()
    for day in DAYS.get_partition_keys():
        manager.assets[AssetKey("daily"), day] = day

    def read(kind):
        @asset(name="brew", partitions_def=kind, ins={"given": AssetIn(key="daily")})
        def brew(context, given):
            return [
                context.asset_key_for_input("given"),
                context.asset_partitions_def_for_input("given"),
                list(context.asset_partition_keys_for_input("given")),
                context.asset_partition_key_range_for_input("given"),
                context.asset_partitions_time_window_for_input("given"),
                one(context),
            ]

        key = "2024-01-05" if kind is DAYS else "2024-01-01"
        return materialize_to_memory(
            [daily, brew], partition_key=key, resources={"io_manager": manager}
        ).asset_value("brew")

    def one(context):
        try:
            return context.asset_partition_key_for_input("given")
        except CheckError as error:
            return str(error)

    day = "2024-01-05"
    window = DAYS.time_window_for_partition_key(day)
    assert read(DAYS) == [AssetKey("daily"), DAYS, [day], PartitionKeyRange(day, day), window, day]
    month = MonthlyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
    _, _, keys, span, window, said = read(month)
    assert (len(keys), span) == (31, PartitionKeyRange("2024-01-01", "2024-01-31"))
    assert window == TimeWindow(
        DAYS.time_window_for_partition_key("2024-01-01").start,
        DAYS.time_window_for_partition_key("2024-01-31").end,
    )
    assert "'given' reads 31 partitions" in said


def test_an_input_that_reads_no_partition():
    """An unpartitioned upstream asset has no partitions to read."""

    @asset
    def water():
        return 1

    @asset
    def tea(context, water):
        with pytest.raises(CheckError, match=r"'water'.*not partitioned"):
            context.asset_partition_keys_for_input("water")
        with pytest.raises(CheckError, match="'milk'"):
            context.asset_key_for_input("milk")

    assert materialize_to_memory([water, tea]).success


def test_a_range_of_partitions():
    """A bound context for a range has its keys."""

    @asset(partitions_def=DAYS)
    def brew(context):
        return context.partition_key_range, list(context.partition_keys), context.has_partition_key_range

    span = PartitionKeyRange("2024-01-05", "2024-01-07")
    read = brew(build_asset_context(partition_key_range=span))
    assert read == (span, ["2024-01-05", "2024-01-06", "2024-01-07"], True)


def test_mapping_keys():
    """A mapped step has the mapping key of its value."""

    @op(out=DynamicOut())
    def cups():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op
    def which(context, n):
        return context.get_mapping_key()

    @job
    def j():
        cups().map(which)

    assert j.execute_in_process().output_for_node("which") == {"a": "a", "b": "b"}


def metadata_of(result, node):
    """Return the metadata of the outputs of a node: values by key, in order."""
    events = [event for event in result.events_for_node(node) if event.is_successful_output]
    return [{key: v.value for key, v in event.step_output_data.metadata.items()} for event in events]


def test_metadata_of_outputs():
    """Metadata of several calls is merged, and replaces that of the Output."""

    @op
    def one(context):
        context.add_output_metadata({"a": 1})
        context.add_output_metadata({"b": 1}, output_name="result")
        return Output(1, metadata={"a": 2, "c": 2})

    @op(out={"hot": Out(), "cold": Out()})
    def two(context):
        context.add_output_metadata({"n": 1}, "hot")
        yield Output(1, "hot")
        context.add_output_metadata({"n": 2}, "cold")
        yield Output(2, "cold")

    @op(out=DynamicOut())
    def many(context):
        for key in ("a", "b"):
            context.add_output_metadata({"of": key}, mapping_key=key)
            assert context.get_output_metadata("result", key) == {"of": key}
            yield DynamicOutput(1, key)

    @job
    def j():
        one()
        two()
        many()

    result = j.execute_in_process()
    assert metadata_of(result, "one") == [{"a": 1, "b": 1, "c": 2}]
    assert metadata_of(result, "two") == [{"n": 1}, {"n": 2}]
    assert metadata_of(result, "many") == [{"of": "a"}, {"of": "b"}]


def test_metadata_that_comes_too_late_or_nowhere():
    """Errors: after the output, an ambiguous or unknown output, a missing mapping key."""

    def late(context):
        yield Output(1)
        context.add_output_metadata({"a": 1})

    def late_key(context):
        yield DynamicOutput(1, "k")
        context.add_output_metadata({"a": 1}, mapping_key="k")

    def add(*arguments, **named):
        def body(context):
            context.add_output_metadata({"a": 1}, *arguments, **named)
            yield Output(1)

        return body

    two = {"hot": Out(), "cold": Out(is_required=False)}
    for body, out, says in (
        (late, Out(), "'result'.*already been yielded"),
        (late_key, DynamicOut(), "'result'.*already been yielded"),
        (add(), two, "ambiguous"),
        (add("tea"), Out(), "'tea'"),
        (add(), DynamicOut(), "'result'.*needs a 'mapping_key'"),
        (add(mapping_key="k"), Out(), "'result'.*takes no 'mapping_key'"),
    ):
        brew = op(name="brew", out=out)(body)
        with pytest.raises(DagflowInvariantViolationError, match=says):
            GraphDefinition("g", node_defs=[brew]).execute_in_process()


def test_metadata_of_an_asset():
    """The materialization has the metadata; another asset or partition is an error."""

    @asset(partitions_def=DAYS)
    def brew(context):
        context.add_asset_metadata({"a": 1})
        context.add_asset_metadata({"b": 1}, asset_key="brew", partition_key="2024-01-05")
        with pytest.raises(DagflowInvariantViolationError, match="'tea'"):
            context.add_asset_metadata({"a": 1}, "tea")
        with pytest.raises(DagflowInvariantViolationError, match="'2024-01-06'"):
            context.add_asset_metadata({"a": 1}, partition_key="2024-01-06")

    (written,) = materialize_to_memory([brew], partition_key="2024-01-05").asset_materializations_for_node(
        "brew"
    )
    assert {key: value.value for key, value in written.metadata.items()} == {"a": 1, "b": 1}


def test_metadata_of_an_asset_is_not_that_of_its_output():
    """The output has only its own metadata, and the materialization has both."""

    @asset
    def brew(context):
        context.add_asset_metadata({"a": 1})
        context.add_output_metadata({"b": 1})

    result = materialize_to_memory([brew])
    (written,) = result.asset_materializations_for_node("brew")
    (output,) = [event for event in result.all_node_events if event.is_successful_output]
    assert list(written.metadata) == ["b", "a"]
    assert list(output.step_output_data.metadata) == ["b"]


def test_events_that_were_consumed_are_none_of_the_run():
    """`consume_events` returns each event once; the result loses it, the log of the instance keeps it."""
    seen = []

    @op
    def brew(context):
        context.log_event(AssetMaterialization("a"))
        seen.extend(context.consume_events())
        assert list(context.consume_events()) == []
        context.log_event(AssetMaterialization("b"))

    @job
    def j():
        brew()

    instance = DagflowInstance.ephemeral()
    result = j.execute_in_process(instance=instance)
    (event,) = seen
    assert isinstance(event, DagflowEvent)
    assert (event.step_key, event.materialization) == ("brew", AssetMaterialization("a"))
    assert result.asset_materializations_for_node("brew") == [AssetMaterialization("b")]
    logged = [entry.asset_materialization for entry in instance.all_logs(result.run_id)]
    assert [one for one in logged if one] == [AssetMaterialization("a"), AssetMaterialization("b")]


def test_what_cannot_be_logged():
    """Only event objects of user code can be logged."""
    with pytest.raises(CheckError, match=r"'spilt'.*'str'"):
        in_op(lambda c: c.log_event("spilt"))
