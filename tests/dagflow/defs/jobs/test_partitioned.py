"""Partitioned config: the run config and tags of each partition, and jobs with it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dagflow import (
    AssetKey,
    CheckError,
    DagflowInstance,
    DagflowInvalidConfigError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    JobDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    ParameterCheckError,
    Partition,
    PartitionedConfig,
    PartitionKeyRange,
    RunConfig,
    RunRequest,
    StaticPartitionsDefinition,
    asset,
    daily_partitioned_config,
    dynamic_partitioned_config,
    graph,
    hourly_partitioned_config,
    job,
    monthly_partitioned_config,
    op,
    partitioned_config,
    static_partitioned_config,
    weekly_partitioned_config,
)

LETTERS = StaticPartitionsDefinition(["a", "b"])


@op(config_schema=str)
def told(context: Any) -> Any:
    return context.op_config


def config(value: Any) -> dict[str, Any]:
    return {"ops": {"told": {"config": value}}}


@static_partitioned_config(["a", "b"], tags_for_partition_key_fn=lambda key: {"letter": key, "n": {"x": 1}})
def by_letter(key: str) -> Any:
    return config(key)


@job(config=by_letter, tags={"letter": "job", "kept": 1})
def letters() -> None:
    told()


def job_of(definition: Any = told, **arguments: Any) -> JobDefinition:
    """A job of one op."""

    @job(name="j", **arguments)
    def made() -> None:
        definition()

    return made


def test_it_is_still_the_function() -> None:
    """The decorated function can be called as before, with any arguments."""
    assert by_letter("x") == by_letter(key="x") == config("x")
    with pytest.raises(TypeError):
        by_letter()


def test_a_run_for_a_partition_gets_what_is_made_for_it() -> None:
    """The run gets the config and tags of its partition; these tags win over all others."""
    result = letters.execute_in_process(partition_key="b", tags={"letter": "run", "mine": 2})

    assert result.output_for_node("told") == "b"
    assert result.dagflow_run.run_config == config("b")
    assert result.dagflow_run.tags == {
        "letter": "b",
        "n": '{"x": 1}',
        "kept": "1",
        "mine": "2",
        "dagflow/partition": "b",
        "dagflow/partition_set": "letters_partition_set",
    }


def test_a_given_run_config_replaces_the_made_one() -> None:
    """The function is not called; an empty run config counts as missing."""
    result = letters.execute_in_process(config("mine"), partition_key="a")

    assert result.output_for_node("told") == "mine"
    assert result.dagflow_run.tags["letter"] == "a"
    assert letters.execute_in_process({}, partition_key="a").output_for_node("told") == "a"


def test_a_run_for_no_partition_gets_nothing_made() -> None:
    """The run config must be given; the error mentions the partition key."""
    with pytest.raises(DagflowInvalidConfigError, match=r"(?s)is partitioned.* with a partition_key.*ops"):
        letters.execute_in_process()

    result = letters.execute_in_process(config("x"))
    assert result.dagflow_run.tags == {"letter": "job", "kept": "1"}


def test_a_selection_of_a_partitioned_job() -> None:
    """The config for the whole job is valid for a selection."""

    @op
    def one(context: Any) -> Any:
        return context.partition_key

    @job(config=by_letter)
    def two() -> None:
        told()
        one()

    result = two.execute_in_process(partition_key="a", op_selection=["one"])
    assert result.output_for_node("one") == "a"


@pytest.mark.parametrize(
    ("made", "key", "error", "message"),
    [
        (
            letters,
            "z",
            DagflowUnknownPartitionError,
            r"key 'z' in StaticPartitionsDefinition\(\['a', 'b'\]\)",
        ),
        (letters, 5, ParameterCheckError, "'partition_key'"),
        (job_of(config=config("x")), "a", CheckError, "nothing in it is partitioned"),
    ],
    ids=["unknown", "no text", "not partitioned"],
)
def test_what_a_run_refuses(made: JobDefinition, key: Any, error: type[Exception], message: str) -> None:
    """Errors are raised before the run is created."""
    instance = DagflowInstance.ephemeral()

    with pytest.raises(error, match=message):
        made.execute_in_process(partition_key=key, instance=instance)

    assert instance.get_runs() == []


def fails(key: str) -> Any:
    raise LookupError(f"nothing for {key}")


@pytest.mark.parametrize("raise_on_error", [True, False])
@pytest.mark.parametrize("how", ["config", "tags"])
def test_what_the_functions_raise_comes_out(how: str, raise_on_error: bool) -> None:
    """The exception passes unchanged, before the run is created."""
    made = (
        partitioned_config(LETTERS)(fails)
        if how == "config"
        else partitioned_config(LETTERS, tags_for_partition_key_fn=fails)(config)
    )

    with pytest.raises(LookupError, match="nothing for a"):
        job_of(config=made).execute_in_process(partition_key="a", raise_on_error=raise_on_error)


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (partitioned_config(LETTERS)(lambda key: 5), ParameterCheckError, r"partition 'a', made by .*not 5"),
        (
            partitioned_config(LETTERS, lambda key: {"dagflow/partition": "x"})(config),
            DagflowInvalidDefinitionError,
            "'dagflow/partition', which is reserved",
        ),
        (
            partitioned_config(LETTERS, lambda key: {"x": {1}})(config),
            DagflowInvalidDefinitionError,
            "'x'.*JSON",
        ),
        (partitioned_config(LETTERS, lambda key: 5)(config), ParameterCheckError, "'tags'.*'a'"),
    ],
    ids=["config", "reserved tag", "tag that is no JSON", "tags"],
)
def test_what_the_functions_may_not_return(made: Any, error: type[Exception], message: str) -> None:
    """The error names the partition, and the function with its location."""
    with pytest.raises(error, match=message) as raised:
        job_of(config=made).execute_in_process(partition_key="a")

    assert "test_partitioned.py:" in str(raised.value)


START = "2024-01-01"
NOW = datetime(2024, 3, 20, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("decorate", "key", "start", "end"),
    [
        (
            daily_partitioned_config(START),
            "2024-01-05",
            "2024-01-05T00:00:00+00:00",
            "2024-01-06T00:00:00+00:00",
        ),
        (
            daily_partitioned_config(START, hour_offset=3, timezone="Europe/Berlin"),
            "2024-01-05",
            "2024-01-05T03:00:00+01:00",
            "2024-01-06T03:00:00+01:00",
        ),
        (
            hourly_partitioned_config("2024-01-01-00:00", minute_offset=15),
            "2024-01-01-00:15",
            "2024-01-01T00:15:00+00:00",
            "2024-01-01T01:15:00+00:00",
        ),
        (
            weekly_partitioned_config(START, day_offset=2),
            "2024-01-02",
            "2024-01-02T00:00:00+00:00",
            "2024-01-09T00:00:00+00:00",
        ),
        (
            monthly_partitioned_config(START, day_offset=5),
            "2024-01-05",
            "2024-01-05T00:00:00+00:00",
            "2024-02-05T00:00:00+00:00",
        ),
    ],
    ids=["daily", "daily in a zone", "hourly", "weekly", "monthly"],
)
def test_windows_of_time(decorate: Any, key: str, start: str, end: str) -> None:
    """The function receives the start and end of the window."""
    made = decorate(lambda first, last: config(f"{first.isoformat()} {last.isoformat()}"))

    assert key in made.get_partition_keys(NOW)
    result = job_of(config=made).execute_in_process(partition_key=key)
    assert result.output_for_node("told") == f"{start} {end}"


def test_tags_of_windows() -> None:
    """The function of the tags also receives start and end."""
    made = daily_partitioned_config(START, tags_for_partition_fn=lambda start, end: {"day": str(end.day)})(
        lambda start, end: {}
    )

    assert made.get_tags_for_partition_key("2024-01-05") == {"day": "6", "dagflow/partition": "2024-01-05"}
    assert made.get_tags_for_partition_key("2024-01-05", "j")["dagflow/partition_set"] == "j_partition_set"
    with pytest.raises(DagflowUnknownPartitionError, match="'soon'"):
        made.get_run_config_for_partition_key("soon")


def test_keys_of_a_function() -> None:
    """Dynamic partitioned config calls its function for each use of the keys."""
    keys = ["x"]
    made = dynamic_partitioned_config(lambda now: keys, tags_for_partition_fn=lambda key: {"k": key})(config)

    assert job_of(config=made).execute_in_process(partition_key="x").output_for_node("told") == "x"
    keys.append("y")
    assert made.get_partition_keys() == ["x", "y"]
    assert job_of(config=made).execute_in_process(partition_key="y").dagflow_run.tags["k"] == "y"


@pytest.mark.parametrize("key", ["1|2", MultiPartitionKey({"a": "1", "b": "2"})])
def test_two_dimensions(key: str) -> None:
    """A key of two parts, as a string or an object, tags the run with each part."""
    numbers = StaticPartitionsDefinition(["1", "2"])
    made = job_of(config=partitioned_config(MultiPartitionsDefinition({"a": numbers, "b": numbers}))(config))

    tags = made.execute_in_process(partition_key=key).dagflow_run.tags

    assert (tags["dagflow/partition/a"], tags["dagflow/partition/b"]) == ("1", "2")
    assert tags["dagflow/partition"] == "1|2"


@pytest.mark.parametrize("key", ["1|2", MultiPartitionKey({"a": "1", "b": "2"})])
def test_an_op_sees_the_key_by_dimension(key: str) -> None:
    """The context has a key by dimension, even if the run got a string."""
    numbers = StaticPartitionsDefinition(["1", "2"])
    pairs = MultiPartitionsDefinition({"a": numbers, "b": numbers})
    made = job_of(definition=says, partitions_def=pairs)

    seen = made.execute_in_process(partition_key=key).output_for_node("says")

    assert seen.keys_by_dimension == {"a": "1", "b": "2"}


@pytest.mark.parametrize("given", [config("fixed"), RunConfig(ops={"told": {"config": "fixed"}})])
def test_a_fixed_config_beside_partitions(given: Any) -> None:
    """It applies to every partition, and only to runs for a partition."""
    made = job_of(config=given, partitions_def=LETTERS)

    assert made.execute_in_process(partition_key="a").output_for_node("told") == "fixed"
    assert repr(made.partitioned_config) == "<one config for all of StaticPartitionsDefinition(['a', 'b'])>"
    with pytest.raises(DagflowInvalidConfigError):
        made.execute_in_process()
    with pytest.raises(DagflowInvalidInvocationError, match="without a decorator"):
        made.partitioned_config("a")


@op
def says(context: Any) -> Any:
    return context.partition_key


def test_partitions_alone() -> None:
    """A job can be partitioned without any config."""
    dynamic = job_of(definition=says, partitions_def=DynamicPartitionsDefinition(name="shops"))
    instance = DagflowInstance.ephemeral()
    instance.add_dynamic_partitions("shops", ["corner"])

    assert dynamic.execute_in_process(partition_key="corner", instance=instance).success
    with pytest.raises(DagflowUnknownPartitionError, match=r"'station'.*add_dynamic_partitions"):
        dynamic.execute_in_process(partition_key="station", instance=instance)


@op
def sees(context: Any) -> Any:
    return (
        context.has_partition_key,
        context.partition_key,
        context.partition_keys,
        context.partition_key_range,
        context.partition_time_window.end.isoformat(),
    )


def test_what_an_op_sees() -> None:
    """The context has the key alone, as a list and as a range, and the window."""
    made = job_of(definition=sees, partitions_def=DailyPartitionsDefinition(START))
    key = "2024-01-31"

    seen = made.execute_in_process(partition_key=key).output_for_node("sees")

    assert seen == (True, key, [key], PartitionKeyRange(key, key), "2024-02-01T00:00:00+00:00")


@pytest.mark.parametrize("name", ["partition_key", "partition_keys", "partition_key_range"])
def test_what_an_op_cannot_see(name: str) -> None:
    """A run without a partition has no key; a partition that is no time window has no window."""

    @op
    def asks(context: Any) -> Any:
        return getattr(context, name)

    @op
    def asks_for_time(context: Any) -> Any:
        return context.partition_time_window

    with pytest.raises(DagflowInvariantViolationError, match="partition_key"):
        job_of(definition=asks, partitions_def=LETTERS).execute_in_process()
    with pytest.raises(DagflowInvariantViolationError, match="StaticPartitionsDefinition"):
        job_of(definition=asks_for_time, partitions_def=LETTERS).execute_in_process(partition_key="a")
    with pytest.raises(DagflowInvariantViolationError, match="partition_key"):
        job_of(definition=asks_for_time, partitions_def=LETTERS).execute_in_process()
    with pytest.raises(CheckError, match=r"'partition_time_window'.*for no partition"):
        job_of(definition=asks_for_time, partitions_def=DailyPartitionsDefinition(START)).execute_in_process()


def test_other_ways_to_the_same_job() -> None:
    """`to_job`, the class, and the older name of the argument give the same job."""

    @graph
    def whole() -> None:
        told()

    for made in (
        whole.to_job(config=by_letter),
        JobDefinition(graph_def=whole, config=by_letter),
        JobDefinition(graph_def=whole, partitioned_config=by_letter),
        job_of(config=by_letter, partitions_def=StaticPartitionsDefinition(["a", "b"])),
    ):
        assert made.partitioned_config is by_letter
        assert made.partitions_def == LETTERS
        assert made.execute_in_process(partition_key="b").output_for_node("told") == "b"
    assert job_of(config=config("x")).partitioned_config is None


def test_functions_of_a_partition() -> None:
    """The older functions receive a Partition with the key as its name."""
    made = PartitionedConfig(
        LETTERS,
        run_config_for_partition_fn=lambda partition: config(partition.name),
        tags_for_partition_fn=lambda partition: {"value": partition.value},
    )

    assert made.get_run_config_for_partition_key("b") == config("b")
    assert made.get_tags_for_partition_key("b") == {"value": "b", "dagflow/partition": "b"}
    assert made.get_partition_keys() == ["a", "b"]
    assert "test_partitioned.py:" in repr(made)
    assert made.tags_for_partition_key_fn is not None
    assert made.run_config_for_partition_key_fn("a") == config("a")
    assert Partition(3) == Partition(3, "3") != Partition(3, "three")
    assert len({Partition("a"), Partition("a")}) == 1
    assert repr(Partition("a")) == "Partition('a', 'a')"


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: PartitionedConfig(5), ParameterCheckError, "'partitions_def'"),
        (lambda: PartitionedConfig(LETTERS), CheckError, "exactly one function"),
        (
            lambda: PartitionedConfig(LETTERS, config, run_config_for_partition_key_fn=config),
            CheckError,
            "exactly one function",
        ),
        (
            lambda: PartitionedConfig(
                LETTERS, config, tags_for_partition_fn=config, tags_for_partition_key_fn=config
            ),
            CheckError,
            "cannot have both",
        ),
        (
            lambda: static_partitioned_config(["a"], config, config),
            CheckError,
            "older name",
        ),
        (lambda: partitioned_config(LETTERS)(5), ParameterCheckError, "must be a function, not 5"),
        (lambda: daily_partitioned_config(START)(5), ParameterCheckError, "must be a function, not 5"),
        (
            lambda: partitioned_config(LETTERS)(lambda: {}),
            DagflowInvalidDefinitionError,
            r"'<lambda>' \(.*test_partitioned.py:\d+\).*with the partition key: too many",
        ),
        (
            lambda: daily_partitioned_config(START)(lambda start: {}),
            DagflowInvalidDefinitionError,
            "with start and end: too many",
        ),
        (lambda: static_partitioned_config(["a", "a"]), DagflowInvalidDefinitionError, r"unique.*\['a'\]"),
        (
            lambda: job_of(config=by_letter, partitions_def=StaticPartitionsDefinition(["c"])),
            CheckError,
            r"'by_letter' \(.*test_partitioned.py:\d+\).*another partitions_def",
        ),
        (lambda: Partition("a", 4), ParameterCheckError, "the name of a Partition"),
    ],
)  # fmt: skip
def test_what_is_refused(wrong: Any, error: type[Exception], message: str) -> None:
    """Invalid arguments raise at the definition."""
    with pytest.raises(error, match=f"(?s){message}"):
        wrong()


def test_a_request_for_a_partition() -> None:
    """It has the config and tags of a run for the partition; a given config replaces the made one."""
    request = letters.run_request_for_partition("a", run_key="k", tags={"mine": 1})

    assert (request.job_name, request.run_key, request.partition_key) == ("letters", "k", "a")
    assert request.run_config == config("a")
    assert (request.tags["mine"], request.tags["letter"]) == ("1", "a")
    assert request.tags["dagflow/partition_set"] == "letters_partition_set"
    assert letters.run_request_for_partition("a", run_config=config("b")).run_config == config("b")
    assert job_of(partitions_def=LETTERS).run_request_for_partition("a").run_config == {}
    assert RunRequest("k", tags={"a": 1}) == RunRequest("k", tags={"a": "1"}) != RunRequest()
    with pytest.raises(CheckError, match="parameter 'tags' must hold values of type 'str' only"):
        RunRequest(tags={3: "a"})  # type: ignore[dict-item]
    assert repr(RunRequest("k")).startswith("RunRequest(run_key='k', run_config={}, tags={}, job_name=None,")


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (letters, DagflowUnknownPartitionError, "'z'"),
        (job_of(config=config("x")), CheckError, "non-partitioned job, 'j'"),
        (
            job_of(partitions_def=DynamicPartitionsDefinition(name="n")),
            CheckError,
            "dynamic partitions, as job 'j'",
        ),
    ],
    ids=["unknown", "not partitioned", "dynamic"],
)
def test_a_request_that_cannot_be(made: JobDefinition, error: type[Exception], message: str) -> None:
    """The error names the job."""
    with pytest.raises(error, match=message):
        made.run_request_for_partition("z")


def test_the_partitions_of_a_job() -> None:
    """A job has the keys of its partitions; a job of different partitions has those of a selection."""

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def cups() -> None:
        """Do nothing."""

    @asset(partitions_def=StaticPartitionsDefinition(["c"]))
    def pots() -> None:
        """Do nothing."""

    everything = Definitions([cups, pots]).get_implicit_global_asset_job_def()

    assert Definitions([cups]).get_implicit_global_asset_job_def().get_partition_keys() == ["a", "b"]
    assert everything.is_asset_job
    assert everything.get_partition_keys([AssetKey("pots")]) == ["c"]
    with pytest.raises(CheckError, match="is not partitioned"):
        everything.get_partition_keys()
