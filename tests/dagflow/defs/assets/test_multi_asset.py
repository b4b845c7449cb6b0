"""Tests of `@multi_asset`: definition, bodies, subsets, divided definitions, bad input."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AssetCheckSpec,
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSpec,
    DagflowInstance,
    DailyPartitionsDefinition,
    ExecuteInProcessResult,
    MaterializeResult,
    Nothing,
    Out,
    Output,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    materialize,
    materialize_to_memory,
    multi_asset,
)
from dagflow.errors import (
    CheckError,
    CircularDependencyError,
    DagflowInvalidDefinitionError,
    DagflowInvariantViolationError,
    DagflowStepOutputNotFoundError,
    DagflowTypeCheckDidNotPass,
)

A, B = AssetKey("a"), AssetKey("b")
ONE = {"a": AssetOut()}
TWO = {"a": AssetOut(), "b": AssetOut()}
InvalidDefinition = DagflowInvalidDefinitionError
LETTERS = StaticPartitionsDefinition(["x", "y"])


def made(result: ExecuteInProcessResult) -> list[str]:
    """Return the keys of the materialized assets, in order."""
    return [
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    ]


@multi_asset(specs=[AssetSpec("a"), AssetSpec("b", deps=["a"])], can_subset=True)
def both(context: AssetExecutionContext) -> Any:
    """Give the selected assets."""
    for key in sorted(context.selected_asset_keys):
        yield MaterializeResult(key)


def test_the_definition_of_specs() -> None:
    """Each spec is an output of type Nothing; dependencies between the assets are no inputs."""
    one = multi_asset(name="m", specs=[AssetSpec("a", deps=["x"]), AssetSpec(["p", "b-1"], deps=["a"])])(
        lambda: None
    )

    assert one.keys_by_output_name == {"a": A, "p__b_1": AssetKey(["p", "b-1"])}
    assert one.keys_by_input_name == {"x": AssetKey("x")}
    assert one.asset_deps == {A: {AssetKey("x")}, AssetKey(["p", "b-1"]): {A}}
    assert all(out.dagflow_type.is_nothing and out.is_required for out in one.op.outs.values())


def test_the_definition_of_outs() -> None:
    """Each AssetOut is an output with its name; each asset depends on all inputs unless it says less."""
    outs = {"a": AssetOut(), "second": AssetOut(key="b", io_manager_key="cellar", is_required=False)}
    every = multi_asset(name="m", outs=outs, deps=["y"])(lambda x: (1, 2))
    some = multi_asset(name="m", outs=outs, internal_asset_deps={"second": {A}, "a": {AssetKey("x")}})(
        lambda x: (1, 2)
    )

    assert every.keys_by_output_name == {"a": A, "second": B}
    assert every.asset_deps == {A: {AssetKey("x"), AssetKey("y")}, B: {AssetKey("x"), AssetKey("y")}}
    assert some.asset_deps == {A: {AssetKey("x")}, B: {A}}
    assert every.op.outs["second"].io_manager_key == "cellar"
    assert not every.op.outs["second"].is_required


def test_facts_for_all_assets() -> None:
    """Group, code version and partitions of the decorator belong to each asset without its own."""
    one = multi_asset(
        name="m",
        specs=[AssetSpec("a"), AssetSpec("b", code_version="2")],
        group_name="bar",
        code_version="1",
        partitions_def=LETTERS,
    )(lambda: None)

    assert set(one.group_names_by_key.values()) == {"bar"}
    assert one.code_versions_by_key == {A: "1", B: "2"}
    assert {spec.partitions_def for spec in one.specs} == {LETTERS}


def test_no_assets() -> None:
    """A function without assets can be defined, and a run of it makes nothing."""
    for none in (
        multi_asset(name="m")(lambda: None),
        multi_asset(name="m", specs=[])(lambda: None),
        multi_asset(name="m", outs={})(lambda: None),
    ):
        assert none.keys == set()
        assert materialize_to_memory([none]).success


@pytest.mark.parametrize("selection", [["a"], ["b"], ["a", "b"]])
def test_a_subset(selection: list[str]) -> None:
    """A run of some assets plans and makes these only, in one step."""
    with DagflowInstance.ephemeral() as instance:
        result = materialize([both], selection=selection, instance=instance)
        planned = [
            entry.dagflow_event.asset_key.to_user_string()
            for entry in instance.all_logs(result.run_id)
            if entry.dagflow_event is not None
            and entry.dagflow_event.event_type_value == "ASSET_MATERIALIZATION_PLANNED"
        ]

    assert made(result) == planned == selection
    assert [event.step_key for event in result.get_step_success_events()] == ["both"]


def test_the_context_of_a_subset() -> None:
    """The context tells what is selected."""
    seen: list[Any] = []

    optional = AssetOut(is_required=False)

    @multi_asset(outs={"a": optional, "b": optional}, can_subset=True)
    def pair(context: AssetExecutionContext) -> Any:
        seen.append((context.is_subset, context.selected_asset_keys, context.assets_def.keys))
        seen.append(context.op_execution_context.selected_output_names)
        for name in sorted(context.selected_output_names):
            yield Output(1, name)

    materialize_to_memory([pair], selection=["b"])
    materialize_to_memory([pair])

    assert seen == [(True, {B}, {B}), {"b"}, (False, {A, B}, {A, B}), {"a", "b"}]


def test_an_output_that_is_not_selected() -> None:
    """Giving an asset that the run does not select is an error that names the output."""

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, can_subset=True)
    def pair() -> Any:
        yield Output(1, "b")

    with pytest.raises(
        DagflowInvariantViolationError, match=r"gave its output 'b', which this run does not select"
    ):
        materialize_to_memory([pair], selection=["a"])


def test_a_required_output_that_is_not_selected() -> None:
    """An AssetOut is required unless it says otherwise, also in a run that does not select it."""

    @multi_asset(outs={"a": AssetOut(is_required=False), "b": AssetOut()}, can_subset=True)
    def pair(context: AssetExecutionContext) -> Any:
        for name in sorted(context.op_execution_context.selected_output_names):
            yield Output(1, name)

    assert made(materialize_to_memory([pair], selection=["b"])) == ["b"]
    with pytest.raises(DagflowStepOutputNotFoundError, match='"b"'):
        materialize_to_memory([pair], selection=["a"])


def test_a_part_of_what_cannot_be_divided() -> None:
    """Selecting a part of a definition that cannot be divided is refused before the run."""

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def whole() -> Any: ...

    with pytest.raises(DagflowInvalidDefinitionError, match=r"cannot be divided, but only \['a'\]"):
        materialize_to_memory([whole], selection=["a"])
    with pytest.raises(CheckError, match="cannot be divided"):
        whole.subset_for({A})


def test_a_divided_definition() -> None:
    """A definition that depends on itself through another one runs in two steps."""
    calls: list[list[str]] = []

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b", deps=["between"])], can_subset=True)
    def twice(context: AssetExecutionContext) -> Any:
        calls.append(sorted(key.to_user_string() for key in context.selected_asset_keys))
        for key in context.selected_asset_keys:
            yield MaterializeResult(key)

    @asset(deps=["a"])
    def between() -> None: ...

    result = materialize_to_memory([twice, between])

    assert [event.step_key for event in result.get_step_success_events()] == ["twice", "between", "twice_2"]
    assert calls == [["a"], ["b"]]
    assert made(result) == ["a", "between", "b"]


def test_a_cycle_that_cannot_be_divided() -> None:
    """A definition that cannot be divided must not depend on itself through another one."""

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b", deps=["between"])])
    def twice() -> Any: ...

    @asset(deps=["a"])
    def between() -> None: ...

    with pytest.raises(CircularDependencyError, match="depend on each other in a cycle"):
        materialize_to_memory([twice, between])


RETURNED: list[tuple[Any, list[str]]] = [
    (lambda: None, ["a", "b"]),
    (lambda: (MaterializeResult("b"), MaterializeResult("a")), ["b", "a"]),
    (lambda: (Output(None, "a"), Output(None, "b")), ["a", "b"]),
    (lambda: iter_of(MaterializeResult("b")), ["b", "a"]),
    (lambda: iter_of(MaterializeResult("b"), Output(None, "a")), ["b", "a"]),
]


def iter_of(*items: Any) -> Any:
    """Yield the items."""
    yield from items


@pytest.mark.parametrize(("body", "keys"), RETURNED)
def test_bodies_of_specs(body: Any, keys: list[str]) -> None:
    """Results may come in any order; assets that are not skippable are made in any case."""
    made_by_body = multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])(_named(body))

    assert made(materialize_to_memory([made_by_body])) == keys


def _named(body: Any) -> Any:
    def made_by_body():  # type: ignore[no-untyped-def]
        return body()

    return made_by_body


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (MaterializeResult("b"), DagflowInvariantViolationError, "Length mismatch"),
        ([1, 2], DagflowInvariantViolationError, "only one output was returned"),
        ({"a": 1}, DagflowInvariantViolationError, "only one output was returned"),
        (3, DagflowInvariantViolationError, "only one output was returned"),
        ((1, 2), DagflowTypeCheckDidNotPass, "Nothing"),
        (
            (MaterializeResult("a"), MaterializeResult("x")),
            DagflowInvariantViolationError,
            "it makes 'a', 'b'",
        ),
        (
            (MaterializeResult(), MaterializeResult("a")),
            DagflowInvariantViolationError,
            "without an asset_key",
        ),
        ((MaterializeResult("a"), MaterializeResult("a")), DagflowInvariantViolationError, "'a' 2 times"),
        ((MaterializeResult("a", value=1), MaterializeResult("b")), DagflowTypeCheckDidNotPass, "Nothing"),
    ],
)
def test_wrong_bodies_of_specs(given: Any, error: type[Exception], message: str) -> None:
    """A result that does not fit the specs is refused."""
    one = multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])(_named(lambda: given))

    with pytest.raises(error, match=message):
        materialize_to_memory([one])


def test_the_order_of_dependent_assets() -> None:
    """An asset must not be given after another one of the function that depends on it."""
    one = multi_asset(specs=[AssetSpec("a"), AssetSpec("b", deps=["a"])])(
        _named(lambda: iter_of(MaterializeResult("b"), MaterializeResult("a")))
    )

    with pytest.raises(DagflowInvariantViolationError, match=r"gave asset 'a' after asset 'b'"):
        materialize_to_memory([one])


def test_values_of_outs() -> None:
    """A function with outs returns values by position, and readers get them."""

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def pair() -> tuple[int, int]:
        return 1, 2

    @asset
    def total(a: int, b: int) -> int:
        return a + b

    assert materialize_to_memory([pair, total]).asset_value("total") == 3


def test_a_missing_output() -> None:
    """A required output that is missing is an error; without an optional one, its readers are skipped."""

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut(is_required=False)})
    def pair() -> Any:
        yield Output(1, "a")

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut(is_required=False)}, name="other")
    def lacking() -> Any:
        yield Output(1, "b")

    reader = asset(name="reader")(lambda b: 1)
    later = asset(name="later", deps=["b"])(lambda: 1)

    result = materialize_to_memory([pair, reader, later])
    assert made(result) == ["a"]
    assert sorted(event.step_key or "" for event in result.get_step_skipped_events()) == ["later", "reader"]
    with pytest.raises(DagflowStepOutputNotFoundError, match='"a"'):
        materialize_to_memory([lacking])


def test_a_failure_after_an_asset() -> None:
    """Assets that were made before a failure stay made, but their readers do not run."""

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def pair() -> Any:
        yield Output(1, "a")
        raise ValueError

    reader = asset(name="reader")(lambda a: 1)

    result = materialize_to_memory([pair, reader], raise_on_error=False)

    assert made(result) == ["a"]
    assert not [event for event in result.all_events if event.step_key == "reader"]


def test_a_direct_call() -> None:
    """A call returns what the function returns, checked against its assets."""

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def pair() -> Any:
        return MaterializeResult("a"), MaterializeResult("b")

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def wrong() -> Any:
        return MaterializeResult("a"), MaterializeResult("x")

    assert [result.asset_key for result in pair()] == [A, B]
    with pytest.raises(DagflowInvariantViolationError, match="for asset 'x'"):
        wrong()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"outs": ONE, "specs": [AssetSpec("a")]}, InvalidDefinition, "'outs' and 'specs'"),
        ({"specs": [AssetSpec("a")], "deps": ["x"]}, InvalidDefinition, "'specs' and 'deps'"),
        ({"specs": [AssetSpec("a")], "internal_asset_deps": {}}, InvalidDefinition, "internal_asset_deps"),
        ({"specs": ["a"]}, CheckError, "specs"),
        ({"outs": {"a": Out()}}, CheckError, "not an AssetOut"),
        ({"outs": {"a": AssetOut}}, CheckError, "not an AssetOut"),
        ({"specs": [AssetSpec("a", group_name="g")], "group_name": "h"}, CheckError, "its own, 'g'"),
        ({"outs": {"a": AssetOut(key="k"), "b": AssetOut(key="k")}}, InvalidDefinition, "same asset key"),
        ({"specs": [AssetSpec("a"), AssetSpec("a", group_name="g")]}, InvalidDefinition, "two specs"),
        ({"specs": [AssetSpec("a", partitions_def=LETTERS)],
          "partitions_def": StaticPartitionsDefinition(["z"])}, CheckError, "partitions in one place"),
        ({"outs": ONE, "internal_asset_deps": {"x": set()}}, CheckError, "names the output 'x'"),
        ({"outs": ONE, "internal_asset_deps": {"a": [B]}}, CheckError, "set of AssetKeys"),
        ({"outs": ONE, "internal_asset_deps": {"a": {B}}}, CheckError, "neither reads nor makes"),
        ({"outs": ONE, "internal_asset_deps": {"a": {A}}}, InvalidDefinition, "the key of the asset itself"),
        ({"outs": TWO, "deps": ["x"], "internal_asset_deps": {"b": {A}}},
         CheckError, "no output depends on it"),
        ({"specs": [AssetSpec("a_b")], "check_specs": [AssetCheckSpec("b", asset="a")]},
         InvalidDefinition, "which it does not make"),
        ({"specs": [AssetSpec("a"), AssetSpec("a_b")], "check_specs": [AssetCheckSpec("b", asset="a")]},
         CheckError, "gives the asset"),
        ({"specs": [AssetSpec("a", deps=["a"])]}, InvalidDefinition, "depends on itself"),
        ({"specs": [AssetSpec("a", deps=["y"])], "ins": {"x": AssetIn(dagflow_type=Nothing)}},
         InvalidDefinition, "reads asset 'x', but no spec depends on it"),
    ],
)  # fmt: skip
def test_bad_definitions(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """Arguments that do not fit together are refused at the decorator."""
    with pytest.raises(error, match=message):
        multi_asset(name="m", **arguments)(lambda: None)


def test_the_same_spec_twice() -> None:
    """Equal specs count once."""
    assert multi_asset(name="m", specs=[AssetSpec("a"), AssetSpec("a")])(lambda: None).keys == {A}


def test_partitions_of_some_assets() -> None:
    """Assets with and without partitions run together."""

    @multi_asset(specs=[AssetSpec("a", partitions_def=LETTERS), AssetSpec("b")])
    def mixed() -> Any: ...

    result = materialize([mixed], partition_key="x")

    assert [event.partition for event in result.get_asset_materialization_events()] == ["x", None]


def test_parameters() -> None:
    """Parameters read assets, also of other keys. A dependency of a spec that is read is one input."""

    @multi_asset(specs=[AssetSpec("a", deps=[AssetDep("x")])], ins={"beans": AssetIn("x")})
    def reading(beans: int) -> None:
        assert beans == 4

    assert isinstance(reading, AssetsDefinition)
    assert reading.keys_by_input_name == {"beans": AssetKey("x")}
    x = asset(name="x")(lambda: 4)
    assert made(materialize_to_memory([x, reading])) == ["x", "a"]


class _Array:
    """An object whose truth value cannot be asked for, as of an array."""

    def __bool__(self) -> bool:
        raise ValueError("the truth value of an array is ambiguous")


@pytest.mark.parametrize("argument", ["outs", "internal_asset_deps", "required_resource_keys"])
def test_an_array_as_a_mapping(argument: str):
    """An argument of the wrong type is refused before its truth value is used."""
    arguments: dict[str, Any] = {"outs": {"beans": AssetOut()}, argument: _Array()}
    with pytest.raises(CheckError, match=argument):
        multi_asset(**arguments)(lambda_named("peel"))


def lambda_named(name: str) -> Any:
    """Return a function with this name."""

    def body():
        return 1

    body.__name__ = name
    return body


@pytest.mark.parametrize("keys", [("a.b", "a-b"), (["a", "b"], "a__b")])
def test_two_specs_with_one_output_name(keys: Any):
    """Two keys that would have one output name are refused, by an error that names both."""
    with pytest.raises(DagflowInvalidDefinitionError, match=r"would have one output name, 'a_+b'"):
        multi_asset(specs=[AssetSpec(key) for key in keys])(lambda_named("peel"))


def test_a_definition_as_the_function():
    """A second decorator above a definition is refused."""

    @asset
    def beans() -> int:
        return 1

    with pytest.raises(DagflowInvalidDefinitionError, match="Leave out one of the two decorators"):
        multi_asset(outs={"husks": AssetOut()}, name="peel")(beans)


def test_the_annotation_of_a_single_result():
    """A function of several assets may be annotated with the class of its results, without a tuple."""

    @multi_asset(specs=[AssetSpec("beans"), AssetSpec("husks")])
    def peel() -> MaterializeResult:
        return MaterializeResult("beans"), MaterializeResult("husks")  # type: ignore[return-value]

    assert materialize_to_memory([peel]).success


def test_two_mappings_of_one_asset() -> None:
    """Specs that depend on one asset have one partition mapping of it, also a spec without a mapping."""
    days = DailyPartitionsDefinition("2024-01-01")

    def brew(*mappings: TimeWindowPartitionMapping | None) -> AssetsDefinition:
        specs = [
            AssetSpec(f"cup_{number}", deps=[AssetDep("water", partition_mapping=mapping)])
            for number, mapping in enumerate(mappings)
        ]
        return multi_asset(name="brew", specs=specs, partitions_def=days)(lambda: None)

    yesterday = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    with pytest.raises(DagflowInvalidDefinitionError, match="two different PartitionMappings"):
        brew(yesterday, TimeWindowPartitionMapping(start_offset=-2))
    assert brew(yesterday, None, yesterday).get_partition_mapping(AssetKey("water")) == yesterday


def test_the_older_form_of_kinds() -> None:
    """`compute_kind` is a tag of the op, and does not go with kinds."""
    specs = [AssetSpec("cup")]
    pour = multi_asset(name="pour", specs=specs, compute_kind="sql", op_tags={"a": "b"})(lambda: None)

    assert pour.node_def.tags == {"a": "b", "dagflow/compute_kind": "sql"}
    with pytest.raises(DagflowInvalidDefinitionError, match="'compute_kind' and 'kinds'"):
        multi_asset(name="pour", specs=[AssetSpec("cup", kinds={"csv"})], compute_kind="sql")(lambda: None)
