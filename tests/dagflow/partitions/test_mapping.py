"""The interface of partition mappings, and a mapping of a user's own in runs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from dagflow import (
    AllPartitionMapping,
    AssetDep,
    AssetIn,
    DagflowInstance,
    DailyPartitionsDefinition,
    DimensionPartitionMapping,
    DynamicPartitionsDefinition,
    IdentityPartitionMapping,
    InMemoryIOManager,
    LastPartitionMapping,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    MultiToSingleDimensionPartitionMapping,
    PartitionMapping,
    PartitionsDefinition,
    SourceAsset,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    UpstreamPartitionsResult,
    asset,
    materialize,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowUnknownPartitionError,
    ParameterCheckError,
)

LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
DIGITS = StaticPartitionsDefinition(["1", "2"])
DAYS = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-10")
PAIRS = MultiPartitionsDefinition({"l": LETTERS, "d": DIGITS})
SHOPS = DynamicPartitionsDefinition(name="shops")


class Own(PartitionMapping):
    """A mapping that a user wrote: a function returns the upstream keys, and those that do not exist."""

    description = "The keys of a function."

    def __init__(self, keys_of: Callable[..., Any]) -> None:
        self.keys_of = keys_of
        self.calls: list[Any] = []

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: Any,
        downstream_partitions_def: Any,
        upstream_partitions_def: Any,
        current_time: Any = None,
        dynamic_partitions_store: Any = None,
    ) -> Any:
        self.calls.append((downstream_partitions_subset, downstream_partitions_def, upstream_partitions_def))
        found = self.keys_of(downstream_partitions_subset, upstream_partitions_def)
        if not isinstance(found, tuple):
            return found
        keys, missing = found
        return UpstreamPartitionsResult(
            partitions_subset=upstream_partitions_def.subset_with_partition_keys(keys),
            required_but_nonexistent_subset=upstream_partitions_def.empty_subset().with_partition_keys(
                missing
            ),
        )

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: Any,
        upstream_partitions_def: Any,
        downstream_partitions_def: Any,
        current_time: Any = None,
        dynamic_partitions_store: Any = None,
    ) -> Any:
        return downstream_partitions_def.empty_subset()

    def validate_partition_mapping(
        self, upstream_partitions_def: Any, downstream_partitions_def: Any
    ) -> None:
        pass


def _run(
    mapping: PartitionMapping,
    upstream: PartitionsDefinition | None,
    downstream: PartitionsDefinition | None,
    key: str | None,
    instance: DagflowInstance | None = None,
) -> Any:
    """Return the value that a partition reads through a mapping, and the partitions of the context."""
    kept = InMemoryIOManager()
    source = SourceAsset("source", partitions_def=upstream)
    names = [None] if upstream is None else upstream.get_partition_keys(dynamic_partitions_store=instance)
    for name in names:
        kept.assets[source.key, name] = f"value of {name}"

    @asset(partitions_def=downstream, ins={"source": AssetIn(partition_mapping=mapping)})
    def reader(context: Any, source: Any) -> Any:
        return source, context.asset_partition_keys_for_input("source") if upstream is not None else None

    resources = {"io_manager": kept}
    result = materialize([source, reader], instance=instance, resources=resources, partition_key=key)
    return result.asset_value("reader")


def test_a_mapping_of_your_own_gets_subsets() -> None:
    """A mapping gets the partition of the run as a subset, and both definitions."""
    mapping = Own(lambda subset, _: (["b"], []))

    assert _run(mapping, LETTERS, DAYS, "2024-01-02") == ("value of b", ["b"])
    subset, *definitions = mapping.calls[0]
    assert subset == DAYS.subset_with_partition_keys(["2024-01-02"])
    assert definitions == [DAYS, LETTERS]


def test_several_partitions_are_loaded_in_order() -> None:
    """Several upstream partitions are a dict in the order of their definition; none are None."""
    several = _run(Own(lambda *_: (["c", "a"], [])), LETTERS, DAYS, "2024-01-02")
    none = _run(Own(lambda *_: ([], [])), LETTERS, DAYS, "2024-01-02")

    assert several == ({"a": "value of a", "c": "value of c"}, ["a", "c"])
    assert none == (None, [])


def test_an_asset_without_partitions() -> None:
    """The mapping of an asset without partitions gets no subset. Without upstream partitions it is unused."""
    mapping = Own(lambda subset, _: (["a"], []))

    assert _run(mapping, LETTERS, None, None) == ("value of a", ["a"])
    assert mapping.calls == [(None, None, LETTERS)]
    assert _run(mapping, None, DAYS, "2024-01-02") == ("value of None", None)
    assert len(mapping.calls) == 1


def test_dynamic_partitions_and_the_time_of_the_run() -> None:
    """A mapping can ask the definitions for their keys: the store and the time are those of the run."""
    mapping = Own(lambda _, upstream: ([upstream.get_last_partition_key()], []))
    with DagflowInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("shops", ["corner", "station"])

        assert _run(mapping, SHOPS, DAYS, "2024-01-02", instance) == ("value of station", ["station"])


def test_a_mapping_can_delegate() -> None:
    """A mapping can return the result of another one, and be one of a dimension."""

    def day_before(subset: Any, upstream: Any) -> Any:
        other = TimeWindowPartitionMapping(-1, -1)
        return other.get_upstream_mapped_partitions_result_for_partitions(subset, DAYS, upstream)

    days_and_letters = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
    of_dimension = MultiPartitionMapping({"day": DimensionPartitionMapping("day", Own(day_before))})

    assert _run(Own(day_before), DAYS, DAYS, "2024-01-05")[1] == ["2024-01-04"]
    assert _run(of_dimension, days_and_letters, days_and_letters, "2024-01-05|a")[1] == [
        "2024-01-04|a",
        "2024-01-04|b",
        "2024-01-04|c",
    ]


@pytest.mark.parametrize("keys_of", [lambda *_: (["a"], ["q"]), lambda *_: (["q"], [])])
def test_partitions_that_do_not_exist(keys_of: Any) -> None:
    """An upstream partition that does not exist is an error that names step, partition, input and asset."""
    with pytest.raises(
        DagflowInvariantViolationError,
        match=r"step 'reader', partition '2024-01-02', input 'source' \(asset 'source'\): .*exist: 'q'",
    ):
        _run(Own(keys_of), LETTERS, DAYS, "2024-01-02")


@pytest.mark.parametrize("result", [None, ["a"]])
def test_a_result_of_another_type(result: Any) -> None:
    """Another result than an UpstreamPartitionsResult is an error that names the method."""
    with pytest.raises(CheckError, match=r"Own.get_upstream_.* must return an UpstreamPartitionsResult, not"):
        _run(Own(lambda *_: result), LETTERS, DAYS, "2024-01-02")


def test_an_error_of_the_mapping_is_raised() -> None:
    """An error inside of a mapping is raised as it is."""
    with pytest.raises(ZeroDivisionError):
        _run(Own(lambda *_: 1 / 0), LETTERS, DAYS, "2024-01-02")


def test_a_dependency_that_is_not_loaded_needs_no_partition() -> None:
    """The mapping of a dependency is used only when its partitions are read from the context."""
    lost, found = Own(lambda *_: ([], ["q"])), Own(lambda *_: (["b"], []))

    def run(mapping: Own, read: bool) -> Any:
        @asset(partitions_def=DAYS, deps=[AssetDep("source", partition_mapping=mapping)])
        def reader(context: Any) -> Any:
            return context.asset_partition_keys_for_input("source") if read else None

        source = SourceAsset("source", partitions_def=LETTERS)
        resources = {"io_manager": InMemoryIOManager()}
        result = materialize([source, reader], partition_key="2024-01-02", resources=resources)
        return result.output_for_node("reader")

    assert run(lost, read=False) is None
    assert lost.calls == []
    assert run(found, read=True) == ["b"]
    with pytest.raises(DagflowInvariantViolationError, match="'q'"):
        run(lost, read=True)


def test_the_range_of_an_input() -> None:
    """Partitions of an input are a range if they are adjacent; otherwise the range is an error."""

    def run(keys: list[str]) -> Any:
        mapping = Own(lambda *_: (keys, []))

        @asset(partitions_def=LETTERS, ins={"source": AssetIn(partition_mapping=mapping)})
        def reader(context: Any, source: Any) -> Any:
            window = context.asset_partitions_time_window_for_input("source")
            return context.asset_partition_key_range_for_input("source"), (window.end - window.start).days

        kept = InMemoryIOManager()
        source = SourceAsset("source", partitions_def=DAYS)
        kept.assets = {(source.key, day): day for day in DAYS.get_partition_keys()}
        result = materialize([source, reader], partition_key="a", resources={"io_manager": kept})
        return result.asset_value("reader")

    assert run(["2024-01-02", "2024-01-03"]) == (("2024-01-02", "2024-01-03"), 2)
    with pytest.raises(CheckError, match=r"'source' has the partitions .* not one range"):
        run(["2024-01-02", "2024-01-04"])
    with pytest.raises(CheckError, match="no partition"):
        run([])


def test_results_are_checked() -> None:
    """An UpstreamPartitionsResult takes two subsets by keyword, and has the keys of the second."""
    letters = LETTERS.subset_with_partition_keys(["a"])
    made = UpstreamPartitionsResult(partitions_subset=letters, required_but_nonexistent_subset=letters)

    assert made.required_but_nonexistent_partition_keys == ["a"]
    assert made == UpstreamPartitionsResult(
        partitions_subset=letters, required_but_nonexistent_subset=LETTERS.subset_with_partition_keys(["a"])
    )
    with pytest.raises(ParameterCheckError, match="'partitions_subset' of an UpstreamPartitionsResult"):
        UpstreamPartitionsResult(partitions_subset=["a"], required_but_nonexistent_subset=letters)  # type: ignore[arg-type]


def test_every_method_is_needed() -> None:
    """A mapping without the four public methods cannot be made."""

    class Half(PartitionMapping):
        pass

    with pytest.raises(TypeError, match="abstract method"):
        Half()  # type: ignore[abstract]


MAPPINGS: list[tuple[PartitionMapping, PartitionsDefinition, PartitionsDefinition]] = [
    (IdentityPartitionMapping(), LETTERS, LETTERS),
    (AllPartitionMapping(), LETTERS, DAYS),
    (LastPartitionMapping(), LETTERS, DAYS),
    (SpecificPartitionsPartitionMapping(["b", "a"]), LETTERS, DAYS),
    (StaticPartitionMapping({"a": ["1", "2"], "c": "2"}), LETTERS, DIGITS),
    (TimeWindowPartitionMapping(-1, 0), DAYS, DAYS),
    (MultiToSingleDimensionPartitionMapping("l"), PAIRS, LETTERS),
    (MultiToSingleDimensionPartitionMapping(), DIGITS, PAIRS),
    (
        MultiPartitionMapping({"l": DimensionPartitionMapping("l", LastPartitionMapping())}),
        PAIRS,
        PAIRS,
    ),
]


@pytest.mark.parametrize(("mapping", "upstream", "downstream"), MAPPINGS)
def test_there_and_back(
    mapping: PartitionMapping, upstream: PartitionsDefinition, downstream: PartitionsDefinition
) -> None:
    """A partition is downstream of exactly those partitions that it depends on."""
    mapping.validate_partition_mapping(upstream, downstream)
    for up in upstream.get_partition_keys():
        found = mapping.get_downstream_partitions_for_partitions(
            upstream.subset_with_partition_keys([up]), upstream, downstream
        )
        for down in downstream.get_partition_keys():
            needed = mapping.get_upstream_mapped_partitions_result_for_partitions(
                downstream.subset_with_partition_keys([down]), downstream, upstream
            )
            assert (up in needed.partitions_subset) == (down in found)
    nothing = mapping.get_downstream_partitions_for_partitions(upstream.empty_subset(), upstream, downstream)
    assert nothing.is_empty
    assert mapping.description.endswith(".")
    assert pickle.loads(pickle.dumps(mapping)) == mapping
    assert hash(mapping) == hash(pickle.loads(pickle.dumps(mapping)))


@pytest.mark.parametrize(
    ("mapping", "upstream", "downstream", "error"),
    [
        (IdentityPartitionMapping(), LETTERS, DAYS, DagflowInvalidDefinitionError),
        (IdentityPartitionMapping(), LETTERS, None, DagflowInvalidDefinitionError),
        (StaticPartitionMapping({"q": "1"}), LETTERS, DIGITS, DagflowUnknownPartitionError),
        (StaticPartitionMapping({"a": "q"}), LETTERS, DIGITS, DagflowUnknownPartitionError),
        (StaticPartitionMapping({}), LETTERS, DAYS, DagflowInvalidDefinitionError),
        (TimeWindowPartitionMapping(), DAYS, LETTERS, DagflowInvalidDefinitionError),
        (
            TimeWindowPartitionMapping(),
            DAYS,
            DailyPartitionsDefinition("2024-01-01", timezone="Asia/Tokyo"),
            DagflowInvalidDefinitionError,
        ),
        (MultiToSingleDimensionPartitionMapping(), LETTERS, DIGITS, CheckError),
        (MultiToSingleDimensionPartitionMapping(), PAIRS, DAYS, CheckError),
        (MultiToSingleDimensionPartitionMapping(), PAIRS, None, DagflowInvalidDefinitionError),
        (
            MultiPartitionMapping({"q": DimensionPartitionMapping("l", LastPartitionMapping())}),
            PAIRS,
            PAIRS,
            CheckError,
        ),
        (MultiPartitionMapping({}), PAIRS, LETTERS, CheckError),
    ],
)
def test_definitions_that_cannot_be_connected(
    mapping: PartitionMapping,
    upstream: PartitionsDefinition,
    downstream: PartitionsDefinition | None,
    error: type[Exception],
) -> None:
    """The validation of a mapping refuses definitions that it cannot connect."""
    with pytest.raises(error):
        mapping.validate_partition_mapping(upstream, downstream)
