"""Tests of `@observable_source_asset` and `@multi_observable_source_asset`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dagflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    AssetSpec,
    DataVersion,
    ExecuteInProcessResult,
    MaterializeResult,
    ObserveResult,
    Output,
    SourceAsset,
    StaticPartitionsDefinition,
    asset,
    build_asset_context,
    materialize,
    mem_io_manager,
    multi_observable_source_asset,
    observable_source_asset,
    observe,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowStepOutputNotFoundError,
    DagflowTypeCheckDidNotPass,
    ParameterCheckError,
)

A, B = ObserveResult("a"), ObserveResult("b")
TWO = [AssetSpec("a"), AssetSpec("b")]
OPTIONAL = [AssetSpec("a"), AssetSpec("b", skippable=True)]


def steps(result: ExecuteInProcessResult) -> list[str]:
    """Return the outputs, observations and checks of a run, in order."""
    found = []
    for event in result.all_events:
        if event.event_type_value == "STEP_OUTPUT":
            found.append(f"OUT:{event.step_output_data.output_name}")
        elif event.is_asset_observation:
            found.append(f"OBS:{event.asset_observation.asset_key.to_user_string()}")
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            found.append(f"CHK:{event.event_specific_data.check_name}")
    return found


def returns(value: Any, specs: Any = TWO, **options: Any) -> AssetsDefinition:
    """Return a definition whose function returns a value."""

    @multi_observable_source_asset(specs=specs, **options)
    def looks() -> Any:
        return value

    return looks


def yields(*items: Any, specs: Any = TWO, **options: Any) -> AssetsDefinition:
    """Return a definition whose function yields some objects."""

    @multi_observable_source_asset(specs=specs, **options)
    def looks() -> Iterator[Any]:
        yield from items

    return looks


# -- one asset


def test_the_facts_of_an_observable_source_asset() -> None:
    """The decorator passes its arguments to the SourceAsset, whose op is named by the key."""

    @observable_source_asset(
        name="river", key_prefix=["land"], metadata={"m": 1}, io_manager_key="io", description="d",
        group_name="water", op_tags={"o": "p"}, tags={"t": "u"}, required_resource_keys={"gauge"},
    )  # fmt: skip
    def looks(context: Any) -> DataVersion:
        return DataVersion("1")

    assert isinstance(looks, SourceAsset)
    assert (looks.key, looks.op.name) == (AssetKey(["land", "river"]), "land__river")
    assert (looks.group_name, looks.description, looks.raw_metadata) == ("water", "d", {"m": 1})
    assert (looks.op_tags, looks.op.tags, looks.tags) == ({"o": "p"}, {"o": "p"}, {"t": "u"})
    assert looks.required_resource_keys == {"io", "gauge"}
    assert (looks.is_observable, looks.is_executable) == (True, True)
    assert not callable(looks)


def test_the_function_itself_can_be_called() -> None:
    """`observe_fn` is the decorated function, so that a test can call it."""

    @observable_source_asset
    def river() -> DataVersion:
        return DataVersion("7")

    assert river.observe_fn is not None
    assert river.observe_fn() == DataVersion("7")


def test_invalid_arguments_of_the_decorators() -> None:
    """Wrong combinations, unknown arguments and other objects than functions are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match="'key' is the whole key"):
        observable_source_asset(key="a", name="b")(lambda: None)
    with pytest.raises(DagflowInvalidDefinitionError, match="decorate a function, not 3"):
        observable_source_asset(3)  # type: ignore[call-overload]
    with pytest.raises(DagflowInvalidDefinitionError, match="decorate a function, not 3"):
        multi_observable_source_asset(specs=TWO)(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="foo"):
        observable_source_asset(foo=3)  # type: ignore[call-overload]
    with pytest.raises(ParameterCheckError, match="has no specs"):
        returns(None, specs=[])
    with pytest.raises(CheckError, match="'a' of type 'str'"):
        returns(None, specs=["a"])
    with pytest.raises(CheckError, match="group 'g'"):
        returns(None, specs=[AssetSpec("a", group_name="x")], group_name="g")


# -- several assets


def test_the_facts_of_several_observed_assets() -> None:
    """The definition is external and observable, and called like its function."""
    made = yields(A, B, group_name="g", name="waters")

    assert (made.is_external, made.is_observable, made.is_materializable) == (True, True, False)
    assert (made.op.name, made.group_names_by_key) == ("waters", {AssetKey("a"): "g", AssetKey("b"): "g"})
    assert list(made()) == [A, B]


def test_each_output_precedes_its_observation() -> None:
    """The tags have the data version and that the user gave it."""
    result = observe([yields(ObserveResult("a", {"k": 1}, data_version=DataVersion("1")), B)])

    first = result.get_asset_observation_events()[0].asset_observation
    assert steps(result) == ["OUT:a", "OBS:a", "OUT:b", "OBS:b"]
    assert first.tags == {"dagflow/data_version": "1", "dagflow/data_version_is_user_provided": "true"}
    assert first.metadata["k"].value == 1


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (returns((B, A)), ["OUT:b", "OBS:b", "OUT:a", "OBS:a"]),
        (returns(None), ["OUT:a", "OBS:a", "OUT:b", "OBS:b"]),
        (yields(MaterializeResult("a"), Output(None, "b")), ["OUT:a", "OBS:a", "OUT:b", "OBS:b"]),
        (yields(AssetObservation("a"), A, B), ["OBS:a", "OUT:a", "OBS:a", "OUT:b", "OBS:b"]),
        (yields(A, specs=OPTIONAL), ["OUT:a", "OBS:a"]),
        (returns(ObserveResult(), specs=[AssetSpec("a")]), ["OUT:a", "OBS:a"]),
    ],
)
def test_what_the_function_may_give(made: AssetsDefinition, found: list[str]) -> None:
    """Results in any order, outputs without a value and None stand for observations."""
    assert steps(observe([made])) == found


@pytest.mark.parametrize(
    ("made", "error", "says"),
    [
        (returns(A), DagflowStepOutputNotFoundError, '"b"'),
        (returns((A,)), DagflowStepOutputNotFoundError, '"b"'),
        (yields(A), DagflowStepOutputNotFoundError, '"b"'),
        (returns(None, specs=OPTIONAL), DagflowInvariantViolationError, "multiple outputs"),
        (returns([A, B]), DagflowInvariantViolationError, "multiple outputs"),
        (returns((DataVersion("1"), DataVersion("2"))), DagflowTypeCheckDidNotPass, "Nothing"),
        (yields(MaterializeResult("a", value=3), B), DagflowTypeCheckDidNotPass, "Nothing"),
        (yields(DataVersion("1"), B), DagflowInvariantViolationError, "DataVersion"),
        (yields(ObserveResult(), B), DagflowInvariantViolationError, "without an asset_key"),
        (yields(ObserveResult("z"), B), DagflowInvariantViolationError, "an ObserveResult for asset 'z'"),
        (yields(A, A, B), DagflowInvariantViolationError, "multiple times"),
        (
            yields(B, A, specs=[AssetSpec("a"), AssetSpec("b", deps=["a"])]),
            DagflowInvariantViolationError,
            "after asset 'b'",
        ),
    ],
)
def test_what_the_function_must_not_give(made: AssetsDefinition, error: type[Exception], says: str) -> None:
    """Each required observation must come, and nothing else."""
    with pytest.raises(error, match=says):
        observe([made])


def test_a_direct_call_lacks_an_observation() -> None:
    """A generator that is called directly must give each required observation, too."""
    with pytest.raises(DagflowInvariantViolationError, match='non-optional output "b"'):
        list(yields(A)())


def test_async_functions_observe() -> None:
    """An async function and an async generator are awaited."""

    @multi_observable_source_asset(specs=TWO)
    async def late() -> Any:
        return A, B

    @multi_observable_source_asset(specs=TWO)
    async def parts() -> AsyncIterator[Any]:
        yield A
        yield B

    assert steps(observe([late])) == steps(observe([parts])) == ["OUT:a", "OBS:a", "OUT:b", "OBS:b"]


def test_checks_of_observed_assets() -> None:
    """Results of declared checks come with an observation or alone."""
    checks = [AssetCheckSpec("c", asset="a")]
    with_result = ObserveResult("a", check_results=[AssetCheckResult(passed=True)])

    inside = observe([yields(with_result, B, check_specs=checks)])
    alone = observe([yields(A, B, AssetCheckResult(passed=True), check_specs=checks)])

    assert steps(inside) == ["OUT:a", "OBS:a", "OUT:a_c", "CHK:c", "OUT:b", "OBS:b"]
    assert steps(alone) == ["OUT:a", "OBS:a", "OUT:b", "OBS:b", "OUT:a_c", "CHK:c"]


def test_a_part_of_observed_assets() -> None:
    """With can_subset a run can select some of the assets; without it that is an error."""

    @multi_observable_source_asset(specs=TWO, can_subset=True)
    def looks(context: AssetExecutionContext) -> Iterator[ObserveResult]:
        for key in sorted(context.selected_asset_keys):
            yield ObserveResult(key)

    assert steps(materialize([looks], selection="b")) == ["OUT:b", "OBS:b"]
    with pytest.raises(DagflowInvalidDefinitionError, match="cannot be divided"):
        materialize([yields(A, B)], selection="b")
    with pytest.raises(DagflowInvariantViolationError, match="'b'"):
        materialize([yields(A, B, can_subset=True)], selection="a")


def test_a_parameter_reads_an_asset() -> None:
    """A parameter reads an asset that a spec depends on; another one is refused."""

    @asset
    def source() -> int:
        return 3

    @multi_observable_source_asset(specs=[AssetSpec("a", deps=[source])])
    def looks(source: int) -> ObserveResult:
        return ObserveResult(metadata={"read": source})

    result = observe([source, looks])

    assert result.get_asset_observation_events()[0].asset_observation.metadata["read"].value == 3
    with pytest.raises(DagflowInvalidDefinitionError, match="no spec depends on it"):
        multi_observable_source_asset(specs=TWO, name="looks")(lambda source: None)


def test_partitions_and_resources_of_several_observed_assets() -> None:
    """The observations have the partition of the run, and the function its resources."""
    parts = StaticPartitionsDefinition(["x", "y"])

    @multi_observable_source_asset(
        specs=[AssetSpec("a", metadata={"dagflow/io_manager_key": "io"})],
        partitions_def=parts,
        resource_defs={"gauge": 4},
        name="waters",
    )
    def looks(context: AssetExecutionContext) -> ObserveResult:
        return ObserveResult(metadata={"level": context.resources.gauge})

    result = observe([looks], partition_key="x", resources={"io": mem_io_manager})

    (event,) = result.get_asset_observation_events()
    assert (event.partition, event.asset_observation.metadata["level"].value) == ("x", 4)
    assert looks(build_asset_context(partition_key="x")).metadata == {"level": 4}
