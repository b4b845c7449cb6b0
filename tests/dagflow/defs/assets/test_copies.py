"""Changed copies of definitions: `with_attributes`, `with_hooks`, `with_resources`, pickles."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from dagflow import (
    AssetCheckKey,
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    AutomationCondition,
    BackfillPolicy,
    Out,
    asset,
    asset_check,
    graph_asset,
    graph_multi_asset,
    map_asset_specs,
    materialize_to_memory,
    mem_io_manager,
    multi_asset,
    op,
    success_hook,
)
from dagflow.errors import (
    CheckError,
    DagflowInvalidDefinitionError,
    DagflowInvalidInvocationError,
    ElementCheckError,
    ParameterCheckError,
)

A, B, X = AssetKey("a"), AssetKey("b"), AssetKey("x")


@op
def boil() -> int:
    return 100


@op
def cool(degrees: Any) -> Any:
    return degrees - 20


@multi_asset(
    outs={
        "a": AssetOut(is_required=False, group_name="g", tags={"t": "1"}, metadata={"m": 1}),
        "b": AssetOut(),
    },
    internal_asset_deps={"a": {X}, "b": {A}},
    can_subset=True,
    check_specs=[AssetCheckSpec("ok", asset="a", metadata={"c": 1})],
)
def both(context: Any, x: Any) -> Any:
    """Make two assets."""
    return 1, 2


@graph_asset
def tea(x: Any) -> Any:
    return cool(x)


@graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, can_subset=True)
def pair() -> Any:
    degrees = boil()
    return {"a": degrees, "b": cool(degrees)}


@asset
def x() -> int:
    return 50


@success_hook
def first(context: Any) -> None:
    """Do nothing."""


@success_hook
def second(context: Any) -> None:
    """Do nothing."""


def test_new_keys() -> None:
    """Keys are replaced in outputs, inputs, dependencies and checks; the op keeps its name."""
    renamed = both.with_attributes(asset_key_replacements={A: AssetKey(["n", "a"]), X: AssetKey("new_x")})

    assert renamed.keys_by_output_name == {"a": AssetKey(["n", "a"]), "b": B}
    assert renamed.keys_by_input_name == {"x": AssetKey("new_x")}
    assert renamed.asset_deps[B] == {AssetKey(["n", "a"])}
    assert renamed.check_keys == {AssetCheckKey(AssetKey(["n", "a"]), "ok")}
    assert renamed.op.name == "both"


def test_new_keys_of_a_graph() -> None:
    """A graph with other keys runs, and its steps keep their names."""
    renamed = tea.with_attributes(
        asset_key_replacements={tea.key: AssetKey(["cold", "tea"]), X: AssetKey("w")}
    )
    water = x.with_attributes(asset_key_replacements={X: AssetKey("w")})
    result = materialize_to_memory([renamed, water])

    assert result.asset_value(["cold", "tea"]) == 30
    assert result.get_asset_materialization_events()[-1].step_key == "tea.cool"


def test_new_facts() -> None:
    """Facts are given by present key; unknown keys are ignored, and metadata is merged."""
    condition = AutomationCondition.on_missing()
    changed = both.with_attributes(
        group_names_by_key={B: "h", X: "ignored"},
        tags_by_key={B: {"u": "2"}},
        metadata_by_key={A: {"n": 2}, AssetCheckKey(A, "ok"): {"d": 2}},
        automation_condition={B: condition},
        backfill_policy=BackfillPolicy.single_run(),
    )

    assert changed.group_names_by_key == {A: "g", B: "h"}
    assert changed.tags_by_key == {A: {"t": "1"}, B: {"u": "2"}}
    assert changed.metadata_by_key[A] == {"m": 1, "n": 2}
    assert changed.check_specs[0].metadata == {"d": 2}
    assert changed.automation_conditions_by_key == {B: condition}
    assert changed.backfill_policy == BackfillPolicy.single_run()
    assert both.with_attributes(automation_condition=condition).automation_conditions_by_key.keys() == {A, B}


@pytest.mark.parametrize(
    ("facts", "match"),
    [
        ({"group_names_by_key": {A: "h"}}, "asset 'a' has the group_name 'g', so it cannot be given 'h'"),
        ({"tags_by_key": {A: {"u": "2"}}}, "asset 'a' has the tags"),
    ],
    ids=["group", "tags"],
)
def test_facts_that_exist_already(facts: dict[str, Any], match: str) -> None:
    """A second group or second tags of an asset are refused."""
    with pytest.raises(DagflowInvalidDefinitionError, match=match):
        both.with_attributes(**facts)


def test_a_part_is_changed_as_its_whole() -> None:
    """A changed part has the same selection, and can be divided again by the new keys."""
    part = both.subset_for({A}).with_hooks({first})
    changed = part.with_attributes(asset_key_replacements={A: AssetKey("c")})
    graph_part = pair.subset_for({B}).with_attributes(asset_key_replacements={A: AssetKey("c")})

    assert (changed.keys, changed.hook_defs) == ({AssetKey("c")}, {first})
    assert changed.whole.keys == {AssetKey("c"), B}
    assert changed.subset_for({AssetKey("c")}).keys == {AssetKey("c")}
    assert list(graph_part.stored.values()) == [{"degrees": AssetKey("c")}]


def test_hooks() -> None:
    """`with_hooks` adds hooks, `with_attributes` replaces them."""
    hooked = both.with_hooks({first})

    assert hooked.with_hooks({second}).hook_defs == {first, second}
    assert hooked.with_attributes(hook_defs={second}).hook_defs == {second}
    assert both.hook_defs == set()
    with pytest.raises(ParameterCheckError, match="'hook_defs' of <asset 'a', 'b'>"):
        both.with_hooks([first])  # type: ignore[arg-type]
    with pytest.raises(ElementCheckError, match="holds 3"):
        both.with_hooks({3})  # type: ignore[arg-type]


@op(out=Out(io_manager_key="cellar"), required_resource_keys={"stove"})
def store() -> int:
    return 1


def test_resources() -> None:
    """Definitions of ops, graphs and checks get the resources that they need, and no others."""
    stored = graph_asset(name="stored")(lambda: store())
    given = {"cellar": mem_io_manager, "stove": 1, "other": 2}

    @asset_check(asset="a", required_resource_keys={"stove"})
    def hot() -> Any:
        """Need a stove."""

    assert sorted(stored.with_resources(given).resource_defs) == ["cellar", "stove"]
    assert sorted(hot.with_resources({"stove": 1}).resource_defs) == ["stove"]
    assert both.with_resources(given).resource_defs == {}
    with pytest.raises(
        DagflowInvalidDefinitionError, match="'stove' required by op 'store' was not provided"
    ):
        stored.with_resources({"cellar": mem_io_manager})
    with pytest.raises(DagflowInvalidInvocationError, match="conflicting resource definitions"):
        stored.with_resources(given).with_resources(given)


def test_the_specs_of_several_assets() -> None:
    """`map_asset_specs` changes each spec; the same specs give the same definition."""
    grouped = both.map_asset_specs(lambda spec: spec.replace_attributes(group_name="all"))
    (owned,) = map_asset_specs(lambda spec: spec.merge_attributes(owners=["team:bar"]), [pair])

    assert set(grouped.group_names_by_key.values()) == {"all"}
    assert both.map_asset_specs(lambda spec: spec) is both
    assert owned.owners_by_key == {A: ["team:bar"], B: ["team:bar"]}
    with pytest.raises(CheckError, match="no dependency on 'x', but the parameter 'x'"):
        both.map_asset_specs(lambda spec: spec.replace_attributes(deps=[]))


def test_the_specs_of_a_graph() -> None:
    """Facts can be changed, but neither dependencies nor the I/O manager, which belong to the ops inside."""
    changed = tea.map_asset_specs(lambda spec: spec.replace_attributes(metadata={"m": 1}, tags={"t": "1"}))

    assert changed.metadata_by_key == {tea.key: {"m": 1}}
    assert changed.node_def is tea.node_def
    with pytest.raises(CheckError, match=r"of graph 'tea' add or remove the dependencies \['y'\]"):
        tea.map_asset_specs(lambda spec: spec.merge_attributes(deps=["y"]))
    with pytest.raises(DagflowInvalidDefinitionError, match="Give the io_manager_key to the Out of this op"):
        tea.map_asset_specs(lambda spec: spec.with_io_manager_key("cellar"))


def test_an_added_dependency_orders_the_run() -> None:
    """A function without arguments waits for a dependency that a changed spec adds."""

    @multi_asset(outs={"p": AssetOut(), "q": AssetOut()})
    def early() -> Any:
        return 1, 2

    (late,) = map_asset_specs(lambda spec: spec.merge_attributes(deps=["x"]), [early])
    result = materialize_to_memory([late, x])

    assert [event.step_key for event in result.filter_events(lambda event: event.is_step_start)] == [
        "x",
        "early",
    ]


@pytest.mark.parametrize(
    "definition", [both, tea, pair, both.subset_for({A}), pair.subset_for({B})], ids=repr
)
def test_copies_and_pickles(definition: Any) -> None:
    """Definitions and parts of them survive a copy and a pickle."""
    for made in (copy.copy(definition), copy.deepcopy(definition), pickle.loads(pickle.dumps(definition))):
        assert made.keys == definition.keys
        assert made.node_def.name == definition.node_def.name
        assert made.keys_by_input_name == definition.keys_by_input_name


@pytest.mark.parametrize(
    "name", ["asset_key_replacements", "group_names_by_key", "tags_by_key", "metadata_by_key"]
)
def test_wrong_arguments_of_with_attributes(name: str):
    """Each argument that is not a dict is refused by its name."""

    @asset
    def beans() -> int:
        return 1

    arguments: dict[str, Any] = {name: 3}
    with pytest.raises(CheckError, match=f"'{name}' of with_attributes of <asset 'beans'>"):
        beans.with_attributes(**arguments)


def test_one_key_for_two_assets():
    """A new key that another asset of the definition has is refused."""

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both() -> tuple[int, int]:
        return 1, 2

    with pytest.raises(DagflowInvalidDefinitionError, match="would have the key 'b'"):
        both.with_attributes(asset_key_replacements={AssetKey("a"): AssetKey("b")})
    with pytest.raises(CheckError, match="asset_key_replacements"):
        both.with_attributes(asset_key_replacements={"a": AssetKey("c")})  # type: ignore[dict-item]
