"""`AssetsDefinition.from_graph` and `.from_op`: keys, facts and errors."""

from __future__ import annotations

from typing import Any

import pytest

from dagflow import (
    AllPartitionMapping,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AutomationCondition,
    BackfillPolicy,
    GraphOut,
    In,
    Nothing,
    Out,
    StaticPartitionsDefinition,
    graph,
    materialize_to_memory,
    op,
    success_hook,
)
from dagflow.errors import CheckError, DagflowInvalidDefinitionError, ParameterCheckError

PARTS = StaticPartitionsDefinition(["mon", "tue"])
TEA, LEAVES = AssetKey("tea"), AssetKey("leaves")


@op(
    out={
        "tea": Out(metadata={"m": 1}, description="Hot.", code_version="2"),
        "leaves": Out(is_required=False),
    }
)
def brew(water: Any, tin: Any) -> Any:
    """Brew tea."""
    return water, tin


@op
def boil() -> int:
    return 100


@op
def cool(degrees: Any) -> Any:
    return degrees - 20


@op
def is_cool(degrees: Any) -> AssetCheckResult:
    return AssetCheckResult(passed=degrees < 90)


@graph
def cooled(degrees: Any) -> Any:
    """Cool it."""
    return cool(cool(degrees))


@graph(out={"water": GraphOut(description="Hot."), "water_cool": GraphOut()})
def checked() -> Any:
    water = boil()
    return {"water": water, "water_cool": is_cool(water)}


def test_default_keys() -> None:
    """The keys are the names of inputs and outputs; that of one output "result" is the name of the node."""
    several, one = AssetsDefinition.from_op(brew), AssetsDefinition.from_op(boil)

    assert several.keys_by_output_name == {"tea": TEA, "leaves": LEAVES}
    assert several.keys_by_input_name == {"water": AssetKey("water"), "tin": AssetKey("tin")}
    assert one.key == AssetKey("boil")
    assert AssetsDefinition.from_graph(cooled).keys_by_output_name == {"result": AssetKey("cooled")}


def test_given_keys_and_a_prefix() -> None:
    """The prefix is put before each key that is made, not before keys that are read."""
    made = AssetsDefinition.from_op(
        cool,
        key_prefix=["bar", "cold"],
        keys_by_output_name={"result": AssetKey("water")},
        keys_by_input_name={"degrees": AssetKey("boil")},
    )

    assert made.key == AssetKey(["bar", "cold", "water"])
    assert materialize_to_memory([made, AssetsDefinition.from_op(boil)]).asset_value(made.key) == 80


def test_each_accepts_the_other_kind() -> None:
    """`from_op` takes a graph, and `from_graph` an op."""
    assert AssetsDefinition.from_op(cooled).key == AssetKey("cooled")
    assert AssetsDefinition.from_graph(cool).key == AssetKey("cool")


def test_facts_of_the_outputs_of_an_op() -> None:
    """Metadata, description, code version and optionality of an output belong to the asset."""
    tea, leaves = AssetsDefinition.from_op(brew, metadata_by_output_name={"tea": {"n": 2}}).specs

    assert (tea.metadata, tea.description, tea.code_version, tea.skippable) == (
        {"m": 1, "n": 2}, "Hot.", "2", False,
    )  # fmt: skip
    assert (leaves.description, leaves.skippable) == ("Brew tea.", True)


def test_facts_by_output_name() -> None:
    """Each argument gives one fact by output."""

    @success_hook
    def note(context: Any) -> None:
        """Do nothing."""

    made = AssetsDefinition.from_op(
        brew,
        group_names_by_output_name={"tea": "g"},
        descriptions_by_output_name={"tea": "New."},
        tags_by_output_name={"tea": {"t": "1"}},
        automation_conditions_by_output_name={"tea": AutomationCondition.eager()},
        internal_asset_deps={"tea": {AssetKey("water")}, "leaves": {TEA, AssetKey("tin")}},
        partition_mappings={"water": AllPartitionMapping()},
        partitions_def=PARTS,
        backfill_policy=BackfillPolicy.single_run(),
        can_subset=True,
        hook_defs={note},
    )
    owned = AssetsDefinition.from_graph(
        cooled,
        owners_by_output_name={"result": ["team:bar"]},
        code_versions_by_output_name={"result": "3"},
        resource_defs={"stove": 1},
        group_name="all",
    )

    assert made.group_names_by_key == {TEA: "g", LEAVES: "default"}
    assert made.descriptions_by_key[TEA] == "New."
    assert made.tags_by_key[TEA] == {"t": "1"}
    assert made.automation_conditions_by_key == {TEA: AutomationCondition.eager()}
    assert made.asset_deps == {TEA: {AssetKey("water")}, LEAVES: {TEA, AssetKey("tin")}}
    assert made.get_partition_mapping(AssetKey("water")) == AllPartitionMapping()
    assert [spec.partitions_def for spec in made.specs] == [PARTS, PARTS]
    assert (made.backfill_policy, made.can_subset, made.hook_defs) == (
        BackfillPolicy.single_run(), True, {note},
    )  # fmt: skip
    assert owned.owners_by_key == {AssetKey("cooled"): ["team:bar"]}
    assert owned.code_versions_by_key == {AssetKey("cooled"): "3"}
    assert list(owned.resource_defs) == ["stove"]
    assert owned.group_names_by_key == {AssetKey("cooled"): "all"}


def test_checks_of_a_graph() -> None:
    """An output with the name of an asset and its check gives the result of the check."""
    made = AssetsDefinition.from_graph(checked, check_specs=[AssetCheckSpec("cool", asset="water")])
    (evaluation,) = materialize_to_memory([made]).get_asset_check_evaluations()

    assert made.keys == {AssetKey("water")}
    assert (evaluation.check_name, evaluation.passed) == ("cool", False)


def test_inputs_without_a_value() -> None:
    """An input of type Nothing is a dependency."""
    after = op(ins={"first": In(Nothing)}, name="after")(lambda: 1)

    assert AssetsDefinition.from_op(after).dependency_keys == {AssetKey("first")}


@graph
def with_unread() -> Any:
    cool(boil())
    return boil()


@graph
def around() -> Any:
    return cool(with_unread())


def _from_op(**more: Any) -> AssetsDefinition:
    return AssetsDefinition.from_op(brew, **more)


WRONG = [
    ("no node", lambda: AssetsDefinition.from_op(3), ParameterCheckError, "'node_def'"),  # type: ignore[arg-type]
    (
        "some outputs",
        lambda: _from_op(keys_by_output_name={"tea": TEA}),
        CheckError,
        "the outputs of op 'brew'",
    ),
    (
        "unknown output",
        lambda: _from_op(keys_by_output_name={"tea": TEA, "leaves": LEAVES, "x": TEA}),
        CheckError,
        "the outputs of op 'brew'",
    ),
    ("some inputs", lambda: _from_op(keys_by_input_name={"tin": TEA}), CheckError, "the inputs of op 'brew'"),
    ("a str", lambda: _from_op(keys_by_output_name={"tea": "t", "leaves": LEAVES}), CheckError, "holds 't'"),
    ("no dict", lambda: _from_op(keys_by_output_name=[TEA]), CheckError, "must be a dict of AssetKeys"),
    (
        "two groups",
        lambda: _from_op(group_name="g", group_names_by_output_name={"tea": "h"}),
        ParameterCheckError,
        "'group_name' and 'group_names_by_output_name'",
    ),
    (
        "a fact of no output",
        lambda: _from_op(descriptions_by_output_name={"x": "d"}),
        CheckError,
        "'descriptions_by_output_name' names 'x'",
    ),
    (
        "a tag of no output",
        lambda: _from_op(tags_by_output_name={"x": {"t": "1"}}),
        CheckError,
        "'tags_by_output_name' names 'x'",
    ),
    (
        "metadata of no dict",
        lambda: _from_op(metadata_by_output_name=3),
        ParameterCheckError,
        "'metadata_by_output_name'",
    ),
    ("a mapping", lambda: _from_op(partition_mappings={"x": AllPartitionMapping()}), CheckError, "names 'x'"),
    ("deps", lambda: _from_op(internal_asset_deps={"x": {TEA}}), CheckError, "names 'x', which is no output"),
    ("deps in a list", lambda: _from_op(internal_asset_deps={"tea": [TEA]}), CheckError, "Give a set"),
    (
        "itself",
        lambda: _from_op(internal_asset_deps={"tea": {TEA}}),
        DagflowInvalidDefinitionError,
        "asset 'tea' depends on itself",
    ),
    (
        "owner",
        lambda: AssetsDefinition.from_graph(cooled, owners_by_output_name={"result": ["x"]}),
        DagflowInvalidDefinitionError,
        "invalid owner 'x'",
    ),
    ("an end", lambda: AssetsDefinition.from_graph(with_unread), CheckError, r"the ops \['cool'\]"),
    (
        "an end inside",
        lambda: AssetsDefinition.from_graph(around),
        CheckError,
        r"the ops \['with_unread.cool'\]",
    ),
    (
        "a check without output",
        lambda: AssetsDefinition.from_graph(cooled, check_specs=[AssetCheckSpec("c", asset="cooled")]),
        CheckError,
        "names 'cooled_c', which is no output of graph 'cooled'",
    ),
]


@pytest.mark.parametrize(
    ("define", "error", "match"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_refused(define: Any, error: type[Exception], match: str) -> None:
    """Each mistake is refused at once."""
    with pytest.raises(error, match=match):
        define()
